"""How many attempts are under way at once: who does not answer soon makes room for those who do.

An attempt takes a quick place. When it has not ended within a second it moves to a slow place, so that
receivers that hang never fill what others need. Only where even the slow places are taken it stays.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

SLOW_AFTER_S = 1.0


class AttemptPlaces:
    """The places of one process."""

    def __init__(self, quick: int, slow: int) -> None:
        self._all_quick = quick
        self._quick = quick
        self._slow = slow

    @property
    def room(self) -> int:
        """Give how many attempts may begin now; none where it is worth waiting for more of them.

        To look for work costs as much as some ten attempts, so it is done for many at once, while others are
        under way.
        """
        few = self._quick < self._all_quick // 4
        return 0 if few else self._quick

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold a place while the body runs."""
        is_slow = False

        def move() -> None:
            nonlocal is_slow
            if self._slow > 0:
                is_slow = True
                self._slow -= 1
                self._quick += 1

        self._quick -= 1
        timer = asyncio.get_running_loop().call_later(SLOW_AFTER_S, move)
        try:
            yield
        finally:
            timer.cancel()
            if is_slow:
                self._slow += 1
            else:
                self._quick += 1
