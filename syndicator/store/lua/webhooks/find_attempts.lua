-- Return the attempts of some endpoints that are about certain subjects.
--
-- KEYS     of each endpoint: STREAM: its log of attempts; STRING: the index of that
-- ARGV[1]  not those before this, ms
-- ARGV[2]  only those before this position: its time, ms
-- ARGV[3]  and its number
-- ARGV[4]  how many of an endpoint at most
-- ARGV[5…] the subjects
-- reply    of each endpoint: its entries, newest first, as XREVRANGE gives them
-- again    reads only
-- cost     O(length of the index) per endpoint and subject: some 10 µs of 5,000 attempts; one command per entry
--          found; and all attempts that are not indexed yet, of a minute mostly
local since, end_ms, end_number, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local wanted, marks = {}, {}
for place = 5, #ARGV do
  wanted[ARGV[place]] = true
  marks[#marks + 1] = mark_of(ARGV[place])
end

local function is_asked_for(at_ms, number)
  return at_ms >= since and (at_ms < end_ms or (at_ms == end_ms and number < end_number))
end

-- Return where the attempts may be that the index knows, in no order: {time, number} each.
local function marked(index)
  local found = {}
  for _, mark in ipairs(marks) do
    local at = index:find(mark, 1, true)
    while at do
      local within = (at - 1) % RECORD
      if within == 0 then
        local at_ms, number = struct.unpack('>I6I2', index, at + 4)
        if is_asked_for(at_ms, number) then found[#found + 1] = {at_ms, number} end
      end
      at = index:find(mark, at + (within == 0 and RECORD or 1), true)
    end
  end
  table.sort(found, function(one, other)
    if one[1] ~= other[1] then return one[1] > other[1] end
    return one[2] > other[2]
  end)
  return found
end

-- The subject is the second field of each entry.
local function is_wanted(entry) return wanted[entry[2][4]] == true end

local reply = {}
for place = 1, #KEYS, 2 do
  local log, index, found = KEYS[place], redis.call('GET', KEYS[place + 1]) or '', {}
  for _, entry in ipairs(redis.call('XREVRANGE', log, '+', '(' .. indexed_up_to(index))) do
    if #found < most and is_wanted(entry) and is_asked_for(parts(entry[1])) then found[#found + 1] = entry end
  end
  for _, position in ipairs(marked(index)) do
    if #found == most then break end
    local name = string.format('%.0f-%.0f', position[1], position[2])
    local entry = redis.call('XRANGE', log, name, name)[1]
    if entry and is_wanted(entry) then found[#found + 1] = entry end
  end
  reply[#reply + 1] = found
end
return reply
