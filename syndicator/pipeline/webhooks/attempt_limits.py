"""Limits concurrent attempts so that slow receivers do not block fast ones.

An attempt takes a quick slot. When it has not ended within a second it moves to a slow slot, so that
receivers that hang never fill what others need. Only where even the slow slots are taken it stays.
"""

import asyncio

SLOW_AFTER_S = 1.0


class AttemptSlots:
    """The slots of one process."""

    def __init__(self, quick: int, slow: int) -> None:
        self._all_quick = quick
        self._quick = quick
        self._slow = slow

    @property
    def room(self) -> int:
        """Return how many attempts may begin now; 0 where it is better to wait for more free slots.

        A claim costs as much as some ten attempts, so it is made for many at once, while others are running.
        """
        few = self._quick < self._all_quick // 4
        return 0 if few else self._quick

    def hold(self) -> "_Slot":
        """Hold a slot while the body runs."""
        return _Slot(self)

    def move(self, delta: int) -> None:
        """Move `delta` attempts from quick to slow slots."""
        self._quick += delta
        self._slow -= delta

    @property
    def has_slow(self) -> bool:
        """Return whether a slow slot is free."""
        return self._slow > 0

    def take(self, delta: int) -> None:
        """Count so many quick slots that are taken."""
        self._quick -= delta


class _Slot:
    """A slot. A class and no generator: it is made for every attempt."""

    __slots__ = ("_is_slow", "_slots", "_timer")

    def __init__(self, slots: AttemptSlots) -> None:
        self._slots = slots
        self._is_slow = False

    def _move(self) -> None:
        if self._slots.has_slow:
            self._is_slow = True
            self._slots.move(1)

    def __enter__(self) -> None:
        self._slots.take(1)
        self._timer = asyncio.get_running_loop().call_later(SLOW_AFTER_S, self._move)

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._is_slow:
            self._slots.move(-1)
        self._slots.take(-1)
