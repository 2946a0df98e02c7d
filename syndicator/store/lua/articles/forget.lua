-- Forget identities that no source has listed for long. In one step: one that is listed again meanwhile stays.
--
-- KEYS[1]  ZSET: identity key → when it was last seen, ms
-- KEYS[2]  HASH of identities
-- ARGV[1]  forget what was last seen up to then, ms
-- ARGV[2]  how many at most
-- reply    how many were forgotten; a repeated call forgets the next ones
-- cost     O(log n) per identity
local names = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, name in ipairs(names) do
  redis.call('HDEL', KEYS[2], name)
  redis.call('ZREM', KEYS[1], name)
end
return #names
