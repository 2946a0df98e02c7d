-- Lease what is due for the hub's subscribers: from many hosts in one call, of each no more than its share.
-- The queue of one host is as in claim.lua: a dead worker's lease runs out, and its item is simply due again.
--
-- KEYS[1]  ZSET: host → when its queue is looked at next
-- KEYS[2]  ZSET: host → when it last answered in time; any other host is slow
-- ARGV[1]  now, ms
-- ARGV[2]  lease end, ms
-- ARGV[3]  token of the claimer, a new one for each claim
-- ARGV[4]  how many to claim at most
-- ARGV[5]  how many of one host may be in flight at once
-- ARGV[6]  how many of slow hosts to claim at most; each of them has one in flight
-- ARGV[7]  key of a host's queue, without the host
-- ARGV[8]  key of its owners, without the host
-- reply    {host, item, 1 if the host is slow, …}, and when the next host is looked at, ms, or -1
-- again    called again (its reply was lost): leases others; what it had leased is due when its lease ends
-- cost     O(log n) per item claimed and per item in flight, at most ARGV[4] hosts
local now, room, cap, slow_room = tonumber(ARGV[1]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local claimed = {}

-- Return how many items are under way, the soonest end of their leases, and whose lease ran out.
local function under_way(queue, owners)
  local lapsed, flying, soonest = {}, 0, tonumber(ARGV[2])
  local owned = redis.call('HKEYS', owners)
  for _, item in ipairs(owned) do
    local ends = tonumber(redis.call('ZSCORE', queue, item) or '-1')
    if ends < 0 then
      redis.call('HDEL', owners, item)
    elseif ends <= now then
      lapsed[#lapsed + 1] = item
    else
      flying, soonest = flying + 1, math.min(soonest, ends)
    end
  end
  return lapsed, flying, soonest
end

for _, host in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, math.max(room, 0))) do
  if room <= 0 then break end
  local queue, owners = ARGV[7] .. host, ARGV[8] .. host
  local slow = not redis.call('ZSCORE', KEYS[2], host)
  local lapsed, flying, soonest = under_way(queue, owners)
  local most = math.min(room, slow and math.min(1 - flying, slow_room) or cap - flying)
  local seen = {}
  local function lease(item)
    if most > 0 and not seen[item] then
      seen[item], most, room, flying = true, most - 1, room - 1, flying + 1
      if slow then slow_room = slow_room - 1 end
      claimed[#claimed + 1] = host
      claimed[#claimed + 1] = item
      claimed[#claimed + 1] = slow and 1 or 0
      redis.call('ZADD', queue, ARGV[2], item)
      redis.call('HSET', owners, item, ARGV[3])
    end
  end
  for _, item in ipairs(lapsed) do lease(item) end
  if most > 0 then
    for _, item in ipairs(redis.call('ZRANGEBYSCORE', queue, '-inf', now, 'LIMIT', 0, most)) do lease(item) end
  end
  local wanted = tonumber(redis.call('ZRANGE', queue, 0, 0, 'WITHSCORES')[2] or '-1')
  if wanted < 0 then
    redis.call('ZREM', KEYS[1], host)
  else
    if wanted <= now then
      -- It has more than its share: a settled one wakes it, or a lease's end. Others come before it meanwhile.
      wanted = (flying >= (slow and 1 or cap)) and soonest or (slow and slow_room <= 0) and now + 200 or now
    end
    redis.call('ZADD', KEYS[1], string.format('%.0f', wanted), host)
  end
end
return {claimed, redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or '-1'}
