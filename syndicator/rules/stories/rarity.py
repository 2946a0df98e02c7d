"""The rarity of words: rare words distinguish stories, those that every article has do not.

A fixed table of word frequencies (package `wordfreq`, Indonesian and English) instead of counts of what
passed by: it needs no state and no warming up, and gives the same verdict in every process and every order.
"""

import math
import re
from functools import cache, lru_cache

from wordfreq import get_frequency_dict

LANGUAGES = ("id", "en")
"""Both count for every text: a word that either has often says little, and quotations cross languages."""

_DIGIT = re.compile(r"\d")

_RAREST_ZIPF = 3.2
_NOTHING_ZIPF = 6.0
"""On Zipf's scale (log10 of occurrences in a billion words): from here on a word says nothing ("dan")."""


def rarity_of(word: str) -> float:
    """Return the weight of a folded word: 0 for what every text has, up to 2.8 for names and rare words."""
    if len(word) == 1:
        return 0.0
    # The tables count numbers by their length: "2026" is `0000` there.
    name = word if word.isalpha() else _DIGIT.sub("0", word)
    frequency = max([table.get(name, 0.0) for table in load_frequencies()])
    zipf = math.log10(frequency * 1e9) if frequency else 0.0
    return max(0.0, _NOTHING_ZIPF - max(zipf, _RAREST_ZIPF))


@lru_cache(maxsize=8192)
def rarity(word: str) -> float:
    """Return the same as `rarity_of`, from a cache. For whole texts see `rules.stories.vocabulary`."""
    return rarity_of(word)


@cache
def load_frequencies() -> tuple[dict[str, float], ...]:
    """Read the tables, which takes 100 ms: once, and best before anything waits for it."""
    return tuple(get_frequency_dict(language, wordlist="small") for language in LANGUAGES)
