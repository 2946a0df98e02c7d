"""The terms of an article: its thirty most telling words with their weights, small enough to be kept.

A term is a CRC-32 of the word: what is stored tells nobody's words and takes few bytes; of the some hundred
thousand words of news, a handful collide, which no sum of thirty notices.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
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


def terms_of(title: str, words: Sequence[str]) -> dict[int, int]:
    """Weigh the words of a headline and a text: (1 + ln count) · rarity; the headline's count twice.

    `words` are those of `rules.words.words_of`. Empty for a text that says too little to be compared.
    """
    weighed = weighed_words(title, words)
    length = math.hypot(*weighed.values())
    if length < SUBSTANCE:
        return {}
    return {term_of(word): round(weight / length * UNIT) for word, weight in weighed.items()}


def weighed_words(title: str, words: Sequence[str]) -> dict[str, float]:
    """Give the most telling words themselves, the most telling first (ties: by the alphabet)."""
    counts = Counter(words[:TEXT_WORDS])
    for word in words_of(title):
        counts[word] += _TITLE_WEIGHT
    weighed = [
        (-weight if count == 1 else -weight * (1.0 + math.log(count)), word)
        for word, count in counts.items()
        if (weight := rarity(word))
    ]
    weighed.sort()
    return {word: -weight for weight, word in weighed[:MOST]}


def term_of(word: str) -> int:
    """Give the number that stands for a folded word."""
    return crc32(word.encode("utf-8", "surrogatepass"))


def strongest(terms: Terms, count: int) -> list[int]:
    """Name the terms of most weight: those by which others are looked up."""
    return sorted(terms, key=lambda term: (-terms[term], term))[:count]


def similarity(one: Terms, other: Terms) -> float:
    """Give the cosine of two vectors, 0 to 1."""
    shared = sum([one[term] * other[term] for term in one.keys() & other.keys()])
    return shared / (_length(one) * _length(other)) if shared else 0.0


def _length(terms: Terms) -> float:
    return math.hypot(*terms.values())
