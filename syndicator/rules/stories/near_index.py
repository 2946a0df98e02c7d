"""Which recent articles share words with a new one: by sampled runs of words, and by weighty terms.

Kept in the memory of each process that assigns stories, and filled from the log of assignments: see
`pipeline.stories.near_articles`. About 1 KB an article.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.ids import ArticleId, StoryId
from syndicator.model.story import Story
from syndicator.rules.stories.postings import Keys, Numbers, Postings
from syndicator.rules.stories.story_match import WINDOW
from syndicator.rules.stories.terms import strongest

ARTICLES_MOST = 12
"""Articles whose stories a new one is compared with: those that share most keys, the newest of equals. With
24 of them no labelled set is grouped better."""

LISTED_MOST = 16
"""Articles under one key. A run of words that more have is boilerplate; of a term, the newest count."""

SHARED_RUNS = 2
"""Least number of sampled runs that two texts share before they are compared word by word."""

INDEX_TERMS = 12
"""Number of strongest terms under which an article is indexed."""

_WINDOW_MS = WINDOW // timedelta(milliseconds=1)
_KEY = np.dtype("<u4")
_ID_BYTES = 16
_SMALLEST = 1024
_NUMBER = 0xFFFF_FFFF
_SHARED_MOST = 1023
"""More keys than an article has, of runs of words and terms together."""

Places = npt.NDArray[Any]


class IndexEntry(Struct, frozen=True, kw_only=True, gc=False):
    """An article as the log of assignments has it."""

    article: ArticleId
    story: StoryId
    at_ms: int
    runs: bytes = b""
    """Keys of sampled runs of words: four bytes each, little-endian. None of a copy."""
    terms: bytes = b""
    """Its strongest terms, the same."""
    is_new: bool = True
    """False: an article that is known has been given another story."""


class Nearby(Struct, frozen=True, kw_only=True, gc=False):
    """What shares keys with a new article."""

    stories: tuple[StoryId, ...]
    """Of the articles that share most, the nearest first."""
    copies: tuple[tuple[ArticleId, int], ...] = ()
    """Articles that share runs of words, and how many, the most first."""


class NearIndex:
    """The articles of the last 72 h, by their keys."""

    def __init__(self) -> None:
        self._runs = Postings()
        self._terms = Postings()
        self._ids: npt.NDArray[np.bytes_] = np.empty(_SMALLEST, f"S{_ID_BYTES}")
        self._stories: npt.NDArray[np.bytes_] = np.empty(_SMALLEST, f"S{_ID_BYTES}")
        self._at_ms = np.empty(_SMALLEST, np.int64)
        self._base = 0
        """Number of the oldest article that is kept: of place 0."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, entries: Sequence[IndexEntry]) -> None:
        """Add articles in the order of the log; what is older than the window leaves."""
        if not entries:
            return
        self._reserve(len(entries))
        first = self._count
        for place, entry in enumerate(entries, first):
            self._ids[place] = entry.article.encode()
            self._stories[place] = entry.story.encode()
            self._at_ms[place] = entry.at_ms
        self._count += len(entries)
        number = self._base + first
        self._runs.add(*_numbered([entry.runs for entry in entries], number))
        self._terms.add(*_numbered([entry.terms for entry in entries], number))

    def without_known(self, articles: Sequence[ArticleId]) -> list[ArticleId]:
        """Leave out the articles that were added."""
        names = np.array([one.encode() for one in articles], self._ids.dtype)
        is_known = np.isin(names, self._ids[: self._count]).tolist()
        return [one for one, known in zip(articles, is_known, strict=True) if not known]

    def move(self, article: ArticleId, story: StoryId) -> StoryId | None:
        """Note that an article belongs to another story now; return the one before, None if it is unknown."""
        (places,) = np.nonzero(self._ids[: self._count] == article.encode())
        if not len(places):
            return None
        before = StoryId(self._stories[places[-1]].decode())
        self._stories[places] = story.encode()
        return before

    def near(self, articles: Sequence[tuple[bytes, bytes]]) -> list[Nearby]:
        """Return for each (runs, terms) what shares most keys with it, the newest of equals first."""
        runs = self._found(self._runs, [keys for keys, _ in articles], boilerplate=True)
        terms = self._found(self._terms, [keys for _, keys in articles], boilerplate=False)
        # The last bit says that a run of words is shared: sorted once, all that is to be counted is together.
        hits = np.concatenate((runs << 1 | 1, terms << 1))
        hits.sort()
        starts = np.diff(hits >> 1, prepend=-1).nonzero()[0]
        pairs = hits[starts] >> 1
        shared = np.diff(starts, append=len(hits))
        shared_runs = np.add.reduceat(hits & 1, starts)
        rows = pairs >> 32
        # Each is another number, so that sorting them takes an eighth of the time of `lexsort`.
        order = (rows << 42 | _SHARED_MOST - shared << 32 | _NUMBER - (pairs & _NUMBER)).argsort()
        bounds = np.searchsorted(rows[order], np.arange(len(articles) + 1))
        rank = np.arange(len(order)) - np.repeat(bounds[:-1], np.diff(bounds))
        nearest = order[rank < ARTICLES_MOST]
        places = (pairs[nearest] & _NUMBER) - self._base
        ends = np.searchsorted(rows[nearest], np.arange(len(articles) + 1)).tolist()
        stories = self._stories[places].tolist()
        found = [
            Nearby(stories=tuple([StoryId(one.decode()) for one in dict.fromkeys(stories[begin:end])]))
            for begin, end in pairwise(ends)
        ]
        for row, copies in self._copies(rows[nearest], places, shared_runs[nearest]).items():
            found[row] = replace(found[row], copies=copies)
        return found

    def _copies(
        self, rows: Places, places: Places, runs: Places
    ) -> dict[int, tuple[tuple[ArticleId, int], ...]]:
        (copies,) = np.nonzero(runs >= SHARED_RUNS)
        found: dict[int, list[tuple[ArticleId, int]]] = {}
        for row, name, count in zip(
            rows[copies].tolist(), self._ids[places[copies]].tolist(), runs[copies].tolist(), strict=True
        ):
            found.setdefault(row, []).append((ArticleId(name.decode()), count))
        return {row: tuple(sorted(some, key=lambda one: -one[1])) for row, some in found.items()}

    def drop_old(self, now_ms: int) -> None:
        """Forget what was assigned longer ago than the window; done in large steps."""
        gone = int(np.searchsorted(self._at_ms[: self._count], now_ms - _WINDOW_MS))
        if gone * 8 < self._count or not gone:
            return
        kept = self._count - gone
        for table in (self._ids, self._stories, self._at_ms):
            table[:kept] = table[gone : self._count].copy()
        self._base += gone
        self._count = kept
        self._runs.drop_before(self._base)
        self._terms.drop_before(self._base)

    def _found(
        self, postings: Postings, keys: Sequence[bytes], *, boilerplate: bool
    ) -> npt.NDArray[np.int64]:
        """Return pairs of an article's place and a number, as place · 2^32 + number."""
        joined, places = _numbered(keys, 0)
        rows, numbers, counts = postings.look_up(joined, LISTED_MOST)
        if boilerplate:
            is_rare = counts[rows] < LISTED_MOST
            rows, numbers = rows[is_rare], numbers[is_rare]
        pairs: npt.NDArray[np.int64] = (places[rows].astype(np.int64) << 32) | numbers
        return pairs

    def _reserve(self, more: int) -> None:
        if self._count + more <= len(self._ids):
            return
        size = 2 * (self._count + more)
        self._ids = _lengthened(self._ids, size)
        self._stories = _lengthened(self._stories, size)
        self._at_ms = _lengthened(self._at_ms, size)


def term_keys(own: Story) -> bytes:
    """Return the keys of an article's strongest terms; `own` is the article as a story of itself alone."""
    return packed_keys(strongest(own.centroid, INDEX_TERMS))


def packed_keys(keys: Iterable[int]) -> bytes:
    """Return keys of 32 bits as the log and the index take them."""
    return np.fromiter(keys, _KEY).tobytes()


def keys_of_several(articles: Sequence[bytes]) -> list[list[int]]:
    """Return the packed keys of each article that another of them has as well, as numbers, in order."""
    keys = np.frombuffer(b"".join(articles), _KEY)
    in_order = np.sort(keys)
    several = set(in_order[1:][in_order[1:] == in_order[:-1]].tolist())
    listed = keys.tolist()
    bounds = accumulate([len(one) // _KEY.itemsize for one in articles], initial=0)
    return [[key for key in listed[begin:end] if key in several] for begin, end in pairwise(bounds)]


def _lengthened(table: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    return np.concatenate((table, np.empty(size - len(table), table.dtype)))


def _numbered(keys: Sequence[bytes], first: int) -> tuple[Keys, Numbers]:
    """Return all keys in one array, and beside each the number of its article, counted from `first`."""
    joined = np.frombuffer(b"".join(keys), _KEY).astype(np.uint32)
    sizes = [len(one) // 4 for one in keys]
    return joined, np.repeat(np.arange(first, first + len(keys), dtype=np.int32), sizes)
