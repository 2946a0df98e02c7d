-- Read which articles identity keys stand for, and note that sources list those now that were not seen for long.
--
-- KEYS[1]  any hash of identities: chooses the slot
-- ARGV[1]  key of a hash of identities, without its number
-- ARGV[2]  msgpack: list of identity key, number of its hash, identity key, …
-- ARGV[3]  what was last seen before is noted again, s; 0: nothing is
-- ARGV[4]  now, s
-- reply    list of article ids, '' for a key that is not known
-- again    called again (its reply was lost): the same
-- cost     one HGET per key, and an HSET for each that is noted
local wanted, reply = cmsgpack.unpack(ARGV[2]), {}
local aged, seen = tonumber(ARGV[3]), struct.pack('>I4', ARGV[4])
for at = 1, #wanted, 2 do
  local hash, name = ARGV[1] .. wanted[at + 1], wanted[at]
  local value = redis.call('HGET', hash, name)
  local id = value and value:sub(1, -5) or ''
  if value and struct.unpack('>I4', value, #value - 3) < aged then redis.call('HSET', hash, name, id .. seen) end
  reply[#reply + 1] = id
end
return reply
