"""The terms of an article: its thirty heaviest words with their weights, small enough to be stored.

A term is a CRC-32 of the word: it takes few bytes and does not reveal the word. Of some hundred thousand
words of news, a handful collide, which does not matter in a sum of thirty.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from syndicator.rules.stories.vocabulary import ROW, Keys, Looked, look_up, pack, unpack

Terms = Mapping[int, int]
"""Term → weight, both whole numbers; a vector of length about `UNIT`."""

MOST = 30
UNIT = 1000
TEXT_WORDS = 400
"""Words at the start of a text that count; what follows is often background, shared by unrelated articles."""

SUBSTANCE = 3.0
"""Least length of a vector, about two rare words: a text with less ("Foto: kegiatan presiden") resembles
everything, and is compared with nothing."""

_TERM = np.uint64(0xFFFF_FFFF)
"""The bits of a key that are the word's term."""
_TITLE_WEIGHT = 2
_LEAST = -math.ulp(0.0)
"""Upper bound for the (negated) weights that count: a word that distinguishes nothing has a weight of 0."""
_FAR = 128.0
"""Greater than any weight, to sort by text first and weight second: a word that occurs 2^32 times has 65."""
_COUNTED = 1024
_FACTORS = np.array([0.0, *(1.0 + math.log(count) for count in range(1, _COUNTED))])
"""Factor for the rarity of a word, by how often it occurs: 1 + ln count."""


def weigh(headline: Looked, text: Looked) -> dict[int, int]:
    """Weigh the words of a headline and a text: (1 + ln count) · rarity; the headline's count twice.

    The result is empty for a text with less than `SUBSTANCE`.
    """
    heaviest = _heaviest(headline, text)
    weights = [weight for weight, _, _ in heaviest]
    length = math.hypot(*weights)
    if length < SUBSTANCE:
        return {}
    return dict(zip([term for _, _, term in heaviest], _rounded(np.array(weights) / -length), strict=True))


def weighed_words(title: str, words: Sequence[str]) -> dict[str, float]:
    """Return the heaviest words with their weights, heaviest first (ties: by the alphabet)."""
    text = Looked(list(words), pack(words))
    return {word: -weight for weight, word, _ in _heaviest(look_up(title), text)}


def _rounded(shares: NDArray[np.float64]) -> list[int]:
    # The same as `round`, which takes four times as long for a list of numbers.
    rounded: list[int] = np.rint(shares * UNIT).astype(np.int64).tolist()
    return rounded


def _heaviest(headline: Looked, text: Looked) -> list[tuple[float, str, int]]:
    """Return the heaviest words as negative weight, word, term; heaviest first."""
    listed = [*text.words[:TEXT_WORDS], *headline.words * _TITLE_WEIGHT]
    if not listed:
        return []
    keys, rarities = unpack(text.packed[: TEXT_WORDS * ROW] + headline.packed * _TITLE_WEIGHT)
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
    heaviest = sorted(
        zip(
            weights[:most].tolist(),
            map(listed.__getitem__, places.tolist()),
            (keys[places] & _TERM).tolist(),
            strict=True,
        )
    )
    return heaviest[:MOST]


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


def weigh_each(texts: Iterable[tuple[Looked, Looked]]) -> list[dict[int, int]]:
    """Return the same as `weigh` for each of several headlines and texts, which are taken one by one."""
    weights: list[float] = []
    lengths: list[float] = []
    terms: list[tuple[int, ...]] = []
    for heaviest in _heaviest_words(texts):
        of_one, _, its_terms = zip(*heaviest, strict=True) if heaviest else ((), (), ())
        weights += of_one
        lengths.append(math.hypot(*of_one))
        terms.append(its_terms)
    rounded = iter(_rounded(np.array(weights) / -np.repeat(lengths, [len(one) for one in terms])))
    # `zip` asks the terms first: none of `rounded` is lost where they end.
    found = [dict(zip(one, rounded, strict=False)) for one in terms]
    return [one if length >= SUBSTANCE else {} for one, length in zip(found, lengths, strict=True)]


def _heaviest_words(texts: Iterable[tuple[Looked, Looked]]) -> Iterator[list[tuple[float, str, int]]]:
    """Yield the result of `_heaviest` for each text."""
    listed: list[str] = []
    packed: list[bytes] = []
    bounds = [0]
    for headline, text in texts:
        listed += text.words[:TEXT_WORDS]
        listed += headline.words * _TITLE_WEIGHT
        packed += (text.packed[: TEXT_WORDS * ROW], headline.packed * _TITLE_WEIGHT)
        bounds.append(len(listed))
    if not listed:
        yield from ([] for _ in bounds[1:])
        return
    keys, rarities = unpack(b"".join(packed))
    places, counts, sizes = _counted_in_each(keys, bounds)
    weights = rarities[places]
    weights *= _FACTORS[counts] if counts.max() < _COUNTED else _factors(counts)
    kept, bounds = _heaviest_of_each(weights, sizes)
    places = places[kept]
    rows = list(
        zip(
            np.negative(weights[kept]).tolist(),
            map(listed.__getitem__, places.tolist()),
            (keys[places] & _TERM).tolist(),
            strict=True,
        )
    )
    yield from (sorted(rows[start:end])[:MOST] for start, end in pairwise(bounds))


def _counted_in_each(
    keys: Keys, bounds: Sequence[int]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return a place of each different key of a text, its count there, and how many each text has."""
    order = np.concatenate([keys[start:end].argsort() for start, end in pairwise(bounds)])
    order += np.repeat(bounds[:-1], np.diff(bounds))
    in_order = keys[order]
    is_last = np.empty(len(keys), bool)
    np.not_equal(in_order[1:], in_order[:-1], out=is_last[:-1])
    # Where the first texts are empty, this is place -1: the last of all, which is one as well.
    is_last[np.array(bounds[1:]) - 1] = True
    last = is_last.nonzero()[0]
    return order[last], np.diff(last, prepend=-1), np.diff(last.searchsorted(bounds))


def _heaviest_of_each(
    weights: NDArray[np.float64], sizes: NDArray[np.intp]
) -> tuple[NDArray[np.intp], list[int]]:
    """Choose the `MOST` heaviest words of each text, and what is as heavy; none without weight.

    Returns their places in `weights`, text by text, about the heaviest first, and where each text begins and
    ends among them.
    """
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    width = int(sizes.max())
    least = np.full(len(sizes), -_LEAST)
    if width > MOST:
        # A text a row.
        table = np.zeros((len(sizes), width))
        table[np.arange(width) < sizes[:, np.newaxis]] = weights
        table.partition(width - MOST, axis=1)
        np.maximum(least, table[:, width - MOST], out=least)
    kept = (weights >= least[numbers]).nonzero()[0]
    numbers = numbers[kept]
    # What is nearly in order is sorted in a third of the time.
    order = (numbers * _FAR - weights[kept]).argsort()
    return kept[order], numbers.searchsorted(np.arange(len(sizes) + 1)).tolist()


def strongest(terms: Terms, count: int) -> list[int]:
    """Return the terms of most weight: those by which others are looked up."""
    return [term for _, term in sorted([(-weight, term) for term, weight in terms.items()])[:count]]


def similarity(one: Terms, other: Terms) -> float:
    """Return the cosine of two vectors, 0 to 1."""
    shared = sum([weight * other[term] for term, weight in one.items() if term in other])
    return shared / (length_of(one) * length_of(other)) if shared else 0.0


def length_of(terms: Terms) -> float:
    """Return the length (Euclidean norm) of a vector."""
    return math.hypot(*terms.values())
