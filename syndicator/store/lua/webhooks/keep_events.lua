-- Store events and write each to the end of the log; one that is stored already is stored anew.
--
-- KEYS[1]  HASH: event id → event; the small hashes of events begin with its name
-- KEYS[2]  STREAM: ids of events in order
-- ARGV     id, record, id, record, …
-- reply    nothing
-- again    called again (its reply was lost): each is written to the log once more
-- cost     some six commands per event
for place = 1, #ARGV, 2 do
  forget_event(KEYS[1], ARGV[place])
  store_event(KEYS[1], ARGV[place], ARGV[place + 1])
  log_event(KEYS[2], ARGV[place])
end
