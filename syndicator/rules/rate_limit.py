"""How often something may be done, for each of many who do it."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from syndicator.rules.least_recent import LeastRecent

MOST_KEYS = 20_000
"""Those that were used least lately leave, and begin anew."""

_ROUNDING_S = 1e-6
"""A time of today as a float is exact to a quarter of that."""

Key = TypeVar("Key", bound=Hashable)


class RateLimit(Generic[Key]):
    """So many at once for each key, and then one in each interval.

    For each key the instant is kept at which it will have all again (the generic cell rate algorithm). A
    clock that is put back gives nothing, and makes nobody wait longer.
    """

    def __init__(
        self, at_once: int, interval_s: float, now: Callable[[], float], most_keys: int = MOST_KEYS
    ) -> None:
        """`now`: any clock, in seconds."""
        self._burst_s = at_once * interval_s
        self._interval_s = interval_s
        self._now = now
        self._full_at = LeastRecent[Key, float](most_keys)

    @classmethod
    def a_minute(cls, number: int, now: Callable[[], float]) -> "RateLimit[Key]":
        """Return a limit of so many a minute, all of which may come at once; 0 stands for no limit."""
        return cls(number, 60 / number if number else 0.0, now)

    def take(self, key: Key) -> float:
        """Count one: 0; or count none, and return in how many seconds there will be one."""
        wait_s, full_at = self._look(key)
        if self._interval_s:
            self._full_at.put(key, full_at if wait_s else full_at + self._interval_s)
        return wait_s

    def wait_s(self, key: Key) -> float:
        """Return in how many seconds there will be one, without counting."""
        return self._look(key)[0]

    def clear(self) -> None:
        """Let all begin anew."""
        self._full_at.clear()

    def _look(self, key: Key) -> tuple[float, float]:
        """Return how long a key has to wait, and when it will have all again."""
        now = self._now()
        full_at = min(max(self._full_at.peek(key) or now, now), now + self._burst_s)
        wait_s = full_at + self._interval_s - now - self._burst_s
        return (wait_s if wait_s > _ROUNDING_S else 0.0), full_at
