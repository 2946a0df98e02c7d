-- What every script does that logs an attempt. No script of its own: it goes before them.
local INLINE = 40 -- so short an answer takes no more room in the log than its place elsewhere
local MOST_ANSWERS = 1024 -- of one endpoint: with the longest ones, 1.3 MB

-- Store a long answer once, however many attempts got it; of too many, the one that is longest out of use goes.
local function keep_answer(prefix, name, id, answer, at_ms)
  local answers, used = prefix .. 'answers:' .. name, prefix .. 'answers_used:' .. name
  redis.call('ZADD', used, at_ms, id)
  if redis.call('HSETNX', answers, id, answer) == 1 and redis.call('HLEN', answers) > MOST_ANSWERS then
    redis.call('HDEL', answers, redis.call('ZPOPMIN', used)[1])
  end
end

-- Append to the log of an endpoint. `one`: {event, subject, type, attempt, result, reason, duration ms, answer}.
-- All entries have the same fields in the same order: Redis stores their names once in some thirty entries.
local function log_attempt(prefix, kept, name, one)
  local answer, id = one[8], ''
  if #answer > INLINE then
    id, answer = redis.sha1hex(answer):sub(1, 12), ''
  end
  local position = redis.call('XADD', prefix .. 'attempts:' .. name, 'MAXLEN', '~', kept, '*', 'event', one[1],
    'subject', one[2], 'type', one[3], 'attempt', one[4], 'result', one[5], 'reason', one[6],
    'duration_ms', one[7], 'answer', answer, 'answer_id', id)
  if id ~= '' then keep_answer(prefix, name, id, one[8], position:match('^%d+')) end
end
