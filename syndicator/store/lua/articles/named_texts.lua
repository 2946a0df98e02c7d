-- Return which texts articles name. In one step: an article may be moved meanwhile, as by a withdrawal.
--
-- KEYS   HASH: an article, the same one reserved, and withdrawn; of each
-- reply  list of {1 where the article is there, mark, mark, mark}; a mark is '' where there is none
-- again  reads only
-- cost   three commands for each article
local found = {}
for at = 1, #KEYS, 3 do
  local one = {0}
  for place = at, at + 2 do
    local fields = redis.call('HMGET', KEYS[place], 'revision', 'text')
    if fields[1] then one[1] = 1 end
    one[#one + 1] = fields[2] or ''
  end
  found[#found + 1] = one
end
return found
