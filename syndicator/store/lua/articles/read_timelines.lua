-- Read the newest articles of timelines.
--
-- KEYS[1]  any key of the namespace: chooses the slot
-- ARGV[1]  msgpack: list of {key of a timeline, latest time or '+inf', earliest time or '-inf', how many at most}
-- reply    for each, list of {article, its time, article, …}, the newest first
-- again    reads only
-- cost     two commands for each timeline, and two for each further piece that is read
local reply = {}
for place, one in ipairs(cmsgpack.unpack(ARGV[1])) do reply[place] = newest_of_timeline(unpack(one)) end
return reply
