-- Tell a partition of the events that were left in the log for its endpoints, as the next of its steps.
--
-- KEYS[1]  STREAM: what is handed over to the partition
-- KEYS[2]  HASH: what was left in the log for its endpoints, as `hand_over` has it
-- KEYS[3]  HASH: endpoint → what it asks for
-- KEYS[4]  STREAM: ids of events in order
-- ARGV[1]  what the keys of the partition begin with
-- ARGV[2]  its ZSET: endpoint with events in the log → when its queue is refilled next, ms
-- reply    1: told; 0: nothing was left
-- again    called again (its reply was lost): nothing is left, so it says 0
-- cost     one command per endpoint
local found, writes = redis.call('HGETALL', KEYS[2]), {}
if #found == 0 then return 0 end
for place = 1, #found, 2 do
  local name = found[place]
  if redis.call('HEXISTS', KEYS[3], name) == 1 then
    local standing = ARGV[1] .. 'standing:' .. name
    local position, since, count = unpack(cmsgpack.unpack(found[place + 1]))
    -- Where a queue is full, events before these wait in the log.
    writes[#writes + 1] = {'HSETNX', standing, 'overflow_position', position}
    writes[#writes + 1] = {'HSETNX', standing, 'overflow_since_ms', since}
    writes[#writes + 1] = {'HINCRBY', standing, 'overflow_events', count}
    writes[#writes + 1] = {'ZADD', ARGV[2], 'LT', 0, name}
  end
end
local newest = redis.call('XREVRANGE', KEYS[4], '+', '-', 'COUNT', 1)[1]
redis.call('XADD', KEYS[1], '*', 'step', cmsgpack.pack({{}, {}, writes}), 'positions',
  cmsgpack.pack({[''] = newest and newest[1]}))
redis.call('UNLINK', KEYS[2])
return 1
