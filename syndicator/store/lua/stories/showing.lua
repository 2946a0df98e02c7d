-- What makes an admitted article visible; put before the scripts that do it.
--
-- `names` holds the keys and prefixes of keys; see Assignments in store/assignments.py.
-- How an article is to be shown is msgpack: {listed, ms; shown since, ms; facets; feeds; event or ''}.
-- What cannot be read any more must not keep an article back: it is listed among all, and not announced.
local function how_to_show(text, now)
  local is_fine, how = pcall(cmsgpack.unpack, text)
  if is_fine and type(how) == 'table' and #how >= 5 then return how end
  redis.log(redis.LOG_WARNING, 'syndicator: an entry of the queue of articles is damaged')
  return {now, now, {'all'}, {}, ''}
end

local function new_list() return {admitted = {}, feeds = {}} end

local function append(list, score, member)
  list[#list + 1] = score
  list[#list + 1] = member
end

local function raise_all(list, feeds)
  for _, feed in ipairs(feeds) do list.feeds[feed] = true end
end

local function note_change(names, id)
  redis.call('XADD', names.changes, 'MAXLEN', '~', names.kept_changes, '*', 'article', id)
end

-- Move a reserved article to the key by which it is read, and store where it is to be listed.
local function show(names, list, id, how)
  redis.call('RENAME', names.reserved .. id, names.article .. id)
  append(list.admitted, how[2], id)
  for _, facet in ipairs(how[3]) do add_to_timeline(names.timeline .. facet, how[1], id) end
  raise_all(list, how[4])
  note_change(names, id)
  if how[5] ~= '' then redis.call('XADD', names.outbox, '*', 'event', how[5]) end
end

-- Carry out what was noted: a command for each index and feed, not for each article.
local function finish(names, list, now)
  if #list.admitted > 0 then redis.call('ZADD', names.admitted, 'NX', unpack(list.admitted)) end
  for feed in pairs(list.feeds) do
    redis.call('HINCRBY', names.feeds_version, feed, 1)
    redis.call('HSET', names.feeds_changed, feed, now)
    redis.call('ZADD', names.feeds_moved, now, feed)
  end
end
