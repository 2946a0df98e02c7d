-- Forget events of long ago: their places in the log, and those events that were not queued again since.
--
-- KEYS[1]  HASH: event id → event
-- KEYS[2]  STREAM: ids of events in order
-- KEYS[3]  ZSET: event id → when it was last queued again, ms
-- ARGV[1]  what is not younger than this is forgotten, ms
-- ARGV[2]  how many to look at, at most
-- reply    {how many places and events were looked at, how many events were forgotten}
-- again    called again: goes on with the next
-- cost     some four commands, and O(log n) per event
local bound, most = ARGV[1], ARGV[2]
local rows = redis.call('XRANGE', KEYS[2], '-', bound, 'COUNT', most)
local gone = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', bound, 'LIMIT', 0, most)
local looked = math.max(#rows, #gone)
if #rows > 0 then
  local names = {}
  for number, row in ipairs(rows) do names[number] = row[2][2] end
  for number, since in ipairs(redis.call('ZMSCORE', KEYS[3], unpack(names))) do
    if not since then gone[#gone + 1] = names[number] end
  end
  local at_ms, sequence = rows[#rows][1]:match('^(%d+)-(%d+)$')
  redis.call('XTRIM', KEYS[2], 'MINID', string.format('%s-%.0f', at_ms, sequence + 1))
end
local forgotten = 0
if #gone > 0 then
  forgotten = redis.call('HDEL', KEYS[1], unpack(gone))
  redis.call('ZREM', KEYS[3], unpack(gone))
end
return {looked, forgotten}
