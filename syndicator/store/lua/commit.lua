-- Optimistic transactions, many in one call: each unit is applied whole, or not at all when something that
-- it relied on has moved. Units are taken one after the other, so a later one sees what an earlier one wrote:
-- of two candidates with the same identity in one batch, the second finds that it has moved.
--
-- KEYS[1]  any key of the namespace: chooses the slot
-- ARGV     units, one after the other, each
--            number of expectations, then for each: hash key, field, value ('' means: must be absent)
--            number of writes, then for each: number of its words, its words (a command and its arguments;
--            every key is of the same namespace)
-- reply    list of 1 (written) or 0 (moved), one per unit
-- cost     one command per expectation and per write; nothing is scanned
local position = 0
local function take()
  position = position + 1
  return ARGV[position]
end

local reply = {}
while position < #ARGV do
  local holds = true
  for _ = 1, tonumber(take()) do
    local key, field, value = take(), take(), take()
    holds = holds and (redis.call('HGET', key, field) or '') == value
  end
  for _ = 1, tonumber(take()) do
    local last = position + 1 + tonumber(ARGV[position + 1])
    if holds then
      redis.call(unpack(ARGV, position + 2, last))
    end
    position = last
  end
  reply[#reply + 1] = holds and 1 or 0
end
return reply
