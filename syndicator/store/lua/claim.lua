-- Lease what is due in a queue. A dead worker's lease runs out, and its item is simply due again.
--
-- KEYS[1]  ZSET: item → due time, or lease end
-- KEYS[2]  HASH: item → owner's token
-- KEYS[3]  ZSET: queue → when it wants attention; left out for a queue that stands alone
-- ARGV[1]  now, ms
-- ARGV[2]  lease end, ms
-- ARGV[3]  token of the claimer
-- ARGV[4]  how many to claim at most
-- ARGV[5]  how many may be in flight at once
-- ARGV[6]  name of the queue in KEYS[3]
-- reply    {items, next}: next is when the first of the others is due, ms, or -1
-- cost     O(log n) per item claimed
local items = {}
local flying = redis.call('HLEN', KEYS[2])
for _, item in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[4])) do
  local reclaimed = redis.call('HEXISTS', KEYS[2], item) == 1
  if reclaimed or flying < tonumber(ARGV[5]) then
    if not reclaimed then flying = flying + 1 end
    items[#items + 1] = item
  end
end
for _, item in ipairs(items) do
  redis.call('ZADD', KEYS[1], ARGV[2], item)
  redis.call('HSET', KEYS[2], item, ARGV[3])
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local wanted = first[2] or '-1'
if KEYS[3] then
  if wanted == '-1' then
    redis.call('ZREM', KEYS[3], ARGV[6])
  else
    -- A full queue has due items that may not be claimed yet: a settled one wakes it, or else a lease's end.
    if flying >= tonumber(ARGV[5]) and tonumber(wanted) <= tonumber(ARGV[1]) then wanted = ARGV[2] end
    redis.call('ZADD', KEYS[3], wanted, ARGV[6])
  end
end
return {items, wanted}
