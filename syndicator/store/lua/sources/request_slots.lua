-- Take and give back turns of scopes, many in one call. A turn is a lease: that of a dead worker runs out.
-- What is given back comes first, so that another may have it in the same call.
--
-- KEYS[1]  any key of the namespace: chooses the slot
-- ARGV[1]  now, ms
-- ARGV[2]  length of a lease, ms
-- ARGV[3]  msgpack, given back: list of {turns key, token}
-- ARGV[4]  msgpack, extended: list of {turns key, token}; a turn that ran out is not taken again
-- ARGV[5]  msgpack, held off: list of {held key, until ms}; an earlier end than the present one changes nothing
-- ARGV[6]  msgpack, wanted: list of {turns key, token, most in flight, held key, list of {pace key, ms}}
-- reply    for each wanted: {ms to wait, why}; why is 0 taken, 1 in flight, 2 pace, 3 held off
-- again    called again with the same tokens (its reply was lost): turns that a token has are its own
-- cost     O(log n) per turn and per lease that ran out; n is the most in flight
local now, lease = tonumber(ARGV[1]), tonumber(ARGV[2])
local KEPT_MS = 3600000

for _, one in ipairs(cmsgpack.unpack(ARGV[3])) do
  redis.call('ZREM', one[1], one[2])
end
for _, one in ipairs(cmsgpack.unpack(ARGV[4])) do
  redis.call('ZADD', one[1], 'XX', now + lease, one[2])
end
for _, one in ipairs(cmsgpack.unpack(ARGV[5])) do
  local key, ends = one[1], one[2]
  if ends > now and ends > tonumber(redis.call('GET', key) or '0') then
    redis.call('SET', key, ends, 'PX', ends - now)
  end
end

local function refusal(turns, most, held, paces)
  local ends = tonumber(redis.call('GET', held) or '0')
  if ends > now then return ends - now, 3 end
  for _, pace in ipairs(paces) do
    local last = redis.call('GET', pace[1])
    if last and tonumber(last) + pace[2] > now then return tonumber(last) + pace[2] - now, 2 end
  end
  if redis.call('ZCARD', turns) < most then return 0, 0 end
  -- Those that ran out are looked for only where they would be in the way.
  redis.call('ZREMRANGEBYSCORE', turns, '-inf', now)
  if redis.call('ZCARD', turns) < most then return 0, 0 end
  return tonumber(redis.call('ZRANGE', turns, 0, 0, 'WITHSCORES')[2]) - now, 1
end

local replies = {}
for place, one in ipairs(cmsgpack.unpack(ARGV[6])) do
  local turns, token, paces = one[1], one[2], one[5]
  local wait, why = refusal(turns, one[3], one[4], paces)
  if why == 0 then
    redis.call('ZADD', turns, now + lease, token)
    redis.call('PEXPIRE', turns, KEPT_MS)
    for _, pace in ipairs(paces) do
      redis.call('SET', pace[1], now, 'PX', pace[2])
    end
  elseif redis.call('ZSCORE', turns, token) then
    wait, why = 0, 0
  end
  replies[place] = {wait, why}
end
return replies
