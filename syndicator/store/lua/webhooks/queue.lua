-- Queue events for endpoints, in one step with the cursor of the outbox; what is newer supersedes what is older.
--
-- KEYS[1]  HASH: cursors
-- KEYS[2]  HASH: versions of the directory of endpoints
-- KEYS[3]  STREAM: the outbox
-- KEYS[4]  HASH: event id → event
-- KEYS[5]  STREAM: ids of events in order
-- KEYS[6]  ZSET: endpoint → when its queue is looked at next, ms
-- ARGV[1]  prefix of the partition: an endpoint's keys are made of it
-- ARGV[2]  now, ms
-- ARGV[3]  how many attempts an endpoint's log keeps
-- ARGV[4]  msgpack: {read, done, version, up_to, events, queued, cancelled}; `read` and `done`: where the cursor
--          must stand, and comes to stand; `up_to`: the first position of the outbox that stays, or ''
--          events     {id, number of the ARGV that holds it}: for the log
--          queued     {endpoint, event id, due ms, urgent, hold ms, older}
--          cancelled  {endpoint, event id, older}: queues nothing, only takes the older out
--          older      {event id, subject, type, …}: what is no longer to be sent
-- reply    1 (written) or 0 (cursor or directory have moved: nothing is written), then superseded events
-- again    called again (its reply was lost): the cursor has moved, so it says 0
-- cost     two or three commands per delivery, and one for each older event that is looked for
local prefix, now, kept = ARGV[1], ARGV[2], ARGV[3]
local read, done, version, up_to, events, queued, cancelled = unpack(cmsgpack.unpack(ARGV[4]))
if (redis.call('HGET', KEYS[1], 'fan-out') or '') ~= read then return {0, 0} end
if (redis.call('HGET', KEYS[2], ':all') or '') ~= version then return {0, 0} end

local superseded, awake, resting = 0, {}, {}
for place = 1, #events, 2 do
  if redis.call('HSETNX', KEYS[4], events[place], ARGV[events[place + 1]]) == 1 then
    redis.call('XADD', KEYS[5], '*', 'event', events[place])
  end
end

-- Take out what is older; what is on its way is waited for. Return whether something is.
local function supersede(name, newer, older)
  local queue, owners = prefix .. 'queue:' .. name, prefix .. 'owners:' .. name
  local flying = false
  if redis.call('EXISTS', queue, prefix .. 'dead:' .. name) == 0 then return flying end
  local ids = {}
  for place = 1, #older, 3 do ids[#ids + 1] = older[place] end
  local dues = redis.call('ZMSCORE', queue, unpack(ids))
  local dead = redis.call('ZMSCORE', prefix .. 'dead:' .. name, unpack(ids))
  for number, item in ipairs(ids) do
    local due, place = dues[number], number * 3 - 2
    if due and tonumber(due) > tonumber(now) and redis.call('HEXISTS', owners, item) == 1 then
      redis.call('HSET', prefix .. 'behind:' .. name, item, newer)
      flying = true
    elseif due or dead[number] then
      local tries = redis.call('HGET', prefix .. 'tries:' .. name, item) or ''
      redis.call('ZREM', queue, item)
      redis.call('ZREM', prefix .. 'dead:' .. name, item)
      redis.call('ZREM', prefix .. 'urgent:' .. name, item)
      redis.call('HDEL', owners, item)
      redis.call('HDEL', prefix .. 'tries:' .. name, item)
      redis.call('HDEL', prefix .. 'behind:' .. name, item)
      log_attempt(prefix, kept, name, {item, older[place + 1], older[place + 2],
        tonumber(tries:match('^%d+') or '0'), 'superseded', newer, 0, ''})
      superseded = superseded + 1
    end
  end
  return flying
end

for _, one in ipairs(queued) do
  local name, item, due, urgent, hold, older = unpack(one)
  if #older > 0 and supersede(name, item, older) then due = now + hold end
  redis.call('ZADD', prefix .. 'queue:' .. name, 'NX', string.format('%.0f', due), item)
  if urgent then redis.call('ZADD', prefix .. 'urgent:' .. name, 'NX', string.format('%.0f', due), item) end
  awake[name] = math.min(awake[name] or due, due)
end
for _, one in ipairs(cancelled) do
  if #one[3] > 0 then supersede(one[1], one[2], one[3]) end
end

for name, due in pairs(awake) do
  -- One that rests is woken when it is resumed.
  if redis.call('HEXISTS', prefix .. 'standing:' .. name, 'standing') == 0 then
    redis.call('ZADD', KEYS[6], 'LT', string.format('%.0f', due), name)
  end
end
redis.call('HSET', KEYS[1], 'fan-out', done)
if up_to ~= '' then redis.call('XTRIM', KEYS[3], 'MINID', up_to) end
return {1, superseded}
