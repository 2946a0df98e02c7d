-- Take articles out of timelines. Without a first line as `commit.lua` has: it also runs where memory has run out.
--
-- KEYS[1]  any key of the namespace: chooses the slot
-- ARGV[1]  msgpack: list of {key of a timeline, time or '+inf' where it is not known, article}
-- reply    nothing
-- again    takes out what is left
-- cost     three commands each; where the time is not known, or the article is not there, one for each piece
for _, one in ipairs(cmsgpack.unpack(ARGV[1])) do remove_from_timeline(unpack(one)) end
