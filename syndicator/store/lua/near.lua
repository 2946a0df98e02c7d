-- The articles of late that share words with each of a batch: by sampled runs of words, and by telling terms.
--
-- Postings: see postings.lua; under each key the numbers of the articles listed there.
-- A number is a place in the generation's STRING of article ids, 16 bytes each.
--
-- KEYS[1]  any key of the namespace: chooses the slot
-- ARGV[1]  key of postings, without generation and bucket
-- ARGV[2]  key of numbered articles, without the generation
-- ARGV[3]  key of an article, without its id
-- ARGV[4]  key of a story, without its id
-- ARGV[5]  msgpack: list of the generations to look in, the present one first
-- ARGV[6]  msgpack: list of {list of shingle keys, list of term keys}
-- reply    {articles numbered so far in the present generation, list, one per candidate, of {texts, stories}}
--          texts: list of {id, shared shingles, head, body, story id, copied article's id}, the most shared first
--          stories: list of {id, version, core}; version is '' for the story of a single article
-- cost     two MGET per generation, one HMGET for each of at most 24 articles, a few GETs more
local NEAR_MOST, TEXTS_MOST = 24, 3
local generations = cmsgpack.unpack(ARGV[5])
-- An article is named by one number, which orders the newer above the older; and so is, with the count of what
-- it shares above that, its rank: numbers are far cheaper here than strings and tables.
local GENERATION, RANK = 2 ^ 32, 2 ^ 34

local numbered = {}
for place, generation in ipairs(generations) do
  numbered[place] = redis.call('STRLEN', ARGV[2] .. generation) / 16
end

local function count(shares, place, keys, most)
  local base = (#generations - place) * GENERATION
  for _, numbers in ipairs(read(ARGV[1] .. generations[place] .. ':', keys, numbered[place])) do
    -- A run of words that so many articles have is a notice or a slogan, not a sign of copying.
    if #numbers < most then
      for _, number in ipairs(numbers) do
        local name = base + number
        shares[name] = (shares[name] or 0) + 1
      end
    end
  end
end

-- Give the numbers of the nearest articles, the nearest first, and how many runs of words each shares.
local function nearest(candidate)
  local runs, shares, ranks, names = {}, {}, {}, {}
  for place = 1, #generations do
    if numbered[place] > 0 then
      count(runs, place, candidate[1], LISTED_MOST)
      count(shares, place, candidate[2], math.huge)
    end
  end
  for name, shared in pairs(runs) do shares[name] = (shares[name] or 0) + shared end
  for name, shared in pairs(shares) do ranks[#ranks + 1] = shared * RANK + name end
  table.sort(ranks)
  for at = #ranks, math.max(#ranks - NEAR_MOST + 1, 1), -1 do names[#names + 1] = ranks[at] % RANK end
  return names, runs
end

local function described(candidate)
  local texts, stories, told = {}, {}, {}
  local names, runs = nearest(candidate)
  for _, name in ipairs(names) do
    local generation, first = generations[#generations - math.floor(name / GENERATION)], name % GENERATION * 16
    local id = redis.call('GETRANGE', ARGV[2] .. generation, first, first + 15)
    local known = redis.call('HMGET', ARGV[3] .. id, 'story', 'sketch', 'copy_of')
    if known[2] then
      local story = known[1] or id
      if not told[story] then
        told[story] = true
        local core = known[1] and redis.call('HMGET', ARGV[4] .. story, 'version', 'core') or {'', known[2]}
        if core[2] then stories[#stories + 1] = {story, core[1] or '', core[2]} end
      end
      if (runs[name] or 0) >= 2 and #texts < TEXTS_MOST then
        local text = redis.call('HMGET', ARGV[3] .. id, 'head', 'body')
        -- No more of a text is compared: see rules/words.py.
        text[2] = text[2] and text[2]:sub(1, 4 * 60000)
        if text[1] and text[2] then
          texts[#texts + 1] = {id, runs[name], text[1], text[2], story, known[3] or ''}
        end
      end
    end
  end
  return {texts, stories}
end

local reply = {}
for place, candidate in ipairs(cmsgpack.unpack(ARGV[6])) do
  reply[place] = described(candidate)
end
return {numbered[1], reply}
