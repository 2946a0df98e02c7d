-- Return which texts articles name. In one step: an article may be moved meanwhile, as by a withdrawal.
--
-- KEYS   HASH: an article, the same one reserved, and withdrawn; of each
-- reply  list of {mark, mark, mark}, '' where there is none
-- again  reads only
-- cost   three commands for each article
local found = {}
for at = 1, #KEYS, 3 do
  local marks = {}
  for place = 1, 3 do marks[place] = redis.call('HGET', KEYS[at + place - 1], 'text') or '' end
  found[#found + 1] = marks
end
return found
