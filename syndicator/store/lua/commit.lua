-- Optimistic transactions, many in one call: each unit is applied whole, or not at all when something that
-- it relied on has moved. Units are taken one after the other, so a later one sees what an earlier one wrote:
-- of two candidates with the same identity in one batch, the second finds that it has moved.
--
-- KEYS[1]  any key of the namespace: chooses the slot
-- ARGV[1]  msgpack: list of units {expects, writes}
--            expects  list of {hash key, field, value}; value "" means: the field must be absent
--            writes   list of commands, each a list of its words; every key is of the same namespace
-- reply    list of 1 (written) or 0 (moved), one per unit
-- cost     one command per expectation and per write; nothing is scanned
local function holds(expects)
  for _, expect in ipairs(expects) do
    local found = redis.call('HGET', expect[1], expect[2]) or ''
    if found ~= expect[3] then
      return false
    end
  end
  return true
end

local reply = {}
for number, unit in ipairs(cmsgpack.unpack(ARGV[1])) do
  if holds(unit[1]) then
    for _, command in ipairs(unit[2]) do
      redis.call(unpack(command))
    end
    reply[number] = 1
  else
    reply[number] = 0
  end
end
return reply
