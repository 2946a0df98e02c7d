-- Lease what is due in a queue. A dead worker's lease runs out, and its item is simply due again.
--
-- KEYS[1]  ZSET: item → due time, or lease end
-- KEYS[2]  HASH: item → owner's token
-- KEYS[3]  optional: a HASH whose number of fields is replied
-- ARGV[1]  now, ms
-- ARGV[2]  lease end, ms
-- ARGV[3]  token of the claimer, a new one for each claim
-- ARGV[4]  how many to claim at most
-- ARGV[5]  optional: what the keys of strings begin with that are kept of items; the item is the rest
-- reply    {items, next, strings, fields}: next is when the first of the others is due, ms, or -1; strings are those of
--          the items, in their order, nil where there is none; none without ARGV[5]
-- again    called again with the same token (its reply was lost): the items that the token holds, no more
-- cost     O(log n) per item claimed and per item in flight, which the workers' room bounds
local AT_ONCE = 1000 -- so many arguments are passed to one command
local now, room = tonumber(ARGV[1]), tonumber(ARGV[4])
local held, lapsed, flying, tokens = {}, {}, {}, {}
local owned = redis.call('HGETALL', KEYS[2])
for place = 1, #owned, 2 do
  flying[#flying + 1], tokens[#tokens + 1] = owned[place], owned[place + 1]
end
for first = 1, #flying, AT_ONCE do
  local last = math.min(first + AT_ONCE - 1, #flying)
  local scores = redis.call('ZMSCORE', KEYS[1], unpack(flying, first, last))
  for place = first, last do
    local item, ends = flying[place], tonumber(scores[place - first + 1] or '-1')
    if ends < 0 then
      redis.call('HDEL', KEYS[2], item)
    elseif ends <= now then
      lapsed[#lapsed + 1] = item
    elseif tokens[place] == ARGV[3] then
      held[#held + 1] = item
    end
  end
end

local items, seen, leases, owners = {}, {}, {}, {}
if #held > 0 then items, room = held, 0 end
local function lease(item)
  if room > 0 and not seen[item] then
    seen[item], room = true, room - 1
    items[#items + 1] = item
    leases[#leases + 1], leases[#leases + 2] = ARGV[2], item
    owners[#owners + 1], owners[#owners + 2] = item, ARGV[3]
  end
end
-- Those whose lease ran out come first: behind a long backlog they would never be claimed.
for _, item in ipairs(lapsed) do lease(item) end
if room > 0 then
  for _, item in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, room)) do lease(item) end
end
for first = 1, #leases, AT_ONCE do
  local last = math.min(first + AT_ONCE - 1, #leases)
  redis.call('ZADD', KEYS[1], unpack(leases, first, last))
  redis.call('HSET', KEYS[2], unpack(owners, first, last))
end

local strings = {}
if ARGV[5] then
  for place, item in ipairs(items) do strings[place] = redis.call('GET', ARGV[5] .. item) end
end
local following = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or '-1'
return {items, following, strings, KEYS[3] and redis.call('HLEN', KEYS[3]) or 0}
