"""How much an endpoint took in the last day, hour by hour, and how fast: from its log of attempts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from msgspec import Struct

from syndicator.model.ops.states import AttemptResult
from syndicator.store.webhooks.attempts import LoggedAttempt

HOURS = 24
HEIGHT = 48
"""Of the chart, in its own units."""
_HOUR = timedelta(hours=1)


class UsageBar(Struct, frozen=True, kw_only=True):
    """One hour; heights in units of the chart."""

    delivered: float
    failed: float


class EndpointUsage(Struct, frozen=True, kw_only=True):
    """What was tried in the last day."""

    delivered: int
    failed: int
    median_ms: int
    slowest_ms: int
    most: int
    """Attempts of the busiest hour: the height of the chart."""
    bars: tuple[UsageBar, ...]
    """The longest ago first."""


def usage_of(attempts: Sequence[LoggedAttempt], now: datetime) -> EndpointUsage | None:
    """Add up attempts of the last day; None where there was none."""
    hours = [[0, 0] for _ in range(HOURS)]
    took = list[int]()
    for one in attempts:
        ago = int((now - one.at) / _HOUR)
        if one.result is AttemptResult.SUPERSEDED or not 0 <= ago < HOURS:
            continue
        hours[HOURS - 1 - ago][one.result is not AttemptResult.DELIVERED] += 1
        took.append(one.duration_ms)
    most = max(sum(hour) for hour in hours)
    if not most:
        return None
    share = HEIGHT / most
    return EndpointUsage(
        delivered=sum(delivered for delivered, _ in hours),
        failed=sum(failed for _, failed in hours),
        median_ms=round(median(took)),
        slowest_ms=max(took),
        most=most,
        bars=tuple(
            UsageBar(delivered=round(delivered * share, 1), failed=round(failed * share, 1))
            for delivered, failed in hours
        ),
    )
