-- Count articles of timelines.
--
-- KEYS[1]  any key of the namespace: chooses the slot
-- ARGV[1]  msgpack: list of {key of a timeline, earliest time or '-inf', latest time or '+inf'}
-- reply    list of counts
-- again    reads only
-- cost     two commands for each span, and one for each piece in it: about one for a hundred articles
local reply = {}
for place, one in ipairs(cmsgpack.unpack(ARGV[1])) do reply[place] = count_of_timeline(unpack(one)) end
return reply
