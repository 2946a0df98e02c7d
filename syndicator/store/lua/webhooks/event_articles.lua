-- Return articles with marks of their texts, and stories: one command instead of one for each, which the driver is slow at.
--
-- KEYS   HASH: an article, each
-- reply  {head, text, story, cold} of each, with nothing for what is not there
-- again  reads only
-- cost   one command per article
local found = {}
for place, key in ipairs(KEYS) do found[place] = redis.call('HMGET', key, 'head', 'text', 'story', 'cold') end
return found
