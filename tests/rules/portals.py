"""Portals that publish by a plan, and the rounds that a schedule makes of them: a simulation in plain values."""

import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from statistics import mean, median

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.schedule import Schedule
from syndicator.model.source import SourceState
from syndicator.rules.sources.cadence import after_success
from syndicator.rules.sources.rhythm import Poll, is_gap, learned

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
JAKARTA = timedelta(hours=7)


class Outcome(Struct, frozen=True, kw_only=True):
    """What it took, counted from the second week on: the first is for learning."""

    requests: int
    articles: int
    delays_s: tuple[float, ...]
    gaps: int
    missed: int
    state: SourceState

    @property
    def requests_per_article(self) -> float:
        return self.requests / max(self.articles, 1)

    @property
    def mean_delay_s(self) -> float:
        return mean(self.delays_s)

    @property
    def median_delay_s(self) -> float:
        return median(self.delays_s)


def publications(rate: Callable[[datetime], float], *, weeks: int, seed: int) -> list[datetime]:
    """Draw instants of publication; `rate` gives articles an hour by the portal's own clock (UTC+7)."""
    rng = random.Random(seed)
    found: list[datetime] = []
    minutes = weeks * 7 * 24 * 60
    for minute in range(-7 * 24 * 60, minutes):
        at = MONDAY + timedelta(minutes=minute)
        if rng.random() < rate(at + JAKARTA) / 60:
            found.append(at + timedelta(seconds=rng.uniform(0, 60)))
    return found


def gathered(
    schedule: Schedule,
    published: Sequence[datetime],
    *,
    weeks: int,
    document: int = 20,
    seed: int = 1,
    until: datetime | None = None,
) -> Outcome:
    """Make the rounds of a source whose document holds its newest articles, for some weeks or up to an end."""
    rng, state, now = random.Random(seed), SourceState(), MONDAY
    end, measured = until or MONDAY + timedelta(weeks=weeks), MONDAY + timedelta(weeks=1)
    seen = requests = articles = gaps = missed = 0
    delays: list[float] = []
    while now < end:
        there = bisect_right(published, now)
        oldest = max(there - document, 0)
        fresh = published[max(seen, oldest) : there]
        backfill = state.first_success_at is None
        known = min(there - oldest - len(fresh), document)
        poll = Poll(new=len(fresh), known=known, published=tuple(fresh), backfill=backfill)
        if now >= measured:
            requests, articles, gaps = requests + 1, articles + len(fresh), gaps + is_gap(poll)
            missed += max(oldest - seen, 0)
            delays += [(now - at).total_seconds() for at in fresh]
        seen = there
        state = learned(state, poll, schedule=schedule, timezone="Asia/Jakarta", now=now)
        state = replace(state, first_success_at=state.first_success_at or now, last_success_at=now)
        now = after_success(schedule, began_at=now, now=now, rng=rng, state=state, timezone="Asia/Jakarta").at
    return Outcome(
        requests=requests,
        articles=articles,
        delays_s=tuple(delays),
        gaps=gaps,
        missed=missed,
        state=state,
    )


def steady(_: datetime) -> float:
    return 2.0


def daytime(local: datetime) -> float:
    return 4.0 if 6 <= local.hour < 22 and local.weekday() < 5 else 0.4 if 8 <= local.hour < 20 else 0.0


def bursty(local: datetime) -> float:
    """Twice a day a dozen within twenty minutes."""
    return 36.0 if local.hour in {9, 16} and local.minute < 20 else 0.05


def busy(_: datetime) -> float:
    return 40.0


def dead(local: datetime) -> float:
    return 2.0 if local < MONDAY else 0.0
