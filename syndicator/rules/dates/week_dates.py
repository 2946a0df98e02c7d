"""Days of ISO 8601 that are counted in weeks, or from the beginning of the year."""

import re
from datetime import date, timedelta

_WEEK_OR_ORDINAL = re.compile(
    r"(?P<year>(?:19|20)\d\d)-?(?:w(?P<week>\d\d)(?:-?(?P<weekday>[1-7]))?|(?<=-)(?P<of_year>[0-3]\d\d))(?=t|\s|$)"
)
"""ISO 8601: `2026-W45-4`, `2026-309`; RSS never has them, but programs write them all the same."""


def calendar_day(line: str) -> str:
    """Put month and day in the place of a week or of the day of the year, with which a line begins."""
    match = _WEEK_OR_ORDINAL.match(line)
    if match is None:
        return line
    year = int(match["year"])
    if match["week"] is None:
        day = date(year, 1, 1) + timedelta(days=int(match["of_year"]) - 1)
        exists = day.year == year
    else:
        week = int(match["week"])
        exists = 1 <= week <= date(year, 12, 28).isocalendar().week
        day = date.fromisocalendar(year, week if exists else 1, int(match["weekday"] or 1))
    return day.isoformat() + line[match.end() :] if exists else line
