-- Take portals' absolute counters and add what they grew by since the last time; after decay.lua.
--
-- What was counted between two readings is taken as evenly spread over that time. A counter that fell below half
-- was reset, and one that grew as no counter can shows something else: what it shows now is remembered, nothing is
-- added. One that fell less is an older copy of a page: ignored.
--
-- A portal's own measure is the mean of the logarithms of its rates (ln of counts an hour; of articles' pages, and
-- apart from them of its box of popular articles, which only shows winners), over about the last 200 readings.
--
-- KEYS[1]  HASH: article id → 'count:read_ms'
-- KEYS[2]  HASH: source, or source and ' box' → 'readings:mean'
-- KEYS[3]  counters; KEYS[4…] their boards
-- ARGV[1]  now, ms
-- ARGV[2]  msgpack: half-lives in ms
-- ARGV[3]  msgpack: list of {article id, count, published ms, source, 1 if read in the box}
-- ARGV[4]  prefix of the articles' keys
-- ARGV[5]  size of the boards
-- ARGV[6]  1 where portals are to be compared
-- reply    number of articles whose count grew, was reset, jumped
-- again    called again: nothing grew since
-- cost     O(log n) per article and board
local HOUR_MS, SHORTEST_MS, REMEMBERED, STEEPEST, SMALLEST, FASTEST = 3600000, 600000, 200, 1000, 100, 1e7
local now, half_lives = tonumber(ARGV[1]), cmsgpack.unpack(ARGV[2])
local compared = ARGV[6] == '1'
local boards = {}
for place = 4, #KEYS do boards[place - 3] = KEYS[place] end
local floors = floors_of(boards, tonumber(ARGV[5]))

local function measure(field)
  local stored = compared and redis.call('HGET', KEYS[2], field)
  if not stored then return 0, 0 end
  local readings, mean = string.match(stored, '(%d+):(.+)')
  return tonumber(readings), tonumber(mean)
end

local function learn(source, boxed, rate)
  if not compared then return 0 end
  local field = boxed and source .. ' box' or source
  local readings, mean = measure(field)
  readings = math.min(readings + 1, REMEMBERED)
  mean = mean + (math.log(rate) - mean) / readings
  redis.call('HSET', KEYS[2], field, string.format('%d:%.17g', readings, mean))
  -- By the articles' own pages, where there are any.
  local of_pages, pages_mean = measure(source)
  return (of_pages > 0 and pages_mean or mean) / LN2
end

local function spread(grown, span)
  local logs = {}
  for place, half_life in ipairs(half_lives) do
    local age = span / half_life * LN2
    local weight = grown * (age < 1e-6 and 1 or (1 - math.exp(-age)) / age)
    logs[place] = log2(weight) + now / half_life
  end
  return logs
end

local grew, reset, jumped = 0, 0, 0
for _, reading in ipairs(cmsgpack.unpack(ARGV[3])) do
  local id, count, since, source, boxed = reading[1], reading[2], reading[3], reading[4], reading[5] == 1
  local known = redis.call('HGET', KEYS[1], id)
  local before = 0
  if known then
    local counted, read = string.match(known, '(%d+):(%d+)')
    before, since = tonumber(counted), tonumber(read)
  end
  local grown, span = count - before, math.max(now - since, 1)
  local hours = math.max(span, SHORTEST_MS) / HOUR_MS
  -- A little less than before is an older copy of the page; far less is a counter that began anew.
  local fell, stale = known and count * 2 < before, grown < 0 and count * 2 >= before
  local leapt = grown / hours > FASTEST or (known and before >= SMALLEST and count > before * STEEPEST)
  if redis.call('HEXISTS', ARGV[4] .. id, 'revision') == 1 and not stale then
    if grown ~= 0 or not known then
      redis.call('HSET', KEYS[1], id, string.format('%.0f:%.0f', count, now))
    end
    if fell then
      reset = reset + 1
    elseif leapt then
      jumped = jumped + 1
    else
      local offset = 0
      if not known or span >= 60000 or grown > 0 then offset = learn(source, boxed, (grown + 1) / hours) end
      if grown > 0 then
        grew = grew + 1
        add(ARGV[4], KEYS[3], boards, floors, id, spread(grown, span), grown, offset)
      end
    end
  end
end
trim(boards, tonumber(ARGV[5]))
return {grew, reset, jumped}
