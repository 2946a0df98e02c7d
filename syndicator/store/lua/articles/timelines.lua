-- Timelines: articles by time, in sorted sets so small that Redis packs them; put before the scripts that use them.
--
-- The newest of a timeline are under its own key, `timeline:FACET`. When that is full, its older ones move to a
-- piece, `timeline_piece:BOUND:FACET`; BOUND is the latest time of the piece. `timeline_pieces:FACET` is a ZSET
-- of these bounds. A piece has the times after the bound before its own. Articles of one time are never parted.
local MOST, OLDER = 128, 96 -- Redis packs sorted sets of up to 128 members unless told; so many move from the newest
local FILLED_AT_ONCE = 1000

local function timeline_of(key)
  local prefix, facet = key:match('^([^}]*}:)timeline:(.*)$')
  return {key = key, bounds = prefix .. 'timeline_pieces:' .. facet,
    piece = function(bound) return prefix .. 'timeline_piece:' .. bound .. ':' .. facet end}
end

-- Return the bound of the piece that has a time; nil where that is among the newest.
local function bound_of(timeline, at)
  return redis.call('ZRANGEBYSCORE', timeline.bounds, at, '+inf', 'LIMIT', 0, 1)[1]
end

-- Move the first `count` members of a set to a new piece, or more or fewer: those of one time stay together.
local function divide(timeline, key, count)
  local first_kept = redis.call('ZRANGE', key, count, count, 'WITHSCORES')[2]
  if not first_kept then return false end
  local highest = '(' .. first_kept
  if redis.call('ZCOUNT', key, '-inf', highest) == 0 then
    if redis.call('ZCOUNT', key, '(' .. first_kept, '+inf') == 0 then return false end
    highest = first_kept
  end
  local moved = redis.call('ZRANGEBYSCORE', key, '-inf', highest, 'WITHSCORES')
  local bound, scored = moved[#moved], {}
  for at = 1, #moved, 2 do
    scored[#scored + 1] = moved[at + 1]
    scored[#scored + 1] = moved[at]
    if #scored >= FILLED_AT_ONCE or at + 2 > #moved then
      redis.call('ZADD', timeline.piece(bound), unpack(scored))
      scored = {}
    end
  end
  redis.call('ZREMRANGEBYSCORE', key, '-inf', highest)
  redis.call('ZADD', timeline.bounds, bound, bound)
  return true
end

local function add_to_timeline(key, at, id)
  local timeline = timeline_of(key)
  local bound = bound_of(timeline, at)
  local place = bound and timeline.piece(bound) or key
  if redis.call('ZCARD', place) >= MOST and divide(timeline, place, bound and MOST / 2 or OLDER) then
    bound = bound_of(timeline, at)
    place = bound and timeline.piece(bound) or key
  end
  redis.call('ZADD', place, at, id)
end

local function removed_at(timeline, bound, id)
  local place = bound and timeline.piece(bound) or timeline.key
  if redis.call('ZREM', place, id) == 0 then return false end
  if bound and redis.call('EXISTS', place) == 0 then redis.call('ZREM', timeline.bounds, bound) end
  return true
end

-- Remove an article that is listed at a time; where it is not, or no time is known ('+inf'), look everywhere.
local function remove_from_timeline(key, at, id)
  local timeline = timeline_of(key)
  if removed_at(timeline, bound_of(timeline, at), id) or removed_at(timeline, nil, id) then return end
  for _, bound in ipairs(redis.call('ZREVRANGE', timeline.bounds, 0, -1)) do
    if removed_at(timeline, bound, id) then return end
  end
end

-- Return up to `limit` articles and their times, the newest first, listed from `since` to `before`.
local function newest_of_timeline(key, before, since, limit)
  local timeline, found = timeline_of(key), {}
  local bound = before ~= '+inf' and bound_of(timeline, before)
  repeat
    local place = bound and timeline.piece(bound) or key
    local left = limit - #found / 2
    for _, word in ipairs(redis.call('ZREVRANGEBYSCORE', place, before, since, 'WITHSCORES', 'LIMIT', 0, left)) do
      found[#found + 1] = word
    end
    bound = redis.call('ZREVRANGEBYSCORE', timeline.bounds, bound and '(' .. bound or '+inf', since, 'LIMIT', 0, 1)[1]
  until not bound or #found >= 2 * limit
  return found
end

-- Return how many are listed from one time to another.
local function count_of_timeline(key, since, before)
  local timeline = timeline_of(key)
  local count = redis.call('ZCOUNT', key, since, before)
  for _, bound in ipairs(redis.call('ZRANGEBYSCORE', timeline.bounds, since, '+inf')) do
    count = count + redis.call('ZCOUNT', timeline.piece(bound), since, before)
    if before ~= '+inf' and tonumber(bound) >= tonumber(before) then break end
  end
  return count
end
