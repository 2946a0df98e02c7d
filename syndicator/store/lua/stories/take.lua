-- Take the right to assign articles to stories, and read what is waiting for it.
--
-- KEYS[1]  HASH: `token`, `until` (ms; 0: free), `fence`, `filled`
-- KEYS[2]  STREAM: articles that are not assigned yet
-- KEYS[3]  STREAM: the log of assignments
-- KEYS[4]  HASH: `created_ms` of this data
-- ARGV[1]  token of the assigner
-- ARGV[2]  now, ms
-- ARGV[3]  end of the lease, ms
-- ARGV[4]  position in the log that the assigner has read to
-- ARGV[5]  how many articles to read at most
-- ARGV[6]  how many entries of the log to read at most
-- ARGV[7]  token whose process is known to have ended, or ''
-- reply    {0, first and last entry that wait, token of the holder} while another has the right; else
--          {fence, first and last entry that wait, created_ms, filled, articles, log}. articles: list of
--          {entry, and what is noted with it: see `enqueue` in store/assignments.py}; log: list of {position, entry}.
--          Entries are '' where nothing waits; then the right is given back at once.
-- again    called again with the same token (its reply was lost): the same fence
-- cost     constant, and what is read
local function first() return (redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1] or {''})[1] end
local function last() return (redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1] or {''})[1] end

local holder = redis.call('HMGET', KEYS[1], 'token', 'until', 'fence')
local is_mine = holder[1] == ARGV[1]
if holder[1] and not is_mine and holder[1] ~= ARGV[7] and tonumber(holder[2]) > tonumber(ARGV[2]) then
  return {0, first(), last(), holder[1]}
end
local fence = is_mine and tonumber(holder[3]) or redis.call('HINCRBY', KEYS[1], 'fence', 1)

local articles = {}
for place, row in ipairs(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', ARGV[5])) do
  articles[place] = {row[1], unpack(row[2])}
end

local log = {}
for place, row in ipairs(redis.call('XRANGE', KEYS[3], '(' .. ARGV[4], '+', 'COUNT', ARGV[6])) do
  log[place] = {row[1], row[2][2]}
end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'until', #articles > 0 and ARGV[3] or 0)
return {fence, first(), last(), redis.call('HGET', KEYS[4], 'created_ms') or '',
  redis.call('HGET', KEYS[1], 'filled') or '', articles, log}
