-- Optimistic transactions, many in one call: each unit is applied whole, or not at all when something that
-- it relied on has moved. Units are taken one after the other, so a later one sees what an earlier one wrote:
-- of two candidates with the same identity in one batch, the second finds that it has moved.
--
-- KEYS[1]  any key of the namespace: chooses the slot
-- ARGV[1]  msgpack: list of units, each {expectations, writes}; an expectation is {hash key, field, value} (''
--          means: must be absent), a write is a command and its arguments (every key is of the same namespace).
--          One argument instead of many: the driver spends longest on the number of them.
-- reply    list of 1 (written) or 0 (moved), one per unit
-- again    called again (its reply was lost): units find what they wrote, and say that they have moved
-- cost     one command per expectation and per write
local reply = {}
for place, unit in ipairs(cmsgpack.unpack(ARGV[1])) do
  local holds = true
  for _, expected in ipairs(unit[1]) do
    holds = holds and (redis.call('HGET', expected[1], expected[2]) or '') == expected[3]
  end
  if holds then
    for _, write in ipairs(unit[2]) do redis.call(unpack(write)) end
  end
  reply[place] = holds and 1 or 0
end
return reply
