"""Cron times and open hours of a year, minute by minute: written for tests, without the package's code."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from holidays import country_holidays
from numpy.typing import NDArray

MINUTE, DAY = 60, 1440
FIRST = datetime(2026, 12, 25, tzinfo=UTC)
MINUTES = 380 * DAY
_STEP = 15
"""Clocks are moved at whole quarters of an hour."""
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]
Hours = tuple[frozenset[int], int, int]
"""Weekdays, and from which minute after midnight until which."""


def minute_of(moment: datetime) -> int:
    return (moment - FIRST) // timedelta(minutes=1)


def moment_of(minute: int) -> datetime:
    return FIRST + timedelta(minutes=int(minute))


@cache
def wall_clock(zone: str) -> Numbers:
    """Return what clocks on the wall show in each minute, in minutes since 1970."""
    known = ZoneInfo(zone)
    shown = []
    for minute in range(0, MINUTES, _STEP):
        local = moment_of(minute).astimezone(known).replace(tzinfo=UTC)
        shown.append(int(local.timestamp()) // MINUTE)
    return np.add.outer(np.array(shown, np.int64), np.arange(_STEP)).reshape(-1)


def cron_minutes(expression: str, zone: str) -> Flags:
    """Return in which minutes an expression is due, as Debian's cron has it."""
    shown = wall_clock(zone)
    due: Flags = _matches(expression, shown)
    minute, hour, *_ = expression.split()
    if minute.startswith("*") or hour.startswith("*"):
        return due
    due &= shown > np.concatenate([[-1], np.maximum.accumulate(shown)[:-1]])  # once, where it comes twice
    for after in np.flatnonzero(np.diff(shown) > 1) + 1:  # at the next time, where it does not come
        left_out = np.arange(shown[after - 1] + 1, shown[after])
        due[after] |= _matches(expression, left_out).any()
    return due


def _matches(expression: str, shown: Numbers) -> Flags:
    minute, hour, day, month, weekday = expression.split()
    days = shown // DAY
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    of_month = np.isin((dates - months).astype(np.int64) + 1, _values(day, 1, 31))
    of_week = np.isin((days + 3) % 7, [(value - 1) % 7 for value in _values(weekday, 0, 7)])  # Monday is 0
    either = day != "*" and weekday != "*"
    found: Flags = (of_month | of_week) if either else (of_month & of_week)
    found &= np.isin(shown % 60, _values(minute, 0, 59)) & np.isin(shown % DAY // 60, _values(hour, 0, 23))
    return found & np.isin(months.astype(np.int64) % 12 + 1, _values(month, 1, 12))


def _values(field: str, lowest: int, highest: int) -> list[int]:
    for number, name in enumerate(_WEEKDAYS):
        field = field.replace(name, str(number + 1))
    found: list[int] = []
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{lowest}-{highest}" if span == "*" else span).partition("-")
        found += range(int(first), int(last or first) + 1, int(step or 1))
    return found


@cache
def public_holidays(country: str) -> frozenset[date]:
    return frozenset(country_holidays(country, years=range(2026, 2029), expand=False))


def on_days(zone: str, days: frozenset[date]) -> Flags:
    """Return which minutes are of one of these days."""
    numbers = [(day - date(1970, 1, 1)).days for day in days]
    return np.isin(wall_clock(zone) // DAY, numbers)


def hours(texts: Sequence[str]) -> list[Hours]:
    """Read hours as the configuration has them, `mon-sat 05:00-23:00`."""
    found = []
    for text in texts:
        days, _, span = text.rpartition(" ")
        first, _, last = (days or "mon-sun").partition("-")
        weekdays = range(_WEEKDAYS.index(first), _WEEKDAYS.index(last or first) + 1)
        opens, closes = (int(time[:2]) * 60 + int(time[3:]) for time in span.split("-"))
        found.append((frozenset(weekdays), opens, closes + (DAY if closes < opens else 0)))
    return found


def open_minutes(zone: str, of_day: Callable[[date], list[Hours] | None]) -> Flags:
    """Return which minutes are in the hours of their day, or of the day before; None: all of the day."""
    shown = wall_clock(zone)
    first = int(shown.min()) // DAY - 1
    count = int(shown.max()) // DAY - first + 3
    is_open: Flags = np.zeros(count * DAY, np.bool_)
    for number in range(count - 1):
        day = date(1970, 1, 1) + timedelta(days=first + number)
        spans = of_day(day)
        for weekdays, opens, closes in [(frozenset(range(7)), 0, DAY)] if spans is None else spans:
            if day.weekday() in weekdays:
                is_open[number * DAY + opens : number * DAY + closes] = True
    return is_open[shown - first * DAY]
