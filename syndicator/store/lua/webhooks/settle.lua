-- Store the results of leased deliveries, many in one call.
--
-- KEYS[1]  ZSET: endpoint → when its queue is looked at next, ms
-- KEYS[2]  HASH: endpoint → deliveries that succeeded
-- ARGV[1]  prefix of the partition: an endpoint's keys are made of it
-- ARGV[2]  now, ms
-- ARGV[3]  how many attempts an endpoint's log keeps
-- ARGV[4]  msgpack: list of {endpoint, event id, token, result (`delivered`, `retry`, `dead`,
--          `release`, `put_off`: nothing, and it is due later, or `lost`: its event is gone), due ms (of a retry, or of what is put off),
--          tries ("2 http_503"), subject, type, attempt, reason, duration ms; of an attempt, the beginning of the
--          answer, and a command that is done with what is delivered, or {}}
-- reply    one per delivery: 0 (the lease was lost: nothing is written), 1, or 2: done, and it is the endpoint's
--          first success after failures
-- again    called again (its reply was lost): the leases are gone, and so it says 0
-- cost     some six commands per delivery, two more with a long answer
local queues, prefix, now, kept = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local reply, touched, delivered, succeeded = {}, {}, {}, {}

local function logged(one, result, reason)
  local answer = result ~= 'superseded' and one[12] or ''
  log_attempt(prefix, kept, one[1], {one[2], one[7], one[8], one[9], result, reason, one[11], answer})
end

-- Let the newer revision go that waited behind this one; return its id.
local function let_go(name, item)
  local behind = prefix .. 'behind:' .. name
  local newer = redis.call('HGET', behind, item)
  if newer then
    redis.call('HDEL', behind, item)
    if redis.call('HEXISTS', prefix .. 'owners:' .. name, newer) == 0 then -- else it is on its way itself
      redis.call('ZADD', prefix .. 'queue:' .. name, 'XX', 'LT', now, newer)
      redis.call('ZADD', prefix .. 'urgent:' .. name, 'XX', 'LT', now, newer)
    end
  end
  return newer
end

for _, one in ipairs(cmsgpack.unpack(ARGV[4])) do
  local name, item, token, verb, due, note = unpack(one)
  local owners = prefix .. 'owners:' .. name
  if redis.call('HGET', owners, item) ~= token then
    reply[#reply + 1] = 0
  else
    redis.call('HDEL', owners, item)
    local known = touched[name]
    if known == nil then
      known = {behind = redis.call('EXISTS', prefix .. 'behind:' .. name) == 1,
        urgent = redis.call('EXISTS', prefix .. 'urgent:' .. name) == 1,
        tries = redis.call('EXISTS', prefix .. 'tries:' .. name) == 1}
      touched[name] = known
    end
    local queue, urgent, tries = prefix .. 'queue:' .. name, prefix .. 'urgent:' .. name, prefix .. 'tries:' .. name
    local newer = known.behind and let_go(name, item)
    if verb == 'release' or verb == 'retry' or verb == 'put_off' then
      if newer then
        redis.call('ZREM', queue, item)
        if known.urgent then redis.call('ZREM', urgent, item) end
        if known.tries then redis.call('HDEL', tries, item) end
        if verb == 'retry' then logged(one, 'retry', one[10]) end
        logged(one, 'superseded', newer)
      else
        if verb == 'release' then due = now end
        redis.call('ZADD', queue, 'XX', due, item)
        if known.urgent then redis.call('ZADD', urgent, 'XX', due, item) end
        if verb ~= 'release' then
          redis.call('HSET', tries, item, note)
          known.tries = true
        end
        if verb == 'retry' then logged(one, 'retry', one[10]) end
      end
    else
      redis.call('ZREM', queue, item)
      if known.urgent then redis.call('ZREM', urgent, item) end
      if verb == 'dead' and not newer then
        redis.call('ZADD', prefix .. 'dead:' .. name, now, item)
        redis.call('HSET', tries, item, note)
        known.tries = true
      elseif known.tries then
        redis.call('HDEL', tries, item)
      end
      if verb ~= 'lost' then logged(one, verb, one[10]) end
    end
    reply[#reply + 1] = 1
    if verb == 'delivered' then
      delivered[name] = (delivered[name] or 0) + 1
      if #one[13] > 0 then redis.call(unpack(one[13])) end
      succeeded[name] = succeeded[name] or #reply
    end
  end
end

for name in pairs(touched) do
  local rests = redis.call('HEXISTS', prefix .. 'standing:' .. name, 'standing') == 1
  if not rests then redis.call('ZADD', queues, 'LT', now, name) end
end
for name, count in pairs(delivered) do
  redis.call('HINCRBY', KEYS[2], name, count)
  local standing = prefix .. 'standing:' .. name
  redis.call('HSET', standing, 'last_success_ms', now)
  if redis.call('HDEL', standing, 'failing_since_ms', 'failures', 'openings') > 0 then
    reply[succeeded[name]] = 2
    -- The circuit closes. What the receiver asked for (Retry-After) stands: this one was under way before.
    local rest = redis.call('HGET', standing, 'rest_until_ms')
    if rest and tonumber(rest) > tonumber(now) then
      redis.call('HSET', standing, 'held_until_ms', rest)
    else
      redis.call('HDEL', standing, 'held_until_ms', 'rest_until_ms')
    end
  end
end
return reply
