"""Postings in compact arrays: which articles are listed under a key, the newest first.

A hash table with chains, laid out in numpy arrays: a posting takes 12 bytes and its bucket 8, where a dict of
lists would take over a hundred. Whole batches are added and looked up at once.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint32]
Numbers = npt.NDArray[np.int32]
Rows = npt.NDArray[np.intp]

_SMALLEST = 1024
_NONE = -1
_MULTIPLIER = np.uint32(2654435769)
"""2^32 divided by the golden ratio: spreads keys over buckets by their high bits (Knuth, TAOCP 3, 6.4)."""

_PLACE_BITS = np.uint64(32)
_PLACE = np.uint64(2**32 - 1)

_STEPS_MOST = 96
"""Postings of one bucket that are looked at for one key: keys that collide on purpose must not cost more."""


class Postings:
    """Key (32 bits) to article numbers. Numbers are added in ascending order and leave in that order."""

    def __init__(self) -> None:
        self._allocate(_SMALLEST)
        self._size = 0

    def add(self, keys: Keys, numbers: Numbers) -> None:
        """List `numbers[i]` under `keys[i]`; numbers must not fall below those added before."""
        if self._size + len(keys) > len(self._keys):
            self._keep_from(0, 2 * (self._size + len(keys)))
        self._append(keys, numbers)

    def drop_before(self, number: int) -> None:
        """Forget all articles below a number."""
        first = int(np.searchsorted(self._numbers[: self._size], number))
        if first:
            self._keep_from(first, max(_SMALLEST, 2 * (self._size - first)))

    def look_up(self, keys: Keys, most: int) -> tuple[Rows, Numbers, Rows]:
        """Return (places in `keys`, article numbers, articles found for each key), at most `most` for a key.

        The newest articles of a key are found first.
        """
        at = self._heads[self._buckets(keys)]
        rows = (at != _NONE).nonzero()[0]
        at, wanted = at[rows], keys[rows]
        found = np.zeros(len(rows), np.int32)
        rows_found, found_at = [rows[:0]], [at[:0]]
        for _ in range(_STEPS_MOST):
            if not len(rows):
                break
            is_hit = self._keys[at] == wanted
            rows_found.append(rows[is_hit])
            found_at.append(at[is_hit])
            found += is_hit
            at = self._before[at]
            goes_on = (at != _NONE) & (found < most)
            if not goes_on.all():
                rows, at, wanted, found = rows[goes_on], at[goes_on], wanted[goes_on], found[goes_on]
        every = np.concatenate(rows_found)
        return every, self._numbers[np.concatenate(found_at)], np.bincount(every, minlength=len(keys))

    def _allocate(self, capacity: int) -> None:
        size = 1 << (capacity - 1).bit_length()
        self._keys: Keys = np.empty(size, np.uint32)
        self._numbers: Numbers = np.empty(size, np.int32)
        self._before: Numbers = np.empty(size, np.int32)
        self._heads: Numbers = np.full(2 * size, _NONE, np.int32)
        self._shift = np.uint32(32 - (2 * size - 1).bit_length())

    def _keep_from(self, first: int, capacity: int) -> None:
        """Build the table anew, with room for `capacity`, of the postings that stand at `first` or later."""
        keys, numbers = self._keys[first : self._size], self._numbers[first : self._size]
        self._allocate(capacity)
        self._size = 0
        self._append(keys, numbers)

    def _append(self, keys: Keys, numbers: Numbers) -> None:
        first, count = self._size, len(keys)
        buckets = self._buckets(keys)
        self._keys[first : first + count] = keys
        self._numbers[first : first + count] = numbers
        # Within a bucket, each new posting points to the one before it: sorting brings them together. Bucket
        # and place in one number are sorted three times faster than by `argsort`, and keep their order.
        ranked = buckets.astype(np.uint64) << _PLACE_BITS | np.arange(count, dtype=np.uint64)
        ranked.sort()
        order, ordered = (ranked & _PLACE).astype(np.intp), ranked >> _PLACE_BITS
        before = np.empty(count, np.int32)
        before[1:] = order[:-1] + first
        is_first = np.ones(count, bool)
        is_first[1:] = ordered[1:] != ordered[:-1]
        before[is_first] = self._heads[ordered[is_first]]
        self._before[first + order] = before
        # Of equal buckets the last stays.
        self._heads[buckets] = np.arange(first, first + count, dtype=np.int32)
        self._size += count

    def _buckets(self, keys: Keys) -> npt.NDArray[Any]:
        return (keys * _MULTIPLIER) >> self._shift
