-- What is known of the candidates of one batch.
--
-- KEYS[1]  HASH of identities
-- ARGV[1]  key of an article, without its id
-- ARGV[2]  msgpack: list of {content hash, identity key, identity key, …}
-- reply    list, one per candidate: false, or {article id, revision, hash, source, published, head, body};
--          head and body are '' where the hash is the candidate's; revision is '' where the article is gone
-- cost     one HGET per identity key until one is known, one HMGET per known article
local reply = {}
for number, candidate in ipairs(cmsgpack.unpack(ARGV[2])) do
  local id = false
  for position = 2, #candidate do
    id = redis.call('HGET', KEYS[1], candidate[position])
    if id then break end
  end
  if id then
    local key = ARGV[1] .. id
    local known = redis.call('HMGET', key, 'revision', 'hash', 'source', 'published')
    local text = {'', ''}
    if known[1] and known[2] ~= candidate[1] then
      text = redis.call('HMGET', key, 'head', 'body')
    end
    reply[number] = {id, known[1] or '', known[2] or '', known[3] or '', known[4] or '', text[1] or '', text[2] or ''}
  else
    reply[number] = false
  end
end
return reply
