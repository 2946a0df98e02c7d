-- What every script does that queues events for endpoints. No script of its own: it goes before them, and
-- `attempt_log` before it.

-- Take out what is older; what is on its way is waited for. Return whether something is, and how many went.
-- `older`: {event id, subject, type, …}
local function supersede(prefix, now, kept, name, newer, older)
  local queue, owners = prefix .. 'queue:' .. name, prefix .. 'owners:' .. name
  local flying, superseded = false, 0
  if redis.call('EXISTS', queue, prefix .. 'dead:' .. name) == 0 then return flying, superseded end
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
  return flying, superseded
end

-- Queue an event, and close what it supersedes. Return when it is due, and how many were superseded.
-- `one`: {endpoint, event id, due ms, urgent, hold ms, older}
local function enqueue(prefix, now, kept, one)
  local name, item, due, urgent, hold, older = unpack(one)
  local flying, superseded = false, 0
  if #older > 0 then flying, superseded = supersede(prefix, now, kept, name, item, older) end
  if flying then due = now + hold end
  redis.call('ZADD', prefix .. 'queue:' .. name, 'NX', string.format('%.0f', due), item)
  if urgent then redis.call('ZADD', prefix .. 'urgent:' .. name, 'NX', string.format('%.0f', due), item) end
  return due, superseded
end
