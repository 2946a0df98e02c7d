"""How often one partner may have something done, in each process."""

from collections import OrderedDict

from syndicator.model.clock import Clock
from syndicator.rules.popularity.visitors import FOLLOWED_EVERY_S, Allowance, drawn
from syndicator.web.api.json_api import too_many

_OWNERS = 1000
"""Whose pace is remembered; who asked least lately leaves."""


class PaceLimit:
    """Ten at once, and then one in six seconds."""

    def __init__(self, what: str, clock: Clock) -> None:
        self._what = what
        self._clock = clock
        self._allowances: OrderedDict[str, Allowance] = OrderedDict()

    def draw(self, owner: str) -> None:
        """Count one for an owner; a 429 where there were too many."""
        known = self._allowances.pop(owner, None)
        left = drawn(known, self._clock())
        if (kept := left or known) is not None:
            self._allowances[owner] = kept
        if len(self._allowances) > _OWNERS:
            self._allowances.popitem(last=False)
        if left is None:
            detail = f"Ten {self._what} may be sent at once, and then one in {FOLLOWED_EVERY_S:g} seconds."
            raise too_many(detail, int(FOLLOWED_EVERY_S))
