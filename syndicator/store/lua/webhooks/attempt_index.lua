-- The index of a log of attempts, for the scripts that write and read it. No script of its own.
--
-- A string of 12 bytes for each attempt, oldest first: four of the digest of its subject, then its position
-- in the log (six of the time, two of the number). A digest that stands for another subject, too, costs one
-- look in vain; so does a position that is no longer in the log.
local RECORD = 12

local function mark_of(subject)
  return struct.pack('>I4', tonumber(redis.sha1hex(subject):sub(1, 8), 16))
end

-- Return time and number of a position of a stream.
local function parts(position)
  local at_ms, number = position:match('^(%d+)-(%d+)$')
  return tonumber(at_ms), tonumber(number)
end

-- Return the position behind which the log is not indexed.
local function indexed_up_to(index)
  if #index == 0 then return '0-0' end
  return string.format('%.0f-%.0f', struct.unpack('>I6I2', index, #index - 7))
end
