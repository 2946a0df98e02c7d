"""Bodies that were cleaned lately: of a feed that changed, nineteen entries of twenty are those of before.

Cleaning is half of what reading a feed costs, and depends on nothing but the text and the base of its links.
Bodies are known again by a digest, so that what was received is not kept.
"""

from collections import OrderedDict
from hashlib import blake2b
from sys import getsizeof

from msgspec import Struct

from syndicator.model.article import Change

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
        self._max_bytes = max_bytes
        self._bytes = 0
        self._bodies: OrderedDict[Key, CleanBody] = OrderedDict()

    def get(self, key: Key) -> CleanBody | None:
        """Return a body that is remembered, which makes it the latest."""
        body = self._bodies.pop(key, None)
        if body is not None:
            self._bodies[key] = body
        return body

    def put(self, key: Key, body: CleanBody) -> None:
        """Remember a body, unless it is as long as a hundredth of all; forget the oldest for it."""
        if _size(body) > self._max_bytes // 100:
            return
        self._forget(self._bodies.pop(key, None))
        self._bodies[key] = body
        self._bytes += _size(body)
        while self._bytes > self._max_bytes:
            self._forget(self._bodies.popitem(last=False)[1])

    def _forget(self, body: CleanBody | None) -> None:
        self._bytes -= _size(body) if body is not None else 0


def digest_of(markup: str) -> bytes:
    """Return by what a text is known again: 128 bits, which nobody can make two texts share."""
    return blake2b(markup.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _size(body: CleanBody) -> int:
    return getsizeof(body.html) + _BYTES_AROUND * (1 + len(body.changes))
