-- Log events and hand over to partitions what they queue, in one step with the cursor of the outbox.
-- For a partition that is far behind, events are left in the log, but for urgent ones: `hand_over_left` tells it
-- of them later.
--
-- KEYS[1]  HASH: cursors
-- KEYS[2]  HASH: versions of the directory of endpoints
-- KEYS[3]  STREAM: the outbox
-- KEYS[4]  HASH: event id → event; the small hashes of events begin with its name
-- KEYS[5]  STREAM: ids of events in order
-- KEYS[6…] STREAM: what is handed over to a partition, of each that is concerned; with `:left` behind its name
--          HASH: endpoint → {position before the first event that was left for it, when that was logged, ms, and
--          how many there are}
-- ARGV[1]  msgpack: {read, done, version, up_to, events, steps}; the first four as `queue` has them
--          events     {id, number of the ARGV that holds it}: for the log
--          steps      {number, urgent, rows} in the order of the partitions: number of the ARGV that holds what
--                     is handed over; of the one that holds the part of it that is not left in the log, or 0; the
--                     other part: endpoint, event id, …
-- ARGV[2]  how many bytes may wait for a partition
-- reply    1 (written) or 0 (cursor or directory have moved: nothing is written)
-- again    called again (its reply was lost): the cursor has moved, so it says 0
-- cost     four commands per event, three per partition, and two per event and endpoint that is left
local read, done, version, up_to, events, steps = unpack(cmsgpack.unpack(ARGV[1]))
if (redis.call('HGET', KEYS[1], 'fan-out') or '') ~= read then return 0 end
if (redis.call('HGET', KEYS[2], ':all') or '') ~= version then return 0 end

local LOOKED_BACK = 1000 -- entries of the log behind the event whose earlier part was handed over just now
local positions = {}

-- An event that was logged by an earlier part is near the end of the log.
local function logged_before(item)
  return read:find(' ', 1, true) and find_in_log(KEYS[5], item, LOOKED_BACK) or nil
end

for place = 1, #events, 2 do
  local item = events[place]
  local is_new = store_event(KEYS[4], item, ARGV[events[place + 1]])
  positions[item] = not is_new and logged_before(item) or log_event(KEYS[5], item)
end

local function leave(left, rows)
  for place = 1, #rows, 2 do
    local name, position = rows[place], positions[rows[place + 1]]
    local known = redis.call('HGET', left, name)
    local from, since, count = before(position), position:match('^%d+'), 0
    if known then from, since, count = unpack(cmsgpack.unpack(known)) end
    redis.call('HSET', left, name, cmsgpack.pack({from, since, count + 1}))
  end
end

local newest = redis.call('XREVRANGE', KEYS[5], '+', '-', 'COUNT', 1)[1]
local places = {[''] = newest and newest[1]}
for item, position in pairs(positions) do places[item] = position end
places = cmsgpack.pack(places)
for place, step in ipairs(steps) do
  local number, urgent, rows = unpack(step)
  local stream, left = KEYS[5 + place], KEYS[5 + place] .. ':left'
  -- Steps are about as long as this one.
  local bytes = redis.call('XLEN', stream) * (#ARGV[number] + #places)
  if bytes <= tonumber(ARGV[2]) and redis.call('EXISTS', left) == 0 then
    redis.call('XADD', stream, '*', 'step', ARGV[number], 'positions', places)
  else
    leave(left, rows)
    if urgent > 0 then redis.call('XADD', stream, '*', 'step', ARGV[urgent], 'positions', cmsgpack.pack({})) end
  end
end
redis.call('HSET', KEYS[1], 'fan-out', done)
if up_to ~= '' then redis.call('XTRIM', KEYS[3], 'MINID', up_to) end
return 1
