-- Queue events for endpoints, in one step with the cursor of the outbox; what is newer supersedes what is older.
-- Where the queue of an endpoint is full, its events wait in the log: `refill` queues them later.
--
-- KEYS[1]  HASH: cursors
-- KEYS[2]  HASH: versions of the directory of endpoints
-- KEYS[3]  STREAM: the outbox
-- KEYS[4]  HASH: event id → event; the small hashes of events begin with its name
-- KEYS[5]  STREAM: ids of events in order
-- KEYS[6]  ZSET: endpoint → when its queue is looked at next, ms
-- KEYS[7]  ZSET: endpoint with events in the log → when its queue is refilled next, ms
-- ARGV[1]  prefix of the partition: an endpoint's keys are made of it
-- ARGV[2]  now, ms
-- ARGV[3]  how many attempts an endpoint's log keeps
-- ARGV[4]  how many deliveries a queue takes
-- ARGV[5]  msgpack: {read, done, version, up_to, events, queued, cancelled, handed}; `read` and `done`: where the cursor
--          must stand, and comes to stand; `up_to`: the first position of the outbox that stays, or ''
--          events     {id, number of the ARGV that holds it}: for the log
--          queued     {endpoint, event id, due ms, urgent, hold ms, older}: of each endpoint in the order of events
--          cancelled  {endpoint, event id, older}: queues nothing, only takes the older out
--          older      {event id, subject, type, …}: what is no longer to be sent
--          handed     number of the ARGV that holds {queued, cancelled, writes}, as it was handed over to one of
--                     several partitions; the next ARGV holds event id → position in the log, and '' → how far
--                     the log is handed over. All KEYS are of that partition, and there is no directory, outbox
--                     or log; `writes` are commands. Or nothing
-- reply    1 (written) or 0 (cursor or directory have moved: nothing is written), then superseded events
-- again    called again (its reply was lost): the cursor has moved, so it says 0
-- cost     two or three commands per delivery, four per event, two per endpoint, and one for each older event
--          that is looked for
local prefix, now, kept, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local read, done, version, up_to, events, queued, cancelled, handed = unpack(cmsgpack.unpack(ARGV[5]))
if (redis.call('HGET', KEYS[1], 'fan-out') or '') ~= read then return {0, 0} end
if (redis.call('HGET', KEYS[2], ':all') or '') ~= version then return {0, 0} end

local LOOKED_BACK = 1000 -- entries of the log behind the event whose earlier part was fanned out just now

local superseded, awake, positions, rooms, left, writes = 0, {}, {}, {}, {}, {}
if handed then
  queued, cancelled, writes = unpack(cmsgpack.unpack(ARGV[handed]))
  positions = cmsgpack.unpack(ARGV[handed + 1])
end
for _, write in ipairs(writes) do redis.call(unpack(write)) end
if positions[''] then redis.call('HSET', KEYS[1], 'logged', positions['']) end
for place = 1, #events, 2 do
  if store_event(KEYS[4], events[place], ARGV[events[place + 1]]) then
    positions[events[place]] = log_event(KEYS[5], events[place])
  end
end

-- Return where the log holds an event. One that was logged by an earlier part is near its end; one that was
-- there long before is listed again.
local function position_of(item)
  if not positions[item] and read:find(' ', 1, true) then
    positions[item] = find_in_log(KEYS[5], item, LOOKED_BACK)
  end
  if not positions[item] then positions[item] = log_event(KEYS[5], item) end
  return positions[item]
end

-- Return whether an event waits in the log instead of the queue.
local function is_left(name, item)
  local room = rooms[name]
  if not room then
    local overflows = redis.call('HEXISTS', prefix .. 'standing:' .. name, 'overflow_position') == 1
    room = overflows and 0 or most - redis.call('ZCARD', prefix .. 'queue:' .. name)
    left[name] = overflows and 0 or nil
  end
  rooms[name] = room - 1
  if room > 0 then return false end
  local position = position_of(item)
  if not left[name] then
    left[name] = 0
    redis.call('HSET', prefix .. 'standing:' .. name, 'overflow_position', before(position),
      'overflow_since_ms', now)
    redis.call('ZADD', KEYS[7], now, name)
  end
  left[name] = left[name] + 1
  return true
end

for _, one in ipairs(queued) do
  local name, item, _, urgent, _, older = unpack(one)
  if not urgent and is_left(name, item) then
    if #older > 0 then
      local _, count = supersede(prefix, now, kept, name, item, older)
      superseded = superseded + count
    end
  else
    local due, count = enqueue(prefix, now, kept, one)
    superseded = superseded + count
    awake[name] = math.min(awake[name] or due, due)
  end
end
for _, one in ipairs(cancelled) do
  if #one[3] > 0 then
    local _, count = supersede(prefix, now, kept, one[1], one[2], one[3])
    superseded = superseded + count
  end
end

for name, count in pairs(left) do
  if count > 0 then redis.call('HINCRBY', prefix .. 'standing:' .. name, 'overflow_events', count) end
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
