-- Optimistic transactions, many in one call: each unit is applied whole, or not at all when something that
-- it relied on has moved. Units are taken one after the other, so a later one sees what an earlier one wrote:
-- of two candidates with the same identity in one batch, the second finds that it has moved.
--
-- KEYS[1]  any key of the namespace: chooses the slot
-- ARGV[1]  msgpack: list of units, each {expectations, writes, call, placing}; an expectation is {hash key, field,
--          value} ('' means: must be absent), a write is a command and its arguments (every key is of the same
--          namespace). One argument instead of many: the driver spends longest on the number of them.
--          A placing is {article id, postings key, numbers key, seen, ms, shingle keys, term keys}, or nil: the
--          article is listed under its keys, unless one that shares two of a kind was listed since `seen`
--          were. Units of the same call know of each other and are no such others. See near.lua.
-- ARGV[2…] bytes, which that msgpack has no type for: {n} in a write stands for ARGV[n]
-- reply    list of 1 (written) or 0 (moved), one per unit
-- again    called again (its reply was lost): units find what they wrote, and say that they have moved
-- cost     one command per expectation and per write, three per key of a placing, and a bucket is read whole for two
--          articles
local LISTED_BYTES, ARGUMENTS_MOST = 64, 1000

local function four_bytes(number)
  local high, low = math.floor(number / 65536), number % 65536
  return string.char(math.floor(high / 256), high % 256, math.floor(low / 256), low % 256)
end

-- Give what is listed under each key of an article, by kind, and how many articles are numbered.
local function listed(placing)
  local articles, found = redis.call('STRLEN', placing[3]) / 16, {}
  local buckets = buckets_for(articles)
  local size = size_of(buckets)
  for kind = 6, 7 do
    local values = {}
    for place, key in ipairs(placing[kind]) do
      values[place] = redis.call('HGET', placing[2] .. bucket_of(key, buckets, size), field_of(key)) or ''
    end
    found[kind] = values
  end
  return found, articles
end

-- Tell whether an article was listed meanwhile that shares two keys of a kind; `own` are the call's own numbers.
local function crowded(placing, found, own)
  for kind = 6, 7 do
    local shared = {}
    for _, numbers in ipairs(found[kind]) do
      for place = #numbers - 3, 1, -4 do
        local a, b, c, d = numbers:byte(place, place + 3)
        local number = ((a * 256 + b) * 256 + c) * 256 + d
        if number < placing[4] then break end  -- numbers are listed in ascending order
        if not own[number] then
          shared[number] = (shared[number] or 0) + 1
          if shared[number] == 2 then return true end
        end
      end
    end
  end
  return false
end

-- Add a bucket: some of the keys of another go there.
local function split(placing, buckets)
  local size = size_of(buckets)
  local old, new = placing[2] .. buckets - size, placing[2] .. buckets
  local rows, moved, gone = redis.call('HGETALL', old), {}, {}
  for place = 1, #rows, 2 do
    if bucket_of(key_of(rows[place]), buckets + 1, size_of(buckets + 1)) == buckets then
      gone[#gone + 1] = rows[place]
      moved[#moved + 1], moved[#moved + 2] = rows[place], rows[place + 1]
    end
  end
  for first = 1, #moved, ARGUMENTS_MOST do
    redis.call('HSET', new, unpack(moved, first, math.min(first + ARGUMENTS_MOST - 1, #moved)))
  end
  for first = 1, #gone, ARGUMENTS_MOST do
    redis.call('HDEL', old, unpack(gone, first, math.min(first + ARGUMENTS_MOST - 1, #gone)))
  end
  if #moved > 0 then redis.call('PEXPIRE', new, placing[5]) end
end

local function list(placing, found, number, own)
  redis.call('APPEND', placing[3], placing[1])
  if number == 0 then redis.call('PEXPIRE', placing[3], placing[5]) end
  own[number] = true
  local name, buckets = four_bytes(number), buckets_for(number + 1)
  for before = buckets_for(number), buckets - 1 do split(placing, before) end
  local size = size_of(buckets)
  for kind = 6, 7 do
    for place, key in ipairs(placing[kind]) do
      local numbers = found[kind][place]
      -- Full means boilerplate for runs of words: they stay as they are. Of terms, the newest count.
      if #numbers >= LISTED_BYTES and kind == 7 then numbers = numbers:sub(5) end
      if #numbers < LISTED_BYTES then
        local bucket = placing[2] .. bucket_of(key, buckets, size)
        redis.call('HSET', bucket, field_of(key), numbers .. name)
        if numbers == '' and redis.call('HLEN', bucket) == 1 then redis.call('PEXPIRE', bucket, placing[5]) end
      end
    end
  end
end

local calls, reply = {}, {}
for place, unit in ipairs(cmsgpack.unpack(ARGV[1])) do
  local holds, placing = true, unit[4]
  calls[unit[3]] = calls[unit[3]] or {}
  for _, expected in ipairs(unit[1]) do
    holds = holds and (redis.call('HGET', expected[1], expected[2]) or '') == expected[3]
  end
  if holds and placing then
    local found, articles = listed(placing)
    holds = not crowded(placing, found, calls[unit[3]])
    if holds then list(placing, found, articles, calls[unit[3]]) end
  end
  if holds then
    for _, write in ipairs(unit[2]) do
      for word = 1, #write do
        if type(write[word]) == 'table' then write[word] = ARGV[write[word][1]] end
      end
      redis.call(unpack(write))
    end
  end
  reply[place] = holds and 1 or 0
end
return reply
