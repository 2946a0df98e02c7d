"""Which slot has the keys of an owner, as of an endpoint: they are spread over partitions, each of one slot.

Each kind of data has partitions of its own (`Spread`). An owner is in one by the CRC-32 of its name.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar
from zlib import crc32

from msgspec import Struct

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

MOST_PARTITIONS = 64
"""So many partitions one kind of data is spread over at most."""

TAGS = {"endpoints": "e", "hub": "h", "texts": "b"}
"""Of each kind of data (the fields of `Spread`): what stands for it in the hash tags of its keys."""


class Spread(Struct, frozen=True, kw_only=True):
    """Over how many partitions each kind of data is spread; one is the slot of the namespace itself."""

    endpoints: int = 1
    hub: int = 1
    """Subscribers of our hub, by the host of their callback."""
    texts: int = 1
    """Texts of articles, by the id of the article."""

    def counts(self) -> dict[str, int]:
        """Return the number of partitions of each kind."""
        return {kind: int(getattr(self, kind)) for kind in TAGS}


ONE_SLOT = Spread()
"""All data of a namespace is in one slot."""

MOST_SPREAD = Spread(**dict.fromkeys(TAGS, MOST_PARTITIONS))
"""Over all slots that data of a namespace can be in."""


class Partitions:
    """The partitions of one kind of data of a namespace, by their numbers: 0, 1, …"""

    def __init__(self, own: str, kind: str, count: int) -> None:
        """`own`: what the other keys of the namespace begin with, as `syn:{main}:`."""
        parts = [f"{own[:-2]}:{TAGS[kind]}:{number:02}}}:" for number in range(count)]
        self.kind = kind
        self._prefixes: Sequence[str] = parts if count > 1 else [own]
        self._numbers = {_tag(prefix): number for number, prefix in enumerate(self._prefixes)}

    @property
    def count(self) -> int:
        return len(self._prefixes)

    @property
    def all(self) -> range:
        return range(self.count)

    @property
    def is_one(self) -> bool:
        """Return whether all is in one partition: it has the slot of the namespace itself."""
        return self.count == 1

    def of(self, owner: str) -> int:
        """Return the partition of an owner: the same one in every process and release."""
        return crc32(owner.encode()) % self.count if self.count > 1 else 0

    def of_key(self, key: str) -> int | None:
        """Return the partition of a key; None for keys of the namespace itself, or where there is one."""
        if self.count == 1:
            return None
        return self._numbers.get(_tag(key))

    def prefix(self, partition: int) -> str:
        """Return what all keys of a partition begin with."""
        return self._prefixes[partition]

    def prefix_of(self, owner: str) -> str:
        """Return what the keys of an owner begin with."""
        return self._prefixes[self.of(owner)]


def _tag(key: str) -> str:
    """Return a key up to the end of its hash tag."""
    return key.partition("}")[0]


def grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Return items by what they have in common, each group in their order."""
    found: dict[K, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found
