-- Forget events of long ago: their places in the log, and those events that were not queued again since.
--
-- KEYS[1]  HASH: event id → event; the small hashes of events begin with its name
-- KEYS[2]  STREAM: ids of events in order
-- KEYS[3]  ZSET: event id → when it was last queued again, ms
-- ARGV[1]  what is not younger than this is forgotten, ms
-- ARGV[2]  how many to look at, at most
-- reply    {how many places and events were looked at, how many events were forgotten}
-- again    called again: goes on with the next
-- cost     some four commands, and two and O(log n) per event
local bound, most = ARGV[1], ARGV[2]
local rows = redis.call('XRANGE', KEYS[2], '-', bound, 'COUNT', most)
local gone = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', bound, 'LIMIT', 0, most)
local looked = math.max(#rows, #gone)
if #gone > 0 then redis.call('ZREM', KEYS[3], unpack(gone)) end
if #rows > 0 then
  local is_empty = redis.call('EXISTS', KEYS[3]) == 0
  for _, row in ipairs(rows) do
    local name = row[2][2]
    if is_empty or not redis.call('ZSCORE', KEYS[3], id_of(name)) then gone[#gone + 1] = name end
  end
  local at_ms, sequence = rows[#rows][1]:match('^(%d+)-(%d+)$')
  redis.call('XTRIM', KEYS[2], 'MINID', string.format('%s-%.0f', at_ms, sequence + 1))
end
local forgotten = 0
for _, name in ipairs(gone) do forgotten = forgotten + forget_event(KEYS[1], name) end
return {looked, forgotten}
