-- Return articles with their bodies and stories: one command instead of one for each, which the driver is slow at.
--
-- KEYS   HASH: an article, each
-- reply  {head, body, story, cold} of each, with nothing for what is not there
-- again  reads only
-- cost   one command per article
local found = {}
for place, key in ipairs(KEYS) do found[place] = redis.call('HMGET', key, 'head', 'body', 'story', 'cold') end
return found
