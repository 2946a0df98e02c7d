-- Lease what is due in a queue. A dead worker's lease runs out, and its item is simply due again.
--
-- KEYS[1]  ZSET: item → due time, or lease end
-- KEYS[2]  HASH: item → owner's token
-- ARGV[1]  now, ms
-- ARGV[2]  lease end, ms
-- ARGV[3]  token of the claimer, a new one for each claim
-- ARGV[4]  how many to claim at most
-- reply    {items, next}: next is when the first of the others is due, ms, or -1
-- again    called again with the same token (its reply was lost): the items that the token holds, no more
-- cost     O(log n) per item claimed and per item in flight, which the workers' room bounds
local now, room = tonumber(ARGV[1]), tonumber(ARGV[4])
local held, lapsed = {}, {}
local owned = redis.call('HGETALL', KEYS[2])
for place = 1, #owned, 2 do
  local item, ends = owned[place], tonumber(redis.call('ZSCORE', KEYS[1], owned[place]) or '-1')
  if ends < 0 then
    redis.call('HDEL', KEYS[2], item)
  elseif ends <= now then
    lapsed[#lapsed + 1] = item
  elseif owned[place + 1] == ARGV[3] then
    held[#held + 1] = item
  end
end

local items, seen = {}, {}
if #held > 0 then items, room = held, 0 end
local function lease(item)
  if room > 0 and not seen[item] then
    seen[item], room = true, room - 1
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
return {items, redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or '-1'}
