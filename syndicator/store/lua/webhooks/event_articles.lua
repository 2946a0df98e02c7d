-- Return articles with their texts and stories: one command instead of one for each, which the driver is slow at.
--
-- KEYS     HASH: an article, each
-- ARGV[1]  what the keys of texts begin with; '' where they are in other slots: then texts are left out
-- ARGV[2]  and further: the id of each article
-- reply    {head, mark of its text, story, cold, text} of each, with nothing for what is not there
-- again    reads only
-- cost     two commands per article
local found = {}
for place, key in ipairs(KEYS) do
  local one = redis.call('HMGET', key, 'head', 'text', 'story', 'cold')
  if ARGV[1] ~= '' and one[2] and one[2] ~= '' then
    one[5] = redis.call('GET', ARGV[1] .. ARGV[place + 1] .. ':' .. one[2])
  else
    one[5] = false
  end
  found[place] = one
end
return found
