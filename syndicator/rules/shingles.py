"""Runs of words that two texts share: a sample to find copies by, and the exact measure to judge them by.

Broder, "On the resemblance and containment of documents", 1997; sampling by `hash mod m = 0` as in his paper,
which finds more of the copies per key kept than MinHash bands or SimHash do on cut and rewritten news.
"""

from collections.abc import Sequence
from itertools import accumulate
from zlib import crc32

RUN = 5
"""Words of a shingle."""

_SCARCE = 16
"""A text with fewer sampled keys than this is sampled more densely."""
_MOST = 40


def shingles(words: Sequence[str]) -> frozenset[int]:
    """Give the hashes (CRC-32) of all runs of five words; of a shorter text, that of the whole."""
    if not words:
        return frozenset()
    text = " ".join((*words, ""))
    encoded = text.encode("utf-8", "surrogatepass")
    lengths = (
        map(len, words) if text.isascii() else (len(word.encode("utf-8", "surrogatepass")) for word in words)
    )
    # Where each word ends, with the blank behind it: from there on a run is a slice, not a join.
    ends = [0, *accumulate(length + 1 for length in lengths)]
    if len(words) <= RUN:
        return frozenset((crc32(encoded),))
    return frozenset([crc32(encoded[start:end]) for start, end in zip(ends, ends[RUN:], strict=False)])


def sample(keys: frozenset[int]) -> list[int]:
    """Choose by their values the keys to be listed under: one in 8, of short texts more, 40 at most."""
    rate = 8
    chosen = [key for key in keys if key % rate == 0]
    while len(chosen) < _SCARCE and rate > 1:
        rate //= 2
        chosen = [key for key in keys if key % rate == 0]
    while len(chosen) > _MOST:
        rate *= 2
        chosen = [key for key in chosen if key % rate == 0]
    return sorted(chosen)
