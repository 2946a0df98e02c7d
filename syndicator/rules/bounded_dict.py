"""A dictionary of bounded size."""

from typing import TypeVar

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
