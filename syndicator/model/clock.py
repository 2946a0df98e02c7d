"""Time. One injected clock; instants are aware UTC inside; Redis holds milliseconds since 1970."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Returns the present instant, aware, in UTC."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def system_clock() -> datetime:
    """Return this machine's own time."""
    return datetime.now(UTC)


def to_ms(instant: datetime) -> int:
    """Turn an aware instant into whole milliseconds since 1970 (rounded down)."""
    return (instant - EPOCH) // _MILLISECOND


def from_ms(milliseconds: int) -> datetime:
    """Turn milliseconds since 1970 into an aware UTC instant."""
    return EPOCH + milliseconds * _MILLISECOND
