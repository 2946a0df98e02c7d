"""Which slot has the keys of an endpoint: endpoints are spread over partitions, each of one slot."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar
from zlib import crc32

from syndicator.model.ids import EndpointId

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

MOST_PARTITIONS = 64
"""So many partitions endpoints are spread over at most."""


class Partitions:
    """The partitions of the endpoints of a namespace, by their numbers: 0, 1, …"""

    def __init__(self, prefixes: Sequence[str]) -> None:
        """`prefixes`: what the keys of each partition begin with."""
        self._prefixes = prefixes

    @property
    def count(self) -> int:
        return len(self._prefixes)

    @property
    def all(self) -> range:
        return range(self.count)

    @property
    def is_one(self) -> bool:
        """Return whether all endpoints are in one partition: it has the slot of the namespace itself."""
        return self.count == 1

    def of(self, endpoint: EndpointId) -> int:
        """Return the partition of an endpoint: the same one in every process and release."""
        return crc32(endpoint.encode()) % self.count if self.count > 1 else 0

    def of_key(self, key: str) -> int | None:
        """Return the partition of a key; None for keys of the namespace itself, or where there is one."""
        if self.count == 1:
            return None
        return next((number for number in self.all if key.startswith(self._prefixes[number])), None)

    def prefix(self, partition: int) -> str:
        """Return what all keys of a partition begin with."""
        return self._prefixes[partition]

    def prefix_of(self, endpoint: EndpointId) -> str:
        """Return what the keys of an endpoint begin with."""
        return self._prefixes[self.of(endpoint)]


def grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Return items by what they have in common, each group in their order."""
    found: dict[K, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found
