"""Dates as sources write them.

Read are RFC 822 and RFC 3339 with their common faults, Indonesian and English dates in words, dates in
figures (the day first), relative ones ("3 jam lalu", "yesterday") and seconds or milliseconds since 1970.
Weekdays are never looked at: they are often wrong and never needed.

A day without a time is a weaker claim than an instant: `read_date` says which of them it found, and what
it had to assume. What is made of a date is the matter of `rules.dates.claimed_dates`.
"""
# ruff: noqa: PLR2004 -- the figures are those of clock and calendar

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import timezone as fixed_zone
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from syndicator.model.clock import from_ms
from syndicator.rules.dates.labels import parted_by_label
from syndicator.rules.dates.week_dates import calendar_day
from syndicator.rules.dates.words import COUNTS, DAY_WORDS, LONG_ZONES, MONTHS, REGIONS, UNITS, ZONE_NAMES

MAX_TEXT = 200
"""Characters that are looked at; a date stands at the beginning or not at all."""
_CLOCKS_DIFFER = timedelta(hours=1)
_FROM_REQUEST = "counted from the time of the request"


class Precision(StrEnum):
    INSTANT = "instant"
    DAY = "day"


class ReadDate(Struct, frozen=True, kw_only=True):
    """A date that was understood: in UTC; for a bare day, its midnight in the source's zone."""

    at: datetime
    precision: Precision
    offset: timedelta | None = None
    """East of UTC, as it is written or as its zone has it; None where it counts from an instant."""
    written: str = ""
    """The instant with its offset (RFC 3339), where that was made already."""
    notes: tuple[str, ...] = ()
    """What had to be assumed, each part of a sentence: `zone Asia/Jakarta applied`."""


class _Zone(NamedTuple):
    """A zone, and what to say where the text does not name it."""

    tz: tzinfo
    note: str = ""


class _Day(NamedTuple):
    """A day, and what to say of how it was found."""

    date: date
    note: str = ""


_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_CLOCK = r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
_AFTER_CLOCK = r"(?![ap]\.?m|[:.,\d])\S"
"""What a zone may begin with: not with the rest of the time."""

_STANDARD = (
    re.compile(
        rf"(?P<year>\d{{4}})-(?P<month>\d\d?)-(?P<day>\d\d?)(?:(?:t|\s)\s*{_CLOCK}\s*(?P<zone>{_AFTER_CLOCK}.*)?)?"
    ),
    re.compile(
        rf"(?:[^\d,]{{2,12}},\s*)?(?P<day>\d\d?)[ -]+(?P<month>[a-z]{{3,9}})[ -]+(?P<year>\d{{4}})"
        rf"\s+{_CLOCK}\s*(?P<zone>{_AFTER_CLOCK}.*)?"
    ),
)
"""RFC 3339 and RFC 822: nearly every feed, so they are tried first, and on the whole line."""

_MAX_USUAL = 40
_USUAL_ZONE = r"([+-][0-9]{2}:?[0-9]{2}|GMT|UTC|Z|WIB)"
_USUAL_CLOCK = "([0-9]{2}):([0-9]{2}):([0-9]{2})"
_USUAL_822 = re.compile(
    rf"(?:[A-Za-z]{{3}}, )?([0-9]{{1,2}}) ([A-Za-z]{{3}}) ([0-9]{{4}}) {_USUAL_CLOCK} {_USUAL_ZONE}"
)
_USUAL_3339 = re.compile(
    rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})T{_USUAL_CLOCK}(?:\.([0-9]{{1,9}}))?{_USUAL_ZONE}"
)
"""The same as programs write them: read without folding the text first, in a third of the time."""

_ZONE_LEAD = r"[\s|(\['\"]*"
_ZONE = re.compile(
    rf"{_ZONE_LEAD}(?:(?:gmt|utc|z)?\s*(?P<sign>[+\-−])"
    r"(?P<hours>\d\d|(?<=(?:gmt|utc).)\d(?=[:.]))[:.]?(?P<minutes>[0-5]\d)(?!\d|[.:/\-]\d)"
    r"|(?:gmt|utc)?\s*(?P<short_sign>[+\-−])(?P<short_hours>\d\d?)(?![\d/.\-:]|\s*[a-z]{3})"
    r"|(?P<name>[a-z]{1,4})(?![a-z/]|\s(?:standard|daylight|european|indonesia)))"
)
_LONG_ZONE = re.compile(rf"{_ZONE_LEAD}(?P<name>{'|'.join(sorted(LONG_ZONES, key=len, reverse=True))})\b")
_TIME = re.compile(
    r"(?<![\d.:/\-])(?P<hour>[01]?\d|2[0-4])(?P<colon>[:.])(?P<minute>[0-5]\d)"
    r"(?:(?P=colon)(?P<second>[0-5]\d|60)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[ap])\.?m\b\.?)?(?![.:/\-]?\d)"
)
_HOUR = re.compile(
    r"(?<![\d.:/\-])(?P<hour>0?[1-9]|1[0-2])(?P<minute>)(?P<second>)(?P<fraction>)\s*(?P<half>[ap])\.?m\b\.?"
)
"""A full hour as English has it: "9 a.m."."""
_YEAR_END = r"(?![:.]?\d)"
_DATES = (
    re.compile(r"(?<!\d)(?P<year>\d{4})[-/.](?P<month>\d\d?)[-/.](?P<day>\d\d?)(?!\d)"),
    re.compile(rf"(?<!\d)(?P<day>\d\d?)[-/.](?P<month>\d\d?)[-/.](?P<year>\d{{4}}|\d\d){_YEAR_END}"),
    re.compile(
        rf"(?<!\d)(?P<day>\d\d?)(?:st|nd|rd|th)?(?: of)?[\s\-./]*(?<![a-z])(?P<month>{_MONTH})(?![a-z])\.?"
        rf"(?:[\s\-,./']*(?P<year>\d{{4}}|\d\d){_YEAR_END})?"
    ),
    re.compile(
        rf"\b(?P<month>{_MONTH})\b\.?[\s\-./]*(?P<day>\d\d?)(?:st|nd|rd|th)?(?!\d)"
        rf"(?:[\s\-,./]*(?P<year>\d{{4}}){_YEAR_END})?"
    ),
)
_LONE_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_COMPACT = re.compile(
    r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)"
    r"(?:[t ]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?P<fraction>)\s*(?P<zone>\D.*)?)?"
)
_EPOCH = re.compile(r"(\d{9,10}|\d{12,13})(?:\.\d{1,9})?")
_COUNT = "|".join(sorted(COUNTS, key=len, reverse=True))
_AGO = re.compile(
    rf"(?<![\w.,])(?:(?P<more>\d{{1,3}})\s*(?P<more_unit>{_UNIT}),?\s+(?:and\s+|dan\s+)?)?"
    rf"(?P<count>\d{{1,3}}|{_COUNT})\s*(?P<unit>{_UNIT})\s+(?:(?:yang|yg)\s+)?(?:lalu|ago)\b"
)
_JUST_NOW = re.compile(r"\b(?:baru saja|barusan|just now)\b")
_DAY_WORD = re.compile(rf"\b(?:{'|'.join(DAY_WORDS)})\b")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff]")


def read_date(text: str, *, timezone: str, now: datetime, future: bool = False) -> ReadDate | None:
    """Understand a date as a source writes it; where the last change is dated too, that of publication.

    `timezone` is the IANA zone of dates that name none; `now` the instant from which relative dates and
    dates without a year count. Without a year the last such day is meant; where dates ahead are to be
    expected (`future`), the nearest. None when there is no date in it, or none that the calendar has.
    """
    zone = _zone_of_source(timezone)
    if len(text) <= _MAX_USUAL and (usual := _from_usual(text, zone)):
        return usual
    line = _folded(text)
    for form in _STANDARD:
        if match := form.fullmatch(line):
            return _from_standard(match, zone)
    published, changed = parted_by_label(calendar_day(line))
    return _from_line(published, zone, now, future=future) or _from_line(changed, zone, now, future=future)


def _from_line(line: str, zone: _Zone, now: datetime, *, future: bool) -> ReadDate | None:
    return (
        _from_number(line, zone) or _from_words(line, zone, now, future=future) or _from_distance(line, now)
    )


@lru_cache(maxsize=64)
def _zone_of_source(timezone: str) -> _Zone:
    return _Zone(ZoneInfo(timezone), f"zone {timezone} applied")


def _folded(text: str) -> str:
    line = text[:MAX_TEXT]
    if not line.isascii():
        line = _INVISIBLE.sub("", unicodedata.normalize("NFKC", line))
    return " ".join(line.split()).casefold()[:MAX_TEXT]  # one character may become eighteen


@lru_cache(maxsize=4096)  # those of two hundred feeds: most are read again with the next change of their feed
def _from_usual(text: str, zone: _Zone) -> ReadDate | None:
    """Read the usual spelling of an instant; None for all else, be it wrong or only unusual."""
    fraction = ""
    if match := _USUAL_822.fullmatch(text):
        day, name, year, hour, minute, second, written = match.groups()
        month = MONTHS.get(name.lower(), 0)
    elif match := _USUAL_3339.fullmatch(text):
        year, number, day, hour, minute, second, fraction, written = match.groups("")
        month = int(number)
    else:
        return None
    named = _zone_at(written.lower(), zone)[0]
    try:
        clock = int(hour), int(minute), int(second), int(fraction[:6].ljust(6, "0"))
        at = datetime(int(year), month, int(day), *clock, tzinfo=named.tz)
    except ValueError:
        return None
    if not 1900 <= at.year < 3000:
        return None
    notes = (named.note,) if named.note else ()
    east, line = at.utcoffset(), at.isoformat()
    return ReadDate(
        at=at.astimezone(UTC), precision=Precision.INSTANT, offset=east, written=line, notes=notes
    )


def _from_standard(match: re.Match[str], zone: _Zone) -> ReadDate | None:
    month = match["month"]
    number = int(month) if month.isdigit() else MONTHS.get(month)
    if number is None:
        return None
    day = _day(int(match["year"]), number, int(match["day"]))
    if day is None:
        return None
    if match["hour"] is None:
        return _read(_Day(day), None, zone)
    return _read(_Day(day), _clock(match, None), _zone_at(match["zone"] or "", zone)[0])


def _from_number(line: str, zone: _Zone) -> ReadDate | None:
    """Read `20261105`, `20261105T101112Z`, and seconds or milliseconds since 1970."""
    if match := _COMPACT.fullmatch(line):
        day = _day(int(match["year"]), int(match["month"]), int(match["day"]))
        if day is None or match["hour"] is None:
            return _read(_Day(day) if day else None, None, zone)
        return _read(_Day(day), _clock(match, None), _zone_at(match["zone"] or "", zone)[0])
    match = _EPOCH.fullmatch(line)
    if match is None:
        return None
    whole = match[1]
    seconds = len(whole) <= 10
    return ReadDate(
        at=from_ms(int(whole) * (1000 if seconds else 1)),
        precision=Precision.INSTANT,
        notes=(f"counted in {'seconds' if seconds else 'milliseconds'} since 1970",),
    )


def _from_words(line: str, zone: _Zone, now: datetime, *, future: bool) -> ReadDate | None:
    """Read a day in words or figures, with a time before or after it, whatever stands around them.

    What looks like a time may be a day (`05.11.26, 20:15`): then the next one is the time.
    """
    for at in (*islice(_TIME.finditer(line), 2), *islice(_HOUR.finditer(line), 1)):
        clock = _clock(at, at["half"])
        named, length = _zone_at(line[at.end() :], zone)
        rest = line[: at.start()] + " " + line[at.end() + length :]
        day = _named_day(rest, now.astimezone(named.tz).date(), future=future)
        if day:
            return _read(day, clock, named)
        if clock is not None and not rest.strip():
            return _last_occurrence(clock, named, now)
    return _read(_named_day(line, now.astimezone(zone.tz).date(), future=future), None, zone)


def _named_day(line: str, today: date, *, future: bool) -> _Day | None:
    for form in _DATES:
        if match := form.search(line):
            return _day_of(match, line, today, future=future)
    if match := _DAY_WORD.search(line):
        return _Day(today + timedelta(days=DAY_WORDS[match[0]]), _FROM_REQUEST)
    return None


def _day_of(match: re.Match[str], line: str, today: date, *, future: bool) -> _Day | None:
    day, month = int(match["day"]), match["month"]
    number = MONTHS.get(month) or int(month)
    if number > 12 >= day:  # the month first: only one reading exists
        day, number = number, day
    year = match["year"]
    if year is None and (lone := _LONE_YEAR.search(line, match.end())):
        year = lone[0]
    if year is not None:
        found = _day(_full_year(year), number, day)
        return _Day(found) if found else None
    return _nearest(number, day, today) if future else _last(number, day, today)


def _last(month: int, day: int, today: date) -> _Day | None:
    """Return the last such day; tomorrow counts, for it may have begun where the source is."""
    found = _day(today.year, month, day)
    if found is None or found > today + timedelta(days=1):
        found = _day(today.year - 1, month, day)
    return _Day(found, "no year given: the last such day") if found else None


def _nearest(month: int, day: int, today: date) -> _Day | None:
    years = (today.year - 1, today.year, today.year + 1)
    found = [one for year in years if (one := _day(year, month, day))]
    if not found:
        return None
    nearest = min(found, key=lambda one: abs(one - today))
    return _Day(nearest, "no year given: the nearest such day")


def _full_year(digits: str) -> int:
    """Complete two digits as RFC 5322 4.3 does: 50 and more belong to the last century."""
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if year < 50 else 1900)


def _last_occurrence(clock: timedelta, zone: _Zone, now: datetime) -> ReadDate | None:
    """Read a bare time: today's, or yesterday's where today's is still to come."""
    today = now.astimezone(zone.tz).date()
    note = "no day given: the last such hour"
    read = _read(_Day(today, note), clock, zone)
    if read and read.at > now + _CLOCKS_DIFFER:
        return _read(_Day(today - timedelta(days=1), note), clock, zone)
    return read


def _from_distance(line: str, now: datetime) -> ReadDate | None:
    """Read "3 jam lalu", "an hour ago", "baru saja"."""
    if match := _AGO.search(line):
        count = COUNTS.get(match["count"]) or float(match["count"])
        ago_s = count * UNITS[match["unit"]]
        if match["more"]:
            ago_s += int(match["more"]) * UNITS[match["more_unit"]]
        at = now - timedelta(seconds=ago_s)
        return ReadDate(at=at.astimezone(UTC), precision=Precision.INSTANT, notes=(_FROM_REQUEST,))
    if _JUST_NOW.search(line):
        return ReadDate(at=now.astimezone(UTC), precision=Precision.INSTANT, notes=(_FROM_REQUEST,))
    return None


def _clock(match: re.Match[str], half: str | None) -> timedelta | None:
    hour = int(match["hour"])
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    fraction = match["fraction"]
    micros = int(fraction[:6].ljust(6, "0")) if fraction else 0
    return _since_midnight(hour, int(match["minute"] or 0), int(match["second"] or 0), micros)


def _since_midnight(hour: int, minute: int, second: int, micros: int = 0) -> timedelta | None:
    """Return a time of day; 24:00 and the leap second are what follows them."""
    if hour > 24 or minute > 59 or second > 60:
        return None
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)


@lru_cache(maxsize=256)  # a feed writes one zone, or two of them
def _zone_at(text: str, default: _Zone) -> tuple[_Zone, int]:
    """Read the zone with which a text begins, and how much of the text it takes; else the default and 0."""
    match = _ZONE.match(text)
    if match is None:
        long = _LONG_ZONE.match(text)
        return (_Zone(ZoneInfo(LONG_ZONES[long["name"]])), long.end()) if long else (default, 0)
    if name := match["name"]:
        found = ZoneInfo(REGIONS[name]) if name in REGIONS else _names_of(default.tz).get(name)
        found = found or ZONE_NAMES.get(name)
        return (_Zone(found), match.end()) if found else (default, 0)
    sign = match["sign"] or match["short_sign"]
    hours = int(match["hours"] or match["short_hours"])
    if hours > 15:
        return default, 0
    east = timedelta(hours=hours, minutes=int(match["minutes"] or 0))
    return _Zone(fixed_zone(east if sign == "+" else -east)), match.end()


@lru_cache(maxsize=64)
def _names_of(zone: tzinfo) -> Mapping[str, tzinfo]:
    """Return the names that a zone has itself, in summer and winter: to its people they mean nothing else."""
    seasons = (datetime(2026, month, 1, tzinfo=zone) for month in (1, 7))
    return {
        name.lower(): fixed_zone(east)
        for at in seasons
        if (name := at.tzname()) and name.isalpha() and (east := at.utcoffset()) is not None
    }


def _day(year: int, month: int, day: int) -> date | None:
    if not 1900 <= year < 3000:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _read(day: _Day | None, clock: timedelta | None, zone: _Zone) -> ReadDate | None:
    """Put day and time together; a time that no clock shows leaves the bare day."""
    if day is None:
        return None
    local = datetime(day.date.year, day.date.month, day.date.day, tzinfo=zone.tz)
    notes = tuple(filter(None, (day.note, zone.note)))
    if clock is None:
        return ReadDate(
            at=local.astimezone(UTC),
            precision=Precision.DAY,
            offset=local.utcoffset(),
            notes=("the midnight with which the day began", *notes),
        )
    at = local + clock
    return ReadDate(at=at.astimezone(UTC), precision=Precision.INSTANT, offset=at.utcoffset(), notes=notes)
