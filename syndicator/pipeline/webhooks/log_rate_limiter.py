"""How much is said of what goes well: so many lines a second, and how many were left out."""

import time


class Voice:
    """Bounds what is told."""

    def __init__(self, most_a_second: int) -> None:
        self._most = most_a_second
        self._second = 0
        self._said = 0
        self._untold = 0

    def ask(self) -> tuple[bool, int]:
        """Ask to tell something: whether it may be told, and how many others were not before."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._said = second, 0
        if self._said >= self._most:
            self._untold += 1
            return False, 0
        self._said += 1
        untold, self._untold = self._untold, 0
        return True, untold
