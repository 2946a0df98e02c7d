-- Log events and hand over to partitions what they queue, in one step with the cursor of the outbox.
--
-- KEYS[1]  HASH: cursors
-- KEYS[2]  HASH: versions of the directory of endpoints
-- KEYS[3]  STREAM: the outbox
-- KEYS[4]  HASH: event id → event; the small hashes of events begin with its name
-- KEYS[5]  STREAM: ids of events in order
-- KEYS[6…] STREAM: what is handed over to a partition, of each that is concerned
-- ARGV[1]  msgpack: {read, done, version, up_to, events, steps}; the first four as `queue` has them
--          events     {id, number of the ARGV that holds it}: for the log
--          steps      numbers of the ARGV that hold what is handed over, in the order of the partitions
-- reply    1 (written) or 0 (cursor or directory have moved: nothing is written)
-- again    called again (its reply was lost): the cursor has moved, so it says 0
-- cost     four commands per event, one per partition
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
local places = cmsgpack.pack(positions)
for place, number in ipairs(steps) do
  redis.call('XADD', KEYS[5 + place], '*', 'step', ARGV[number], 'positions', places)
end
redis.call('HSET', KEYS[1], 'fan-out', done)
if up_to ~= '' then redis.call('XTRIM', KEYS[3], 'MINID', up_to) end
return 1
