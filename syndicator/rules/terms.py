"""The terms of an article: its thirty most telling words with their weights, small enough to be kept.

A term is a CRC-32 of the word: what is stored tells nobody's words and takes few bytes; of the some hundred
thousand words of news, a handful collide, which no sum of thirty notices.
"""

import math
from collections.abc import Mapping
from zlib import crc32

from syndicator.rules.rarity import rarity
from syndicator.rules.words import words_of

Terms = Mapping[int, int]
"""Term → weight, both whole numbers; a vector of length about `UNIT`."""

MOST = 30
UNIT = 1000
TEXT_WORDS = 400
"""Further down, articles tell the background that others of the field tell, too."""

SUBSTANCE = 3.0
"""Less than about two telling words ("Foto: kegiatan presiden") is like everything: compared to nothing."""

_TITLE_WEIGHT = 2


def terms_of(title: str, text: str) -> dict[int, int]:
    """Weigh the words of a headline and a plain text: (1 + ln count) · rarity; the headline's count twice.

    Empty for a text that says too little to be compared.
    """
    weighed = weighed_words(title, text)
    length = math.sqrt(sum(weight * weight for weight in weighed.values()))
    if length < SUBSTANCE:
        return {}
    return {term_of(word): round(weight / length * UNIT) for word, weight in weighed.items()}


def weighed_words(title: str, text: str) -> dict[str, float]:
    """Give the most telling words themselves, the most telling first (ties: by the alphabet)."""
    counts: dict[str, int] = {}
    for word in words_of(title):
        counts[word] = counts.get(word, 0) + _TITLE_WEIGHT
    for word in words_of(text)[:TEXT_WORDS]:
        counts[word] = counts.get(word, 0) + 1
    weights = {}
    for word, count in counts.items():
        if weight := rarity(word):
            weights[word] = weight if count == 1 else weight * (1.0 + math.log(count))
    return dict(sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:MOST])


def term_of(word: str) -> int:
    """Give the number that stands for a folded word."""
    return crc32(word.encode("utf-8", "surrogatepass"))


def strongest(terms: Terms, count: int) -> list[int]:
    """Name the terms of most weight: those by which others are looked up."""
    return sorted(terms, key=lambda term: (-terms[term], term))[:count]


def similarity(one: Terms, other: Terms) -> float:
    """Give the cosine of two vectors, 0 to 1."""
    if len(one) > len(other):
        one, other = other, one
    shared = sum(weight * other.get(term, 0) for term, weight in one.items())
    if not shared:
        return 0.0
    return shared / (_length(one) * _length(other))


def _length(terms: Terms) -> float:
    return math.sqrt(sum(weight * weight for weight in terms.values()))
