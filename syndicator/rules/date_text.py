"""Dates as sources write them.

Read are RFC 822 and RFC 3339 with their common faults, Indonesian and English dates in words, dates in
figures (the day first), relative ones ("3 jam lalu", "yesterday") and seconds or milliseconds since 1970.
Weekdays are never looked at: they are often wrong and never needed.

A day without a time is a weaker claim than an instant: `read_date` says which of them it found, and what
it had to assume. What is made of a date is the matter of `rules.dates`.
"""
# ruff: noqa: PLR2004 -- the figures are those of clock and calendar

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import timezone as fixed_zone
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from syndicator.model.clock import from_ms

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


_MONTH_WORDS = (
    "jan january januari",
    "feb february februari febuari peb pebruari",
    "mar march maret mrt mac",
    "apr april",
    "may mei",
    "jun june juni",
    "jul july juli julai",
    "aug august agustus agt ags agu agst ogos",
    "sep sept september",
    "oct october okt oktober",
    "nov november nop nopember",
    "dec december des desember dis disember",
)
_MONTHS = {word: number for number, words in enumerate(_MONTH_WORDS, 1) for word in words.split()}

_OFFSET_WORDS = {
    -10: "hst",
    -9: "akst",
    -8: "pst akdt",
    -7: "mst pdt",
    -6: "cst mdt",
    -5: "est cdt",
    -4: "ast edt",
    -3.5: "nst",
    -3: "adt brt",
    -2.5: "ndt",
    0: "z ut utc gmt wet",
    1: "west bst cet met wat",
    2: "cest mest eet sast cat",
    3: "eest msk eat trt",
    4: "gst",
    5: "pkt",
    5.5: "ist",
    5.75: "npt",
    7: "wib ict",
    8: "wita sgt myt hkt pht awst",
    9: "wit jst kst",
    9.5: "acst",
    10: "aest",
    10.5: "acdt",
    11: "aedt",
    12: "nzst",
    13: "nzdt",
}
"""Hours east of UTC. Where a name has several meanings, that of RFC 822 or of the larger press counts."""
_ZONE_NAMES = {
    name: fixed_zone(timedelta(hours=hours))
    for hours, names in _OFFSET_WORDS.items()
    for name in names.split()
}
_REGIONS = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
}

_UNIT_WORDS = {
    1: "detik second seconds sec secs",
    60: "menit minute minutes min mins",
    3600: "jam hour hours hr hrs",
    86400: "hari day days",
    7 * 86400: "minggu pekan week weeks",
    30 * 86400: "bulan month months",
    365 * 86400: "tahun year years",
}
_UNITS = {word: seconds for seconds, words in _UNIT_WORDS.items() for word in words.split()}
_DAY_WORDS = {
    "kemarin lusa": -2,
    "kemarin": -1,
    "yesterday": -1,
    "hari ini": 0,
    "today": 0,
    "besok": 1,
    "tomorrow": 1,
    "lusa": 2,
}

_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_CLOCK = r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"

_STANDARD = (
    re.compile(
        rf"(?P<year>\d{{4}})-(?P<month>\d\d?)-(?P<day>\d\d?)(?:(?:t|\s)\s*{_CLOCK}\s*(?P<zone>(?![ap]\.?m)\S.*)?)?"
    ),
    re.compile(
        rf"(?:[^\d,]{{2,12}},\s*)?(?P<day>\d\d?)[ -]+(?P<month>[a-z]{{3,9}})[ -]+(?P<year>\d{{4}})"
        rf"\s+{_CLOCK}\s*(?P<zone>(?![ap]\.?m)\S.*)?"
    ),
)
"""RFC 3339 and RFC 822: nearly every feed, so they are tried first, and on the whole line."""

_ZONE = re.compile(
    r"[\s|(]*(?:(?:gmt|utc|z)?\s*(?P<sign>[+\-−])(?P<hours>\d\d):?(?P<minutes>[0-5]\d)(?!\d)"
    r"|(?:gmt|utc)?\s*(?P<short_sign>[+\-−])(?P<short_hours>\d\d?)(?![\d/.\-:]|\s*[a-z]{3})"
    r"|(?P<name>[a-z]{1,4})(?![a-z]))"
)
_TIME = re.compile(
    r"(?<![\d.:/\-])(?P<hour>[01]?\d|2[0-4])(?P<colon>[:.])(?P<minute>[0-5]\d)"
    r"(?:(?P=colon)(?P<second>[0-5]\d|60)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[ap])\.?m\b\.?)?(?![.:/\-]?\d)"
)
_YEAR_END = r"(?![:.]?\d)"
_DATES = (
    re.compile(r"(?<!\d)(?P<year>\d{4})[-/.](?P<month>\d\d?)[-/.](?P<day>\d\d?)(?!\d)"),
    re.compile(rf"(?<!\d)(?P<day>\d\d?)[-/.](?P<month>\d\d?)[-/.](?P<year>\d{{4}}|\d\d){_YEAR_END}"),
    re.compile(
        rf"(?<!\d)(?P<day>\d\d?)(?:st|nd|rd|th)?(?: of)?[\s\-./]*\b(?P<month>{_MONTH})\b\.?"
        rf"(?:[\s\-,./']*(?P<year>\d{{4}}|\d\d){_YEAR_END})?"
    ),
    re.compile(
        rf"\b(?P<month>{_MONTH})\b\.?[\s\-./]*(?P<day>\d\d?)(?:st|nd|rd|th)?(?!\d)"
        rf"(?:[\s\-,./]*(?P<year>\d{{4}}){_YEAR_END})?"
    ),
)
_LONE_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_COMPACT = re.compile(
    r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?:t?(?P<clock>\d{6})(?P<zone>z)?)?"
)
_EPOCH = re.compile(r"(\d{9,10}|\d{12,13})(?:\.\d{1,9})?")
_AGO = re.compile(
    rf"(?<![\w.,])(?P<count>\d{{1,3}}|an?|one|satu|se|half an?|setengah)\s*(?P<unit>{_UNIT})"
    r"\s+(?:(?:yang|yg)\s+)?(?:lalu|ago)\b"
)
_COUNTS = {
    "a": 1.0,
    "an": 1.0,
    "one": 1.0,
    "satu": 1.0,
    "se": 1.0,
    "setengah": 0.5,
    "half a": 0.5,
    "half an": 0.5,
}
_JUST_NOW = re.compile(r"\b(?:baru saja|barusan|just now)\b")
_DAY_WORD = re.compile(rf"\b(?:{'|'.join(_DAY_WORDS)})\b")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff]")


def read_date(text: str, *, timezone: str, now: datetime, future: bool = False) -> ReadDate | None:
    """Understand a date as a source writes it.

    `timezone` is the IANA zone of dates that name none; `now` the instant from which relative dates and
    dates without a year count. Without a year the last such day is meant; where dates ahead are to be
    expected (`future`), the nearest. None when there is no date in it, or none that the calendar has.
    """
    line = _folded(text)
    zone = _Zone(ZoneInfo(timezone), f"zone {timezone} applied")
    for form in _STANDARD:
        if match := form.fullmatch(line):
            return _from_standard(match, zone)
    return (
        _from_number(line, zone) or _from_words(line, zone, now, future=future) or _from_distance(line, now)
    )


def _folded(text: str) -> str:
    line = text[:MAX_TEXT]
    if not line.isascii():
        line = _INVISIBLE.sub("", unicodedata.normalize("NFKC", line))
    return " ".join(line.split()).casefold()


def _from_standard(match: re.Match[str], zone: _Zone) -> ReadDate | None:
    month = match["month"]
    number = int(month) if month.isdigit() else _MONTHS.get(month)
    if number is None:
        return None
    day = _day(int(match["year"]), number, int(match["day"]))
    if day is None:
        return None
    if match["hour"] is None:
        return _read(_Day(day), None, zone)
    return _read(_Day(day), _clock(match, None), _zone_at(match["zone"] or "", zone)[0])


def _from_number(line: str, zone: _Zone) -> ReadDate | None:
    """Read `20261105`, `20261105101112`, and seconds or milliseconds since 1970."""
    if match := _EPOCH.fullmatch(line):
        whole = match[1]
        seconds = len(whole) <= 10
        return ReadDate(
            at=from_ms(int(whole) * (1000 if seconds else 1)),
            precision=Precision.INSTANT,
            notes=(f"counted in {'seconds' if seconds else 'milliseconds'} since 1970",),
        )
    match = _COMPACT.fullmatch(line)
    if match is None:
        return None
    day = _day(int(match["year"]), int(match["month"]), int(match["day"]))
    if day is None or match["clock"] is None:
        return _read(_Day(day) if day else None, None, zone)
    hour, minute, second = (int(match["clock"][at : at + 2]) for at in (0, 2, 4))
    return _read(_Day(day), _since_midnight(hour, minute, second), _Zone(UTC) if match["zone"] else zone)


def _from_words(line: str, zone: _Zone, now: datetime, *, future: bool) -> ReadDate | None:
    """Read a day in words or figures, with a time before or after it, whatever stands around them."""
    at = _TIME.search(line)
    clock, rest = None, line
    if at:
        clock = _clock(at, at["half"])
        zone, length = _zone_at(line[at.end() :], zone)
        rest = line[: at.start()] + " " + line[at.end() + length :]
    day = _named_day(rest, now.astimezone(zone.tz).date(), future=future)
    if day is None and clock is not None and not rest.strip():
        return _last_occurrence(clock, zone, now)
    return _read(day, clock, zone)


def _named_day(line: str, today: date, *, future: bool) -> _Day | None:
    for form in _DATES:
        if match := form.search(line):
            return _day_of(match, line, today, future=future)
    if match := _DAY_WORD.search(line):
        return _Day(today + timedelta(days=_DAY_WORDS[match[0]]), _FROM_REQUEST)
    return None


def _day_of(match: re.Match[str], line: str, today: date, *, future: bool) -> _Day | None:
    day, month = int(match["day"]), match["month"]
    number = _MONTHS.get(month) or int(month)
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
    """Give the last such day; tomorrow counts, for it may have begun where the source is."""
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
        count = _COUNTS.get(match["count"]) or float(match["count"])
        at = now - timedelta(seconds=count * _UNITS[match["unit"]])
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
    return _since_midnight(hour, int(match["minute"]), int(match["second"] or 0), micros)


def _since_midnight(hour: int, minute: int, second: int, micros: int = 0) -> timedelta | None:
    """Give a time of day; 24:00 and the leap second are what follows them."""
    if hour > 24 or minute > 59 or second > 60:
        return None
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)


def _zone_at(text: str, default: _Zone) -> tuple[_Zone, int]:
    """Read the zone with which a text begins, and how much of the text it takes; else the default and 0."""
    match = _ZONE.match(text)
    if match is None:
        return default, 0
    if name := match["name"]:
        found = ZoneInfo(_REGIONS[name]) if name in _REGIONS else _ZONE_NAMES.get(name)
        return (_Zone(found), match.end()) if found else (default, 0)
    sign = match["sign"] or match["short_sign"]
    hours = int(match["hours"] or match["short_hours"])
    if hours > 15:
        return default, 0
    east = timedelta(hours=hours, minutes=int(match["minutes"] or 0))
    return _Zone(fixed_zone(east if sign == "+" else -east)), match.end()


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
    notes = tuple(note for note in (day.note, zone.note) if note)
    if clock is None:
        return ReadDate(
            at=local.astimezone(UTC),
            precision=Precision.DAY,
            notes=("the midnight with which the day began", *notes),
        )
    return ReadDate(at=(local + clock).astimezone(UTC), precision=Precision.INSTANT, notes=notes)
