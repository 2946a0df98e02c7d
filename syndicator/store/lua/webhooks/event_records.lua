-- Where events are stored, for the scripts that write and read them. No script of its own.
--
-- A packed record (`store/webhooks/event_records.py`) stands in one of many small hashes, under the 16 bytes that
-- its id spells. Redis packs hashes of up to 128 short fields whatever its settings are. All other records, and
-- those of former releases, stand in one hash, under the id.
--
-- The small hashes are divided one after the other while events come (linear hashing): there is no fixed number
-- of them that would be too many for few events, or too few for many.
local MOST_FIELDS = 100 -- of a small hash: with more, the next one is divided
local DIGITS = { -- of base32, as Lua reads a number of that base
  a = '0', b = '1', c = '2', d = '3', e = '4', f = '5', g = '6', h = '7', i = '8', j = '9', k = 'a', l = 'b',
  m = 'c', n = 'd', o = 'e', p = 'f', q = 'g', r = 'h', s = 'i', t = 'j', u = 'k', v = 'l', w = 'm', x = 'n',
  y = 'o', z = 'p', ['2'] = 'q', ['3'] = 'r', ['4'] = 's', ['5'] = 't', ['6'] = 'u', ['7'] = 'v',
}

-- Return the 16 bytes that an id spells; nothing where it is no usual one.
local function short_of(id)
  if #id ~= 30 or id:sub(1, 4) ~= 'evt_' or id:find('[^a-z2-7]', 5) then return nil end
  local digits = id:sub(5):gsub('.', DIGITS)
  local last = tonumber(digits:sub(25), 32)
  if last % 4 ~= 0 then return nil end -- no digest ends so: another id would have the same bytes
  return struct.pack('>I5I5I5I1', tonumber(digits:sub(1, 8), 32), tonumber(digits:sub(9, 16), 32),
    tonumber(digits:sub(17, 24), 32), last / 4)
end

-- Return the id for what the log has in its place.
local function id_of(short)
  if #short ~= 16 then return short end
  local numbers, letters = {struct.unpack('>I5I5I5I1', short)}, {}
  numbers[4] = numbers[4] * 4
  for part = 1, 4 do
    for place = part < 4 and 8 or 2, 1, -1 do
      local digit = numbers[part] % 32
      letters[part * 8 - 8 + place] = digit < 26 and digit + 97 or digit + 24
      numbers[part] = (numbers[part] - digit) / 32
    end
  end
  return 'evt_' .. string.char(unpack(letters))
end

local hash_count, whole -- how many small hashes there are, and the highest power of two up to that

local function count_hashes(events)
  if hash_count then return end
  hash_count, whole = tonumber(redis.call('GET', events .. ':hashes') or '1'), 1
  while whole * 2 <= hash_count do whole = whole * 2 end
end

-- Return the name of the small hash of an event.
local function hash_of(events, short)
  count_hashes(events)
  local number = struct.unpack('>I4', short)
  local place = number % (whole * 2)
  if place >= hash_count then place = number % whole end
  return events .. ':' .. string.format('%.0f', place)
end

-- Divide the next small hash: about half of its events go to a new one.
local function divide(events)
  local from, moved = hash_count - whole, hash_count
  local names = {events .. ':' .. string.format('%.0f', from), events .. ':' .. string.format('%.0f', moved)}
  local parts, rows = {{}, {}}, redis.call('HGETALL', names[1])
  for at = 1, #rows, 2 do
    local part = parts[struct.unpack('>I4', rows[at]) % (whole * 2) == from and 1 or 2]
    part[#part + 1], part[#part + 2] = rows[at], rows[at + 1]
  end
  redis.call('DEL', names[1]) -- written anew: Redis packs no hash again that was once too large
  for place, part in ipairs(parts) do
    if #part > 0 then redis.call('HSET', names[place], unpack(part)) end
  end
  hash_count = moved + 1
  if hash_count == whole * 2 then whole = hash_count end
  redis.call('SET', events .. ':hashes', string.format('%.0f', hash_count))
end

-- Return the record of an event, or false. `events`: the name of the one hash; all others begin with it.
local function event_record(events, id)
  local short = short_of(id)
  return short and redis.call('HGET', hash_of(events, short), short) or redis.call('HGET', events, id)
end

-- Store an event, unless one of that id is stored; return whether none was.
local function store_event(events, id, record)
  local short, kind = short_of(id), record:byte() or 0
  if not short or kind < 0x90 or kind > 0x9f then -- no packed one: those are arrays of msgpack
    if short and redis.call('HEXISTS', hash_of(events, short), short) == 1 then return false end
    return redis.call('HSETNX', events, id, record) == 1
  end
  local hash = hash_of(events, short)
  if redis.call('HEXISTS', events, id) == 1 or redis.call('HSETNX', hash, short, record) == 0 then return false end
  if redis.call('HLEN', hash) > MOST_FIELDS then divide(events) end
  return true
end

-- Forget an event, by its id or what the log has in its place; return how many there were.
local function forget_event(events, name)
  local short = #name == 16 and name or short_of(name)
  if short and redis.call('HDEL', hash_of(events, short), short) == 1 then return 1 end
  return redis.call('HDEL', events, id_of(name))
end

-- Write an event to the end of the log; return its position.
local function log_event(log, id) return redis.call('XADD', log, '*', 'event', short_of(id) or id) end

-- Return the last position before one.
local function before(position)
  local at_ms, number = position:match('^(%d+)-(%d+)$')
  if number ~= '0' then return string.format('%s-%.0f', at_ms, number - 1) end
  return string.format('%.0f-18446744073709551615', at_ms - 1)
end

-- Return where an event stands among the last so many of the log.
local function find_in_log(log, id, most)
  local short = short_of(id)
  for _, row in ipairs(redis.call('XREVRANGE', log, '+', '-', 'COUNT', most)) do
    if row[2][2] == short or row[2][2] == id then return row[1] end
  end
  return nil
end
