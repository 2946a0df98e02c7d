-- Return the records of events.
--
-- KEYS[1]  HASH: event id → event; the small hashes of events begin with its name
-- ARGV     ids
-- reply    the record of each, with nothing for what is not stored
-- again    reads only
-- cost     one or two commands per event
local found = {}
for place, id in ipairs(ARGV) do found[place] = event_record(KEYS[1], id) end
return found
