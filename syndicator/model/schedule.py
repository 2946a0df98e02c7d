"""When a source is gathered: its schedule, and the calendar that lies over it."""

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct


class Every(Struct, frozen=True, kw_only=True, tag="every"):
    """Due again a fixed time after the last round began, moved by up to `jitter_s` either way."""

    interval_s: float
    jitter_s: float = 0.0
    sooner_s: float = 0.0
    """Besides, up to so much sooner: sources that began together part, and none comes late for that."""


class Cron(Struct, frozen=True, kw_only=True, tag="cron"):
    """Due by a five-field cron expression, read in a zone of its own."""

    expression: str
    timezone: str
    jitter_s: float = 0.0


class Adaptive(Struct, frozen=True, kw_only=True, tag="adaptive"):
    """Due when something new is likely, as the source's own rhythm and the last rounds say."""

    min_s: float = 120.0
    max_s: float = 12 * 3600.0
    jitter_s: float = 0.0


Schedule = Every | Cron | Adaptive


class CatchUp(StrEnum):
    """What happens to a source that was due while nothing ran."""

    ONCE = "once"
    """It is gathered once, at once."""
    SKIP = "skip"
    """It waits for its next regular time."""


class ActiveHours(Struct, frozen=True, kw_only=True):
    """Hours of local time, on some days of the week, in which a source may be gathered."""

    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    """Days on which the window opens; Monday is 0."""
    opens: int
    """Minutes after midnight."""
    closes: int
    """Minutes after the same midnight: more than 1440 where the window closes on the next day."""
    text: str
    """As it is written in the configuration."""


class Holidays(Struct, frozen=True, kw_only=True):
    """Days on which a source follows other rules: those of a country, and days of its own.

    On a holiday the source rests, unless it has `windows` or a `schedule` for such days.
    """

    country: str | None = None
    """ISO 3166-1, as the package `holidays` knows it."""
    subdivision: str | None = None
    days: tuple[date, ...] = ()
    windows: tuple[ActiveHours, ...] = ()
    schedule: Every | Cron | None = None
    """Then the windows of other days hold on holidays too."""


class Blackout(Struct, frozen=True, kw_only=True):
    """A time in which a source is not gathered, whatever else says that it is due."""

    begin: datetime
    end: datetime
    reason: str


class Burst(Struct, frozen=True, kw_only=True):
    """A time in which a source is gathered more often than its schedule says."""

    begin: datetime
    end: datetime
    interval_s: float
    reason: str


class Calendar(Struct, frozen=True, kw_only=True):
    """What lies over the schedule of a source: when it may run, and when it must."""

    timezone: str = "UTC"
    """Zone of windows and holidays."""
    windows: tuple[ActiveHours, ...] = ()
    """Empty: open at all times."""
    holidays: Holidays | None = None
    blackouts: tuple[Blackout, ...] = ()
    bursts: tuple[Burst, ...] = ()
    runs: tuple[datetime, ...] = ()
    """One-off runs."""
    hints: bool | None = None
    """Whether hints of the server and its feed delay a round; None: with an adaptive schedule only."""
    catch_up: CatchUp = CatchUp.ONCE


ALWAYS_OPEN = Calendar()
"""The calendar of a source that configures none."""
