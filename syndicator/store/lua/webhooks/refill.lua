-- Queue events of one endpoint that waited in the log, in one step with how far the log is read for it.
--
-- KEYS[1]  HASH: how the endpoint stands
-- KEYS[2]  HASH: versions of the directory of endpoints; with several partitions, how the endpoint stands
-- KEYS[3]  ZSET: endpoint → when its queue is looked at next, ms
-- KEYS[4]  ZSET: endpoint with events in the log → when its queue is refilled next, ms
-- ARGV[1]  prefix of the partition: an endpoint's keys are made of it
-- ARGV[2]  now, ms
-- ARGV[3]  how many attempts an endpoint's log keeps
-- ARGV[4]  msgpack: {endpoint, version, read, count, reached, since, passed, dropped, is_end, due, queued,
--          superseded}
--          read        the position that was read: it must stand there
--          count       how many events fan-out had left in the log before it was read: where it is the same
--                      and `is_end`, nothing was added since, and the endpoint is done with the log
--          reached     the position that comes next, and `since`, ms: when the event there happened
--          passed      how many of those that fan-out left there are dealt with
--          dropped     how many of them waited for too long
--          due         when it is refilled next, ms
--          queued      as `queue` has it
--          superseded  {event id, subject, type, newer event}: closed without a delivery
-- ARGV[5]  field of KEYS[2] that has the version
-- reply    0: position or directory have moved, nothing is written; 1: written; 2: nothing is left in the log
-- again    called again (its reply was lost): the position has moved, so it says 0; at an end that moved none,
--          there is none
-- cost     two or three commands per delivery, and one for each older event that is looked for
local prefix, now, kept = ARGV[1], ARGV[2], ARGV[3]
local name, version, read, count, reached, since, passed, dropped, is_end, due, queued, superseded =
  unpack(cmsgpack.unpack(ARGV[4]))
local position, counted = unpack(redis.call('HMGET', KEYS[1], 'overflow_position', 'overflow_events'))
if position ~= read or (redis.call('HGET', KEYS[2], ARGV[5]) or '') ~= version then return 0 end

local first
for _, one in ipairs(queued) do
  local at = enqueue(prefix, now, kept, one)
  first = math.min(first or at, at)
end
for _, one in ipairs(superseded) do
  log_attempt(prefix, kept, name, {one[1], one[2], one[3], 0, 'superseded', one[4], 0, ''})
end
if first and redis.call('HEXISTS', KEYS[1], 'standing') == 0 then
  redis.call('ZADD', KEYS[3], 'LT', string.format('%.0f', first), name)
end
if dropped > 0 then redis.call('HINCRBY', KEYS[1], 'fell_off', dropped) end
if is_end and (counted or '0') == count then
  redis.call('HDEL', KEYS[1], 'overflow_position', 'overflow_since_ms', 'overflow_events')
  redis.call('ZREM', KEYS[4], name)
  return 2
end
redis.call('HSET', KEYS[1], 'overflow_position', reached, 'overflow_since_ms', string.format('%.0f', since),
  'overflow_events', string.format('%.0f', math.max(tonumber(counted or '0') - passed, 0)))
redis.call('ZADD', KEYS[4], string.format('%.0f', due), name)
return 1
