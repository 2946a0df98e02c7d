-- Add a chunk of signals to the counters of their articles; after decay.lua.
--
-- KEYS[1]  STRING: reply to this very chunk, where it was taken before
-- ARGV[1]  prefix of the articles' keys
-- ARGV[2]  how long the reply is kept, ms
-- ARGV[3]  size of the boards
-- ARGV[4]  msgpack: for each kind {counters, list of boards}; all of this namespace
-- ARGV[5]  msgpack: for each half-life, now in half-lives
-- ARGV[6]  msgpack: list of {article id, kind (from 1), counts decayed to now per half-life, plain count}
-- reply    msgpack: list of those (from 1) whose article is not there
-- again    called again (its reply was lost, or a partner repeats it): the same reply, nothing is added
-- cost     O(log n) per signal and board
local known = redis.call('GET', KEYS[1])
if known then return known end

local kept, kinds, now = tonumber(ARGV[3]), cmsgpack.unpack(ARGV[4]), cmsgpack.unpack(ARGV[5])
local refused, floors = {}, {}
for number, kind in ipairs(kinds) do
  floors[number] = floors_of(kind[2], kept)
end
for number, row in ipairs(cmsgpack.unpack(ARGV[6])) do
  local kind, logs = kinds[row[2]], {}
  for place, weight in ipairs(row[3]) do
    logs[place] = log2(weight) + now[place]
  end
  if not add(ARGV[1], kind[1], kind[2], floors[row[2]], row[1], logs, row[4], 0) then
    refused[#refused + 1] = number
  end
end
for _, kind in ipairs(kinds) do
  trim(kind[2], kept)
end
local reply = cmsgpack.pack(refused)
redis.call('SET', KEYS[1], reply, 'PX', ARGV[2])
return reply
