"""Times of cron expressions, and what they say in words.

`cronsim` computes the times as Debian's cron does: of two day fields, either is enough; an expression whose
minute or hour begins with `*` runs by the clock as it passes; any other runs at the next local time that
exists where its own does not, and once where its own exists twice.
"""

from copy import copy
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cron_descriptor import (
    FormatException,
    MissingFieldException,
    Options,
    WrongArgumentException,
    get_description,
)
from cronsim import CronSim, CronSimError

_FIELDS = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day": "1 to 31",
    "month": "1 to 12, or jan to dec",
    "weekday": "0 to 7 from Sunday on, or sun to sat",
}
_REMEDY = 'write five fields: minute hour day month weekday, as in "*/10 6-22 * * mon-fri"'
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""A moment after which each date of the calendar comes within 40 years."""
_MOVED_BY = timedelta(hours=2)
"""Clocks are moved by less."""
_REMEMBERED = 16_384
"""Expressions: parsed and described once."""


@lru_cache(maxsize=_REMEMBERED)
def cron_fault(expression: str) -> tuple[str, str] | None:
    """Return what is wrong with a five-field cron expression and what to write; None where it is valid."""
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        return f"has {len(fields)} fields, not {len(_FIELDS)}", _REMEDY
    parsed = _parsed(expression)
    if parsed is not None and next(parsed, None) is not None:
        return None
    for at, (name, values) in enumerate(_FIELDS.items()):
        if _parsed(" ".join(field if at == i else "*" for i, field in enumerate(fields))) is None:
            return f"has a wrong {name}: {fields[at]!r}", f"the {name} takes {values}; {_REMEDY}"
    return "names a date that never comes", 'give a day that the month has, as in "0 0 28 2 *"'


def next_cron(expression: str, timezone: str, after: datetime) -> datetime | None:
    """Return the first time of an expression after an instant, in UTC; None where none ever comes."""
    return _next(expression, timezone, after.replace(second=0, microsecond=0))


@lru_cache(maxsize=_REMEMBERED)
def _next(expression: str, timezone: str, after: datetime) -> datetime | None:
    times = copy(_in_zone(expression, timezone))
    local = after.astimezone(ZoneInfo(timezone))
    # Times of day are searched on the clock on the wall, all others on the time line.
    times.dt = local.replace(tzinfo=None) if times.fixup_tz else local
    for found in times:
        instant = found.astimezone(UTC)
        if instant > after:  # of an hour that comes twice, the clock on the wall gives the first one again
            is_moved = not times.fixup_tz and found.utcoffset() != local.utcoffset()
            return _by_the_clock(expression, ZoneInfo(timezone), after) if is_moved else instant
    return None


def _by_the_clock(expression: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """Return the first instant at which clocks on the wall show a time of the expression.

    For the hours in which clocks are moved: where by half an hour (Lord Howe), cronsim loses times.
    """
    best: datetime | None = None
    for wall in CronSim(_spelled(expression), after.astimezone(zone).replace(tzinfo=None) - _MOVED_BY):
        for fold in (0, 1):
            instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            is_shown = instant.astimezone(zone).replace(tzinfo=None) == wall
            if is_shown and instant > after and (best is None or instant < best):
                best = instant
        if best is not None and wall.replace(tzinfo=zone).astimezone(UTC) > best + _MOVED_BY:
            break
    return best


@lru_cache(maxsize=_REMEMBERED)
def _in_zone(expression: str, timezone: str) -> CronSim:
    return CronSim(_spelled(expression), _ANY_TIME.astimezone(ZoneInfo(timezone)))


def _parsed(expression: str) -> CronSim | None:
    try:
        return CronSim(_spelled(expression), _ANY_TIME)
    except (CronSimError, ValueError):
        return None


def _spelled(expression: str) -> str:
    """Write a range of weekdays that ends on Sunday as cronsim reads it: Sunday is 7 there."""
    before, _, weekdays = expression.lower().rpartition(" ")
    return f"{before} {weekdays.replace('-sun', '-7')}"


@lru_cache(maxsize=_REMEMBERED)
def cron_in_words(expression: str) -> str:
    """Return an expression in English, `at 06:30, Monday through Friday`; empty where there are no words."""
    options = Options(use_24hour_time_format=True, locale_code="en_US")
    try:
        words: str = get_description(expression.upper(), options)
    except (FormatException, MissingFieldException, WrongArgumentException):
        return ""
    return words[:1].lower() + words[1:]
