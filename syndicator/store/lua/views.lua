-- Take portals' absolute view counters and add what was read since the last time to the boards.
--
-- Forward decay (Cormode, Shkapenyuk, Srivastava, Xu 2009): a board's score is log2 of the sum of
-- count · 2^(t / half-life), so scores never need rewriting and keep their order as time goes on. Views
-- between two readings are taken as evenly spread over that time. A counter that fell below half was reset:
-- what it shows now is remembered, nothing is added. One that fell less is an older copy of a page: ignored.
--
-- KEYS[1]  HASH: article id → 'views:read_ms'
-- KEYS[2…] boards
-- ARGV[1]  now, ms
-- ARGV[2]  msgpack: half-life in ms of each board, 0 for plain sums
-- ARGV[3]  msgpack: list of {article id, views, published ms}
-- reply    number of articles whose count grew
-- cost     O(log n) per article and board
local now = tonumber(ARGV[1])
local half_lives = cmsgpack.unpack(ARGV[2])
local LN2 = math.log(2)

local function log2_add(a, b)
  local high, low = math.max(a, b), math.min(a, b)
  return high + math.log(1 + 2 ^ (low - high)) / LN2
end

local grown = 0
for _, reading in ipairs(cmsgpack.unpack(ARGV[3])) do
  local id, views, since = reading[1], reading[2], reading[3]
  local before = 0
  local known = redis.call('HGET', KEYS[1], id)
  if known then
    local count, read = string.match(known, '(%d+):(%d+)')
    before, since = tonumber(count), tonumber(read)
  end
  local delta = views - before
  -- A little less than before is an older copy of the page; far less is a counter that began anew.
  local stale = known and delta < 0 and views * 2 >= before
  if (delta ~= 0 and not stale) or not known then
    redis.call('HSET', KEYS[1], id, string.format('%d:%d', views, now))
  end
  if delta > 0 then
    grown = grown + 1
    local span = math.max(now - since, 1)
    for number, half_life in ipairs(half_lives) do
      local board = KEYS[number + 1]
      if half_life == 0 then
        redis.call('ZINCRBY', board, delta, id)
      else
        local age = span / half_life * LN2
        local weight = delta * (age < 1e-6 and 1 or (1 - math.exp(-age)) / age)
        local score = math.log(weight) / LN2 + now / half_life
        local old = redis.call('ZSCORE', board, id)
        if old then score = log2_add(tonumber(old), score) end
        redis.call('ZADD', board, string.format('%.17g', score), id)
      end
    end
  end
end
return grown
