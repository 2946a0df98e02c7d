"""What is known of single words: a key that stands for them, and how rare they are.

Looked up for all words of a text in one go and handed to numpy: three quarters of the time of judging a new
article went into calling Python functions for each of its words.
"""

import hashlib
import struct
from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from syndicator.rules.least_recent import Recent
from syndicator.rules.stories.rarity import rarity_of
from syndicator.rules.words import LONGEST, unlimited_words, words_of

Keys = NDArray[np.uint64]
"""64 bits for each word, of which the lower 32 are its term: see `term_of`."""
Rarities = NDArray[np.float64]

ROW = 16
"""Bytes of what is packed for a word."""
_PACKED = struct.Struct("=Qd")
_OTHER_BYTES = 4
_REMEMBERED = 32_768


class WordTooLongError(ValueError):
    """What was looked up is no word: `rules.words.words_of` would have taken it apart."""


class Looked(NamedTuple):
    """The words of a text, in order, with what is known of each."""

    words: list[str]
    packed: bytes
    """See `pack`."""


def look_up(text: str) -> Looked:
    """Return the words of a plain text, as `rules.words.words_of` does, and what is known of each."""
    words = unlimited_words(text)
    try:
        return Looked(words, pack(words))
    except WordTooLongError:
        words = words_of(text)
        return Looked(words, pack(words))


def pack(words: Sequence[str]) -> bytes:
    """Return what is known of the words, `ROW` bytes each, in order.

    Raises `WordTooLongError` where one is longer than `LONGEST`.
    """
    return b"".join(map(_vocabulary.__getitem__, words))


def unpack(packed: bytes) -> tuple[Keys, Rarities]:
    """Return keys and rarities of the words, in order."""
    return np.frombuffer(packed, np.uint64)[::2], np.frombuffer(packed, np.float64)[1::2]


def term_of(word: str) -> int:
    """Return the number that stands for a folded word: its CRC-32."""
    return crc32(word.encode("utf-8", "surrogatepass"))


class _Vocabulary(Recent[str, bytes]):
    """The packed rows of words that were looked up lately, some 200 bytes each."""

    def __missing__(self, word: str) -> bytes:
        if len(word) > LONGEST:
            raise WordTooLongError(f"{len(word)} characters")
        row = self.recall(word) or _row(word)
        self.keep(word, row)
        return row


def _row(word: str) -> bytes:
    encoded = word.encode("utf-8", "surrogatepass")
    # The other half keeps words apart whose terms are the same.
    other = hashlib.blake2b(encoded, digest_size=_OTHER_BYTES).digest()
    return _PACKED.pack(int.from_bytes(other, "little") << 32 | term_of(word), rarity_of(word))


_vocabulary = _Vocabulary(_REMEMBERED)
