"""What is kept of the rounds of a source: the newest ones each, older ones by the hour."""

from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.ops.states import RoundStatus

HOUR = timedelta(hours=1)
KEPT_HOURS = 720
"""30 days."""


class RoundLine(Struct, frozen=True, kw_only=True):
    """One round."""

    began_at: datetime
    late_s: float = 0.0
    """Seconds between the time at which it was due and its start."""
    status: RoundStatus
    reason: str | None = None
    """Why it failed, as one word."""
    new: int = 0
    changed: int = 0
    received_bytes: int = 0
    """Of all its responses, unpacked."""
    took_ms: int = 0


class HourSum(Struct, frozen=True, kw_only=True):
    """The rounds that began in one hour (UTC), added up."""

    began_at: datetime
    """The begin of the hour."""
    rounds: int = 0
    failed: int = 0
    late_s: float = 0.0
    """Of the round that began latest after it was due."""
    reason: str | None = None
    """Why the last failed round failed."""
    new: int = 0
    changed: int = 0
    received_bytes: int = 0
    took_ms: int = 0


class RoundLog(Struct, frozen=True, kw_only=True):
    """What the next round needs in order to continue the history."""

    rounds: int = 0
    """How many rounds were kept so far."""
    hour: HourSum | None = None
    """The hour of the last round, so far."""


class RoundHistory(Struct, frozen=True, kw_only=True):
    """The last 30 days of a source."""

    rounds: tuple[RoundLine, ...] = ()
    """Those that are kept one by one, newest first."""
    hours: tuple[HourSum, ...] = ()
    """All hours with rounds, newest first."""
