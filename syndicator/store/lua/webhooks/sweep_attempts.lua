-- Forget old attempts of one endpoint and the answers that only they had, and index the new ones.
--
-- KEYS[1]  STREAM: its log of attempts
-- KEYS[2]  STRING: the index of that
-- KEYS[3]  HASH: digest → answer
-- KEYS[4]  ZSET: digest → when an attempt last got that answer, ms
-- ARGV[1]  what is older than this is forgotten, ms
-- ARGV[2]  how many to index, and how many answers to forget, at most
-- reply    how many were indexed
-- again    called again: goes on with the next
-- cost     O(attempts forgotten and indexed): 2 ms for a thousand
local log, most = KEYS[1], tonumber(ARGV[2])
redis.call('XTRIM', log, 'MINID', ARGV[1])
local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
if not first then
  redis.call('UNLINK', unpack(KEYS))
  return 0
end

local index = redis.call('GET', KEYS[2]) or ''
local rows = redis.call('XRANGE', log, '(' .. indexed_up_to(index), '+', 'COUNT', most)
local added = {}
for place, entry in ipairs(rows) do
  local at_ms, number = parts(entry[1])
  added[place] = mark_of(entry[2][4]) .. struct.pack('>I6I2', at_ms, number)
end
-- Where all of the log is indexed, what the index has beyond that is no longer in the log.
local gone = #rows < most and #index / RECORD + #rows - redis.call('XLEN', log) or 0
if #rows > 0 or gone > 0 then -- APPEND would take twice the memory
  redis.call('SET', KEYS[2], index:sub(math.max(gone, 0) * RECORD + 1) .. table.concat(added))
end

local unused = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', '(' .. first[1]:match('^%d+'), 'LIMIT', 0, most)
if #unused > 0 then
  redis.call('HDEL', KEYS[3], unpack(unused))
  redis.call('ZREM', KEYS[4], unpack(unused))
end
return #rows
