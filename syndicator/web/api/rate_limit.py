"""How often one partner may have something done, in each process."""

from syndicator.model.clock import Clock
from syndicator.rules.rate_limit import RateLimit
from syndicator.web.http.problems import too_many

AT_ONCE, EVERY_S = 10, 6
_OWNERS = 1000
"""Whose pace is remembered; who asked least lately leaves."""


class PaceLimit:
    """Ten at once, and then one in six seconds."""

    def __init__(self, what: str, clock: Clock) -> None:
        self._what = what
        self._limit = RateLimit[str](AT_ONCE, EVERY_S, lambda: clock().timestamp(), _OWNERS)

    def draw(self, owner: str) -> None:
        """Count one for an owner; a 429 where there were too many."""
        if self._limit.take(owner):
            detail = f"Ten {self._what} may be sent at once, and then one in {EVERY_S} seconds."
            raise too_many(detail, EVERY_S)
