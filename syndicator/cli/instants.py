"""Points in time and lengths of time, as people write them on the command line."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import typer
from pydantic import TypeAdapter, ValidationError

from syndicator.settings.value_texts import PositiveDuration

_REMEDY = "write an instant, as in 2027-01-31T00:00:00Z, or a date"
_DURATION: TypeAdapter[timedelta] = TypeAdapter(PositiveDuration)


def instant_of(text: str, parameter: str, zone: str = "UTC", remedy: str = _REMEDY) -> datetime:
    """Read an instant or a date of ISO 8601, one without an offset in `zone`; return it in UTC."""
    try:
        instant = datetime.fromisoformat(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(remedy, param_hint=parameter) from None


def duration_of(text: str, parameter: str) -> timedelta:
    """Read `90s`, `5m`, `24h` or `7d`."""
    try:
        return _DURATION.validate_python(text)
    except ValidationError:
        raise typer.BadParameter(
            "write a length of time, as in 90s, 5m, 24h or 7d", param_hint=parameter
        ) from None
