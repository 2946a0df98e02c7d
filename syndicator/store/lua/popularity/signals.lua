-- Add a chunk of signals to the counters of their articles; after decay.lua.
--
-- KEYS[1]  STRING: reply to this very chunk, where it was taken before
-- KEYS[2]  HASH: article id and kind → what was counted of one reporter today; only where that is bounded
-- ARGV[1]  prefix of the articles' keys
-- ARGV[2]  how long the reply is kept, ms
-- ARGV[3]  size of the boards
-- ARGV[4]  msgpack: for each kind {counters, list of boards, prefix of the visitors' keys}; all of this namespace
-- ARGV[5]  msgpack: for each half-life, now in half-lives
-- ARGV[6]  msgpack: list of {article id, kind (from 1), counts decayed to now per half-life, plain count, visitors}
-- ARGV[7]  how much one reporter may have counted of an article and kind today
-- ARGV[8]  how long a day's reporters and visitors are kept, ms
-- reply    msgpack: number (from 1) and counted part of each that was not counted whole; -1: its article is not there
-- again    called again (its reply was lost, or a partner repeats it): the same reply, nothing is added
-- cost     O(log n) per signal and board
local known = redis.call('GET', KEYS[1])
if known then return known end

local kept, kinds, now = tonumber(ARGV[3]), cmsgpack.unpack(ARGV[4]), cmsgpack.unpack(ARGV[5])
local reporter, most = KEYS[2], tonumber(ARGV[7] or '0')
local reply, floors = {}, {}

local function add_reply(number, part)
  reply[#reply + 1] = number
  reply[#reply + 1] = part
end

-- Say by how many visitors the estimate grew: each counts once; see clicks.lua for what the replies add up to.
local function new_visitors(key, visitors)
  local before = redis.call('PFCOUNT', key)
  if redis.call('PFADD', key, unpack(visitors)) == 0 then return 0 end
  if before == 0 then redis.call('PEXPIRE', key, ARGV[8]) end
  return math.max(redis.call('PFCOUNT', key) - before, 0)
end

-- Say how much of a row the reporter still has: nothing of an article that is not there, of which nothing is kept.
local function allowed(row)
  local count, field = row[4], row[1] .. row[2]
  local used = tonumber(redis.call('HGET', reporter, field) or '0')
  if used == 0 and redis.call('HEXISTS', ARGV[1] .. row[1], 'revision') == 0 then return count end
  if row[5] and #row[5] > 0 then
    count = math.min(count, new_visitors(kinds[row[2]][3] .. row[1], row[5]))
  end
  count = math.max(math.min(count, most - used), 0)
  if count > 0 then
    redis.call('HSET', reporter, field, used + count)
  end
  return count
end

for number, row in ipairs(cmsgpack.unpack(ARGV[6])) do
  local kind, logs, whole = kinds[row[2]], {}, row[4]
  floors[row[2]] = floors[row[2]] or floors_of(kind[2], kept)
  local count = reporter and allowed(row) or whole
  if count < whole then add_reply(number, count / whole) end
  if count > 0 then
    for place, weight in ipairs(row[3]) do
      logs[place] = log2(weight * count / whole) + now[place]
    end
    if not add(ARGV[1], kind[1], kind[2], floors[row[2]], row[1], logs, count, 0) then
      add_reply(number, -1)
    end
  end
end
for number in pairs(floors) do
  trim(kinds[number][2], kept)
end
if reporter then redis.call('PEXPIRE', reporter, ARGV[8]) end
local packed = cmsgpack.pack(reply)
redis.call('SET', KEYS[1], packed, 'PX', ARGV[2])
return packed
