#!lua
-- Optimistic transactions, many in one call: each unit is applied whole, or not at all when something that
-- it relied on has moved. Units are taken one after the other, so a later one sees what an earlier one wrote:
-- of two candidates with the same identity in one batch, the second finds that it has moved.
--
-- KEYS[1]  any key of the namespace: chooses the slot
-- ARGV[1]  msgpack: list of units, each {expectations, writes, bounds}; an expectation is {hash key, field, value}
--          ('' means: must be absent), a write is a command and its arguments (every key is of the same
--          namespace), or one of `timelines.lua` (see `OF_TIMELINES`); a bound is {SCARD or ZCARD, key, how many members are too many}.
--          One argument instead of many: the driver spends longest on the number of them.
-- reply    list of 1 (written) or 0 (moved), one per unit
-- again    called again (its reply was lost): units find what they wrote, and say that they have moved
-- memory   a script with its first line as above is refused before it writes where Redis has no memory left
-- cost     one command per hash that something is expected of, per bound, and per write; three per timeline

local OF_TIMELINES = {LIST = add_to_timeline, UNLIST = remove_from_timeline} -- key, time, article
local AT_ONCE = 1000 -- so many arguments are passed to one command

-- Expectations of one hash that follow each other are looked at by one command.
local function hold(expectations)
  local at, count = 1, #expectations
  while at <= count do
    local key, fields, begin = expectations[at][1], {}, at
    while at <= count and expectations[at][1] == key and #fields < AT_ONCE do
      fields[#fields + 1] = expectations[at][2]
      at = at + 1
    end
    for place, value in ipairs(redis.call('HMGET', key, unpack(fields))) do
      if (value or '') ~= expectations[begin + place - 1][3] then return false end
    end
  end
  return true
end

local function has_room(bounds)
  for _, bound in ipairs(bounds) do
    if redis.call(bound[1], bound[2]) >= bound[3] then return false end
  end
  return true
end

local reply = {}
for place, unit in ipairs(cmsgpack.unpack(ARGV[1])) do
  local holds = hold(unit[1]) and has_room(unit[3])
  if holds then
    for _, write in ipairs(unit[2]) do
      local on_timeline = OF_TIMELINES[write[1]]
      if on_timeline then on_timeline(write[2], write[3], write[4]) else redis.call(unpack(write)) end
    end
  end
  reply[place] = holds and 1 or 0
end
return reply
