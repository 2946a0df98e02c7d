-- Move the counts of an article to another that it was found to be; after decay.lua.
--
-- What portals count themselves was counted for both, by the same counter: the higher counts. All else adds up.
-- What is computed anew (coverage) is only taken away.
--
-- KEYS[1…]  pairs: a key of the one, of the other, kept under the other's name where there is none yet
-- ARGV[1]  id of the article that has left
-- ARGV[2]  id of the other
-- ARGV[3]  prefix of the articles' keys
-- ARGV[4]  size of the boards
-- ARGV[5]  msgpack: for each kind {counters, list of boards, way: 'sum', 'most' or 'none', readings or ''}
-- reply    number of kinds of which something was carried
-- again    called again: nothing is left to carry
-- cost     O(log n) per kind and board
local old, new, carried = ARGV[1], ARGV[2], 0

local function most(counters, packed)
  local theirs = redis.call('HGET', counters, new)
  if not theirs then return packed end
  local a, b = {struct.unpack('>dddd', packed)}, {struct.unpack('>dddd', theirs)}
  redis.call('HDEL', counters, new)
  return struct.pack('>dddd', math.max(a[1], b[1]), math.max(a[2], b[2]), math.max(a[3], b[3]), math.max(a[4], b[4]))
end

local function count_of(reading)
  return reading and tonumber(string.match(reading, '(%d+):')) or -1
end

for _, kind in ipairs(cmsgpack.unpack(ARGV[5])) do
  local counters, boards, way, readings = kind[1], kind[2], kind[3], kind[4]
  local packed = redis.call('HGET', counters, old)
  redis.call('HDEL', counters, old)
  for _, board in ipairs(boards) do redis.call('ZREM', board, old) end
  if readings ~= '' then
    local reading = redis.call('HGET', readings, old)
    redis.call('HDEL', readings, old)
    if reading and count_of(reading) > count_of(redis.call('HGET', readings, new)) then
      redis.call('HSET', readings, new, reading)
    end
  end
  if packed and way ~= 'none' then
    if way == 'most' then packed = most(counters, packed) end
    local one, two, three, sum = struct.unpack('>dddd', packed)
    if add(ARGV[3], counters, boards, floors_of(boards, tonumber(ARGV[4])), new, {one, two, three}, sum, 0) then
      carried = carried + 1
    end
  end
end
for place = 1, #KEYS, 2 do
  if redis.call('EXISTS', KEYS[place]) == 1 then
    redis.call('RENAMENX', KEYS[place], KEYS[place + 1])
    redis.call('DEL', KEYS[place])
  end
end
return carried
