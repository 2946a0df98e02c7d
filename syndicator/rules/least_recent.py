"""Bounded memories: what was used least recently leaves."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class LeastRecent(Generic[Key, Value]):
    """Holds values of a size of `most` together, or one that is larger."""

    def __init__(self, most: int, size_of: Callable[[Value], int] = lambda _: 1) -> None:
        self._most = most
        self._size_of = size_of
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._size = 0

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Key) -> Value | None:
        """Return a value, and note that it was used."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def peek(self, key: Key) -> Value | None:
        """Return a value without noting it."""
        return self._values.get(key)

    def items(self) -> list[tuple[Key, Value]]:
        return list(self._values.items())

    def put(self, key: Key, value: Value) -> None:
        self.pop(key)
        self._size += self._size_of(value)
        self._values[key] = value
        while len(self._values) > 1 and self._size > self._most:
            _, oldest = self._values.popitem(last=False)
            self._size -= self._size_of(oldest)

    def pop(self, key: Key) -> None:
        """Forget a value, if there is one."""
        value = self._values.pop(key, None)
        if value is not None:
            self._size -= self._size_of(value)

    def clear(self) -> None:
        self._values.clear()
        self._size = 0


K = TypeVar("K")
V = TypeVar("V")


class Recent(dict[K, V]):
    """Keeps what was used lately: at least the last `most` entries, at most twice as many.

    Reading it is reading a dictionary, which takes half the time of calling an `lru_cache`. Once `most` are
    kept, all are set aside. Those that are asked for again are taken back; the next time, the others are
    forgotten.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._aside: dict[K, V] = {}

    def recall(self, key: K) -> V | None:
        """Return what is kept under a key, or was set aside."""
        value = self.get(key)
        if value is None and (value := self._aside.get(key)) is not None:
            self.keep(key, value)
        return value

    def forget(self, key: K) -> None:
        """Keep nothing under a key."""
        self.pop(key, None)
        self._aside.pop(key, None)

    def keep(self, key: K, value: V) -> None:
        """Keep a value; make room for it."""
        if len(self) >= self._most:
            self._aside = dict(self)
            self.clear()
        self[key] = value
