#!lua
-- Remove texts from articles that were copied to the cold store. Each article is written anew, without its
-- text: only so Redis packs a hash that has become small.
--
-- KEYS[1]  HASH: `token` of who may move texts
-- KEYS[2]  ZSET of articles whose texts were written again
-- ARGV[1]  token of the caller
-- ARGV[2]  msgpack: list of {id, key of the article, revision, source, mark of its text, pointer before, pointer,
--          head, keys to remove}; the mark and the pointer before are '' where there is none
-- reply    list of 1 (done) or 0 (the article has moved, or another may move texts by now), one for each
-- again    called again (its reply was lost): articles that are done have moved
-- memory   a script with its first line as above is refused before it writes where Redis has no memory left
-- cost     five commands for each article
local is_ours = redis.call('HGET', KEYS[1], 'token') == ARGV[1]
local reply = {}
for place, one in ipairs(cmsgpack.unpack(ARGV[2])) do
  local id, key, revision, source, mark, before, pointer, head, gone = unpack(one)
  local now = redis.call('HMGET', key, 'revision', 'source', 'text', 'cold')
  local holds = is_ours and now[1] == revision and now[2] == source and now[3] == mark and (now[4] or '') == before
  if holds then
    local fields = redis.call('HGETALL', key)
    local kept = {'head', head, 'cold', pointer}
    for at = 1, #fields, 2 do
      local name = fields[at]
      if name ~= 'head' and name ~= 'cold' and name ~= 'text' then
        kept[#kept + 1] = name
        kept[#kept + 1] = fields[at + 1]
      end
    end
    redis.call('UNLINK', key, unpack(gone))
    redis.call('HSET', key, unpack(kept))
    redis.call('ZREM', KEYS[2], id)
  end
  reply[place] = holds and 1 or 0
end
return reply
