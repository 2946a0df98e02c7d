-- Where the postings of a generation stand; put before the scripts that read or write them.
--
-- Linear hashing (Litwin, "Linear hashing: a new tool for file and table addressing", 1980): one bucket for two
-- articles, so that a bucket holds some sixty keys however many articles there are. Each is then small enough for
-- Redis to keep it packed, and to be searched quickly.
--
-- A key is a number of 32 bits, of which the lowest three are alike for most keys: they choose no bucket.
local HALF = 2 ^ 31

local function buckets_for(articles) return 1 + math.floor(articles / 2) end

-- Give the largest power of two that is not above a count.
local function size_of(buckets)
  local size = 1
  while size * 2 <= buckets do size = size * 2 end
  return size
end

local function bucket_of(key, buckets, size)
  local place = math.floor(key / 8)
  local bucket = place % (size * 2)
  return bucket < buckets and bucket or place % size
end

-- Fields are signed, as Redis packs numbers: one of 32 bits takes four bytes then.
local function field_of(key) return key - HALF end
local function key_of(field) return field + HALF end
