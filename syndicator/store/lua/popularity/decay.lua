-- Counters that fade, and the boards that find the highest of them; the beginning of signals.lua and readings.lua.
--
-- Forward decay (Cormode, Shkapenyuk, Srivastava, Xu 2009): for each half-life a counter holds log2 of the sum of
-- count · 2^(t / half-life), so it never needs rewriting and keeps its order as time goes on. Behind these stands
-- the plain sum. A board holds the same numbers of the highest counters (of the plain sum its log2), less an
-- offset that makes portals comparable. What leaves a board comes back with all that it had: counters are whole.
local LN2 = math.log(2)

local function log2(number)
  return math.log(number) / LN2
end

local function log2_add(a, b)
  local high, low = math.max(a, b), math.min(a, b)
  return high + math.log(1 + 2 ^ (low - high)) / LN2
end

-- Say for each board what a score must reach to be kept.
local function floors_of(boards, kept)
  local floors = {}
  for place, board in ipairs(boards) do
    local last = redis.call('ZREVRANGE', board, kept - 1, kept - 1, 'WITHSCORES')
    floors[place] = tonumber(last[2] or '-inf')
  end
  return floors
end

-- Add to an article's counter: the log2 for each half-life, and the plain count; false where there is no article.
local function add(articles, counters, boards, floors, id, logs, count, offset)
  local old = redis.call('HGET', counters, id)
  if old then
    local one, two, three, sum = struct.unpack('>dddd', old)
    logs = {log2_add(logs[1], one), log2_add(logs[2], two), log2_add(logs[3], three)}
    count = count + sum
  elseif redis.call('HEXISTS', articles .. id, 'revision') == 0 then
    return false
  end
  redis.call('HSET', counters, id, struct.pack('>dddd', logs[1], logs[2], logs[3], count))
  logs[4] = log2(count)
  for place, board in ipairs(boards) do
    local score = logs[place] - offset
    if score >= floors[place] then
      redis.call('ZADD', board, string.format('%.17g', score), id)
    end
  end
  return true
end

-- Keep the highest of each board; there is room for as many more until the next time.
local function trim(boards, kept)
  for _, board in ipairs(boards) do
    if redis.call('ZCARD', board) > 2 * kept then
      redis.call('ZREMRANGEBYRANK', board, 0, -kept - 1)
    end
  end
end
