"""Iterates over a long list again and again, a bounded part at a time."""

from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class RoundRobin(Generic[T]):
    """Returns the items of a list in order, at most `most` at a time, and begins again at the end."""

    def __init__(self, items: Sequence[T], most: int) -> None:
        self._items = items
        self._most = most
        self._at = 0

    def take(self) -> Sequence[T]:
        """Return the next items, up to the end of the list."""
        part = self._items[self._at : self._at + self._most]
        self._at += len(part)
        if self._at >= len(self._items):
            self._at = 0
        return part
