"""Bodies that were cleaned lately: of a feed that changed, nineteen entries of twenty are those of before.

Cleaning is half of what reading a feed costs, and depends on nothing but the text and the base of its links.
Bodies are known again by a digest, so that what was received is not kept.
"""

from hashlib import blake2b
from sys import getsizeof

from msgspec import Struct

from syndicator.model.article import Change
from syndicator.rules.least_recent import LeastRecent

MAX_BYTES = 16 * 1024 * 1024
"""Of all that is remembered: the bodies of some three hundred feeds of twenty whole articles."""
_BYTES_AROUND = 300
"""Of a body, its place and its key, and of each change: measured, rounded up."""
Key = tuple[str, bytes, str]
"""The base of links, the digest of a text, and what was made of it."""


class CleanBody(Struct, frozen=True):
    """A cleaned body, and what cleaning took out of it; or its words, or the address of its first picture."""

    html: str
    changes: tuple[Change, ...] = ()


class CleanedBodies:
    """The bodies that were cleaned last, by what they were made of."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._longest_bytes = max_bytes // 100
        self._bodies = LeastRecent[Key, CleanBody](max_bytes, _size)

    def get(self, key: Key) -> CleanBody | None:
        """Return a body that is remembered, which makes it the latest."""
        return self._bodies.get(key)

    def put(self, key: Key, body: CleanBody) -> None:
        """Remember a body, unless it is longer than a hundredth of all; forget the oldest for it."""
        if _size(body) <= self._longest_bytes:
            self._bodies.put(key, body)


def digest_of(markup: str) -> bytes:
    """Return by what a text is known again: 128 bits, which nobody can make two texts share."""
    return blake2b(markup.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _size(body: CleanBody) -> int:
    return getsizeof(body.html) + _BYTES_AROUND * (1 + len(body.changes))
