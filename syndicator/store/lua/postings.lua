-- Where the postings of a generation stand; put before the scripts that read or write them.
--
-- A bucket is a STRING of records: a key without its lowest eight bits, and the number of an article that is
-- listed under it, each of three bytes, big-endian; what was listed later stands later.
--
-- Linear hashing (Litwin, "Linear hashing: a new tool for file and table addressing", 1980): one bucket more with
-- every eighth article, so that a bucket has some three hundred records however many articles there are: few
-- enough to be read whole, and many enough that the bucket itself takes little memory.
--
-- A key is a number of 32 bits. The lowest three are alike for most keys and are not looked at; the next five
-- choose a bucket together with those above, and are known of all that stands in one.
local RECORD, FEWEST, NUMBERS_MOST = 6, 32, 2 ^ 24
local LISTED_MOST = 16

local function buckets_for(articles) return FEWEST + math.floor(articles / 8) end

-- Give the largest power of two that is not above a count.
local function size_of(buckets)
  local size = FEWEST
  while size * 2 <= buckets do size = size * 2 end
  return size
end

local function bucket_of(key, buckets, size)
  local place = math.floor(key / 8)
  local bucket = place % (size * 2)
  return bucket < buckets and bucket or place % size
end

local function three_bytes(number)
  return string.char(math.floor(number / 65536), math.floor(number / 256) % 256, number % 256)
end

local function name_of(key) return three_bytes(math.floor(key / 256)) end

local function number_at(text, place)
  local a, b, c = text:byte(place, place + 2)
  return (a * 256 + b) * 256 + c
end

-- Give the numbers that are listed in a bucket under a name, in ascending order.
local function listed_under(name, text)
  local numbers, place = {}, text:find(name, 1, true)
  while place do
    if place % RECORD == 1 then
      numbers[#numbers + 1] = number_at(text, place + 3)
      place = place + RECORD
    else
      place = place + 1
    end
    place = text:find(name, place, true)
  end
  return numbers
end

-- Give, for each of some keys, the numbers that are listed under it; `prefix` is that of the generation's buckets.
local function read(prefix, keys, articles)
  if #keys == 0 then return {} end
  local buckets, names = buckets_for(articles), {}
  local size = size_of(buckets)
  for place, key in ipairs(keys) do names[place] = prefix .. bucket_of(key, buckets, size) end
  local lists = redis.call('MGET', unpack(names))
  for place, key in ipairs(keys) do
    lists[place] = lists[place] and listed_under(name_of(key), lists[place]) or {}
  end
  return lists
end
