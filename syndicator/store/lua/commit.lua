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
-- cost     one command per expectation and per write, one per key of a placing, and a bucket is parted for eight articles
local BUCKET_MOST = 2048 * RECORD -- so much is in a bucket that somebody aims at: others need not wait for it

-- Tell whether an article was listed meanwhile that shares two keys of a kind; `own` are the call's own numbers.
local function crowded(placing, found, own)
  for kind = 6, 7 do
    local shared = {}
    for _, numbers in ipairs(found[kind]) do
      for place = #numbers, 1, -1 do
        local number = numbers[place]
        if number < placing[4] then break end -- they are listed in ascending order
        if not own[number] then
          shared[number] = (shared[number] or 0) + 1
          if shared[number] == 2 then return true end
        end
      end
    end
  end
  return false
end

-- Add a bucket: some records of another go there.
local function split(placing, buckets)
  local size = size_of(buckets)
  local old, new = placing[2] .. buckets - size, placing[2] .. buckets
  local text, low = redis.call('GET', old), buckets % FEWEST
  if not text then return end
  local kept, moved = {}, {}
  for place = 1, #text, RECORD do
    local goes = (number_at(text, place) * FEWEST + low) % (size * 2) == buckets
    local there = goes and moved or kept
    there[#there + 1] = text:sub(place, place + RECORD - 1)
  end
  if #moved == 0 then return end
  redis.call('SET', new, table.concat(moved), 'PX', placing[5])
  if #kept > 0 then redis.call('SET', old, table.concat(kept), 'KEEPTTL') else redis.call('DEL', old) end
end

local function add(placing, bucket, record)
  local length = redis.call('APPEND', bucket, record)
  if length == RECORD then redis.call('PEXPIRE', bucket, placing[5]) end
  if length > BUCKET_MOST then redis.call('SET', bucket, redis.call('GETRANGE', bucket, RECORD, -1), 'KEEPTTL') end
end

-- Add a record in place of the oldest of its name.
local function renew(bucket, name, record)
  local text = redis.call('GET', bucket)
  local place = text:find(name, 1, true)
  while place % RECORD ~= 1 do place = text:find(name, place + 1, true) end
  redis.call('SET', bucket, text:sub(1, place - 1) .. text:sub(place + RECORD) .. record, 'KEEPTTL')
end

local function list(placing, found, number, own)
  redis.call('APPEND', placing[3], placing[1])
  if number == 0 then redis.call('PEXPIRE', placing[3], placing[5]) end
  own[number] = true
  if number >= NUMBERS_MOST then return end
  local name, buckets = three_bytes(number), buckets_for(number + 1)
  for before = buckets_for(number), buckets - 1 do split(placing, before) end
  local size = size_of(buckets)
  for kind = 6, 7 do
    for place, key in ipairs(placing[kind]) do
      local bucket = placing[2] .. bucket_of(key, buckets, size)
      if #found[kind][place] < LISTED_MOST then
        add(placing, bucket, name_of(key) .. name)
      elseif kind == 7 then
        -- Full means boilerplate for runs of words: they stay as they are. Of terms, the newest count.
        renew(bucket, name_of(key), name_of(key) .. name)
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
    local articles, found = redis.call('STRLEN', placing[3]) / 16, {}
    for kind = 6, 7 do found[kind] = read(placing[2], placing[kind], articles) end
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
