-- Count a visitor of an article and day, unless it was counted.
--
-- KEYS[1]  HYPERLOGLOG of the article and day
-- ARGV[1]  key of the visitor
-- ARGV[2]  how long the day's visitors are kept, ms
-- reply    by how much the estimate of visitors grew. It is 1 or 0 while they are few. Of many, most change no register,
--          and those that do stand for the others: so the replies add up to the estimate, and not to less
-- again    called again with the same visitor (its reply was lost): 0
-- cost     constant
local before = redis.call('PFCOUNT', KEYS[1])
if redis.call('PFADD', KEYS[1], ARGV[1]) == 0 then
  return 0
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return math.max(redis.call('PFCOUNT', KEYS[1]) - before, 0)
