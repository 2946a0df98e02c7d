-- Take the right to assign articles to stories, and read what is waiting for it.
--
-- KEYS[1]  HASH: `token`, `until` (ms; 0: free), `fence`
-- KEYS[2]  STREAM: articles that are not assigned yet
-- KEYS[3]  STREAM: the log of assignments
-- KEYS[4]  HASH: `created_ms` of this data
-- ARGV[1]  token of the assigner
-- ARGV[2]  now, ms
-- ARGV[3]  end of the lease, ms
-- ARGV[4]  position in the log that the assigner has read to
-- ARGV[5]  how many articles to read at most
-- ARGV[6]  how many entries of the log to read at most
-- ARGV[7]  key of a reserved article, without its id
-- ARGV[8]  key of an article, without its id
-- ARGV[9]  token whose process is known to have ended, or ''
-- reply    {0, first and last entry that wait, token of the holder} while another has the right; else
--          {fence, first and last entry that wait, created_ms, articles, log}. articles: list of {entry, id, hash,
--          sketch, runs, shown_in}; log: list of {position, entry}. Entries are '' where nothing waits; then the
--          right is given back at once.
-- again    called again with the same token (its reply was lost): the same fence
-- cost     two commands per article that is read
local function first() return (redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1] or {''})[1] end
local function last() return (redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1] or {''})[1] end

local holder = redis.call('HMGET', KEYS[1], 'token', 'until', 'fence')
local is_mine = holder[1] == ARGV[1]
if holder[1] and not is_mine and holder[1] ~= ARGV[9] and tonumber(holder[2]) > tonumber(ARGV[2]) then
  return {0, first(), last(), holder[1]}
end
local fence = is_mine and tonumber(holder[3]) or redis.call('HINCRBY', KEYS[1], 'fence', 1)

local articles = {}
for _, row in ipairs(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', ARGV[5])) do
  local entry, id = row[1], row[2][2]
  local known = redis.call('HMGET', ARGV[7] .. id, 'hash', 'sketch', 'runs', 'shown_in')
  if not known[1] then -- shown already, because it had waited too long; or it has left
    known = redis.call('HMGET', ARGV[8] .. id, 'hash', 'sketch', 'runs', 'shown_in', 'unassigned', 'story')
    if not known[5] or known[6] then known = {} end
  end
  if known[1] and known[2] then
    articles[#articles + 1] = {entry, id, known[1], known[2], known[3] or '', known[4] or ''}
  else
    redis.call('XDEL', KEYS[2], entry)
  end
end

local log = {}
for place, row in ipairs(redis.call('XRANGE', KEYS[3], '(' .. ARGV[4], '+', 'COUNT', ARGV[6])) do
  log[place] = {row[1], row[2][2]}
end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'until', #articles > 0 and ARGV[3] or 0)
return {fence, first(), last(), redis.call('HGET', KEYS[4], 'created_ms') or '', articles, log}
