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
        self.quick, self.slow = quick, slow
        """Free slots of each kind."""

    @property
    def room(self) -> int:
        """Return how many attempts may begin now; 0 where it is better to wait for more free slots.

        A claim costs as much as some ten attempts, so it is made for many at once, while others are running.
        """
        few = self.quick < self._all_quick // 4
        return 0 if few else self.quick


class AttemptSlot:
    """Holds a slot while the body runs. A class and no generator: one is made for every attempt."""

    __slots__ = ("_is_slow", "_slots", "_timer")

    def __init__(self, slots: AttemptSlots) -> None:
        self._slots = slots
        self._is_slow = False

    def _move(self) -> None:
        if self._slots.slow > 0:
            self._is_slow = True
            self._slots.quick += 1
            self._slots.slow -= 1

    def __enter__(self) -> None:
        self._slots.quick -= 1
        self._timer = asyncio.get_running_loop().call_later(SLOW_AFTER_S, self._move)

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._is_slow:
            self._slots.slow += 1
        else:
            self._slots.quick += 1
