-- Write decisions about articles that were waiting, and show them.
--
-- Nothing is written by an assigner whose right has passed to another (its fence is old), nor a decision whose
-- grounds have moved: an operator changed the story, or the article has another text. That article stays waiting.
--
-- KEYS[1]  HASH: `token`, `until` (ms; 0: free), `fence`
-- KEYS[2]  STREAM: articles that are not assigned yet
-- KEYS[3]  STREAM: the log of assignments
-- ARGV[1]  fence of the assigner
-- ARGV[2]  now, ms
-- ARGV[3]  end of the lease, ms
-- ARGV[4]  msgpack: names of keys, see showing.lua; `window`, ms; `kept`, ms
-- ARGV[5]  msgpack: list of {entry, id, hash, fields of the article, story or false, outdone or '', feeds, log entry,
--          how to show it, source of the article or ''}
--          story: {id, version, published of its first article, core, shown_in, place of its first article, own
--          place}; version is '' for the story of a single article
-- ARGV[6]  msgpack: entries that are taken out, for their article has a newer one
-- reply    {-1} where the right is lost; else {first entry that still waits or '', position in the log before and
--          after, list of 1 or 0}
-- again    called again (its reply was lost): what was written is not waiting any more, and counts as 0
-- cost     some twenty commands per article
local fence = redis.call('HGET', KEYS[1], 'fence')
if fence ~= ARGV[1] then return {-1} end
local now, names = tonumber(ARGV[2]), cmsgpack.unpack(ARGV[4])
local list, grown, done, reply = new_list(), {}, {}, {}

-- Return whether a story is as it was when the decision was made.
local function holds(story)
  if (redis.call('HGET', names.story .. story[1], 'version') or '') ~= story[2] then return false end
  if story[2] ~= '' then return true end
  -- Its first article must still be there, and be no part of another story.
  local first = redis.call('HMGET', names.article .. story[1], 'published', 'story')
  return first[1] == story[3] and not first[2]
end

local function join(story, id)
  local key, members = names.story .. story[1], names.members .. story[1]
  if story[2] == '' then
    redis.call('HSET', names.article .. story[1], 'story', story[1])
    redis.call('ZADD', members, story[6], story[1])
  end
  redis.call('HSET', key, 'version', (tonumber(story[2]) or 0) + 1, 'core', story[4], 'shown_in', story[5])
  redis.call('ZADD', members, story[7], id)
  grown[story[1]] = true
end

-- Entries bear the time of the caller's clock; one that is a little behind must not go back.
local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
local at = string.format('%.0f', math.max(now, last and tonumber(last[1]:match('^%d+')) or 0))
local oldest = string.format('%.0f', now - names.window)
local since = last and last[1] or '0-0'
local position = since

local function carry_out(decision, is_shown)
  local id, story, outdone, how = decision[2], decision[5], decision[6], decision.how
  local article = names.article .. id
  if is_shown then
    raise_all(list, how[4])
    note_change(names, id)
    redis.call('HDEL', article, 'unassigned')
  else
    show(names, list, id, how)
  end
  if #decision[4] > 0 then redis.call('HSET', article, unpack(decision[4])) end
  if outdone ~= '' then redis.call('HSET', names.article .. outdone, 'copy_of', id) end
  if story then join(story, id) end
  raise_all(list, decision[7])
  position = redis.call('XADD', KEYS[3], 'MINID', '~', oldest, at .. '-*', 'e', decision[8])
end

-- All is unpacked before anything is written: what cannot be must not leave half a batch behind.
local decisions, outdated = cmsgpack.unpack(ARGV[5]), cmsgpack.unpack(ARGV[6])
for _, decision in ipairs(decisions) do decision.how = how_to_show(decision[9], now) end

for place, decision in ipairs(decisions) do
  local id, story, outdone = decision[2], decision[5], decision[6]
  local waiting, is_shown = redis.call('HMGET', names.reserved .. id, 'hash', 'source'), false
  local hash = waiting[1]
  if not hash then
    local known = redis.call('HMGET', names.article .. id, 'hash', 'unassigned', 'story')
    hash, is_shown = known[1] and known[2] and not known[3] and known[1], true
  end
  -- One that is shown already may have another text by now; it joins its story all the same.
  local is_as_noted = hash == decision[3] and (decision[10] == '' or waiting[2] == decision[10])
  local is_same = hash and (is_shown or is_as_noted)
  local can_be = not story or holds(story)
  if can_be and outdone ~= '' then
    local other = redis.call('HMGET', names.article .. outdone, 'revision', 'copy_of')
    can_be = other[1] and not other[2]
  end
  local is_written = is_same and can_be
  if is_written then carry_out(decision, is_shown) end
  reply[place] = is_written and 1 or 0
  if is_written or not is_same then done[#done + 1] = decision[1] end
end
finish(names, list, now)
for story in pairs(grown) do
  redis.call('PEXPIRE', names.story .. story, names.kept)
  redis.call('PEXPIRE', names.members .. story, names.kept)
  redis.call('ZADD', names.stories, now, story)
end
for _, entry in ipairs(outdated) do done[#done + 1] = entry end
if #done > 0 then redis.call('XDEL', KEYS[2], unpack(done)) end
local left = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
redis.call('HSET', KEYS[1], 'until', left and ARGV[3] or 0)
return {left and left[1] or '', since, position, reply}
