"""The terms of an article: its thirty most telling words with their weights, small enough to be kept.

A term is a CRC-32 of the word: what is stored tells nobody's words and takes few bytes; of the some hundred
thousand words of news, a handful collide, which no sum of thirty notices.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from syndicator.rules.vocabulary import ROW, Keys, Words, pack, term_of, unpack
from syndicator.rules.words import words_of

__all__ = [
    "MOST",
    "SUBSTANCE",
    "TEXT_WORDS",
    "UNIT",
    "Terms",
    "similarity",
    "strongest",
    "term_of",
    "terms_of",
    "weighed_words",
]

Terms = Mapping[int, int]
"""Term → weight, both whole numbers; a vector of length about `UNIT`."""

MOST = 30
UNIT = 1000
TEXT_WORDS = 400
"""Further down, articles tell the background that others of the field tell, too."""

SUBSTANCE = 3.0
"""Less than about two telling words ("Foto: kegiatan presiden") is like everything: compared to nothing."""

_TERM = np.uint64(0xFFFF_FFFF)
"""The bits of a key that are the word's term."""
_TITLE_WEIGHT = 2
_LEAST = -math.ulp(0.0)
"""What is not as small as this, of negative weights, is the weight of a word that says nothing."""
_COUNTED = 1024
_FACTORS = np.array([0.0, *(1.0 + math.log(count) for count in range(1, _COUNTED))])
"""By what the rarity of a word is multiplied that comes so many times."""


def terms_of(title: str, words: Sequence[str]) -> dict[int, int]:
    """Weigh the words of a headline and a text: (1 + ln count) · rarity; the headline's count twice.

    `words` are those of `rules.words.words_of`. Empty for a text that says too little to be compared.
    """
    telling = _telling(title, words)
    weights = [weight for weight, _, _ in telling]
    length = math.hypot(*weights)
    if length < SUBSTANCE:
        return {}
    # The same as `round`, which takes four times as long for a list of numbers.
    rounded = np.rint(np.array(weights) / -length * UNIT).astype(np.int64).tolist()
    return dict(zip([term for _, _, term in telling], rounded, strict=True))


def weighed_words(title: str, words: Sequence[str]) -> dict[str, float]:
    """Return the most telling words themselves, the most telling first (ties: by the alphabet)."""
    return {word: -weight for weight, word, _ in _telling(title, words)}


def _telling(title: str, words: Sequence[str]) -> list[tuple[float, str, int]]:
    """Return the most telling words as negative weight, word, term: the most telling first."""
    headline = words_of(title)
    listed = [*words[:TEXT_WORDS], *headline * _TITLE_WEIGHT]
    if not listed:
        return []
    packed = words.packed if isinstance(words, Words) else pack(words)
    keys, rarities = unpack(packed[: TEXT_WORDS * ROW] + pack(headline) * _TITLE_WEIGHT)
    places, counts = _counted(keys)
    weights = rarities[places]
    weights *= _FACTORS[counts] if len(listed) < _COUNTED else _factors(counts)
    np.negative(weights, out=weights)
    order = weights.argsort()
    weights = weights[order]
    # Ties are ordered by the alphabet, also those about the last place; weightless words have none.
    last = min(weights[MOST - 1], _LEAST) if len(weights) > MOST else _LEAST
    most = weights.searchsorted(last, "right")
    places = places[order[:most]]
    telling = sorted(
        zip(
            weights[:most].tolist(),
            map(listed.__getitem__, places.tolist()),
            (keys[places] & _TERM).tolist(),
            strict=True,
        )
    )
    return telling[:MOST]


def _counted(keys: Keys) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return a place of each different key, and how often it comes."""
    order = keys.argsort()
    in_order = keys[order]
    changes = (in_order[1:] != in_order[:-1]).nonzero()[0]
    ends = np.empty(len(changes) + 1, np.intp)
    ends[:-1] = changes
    ends[-1] = len(keys) - 1
    counts = ends.copy()
    counts[1:] -= changes
    counts[0] += 1
    return order[ends], counts


def _factors(counts: NDArray[np.intp]) -> NDArray[np.float64]:
    # `numpy.log` may differ from `math.log` in the last bit, and weights are stored.
    return np.array([1.0 + math.log(count) for count in counts.tolist()])


def strongest(terms: Terms, count: int) -> list[int]:
    """Name the terms of most weight: those by which others are looked up."""
    return [term for _, term in sorted([(-weight, term) for term, weight in terms.items()])[:count]]


def similarity(one: Terms, other: Terms) -> float:
    """Give the cosine of two vectors, 0 to 1."""
    shared = sum([one[term] * other[term] for term in one.keys() & other.keys()])
    return shared / (_length(one) * _length(other)) if shared else 0.0


def _length(terms: Terms) -> float:
    return math.hypot(*terms.values())
