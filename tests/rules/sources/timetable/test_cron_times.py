"""Times of cron expressions over years of seven zones, against all local times of all days."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from syndicator.rules.sources.timetable.cron_times import cron_fault, next_cron

ZONES = (
    "America/New_York", "Europe/Berlin", "America/Santiago", "Africa/Cairo",
    "Australia/Sydney", "Australia/Lord_Howe", "Asia/Jakarta",
)  # fmt: skip
EVERY, SUN = range(7), 6
FIRST = date(2026, 1, 1)
THREE_YEARS, TEN_YEARS = date(2028, 12, 31), date(2035, 12, 31)


def any_day(day: date) -> bool:
    return day.year > 0


CASES = {
    "0 0 * * *": ([0], [0], any_day),
    "30 2 * * *": ([30], [2], any_day),
    "15 1,2,3 * * *": ([15], [1, 2, 3], any_day),
    "*/30 1-3 * * *": ([0, 30], [1, 2, 3], any_day),
    "0 */6 * * *": ([0], [0, 6, 12, 18], any_day),
    "0 6 * * mon-fri": ([0], [6], lambda day: day.weekday() < 5),
    "30 2 * * 7": ([30], [2], lambda day: day.weekday() == SUN),
    "0 9 1,15 * *": ([0], [9], lambda day: day.day in {1, 15}),
    "0 12 13 * fri": ([0], [12], lambda day: day.day == 13 or day.weekday() == 4),
    "0 0 29 2 *": ([0], [0], lambda day: (day.month, day.day) == (2, 29)),
    "45 23 31 * *": ([45], [23], lambda day: day.day == 31),
}
"""Minutes, hours and days of each, written by hand."""


def instants(wall: datetime, zone: ZoneInfo) -> set[datetime]:
    """Return the instants at which clocks on the wall show a time: none, one or two."""
    found = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return {instant for instant in found if instant.astimezone(zone).replace(tzinfo=None) == wall}


def wanted(expression: str, zone: ZoneInfo, last: date) -> Iterator[datetime]:
    minutes, hours, falls_on = CASES[expression]
    by_the_clock = expression.split(maxsplit=1)[0].startswith("*") or expression.split()[1].startswith("*")
    day = FIRST
    while day <= last:
        for wall in (datetime.combine(day, time(h, m)) for h in hours for m in minutes if falls_on(day)):
            if by_the_clock:
                yield from instants(wall, zone)
                continue
            later = (wall + timedelta(minutes=minute) for minute in range(180))
            yield min(next(there for shown in later if (there := instants(shown, zone))))
        day += timedelta(days=1)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("last", [THREE_YEARS, pytest.param(TEN_YEARS, marks=pytest.mark.slow)])
def test_no_time_is_missed_and_none_is_extra(zone: str, last: date) -> None:
    end = datetime.combine(last + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    begin = datetime.combine(FIRST, time(), ZoneInfo(zone)).astimezone(UTC)
    for expression in CASES:
        found, at = set[datetime](), begin - timedelta(minutes=1)
        while (following := next_cron(expression, zone, at)) is not None and following < end:
            assert following > at
            found.add(following)
            at = following
        right = set(wanted(expression, ZoneInfo(zone), last))
        assert (sorted(right - found)[:3], sorted(found - right)[:3]) == ([], []), expression


@pytest.mark.parametrize("expression", ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *"])
def test_a_date_that_never_comes_is_refused(expression: str) -> None:
    fault = cron_fault(expression)
    assert fault is not None
    assert "never comes" in fault[0]
