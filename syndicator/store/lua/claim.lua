-- Lease what is due in a queue. A dead worker's lease runs out, and its item is simply due again.
--
-- KEYS[1]  ZSET: item → due time, or lease end
-- KEYS[2]  HASH: item → owner's token
-- KEYS[3]  ZSET: queue → when it wants attention; left out for a queue that stands alone
-- ARGV[1]  now, ms
-- ARGV[2]  lease end, ms
-- ARGV[3]  token of the claimer, a new one for each claim
-- ARGV[4]  how many to claim at most
-- ARGV[5]  how many may be in flight at once; a lease that ran out is not in flight
-- ARGV[6]  name of the queue in KEYS[3]
-- reply    {items, next}: next is when the first of the others is due, ms, or -1
-- again    called again with the same token (its reply was lost): the items that the token holds, no more
-- cost     O(log n) per item claimed and per item in flight, which the cap (or the workers' room) bounds
local now, limit, cap = tonumber(ARGV[1]), tonumber(ARGV[4]), tonumber(ARGV[5])
local held, lapsed, flying, soonest = {}, {}, 0, tonumber(ARGV[2])
local owned = redis.call('HGETALL', KEYS[2])
for place = 1, #owned, 2 do
  local item, ends = owned[place], tonumber(redis.call('ZSCORE', KEYS[1], owned[place]) or '-1')
  if ends < 0 then
    redis.call('HDEL', KEYS[2], item)
  elseif ends <= now then
    lapsed[#lapsed + 1] = item
  else
    flying = flying + 1
    soonest = math.min(soonest, ends)
    if owned[place + 1] == ARGV[3] then held[#held + 1] = item end
  end
end

local items, room = {}, math.min(limit, cap - flying)
if #held > 0 then
  items, room = held, 0
end
local seen = {}
local function lease(item)
  if room > 0 and not seen[item] then
    seen[item], room, flying = true, room - 1, flying + 1
    items[#items + 1] = item
    redis.call('ZADD', KEYS[1], ARGV[2], item)
    redis.call('HSET', KEYS[2], item, ARGV[3])
  end
end
-- Those whose lease ran out come first: behind a long backlog nobody would ever see them.
for _, item in ipairs(lapsed) do lease(item) end
if room > 0 then
  for _, item in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, room)) do lease(item) end
end

local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local wanted = first[2] or '-1'
if KEYS[3] then
  if wanted == '-1' then
    redis.call('ZREM', KEYS[3], ARGV[6])
  else
    -- A full queue has due items that may not be claimed yet: a settled one wakes it, or else a lease's end.
    if flying >= cap and tonumber(wanted) <= now then
      wanted = string.format('%.0f', soonest)
    end
    redis.call('ZADD', KEYS[3], wanted, ARGV[6])
  end
end
return {items, wanted}
