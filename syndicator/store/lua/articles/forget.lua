-- Forget identities that no source has listed for long. In one step: one that is listed again meanwhile stays.
--
-- KEYS     HASH of identities, each
-- ARGV[1]  forget what was last seen up to then, s
-- reply    how many were forgotten
-- again    forgets what is left
-- cost     O(n) of the identities in these hashes
local bound, forgotten = tonumber(ARGV[1]), 0
for _, key in ipairs(KEYS) do
  local fields = redis.call('HGETALL', key)
  for at = 1, #fields, 2 do
    local value = fields[at + 1]
    if struct.unpack('>I4', value, #value - 3) <= bound then
      redis.call('HDEL', key, fields[at])
      forgotten = forgotten + 1
    end
  end
end
return forgotten
