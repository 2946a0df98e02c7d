-- Bring a timeline of a former layout into pieces. In one step: others may list articles meanwhile.
--
-- KEYS[1]  ZSET: a timeline
-- ARGV[1]  how many pieces to make at most
-- reply    how many pieces were made; 0: nothing is left to be done
-- again    goes on where it ended
-- cost     about a hundred members written for each piece
local timeline, made = timeline_of(KEYS[1]), 0
while made < tonumber(ARGV[1]) and redis.call('ZCARD', KEYS[1]) > MOST and divide(timeline, KEYS[1], OLDER) do
  made = made + 1
end
-- Redis packs a set that has become small only when it is written anew.
local left = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
if made > 0 and #left <= 2 * MOST then
  redis.call('DEL', KEYS[1])
  for at = 1, #left, 2 do redis.call('ZADD', KEYS[1], left[at + 1], left[at]) end
end
return made
