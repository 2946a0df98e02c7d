"""Dates as sources write them, and what is made of a date that a source claims.

Read are RFC 822 and RFC 3339 with their common faults, Indonesian and English dates in words, dates in
figures (the day first), relative ones ("3 jam lalu", "yesterday") and seconds or milliseconds since 1970.
Weekdays are never looked at: they are often wrong and never needed.

A day without a time is a weaker claim than an instant: `read_date` says which of them it found. What a
candidate claims is `claimed_instant`: a bare day that is still going on says nothing about the hour, so it
counts as no claim, and the article gets the instant at which it was first seen instead of a midnight that
would put it below all that was published before it. A bare day that is over stands for its midnight.
"""
# ruff: noqa: PLR2004 -- the figures are those of clock and calendar

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import timezone as fixed_zone
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct

from syndicator.model.clock import from_ms

MAX_TEXT = 200
"""Characters that are looked at; a date stands at the beginning or not at all."""
MAX_AHEAD = timedelta(hours=1)
"""How far ahead of us a clock may be and still be believed."""
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Older than the web: such dates are defaults of some program."""
LATE_FIND = timedelta(hours=1)
"""How far back an article that is found late may be listed."""


class Precision(StrEnum):
    INSTANT = "instant"
    DAY = "day"


class ReadDate(Struct, frozen=True, kw_only=True):
    """A date that was understood: in UTC; for a bare day, its midnight in the source's zone."""

    at: datetime
    precision: Precision


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
_DAY_WORDS = {"hari ini": 0, "today": 0, "kemarin": -1, "yesterday": -1}

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


def read_date(text: str, *, timezone: str, now: datetime) -> ReadDate | None:
    """Understand a date as a source writes it.

    `timezone` is the IANA zone of dates that name none; `now` the instant from which relative dates and
    dates without a year count. None when there is no date in it, or none that the calendar has.
    """
    line = _folded(text)
    zone = ZoneInfo(timezone)
    for form in _STANDARD:
        if match := form.fullmatch(line):
            return _from_standard(match, zone)
    return _from_number(line, zone) or _from_words(line, zone, now) or _from_distance(line, now)


def claimed_instant(text: str, *, timezone: str, now: datetime) -> datetime | None:
    """Give the instant that a source claims, in UTC; None too for the bare name of a day that is not over."""
    read = read_date(text, timezone=timezone, now=now)
    if read is None or (read.precision is Precision.DAY and now < read.at + timedelta(days=1)):
        return None
    return read.at


def believable(claimed: datetime, first_seen: datetime) -> datetime | None:
    """Give the claimed instant as far as it can be true of something seen at `first_seen`.

    A little in the future (up to an hour: clocks differ) counts as `first_seen`; further ahead, or before
    1990, is no date at all.
    """
    if claimed > first_seen + MAX_AHEAD or claimed < OLDEST:
        return None
    return min(claimed, first_seen)


def published_at(claimed: datetime | None, *, first_seen: datetime) -> datetime:
    """Give the date an article is published under: as claimed where that is believable, else `first_seen`."""
    if claimed is None:
        return first_seen
    return believable(claimed, first_seen) or first_seen


def listed_at(published: datetime, first_seen: datetime, *, backfill: bool) -> datetime:
    """Give the instant by which feeds sort an article.

    It is the date of publication; but an article that is found late is listed at most an hour before it was
    seen, so that it cannot slip in below the end of a feed that readers have read already. The first round
    of a source (`backfill`) brings old articles in their own order instead.
    """
    return published if backfill else max(published, first_seen - LATE_FIND)


def _folded(text: str) -> str:
    line = text[:MAX_TEXT]
    if not line.isascii():
        line = _INVISIBLE.sub("", unicodedata.normalize("NFKC", line))
    return " ".join(line.split()).casefold()


def _from_standard(match: re.Match[str], zone: tzinfo) -> ReadDate | None:
    month = match["month"]
    number = int(month) if month.isdigit() else _MONTHS.get(month)
    if number is None:
        return None
    day = _day(int(match["year"]), number, int(match["day"]))
    if day is None or match["hour"] is None:
        return _read(day, None, zone)
    return _read(day, _clock(match, None), _zone_at(match["zone"] or "", zone)[0])


def _from_number(line: str, zone: tzinfo) -> ReadDate | None:
    """Read `20261105`, `20261105101112`, and seconds or milliseconds since 1970."""
    if match := _EPOCH.fullmatch(line):
        whole = match[1]
        return ReadDate(
            at=from_ms(int(whole) * (1000 if len(whole) <= 10 else 1)), precision=Precision.INSTANT
        )
    match = _COMPACT.fullmatch(line)
    if match is None:
        return None
    day = _day(int(match["year"]), int(match["month"]), int(match["day"]))
    if match["clock"] is None:
        return _read(day, None, zone)
    hour, minute, second = (int(match["clock"][at : at + 2]) for at in (0, 2, 4))
    return _read(day, _since_midnight(hour, minute, second), UTC if match["zone"] else zone)


def _from_words(line: str, zone: tzinfo, now: datetime) -> ReadDate | None:
    """Read a day in words or figures, with a time before or after it, whatever stands around them."""
    at = _TIME.search(line)
    clock, rest = None, line
    if at:
        clock = _clock(at, at["half"])
        zone, length = _zone_at(line[at.end() :], zone)
        rest = line[: at.start()] + " " + line[at.end() + length :]
    day = _named_day(rest, now.astimezone(zone).date())
    if day is None and clock is not None and not rest.strip():
        return _last_occurrence(clock, zone, now)
    return _read(day, clock, zone)


def _named_day(line: str, today: date) -> date | None:
    for form in _DATES:
        if match := form.search(line):
            return _day_of(match, line, today)
    if match := _DAY_WORD.search(line):
        return today + timedelta(days=_DAY_WORDS[match[0]])
    return None


def _day_of(match: re.Match[str], line: str, today: date) -> date | None:
    day, month = int(match["day"]), match["month"]
    number = _MONTHS.get(month) or int(month)
    if number > 12 >= day:  # the month first: only one reading exists
        day, number = number, day
    year = match["year"]
    if year is None and (lone := _LONE_YEAR.search(line, match.end())):
        year = lone[0]
    if year is not None:
        return _day(_full_year(year), number, day)
    this_year = _day(today.year, number, day)
    if this_year is not None and this_year <= today + timedelta(days=1):
        return this_year
    return _day(today.year - 1, number, day)


def _full_year(digits: str) -> int:
    """Complete two digits as RFC 5322 4.3 does: 50 and more belong to the last century."""
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if year < 50 else 1900)


def _last_occurrence(clock: timedelta, zone: tzinfo, now: datetime) -> ReadDate | None:
    """Read a bare time: today's, or yesterday's where today's is still to come."""
    today = now.astimezone(zone).date()
    read = _read(today, clock, zone)
    if read and read.at > now + MAX_AHEAD:
        return _read(today - timedelta(days=1), clock, zone)
    return read


def _from_distance(line: str, now: datetime) -> ReadDate | None:
    """Read "3 jam lalu", "an hour ago", "baru saja"."""
    if match := _AGO.search(line):
        count = _COUNTS.get(match["count"]) or float(match["count"])
        at = now - timedelta(seconds=count * _UNITS[match["unit"]])
        return ReadDate(at=at.astimezone(UTC), precision=Precision.INSTANT)
    if _JUST_NOW.search(line):
        return ReadDate(at=now.astimezone(UTC), precision=Precision.INSTANT)
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


def _zone_at(text: str, default: tzinfo) -> tuple[tzinfo, int]:
    """Read the zone with which a text begins, and how much of the text it takes; else the default and 0."""
    match = _ZONE.match(text)
    if match is None:
        return default, 0
    if name := match["name"]:
        found = ZoneInfo(_REGIONS[name]) if name in _REGIONS else _ZONE_NAMES.get(name)
        return (found, match.end()) if found else (default, 0)
    sign = match["sign"] or match["short_sign"]
    hours = int(match["hours"] or match["short_hours"])
    if hours > 15:
        return default, 0
    east = timedelta(hours=hours, minutes=int(match["minutes"] or 0))
    return fixed_zone(east if sign == "+" else -east), match.end()


def _day(year: int, month: int, day: int) -> date | None:
    if not 1900 <= year < 3000:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _read(day: date | None, clock: timedelta | None, zone: tzinfo) -> ReadDate | None:
    """Put day and time together; a time that no clock shows leaves the bare day."""
    if day is None:
        return None
    local = datetime(day.year, day.month, day.day, tzinfo=zone)
    if clock is None:
        return ReadDate(at=local.astimezone(UTC), precision=Precision.DAY)
    return ReadDate(at=(local + clock).astimezone(UTC), precision=Precision.INSTANT)
