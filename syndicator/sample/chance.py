"""Chance that can be repeated: the same key always gives the same picks, in every process."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A row of picks that follows from its key alone.

    Uses nothing of `Random` but `random()`, the one method whose numbers Python promises to keep.
    """

    def __init__(self, *key: str | int) -> None:
        self._random = Random("/".join(map(str, key)))

    def fraction(self) -> float:
        return self._random.random()

    def number(self, low: int, high: int) -> int:
        """Pick from low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def one_in(self, many: int) -> bool:
        return self._random.random() * many < 1

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self._random.random() * len(options))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        drawn = list(options)
        for last in range(len(drawn) - 1, 0, -1):
            other = self.number(0, last)
            drawn[last], drawn[other] = drawn[other], drawn[last]
        return drawn


class Deck:
    """Yields options in shuffled order, and begins again when all were used."""

    def __init__(self, chance: Chance, options: Sequence[str]) -> None:
        self._options = chance.shuffled(options)
        self._next = 0

    def draw(self) -> str:
        drawn = self._options[self._next % len(self._options)]
        self._next += 1
        return drawn
