-- What is known of the candidates of one batch.
--
-- KEYS[1]  HASH `meta`, which identifies the data
-- ARGV[1]  key of an article, without its id
-- ARGV[2]  msgpack: list of {content hash, 1 where it may take articles over, identity key, number of
--          its hash, identity key, …}
-- ARGV[3]  what was last seen before is to be noted again, s
-- ARGV[4]  key of a reserved article, without its id
-- ARGV[5]  key of a hash of identities, without its number
-- reply    {created_ms of KEYS[1], list}; the list has, per candidate, {places, stale, articles}. places: for each
--          identity key, in order, the place of its article in articles, 0 for none. stale: those keys, by their place, that are to be noted again.
--          articles: {article id, revision, hash, source, published, head, text, key, first_party, cold}; head and
--          text are '' where the hash is the candidate's, no other article is in question and none can be taken over;
--          revision is '' where the article is gone; key is where it stands: that of an article, or of a reserved one;
--          text is the mark of the text; cold names the object with it, '' where it is here or there is none
-- cost     one HGET per identity key; of a known candidate one or two HMGET more
local function article(id)
  local known, key
  for _ = 1, 4 do -- one that was found to be another leads to that one, which may have gone the same way
    key = ARGV[1] .. id
    known = redis.call('HMGET', key, 'revision', 'hash', 'source', 'published', 'first_party', 'merged')
    if not known[6] then break end
    id = known[6]
  end
  if not known[1] then
    local reserved = redis.call('HMGET', ARGV[4] .. id, 'revision', 'hash', 'source', 'published', 'first_party')
    if reserved[1] then key, known = ARGV[4] .. id, reserved end
  end
  return {id, known[1] or '', known[2] or '', known[3] or '', known[4] or '', '', '', key, known[5] or '', ''}
end

local reply, aged = {}, tonumber(ARGV[3])
for number, candidate in ipairs(cmsgpack.unpack(ARGV[2])) do
  local hash, takes_over = table.remove(candidate, 1), table.remove(candidate, 1) == 1
  local places, stale, articles, at = {}, {}, {}, {}
  for place = 1, #candidate / 2 do
    local value = redis.call('HGET', ARGV[5] .. candidate[2 * place], candidate[2 * place - 1])
    local id = value and value:sub(1, -5)
    if id and not at[id] then
      local found = article(id)
      if not at[found[1]] then
        articles[#articles + 1] = found
        at[found[1]] = #articles
      end
      at[id] = at[found[1]]
    end
    places[place] = id and at[id] or 0
    if id and struct.unpack('>I4', value, #value - 3) < aged then stale[#stale + 1] = place end
  end
  for _, found in ipairs(articles) do
    if found[2] ~= '' and (#articles > 1 or found[3] ~= hash or (takes_over and found[9] == '0')) then
      local text = redis.call('HMGET', found[8], 'head', 'text', 'cold')
      found[6], found[7], found[10] = text[1] or '', text[2] or '', not text[2] and text[3] or ''
    end
  end
  reply[number] = {places, stale, articles}
end
return {redis.call('HGET', KEYS[1], 'created_ms'), reply}
