-- Lengthen leases whose work goes on.
--
-- KEYS[1]  any key of the partition: chooses the slot
-- ARGV[1]  prefix of the partition: an endpoint's keys are made of it
-- ARGV[2]  new lease end, ms
-- ARGV[3]  msgpack: list of {endpoint, event id, token}
-- reply    one per delivery: 1, or 0 where the lease was lost
-- again    called again: the same once more
-- cost     three commands per delivery
local reply = {}
for _, one in ipairs(cmsgpack.unpack(ARGV[3])) do
  local name, item, token = unpack(one)
  local holds = redis.call('HGET', ARGV[1] .. 'owners:' .. name, item) == token
  if holds then
    redis.call('ZADD', ARGV[1] .. 'queue:' .. name, 'XX', ARGV[2], item)
    redis.call('ZADD', ARGV[1] .. 'urgent:' .. name, 'XX', ARGV[2], item)
  end
  reply[#reply + 1] = holds and 1 or 0
end
return reply
