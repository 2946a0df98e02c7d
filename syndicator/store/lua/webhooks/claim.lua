-- Lease due deliveries of all endpoints in one call: urgent ones first, and everyone his fair share.
--
-- KEYS[1]  ZSET: endpoint → when its queue is looked at next, ms
-- KEYS[2]  HASH: event id → event; the small hashes of events begin with its name
-- KEYS[3]  STREAM: the outbox
-- KEYS[4]  HASH: versions of the directory of endpoints
-- KEYS[5]  ZSET: replay that runs → when it is to go on, ms
-- KEYS[6]  ZSET: endpoint with events in the log → when its queue is refilled next, ms
--          Of one of several partitions there are its queues and, as KEYS[2], what KEYS[6] is here.
-- ARGV[1]  prefix of the partition: an endpoint's keys are made of it
-- ARGV[2]  now, ms
-- ARGV[3]  lease end, ms
-- ARGV[4]  token of the claimer, a new one for each claim
-- ARGV[5]  how many to claim at most
-- ARGV[6]  how many attempts an endpoint's log keeps
-- ARGV[7]  1: claim nothing while events wait in the outbox, for one of them may go ahead of all, or a replay or refill
--          is due
-- ARGV[8]  how many to claim of one endpoint at most
-- ARGV[9…] endpoint, how many of it instead, and so on: with 0 it is left to other processes, or to later
-- reply    {deliveries, next, lost, events in the outbox, version of the directory, replay}: a delivery is
--          {endpoint, event id, event, tries}; next is when a queue is looked at next, ms, or -1; lost are
--          {endpoint, event id} without an event, which were taken out; replay is when one or a refill is to go on, ms, or -1
-- again    called again with the same token (its reply was lost): what the token holds, and no more there
-- cost     O(log n) per delivery leased and per one in flight, and some ten commands per endpoint looked at
local queues, prefix, now, ends, token = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local room, kept = tonumber(ARGV[5]), ARGV[6]
local bounds, others, count = {}, {}, 0
for place = 9, #ARGV, 2 do
  local name, most = ARGV[place], tonumber(ARGV[place + 1])
  bounds[name] = most
  if most == 0 then others[name], count = true, count + 1 end
end
local claimed, lost = {}, {}
local is_apart = not KEYS[3] -- events, outbox and replays are read by who claims
local unfanned = is_apart and 0 or redis.call('XLEN', KEYS[3])
local replay = not is_apart and redis.call('ZRANGE', KEYS[5], 0, 0, 'WITHSCORES')[2] or nil
local refill = redis.call('ZRANGE', is_apart and KEYS[2] or KEYS[6], 0, 0, 'WITHSCORES')[2]
if refill and (not replay or tonumber(refill) < tonumber(replay)) then replay = refill end
replay = replay or '-1'
local replays = replay ~= '-1' and tonumber(replay) <= now
if ARGV[7] == '1' and (unfanned > 0 or replays) then room = 0 end

-- Another revision waited for this one, which was on its way when its worker died: it is not sent again.
local function close(one, item, newer)
  redis.call('ZREM', one.queue, item)
  redis.call('HDEL', one.owners, item)
  redis.call('ZREM', one.urgent, item)
  redis.call('HDEL', one.behind, item)
  local tries = redis.call('HGET', one.tries, item)
  redis.call('HDEL', one.tries, item)
  if redis.call('HEXISTS', one.owners, newer) == 0 then -- else it did not wait any longer, and is on its way
    redis.call('ZADD', one.queue, 'XX', 'LT', now, newer)
    redis.call('ZADD', one.urgent, 'XX', 'LT', now, newer)
  end
  log_attempt(prefix, kept, one.name, {item, '', '', tonumber((tries or ''):match('^%d+') or '0'), 'superseded',
    newer, 0, ''})
end

-- Find what is in flight, and what a dead worker left.
local function count_flying(one)
  one.flying, one.soonest, one.lapsed, one.held = 0, tonumber(ends), {}, {}
  local owned = redis.call('HGETALL', one.owners)
  for place = 1, #owned, 2 do
    local item, till = owned[place], tonumber(redis.call('ZSCORE', one.queue, owned[place]) or '-1')
    if till < 0 then
      redis.call('HDEL', one.owners, item)
    elseif till <= now then
      local newer = redis.call('HGET', one.behind, item)
      if newer then close(one, item, newer) else one.lapsed[#one.lapsed + 1] = item end
    else
      one.flying, one.soonest = one.flying + 1, math.min(one.soonest, till)
      if owned[place + 1] == token then one.held[#one.held + 1] = item end
    end
  end
end

-- How many its rate lets go now (generic cell rate algorithm: `tat` is when the next would be due without bursts).
local function let_go(one)
  if not one.gap then return math.huge end
  local from = math.max(one.tat, now)
  return math.floor((now + (one.burst - 1) * one.gap - from) / one.gap + 1e-9) + 1
end

local function look(name)
  local one = {name = name, seen = {}}
  for _, part in ipairs({'queue', 'owners', 'urgent', 'tries', 'behind', 'standing'}) do
    one[part] = prefix .. part .. ':' .. name
  end
  local known = redis.call('HMGET', one.standing, 'standing', 'held_until_ms', 'openings', 'cap', 'gap_ms', 'burst',
    'tat_ms')
  if known[1] then
    redis.call('ZREM', queues, name) -- it rests: resuming wakes it
    return nil
  end
  if tonumber(known[2] or '0') > now then
    redis.call('ZADD', queues, known[2], name)
    return nil
  end
  one.cap = tonumber(known[4] or '4')
  if tonumber(known[3] or '0') > 0 then one.cap = 1 end -- half open: one attempt shows whether it is back
  one.gap, one.burst, one.tat = tonumber(known[5] or nil), tonumber(known[6] or '1'), tonumber(known[7] or '0')
  count_flying(one)
  one.has_urgent = redis.call('EXISTS', one.urgent) == 1
  one.most = math.min(one.cap - one.flying, let_go(one), bounds[name] or tonumber(ARGV[8]))
  for _, item in ipairs(one.held) do one.seen[item] = true end
  return one
end

local function give(one, items)
  if #items == 0 then return end
  local tries = redis.call('HMGET', one.tries, unpack(items))
  for place, item in ipairs(items) do
    local event = is_apart and '' or event_record(KEYS[2], item)
    if event then
      claimed[#claimed + 1] = {one.name, item, event, tries[place] or ''}
    else
      redis.call('ZREM', one.queue, item)
      redis.call('HDEL', one.owners, item)
      redis.call('ZREM', one.urgent, item)
      redis.call('HDEL', one.tries, item)
      one.flying = one.flying - 1
      lost[#lost + 1] = {one.name, item}
    end
  end
end

-- Lease up to `share`; those whose lease ran out come first: behind a long backlog they would never be claimed.
local function lease(one, share)
  local items, most = {}, math.min(share, one.most, room)
  local function take(found)
    for _, item in ipairs(found) do
      if #items < most and not one.seen[item] then
        one.seen[item] = true
        items[#items + 1] = item
      end
    end
  end
  if most <= 0 then return end
  if one.has_urgent then take(redis.call('ZRANGEBYSCORE', one.urgent, '-inf', now, 'LIMIT', 0, most)) end
  take(one.lapsed)
  if #items < most then take(redis.call('ZRANGEBYSCORE', one.queue, '-inf', now, 'LIMIT', 0, most)) end
  for _, item in ipairs(items) do
    redis.call('ZADD', one.queue, ends, item)
    redis.call('HSET', one.owners, item, token)
    if one.has_urgent then redis.call('ZADD', one.urgent, 'XX', ends, item) end
  end
  one.most, one.flying, room = one.most - #items, one.flying + #items, room - #items
  if one.gap and #items > 0 then
    one.tat = math.max(one.tat, now) + #items * one.gap
    redis.call('HSET', one.standing, 'tat_ms', string.format('%.3f', one.tat))
  end
  give(one, items)
end

-- Store when it is looked at next. Who was served and has more goes behind those who wait since earlier.
local function note(one)
  local wanted = tonumber(redis.call('ZRANGE', one.queue, 0, 0, 'WITHSCORES')[2] or '-1')
  if wanted < 0 then
    redis.call('ZREM', queues, one.name)
    return
  end
  if wanted <= now then
    if one.flying >= one.cap then
      wanted = one.soonest -- a settled one wakes it, or else a lease's end
    elseif let_go(one) <= 0 then
      wanted = math.ceil(one.tat - (one.burst - 1) * one.gap)
    else
      wanted = now
    end
  end
  redis.call('ZADD', queues, string.format('%.0f', wanted), one.name)
end

if room > 0 then
  local due = {}
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', queues, '-inf', now, 'LIMIT', 0, room + count)) do
    local one = not others[name] and look(name)
    if one then due[#due + 1] = one end
  end
  for _, one in ipairs(due) do give(one, one.held) end
  if #claimed > 0 then room = 0 end
  local share = math.max(1, math.floor(room / math.max(#due, 1)))
  for _, one in ipairs(due) do lease(one, share) end
  for _, one in ipairs(due) do lease(one, room) end
  for _, one in ipairs(due) do note(one) end
end

local next = '-1'
local soon = redis.call('ZRANGE', queues, 0, count, 'WITHSCORES')
for place = 1, #soon, 2 do
  if not others[soon[place]] then
    next = soon[place + 1]
    break
  end
end
return {claimed, next, lost, unfanned, not is_apart and redis.call('HGET', KEYS[4], ':all') or '', replay}
