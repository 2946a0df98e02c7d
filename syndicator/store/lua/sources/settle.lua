-- Settle leases of sources, many in one call: keep what a round brought, and when the next is due. Each is
-- settled whole, or not at all where the token holds its lease no more.
--
-- KEYS[1]  ZSET: source → due time, or lease end
-- KEYS[2]  HASH: source → owner's token
-- KEYS[3]  HASH: sources that were woken while they were leased; they are due now
-- ARGV[1]  msgpack: list of {source, token, due ms, key of its state, state, list of commands that write more}
-- reply    list of 1 (settled) or 0 (the lease was lost), one per source
-- again    called again (its reply was lost): says that the leases were lost
-- cost     O(log n) per source
local settled, names = cmsgpack.unpack(ARGV[1]), {}
for place, one in ipairs(settled) do names[place] = one[1] end
local owners = redis.call('HMGET', KEYS[2], unpack(names))
local woken = redis.call('HMGET', KEYS[3], unpack(names))

local states, due, ended, heard, reply = {}, {}, {}, {}, {}
for place, one in ipairs(settled) do
  reply[place] = 0
  if owners[place] == one[2] then
    states[#states + 1], states[#states + 2] = one[4], one[5]
    due[#due + 1], due[#due + 2] = woken[place] and 0 or one[3], one[1]
    ended[#ended + 1] = one[1]
    if woken[place] then heard[#heard + 1] = one[1] end
    for _, command in ipairs(one[6]) do redis.call(unpack(command)) end
    reply[place] = 1
  end
end
if #ended > 0 then
  redis.call('MSET', unpack(states))
  redis.call('ZADD', KEYS[1], 'XX', unpack(due))
  redis.call('HDEL', KEYS[2], unpack(ended))
end
if #heard > 0 then redis.call('HDEL', KEYS[3], unpack(heard)) end
return reply
