"""How soon the articles of a source are shown after they were published, against an objective."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Stage(StrEnum):
    """Where an article has come to; delays are counted from its publication."""

    SEEN = "seen"
    """The round that found it began."""
    SHOWN = "shown"
    """It was in feeds."""
    PUSHED = "pushed"
    """An endpoint received it."""


class Sighting(Struct, frozen=True, kw_only=True):
    """A new article that a round found."""

    published_at: datetime
    """As its source claims."""
    shown_at: datetime


class FreshDay(Struct, frozen=True, array_like=True):
    """The articles that were shown on one day (UTC)."""

    day: int
    """Days since 1970."""
    articles: int
    late: int
    """How many of them were shown later than the objective allows."""


class Freshness(Struct, frozen=True, kw_only=True):
    """What is remembered of the objective of a source between rounds."""

    within_s: float | None = None
    """The objective that `late` was counted by."""
    days: tuple[FreshDay, ...] = ()
    """At most 30, oldest first."""
    cleared_until: int = 0
    """The last day whose counters of delays are known to begin at zero."""
    breached_since: datetime | None = None
    revision: int = 0
    """That of the last event."""


class Delay(Struct, frozen=True, kw_only=True):
    """How long after its publication an article had come to a stage."""

    stage: Stage
    seconds: float


class DelayNotes(Struct, frozen=True, kw_only=True):
    """Delays to be counted, and the days whose counters are set to zero first."""

    day: int
    delays: tuple[Delay, ...] = ()
    cleared: range = range(0)


class StageDelays(Struct, frozen=True, kw_only=True):
    """Delays of one stage in 30 days. Each is an upper bound, by classes of length; None: over a day."""

    articles: int
    median_s: float | None
    """Half of the articles came within that."""
    p95_s: float | None
    """95 of 100 came within that."""


class FreshnessStanding(Struct, frozen=True, kw_only=True):
    """How a source stands against its objective."""

    within_s: float
    articles: int
    """Shown in the last 30 days, as far as they are measured."""
    late: int
    share: float | None
    """Of the articles that were shown in time, 0 to 1; None without articles."""
    target: float
    budget_left: float | None
    """Of the articles that may be late, the part that is left; below 0 where the source is behind."""
    breached_since: datetime | None
