-- Show articles that were not assigned in time, each as a story of its own; they go on waiting.
--
-- KEYS[1]  STREAM: articles that are not assigned yet
-- ARGV[1]  now, ms
-- ARGV[2]  those that have waited so long, ms by Redis' own clock
-- ARGV[3]  msgpack: names of keys, see showing.lua
-- ARGV[4]  where to begin in the queue: `-`, or `(` and the last entry that was looked at
-- ARGV[5]  how many to look at, at most
-- reply    {how many were shown, the last entry that was looked at or '' where that was all}
-- again    called again: what is shown is not shown twice
-- cost     some fifteen commands per article
local names, list, shown = cmsgpack.unpack(ARGV[3]), new_list(), 0
local clock = redis.call('TIME')
local latest = string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000) - ARGV[2])
local rows = redis.call('XRANGE', KEYS[1], ARGV[4], latest, 'COUNT', ARGV[5])
for _, row in ipairs(rows) do
  local noted = {}
  for at = 1, #row[2], 2 do noted[row[2][at]] = row[2][at + 1] end
  local id = noted.article
  local waiting = redis.call('HMGET', names.reserved .. id, 'hash', 'source')
  if waiting[1] == noted.hash and (not noted.source or waiting[2] == noted.source) then
    show(names, list, id, how_to_show(noted.show, tonumber(ARGV[1])))
    redis.call('HSET', names.article .. id, 'unassigned', 1)
    shown = shown + 1
  end
end
finish(names, list, tonumber(ARGV[1]))
return {shown, #rows == tonumber(ARGV[5]) and rows[#rows][1] or ''}
