"""How popularity fades, and what a place is worth."""

import math
from collections.abc import Mapping
from datetime import timedelta

from msgspec import Struct

from syndicator.model.feed import Window

HALF_LIVES: Mapping[Window, timedelta | None] = {
    Window.HOUR: timedelta(minutes=30),
    Window.DAY: timedelta(hours=12),
    Window.WEEK: timedelta(hours=84),
    Window.ALL: None,
}
"""Half of each window: such a list names about 80 % of what an exact window would, at no cost of its own."""


def place_weight(rank: int) -> float:
    """Say what a place in a box of popular articles is worth, the first 1, the third a half.

    The discount of DCG: J\u00e4rvelin and Kek\u00e4l\u00e4inen, "Cumulated gain-based evaluation", 2002.
    """
    return 1 / math.log2(1 + rank)


class PortalMean(Struct, frozen=True, kw_only=True):
    """What is usual at a portal."""

    readings: int
    """How many it rests on."""
    log_rate: float
    """Mean of the natural logarithms of views an hour."""
