-- Lease the one thing that a key stands for, unless another has it, or it was done recently.
--
-- KEYS[1]  HASH: `token`, `until` (ms), `done` (ms)
-- ARGV[1]  token of the claimer
-- ARGV[2]  now, ms
-- ARGV[3]  lease end, ms
-- ARGV[4]  not if it was done after this, ms
-- reply    1 or 0
-- again    called again with the same token (its reply was lost): 1
-- cost     constant
local held = redis.call('HMGET', KEYS[1], 'token', 'until', 'done')
if held[1] and held[1] ~= ARGV[1] and tonumber(held[2]) > tonumber(ARGV[2]) then return 0 end
if held[3] and tonumber(held[3]) > tonumber(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'until', ARGV[3])
return 1
