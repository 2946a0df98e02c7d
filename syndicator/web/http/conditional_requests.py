"""Validators and preconditions of HTTP, as pure functions: entity tags and dates (RFC 9110, 8.8 and 13).

Written by hand because the framework's own answer shares one strong entity tag between codings.
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime

from syndicator.web.http.negotiation import Coding

_ENTITY_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\U0010ffff]*")')

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_DATE_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"[a-z]{{3}}, (?P<day>\d\d) (?P<month>[a-z]{{3}}) (?P<year>\d{{4}}) {_TIME} GMT",
        rf"[a-z]{{6,9}}, (?P<day>\d\d)-(?P<month>[a-z]{{3}})-(?P<year>\d\d) {_TIME} GMT",
        rf"[a-z]{{3}} (?P<month>[a-z]{{3}}) (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)
_LEAP_SECOND = 60
_SHORT_YEAR = 100


def entity_tag(digest: str, coding: Coding) -> str:
    """Return the strong validator of one representation: other bytes, other tag (RFC 9110, 8.8.3.3)."""
    return f'"{digest}"' if coding is Coding.IDENTITY else f'"{digest}-{coding.value}"'


def not_modified(
    tag: str, last_modified: datetime | None, *, if_none_match: str | None, if_modified_since: str | None
) -> bool:
    """Return whether the client has these bytes already (RFC 9110, 13.2.2).

    If-None-Match decides alone where it is there. `last_modified` is in whole seconds;
    None for what has no such date.
    """
    if if_none_match is not None:
        return _matches(tag, if_none_match)
    if last_modified is None:
        return False
    since = parse_http_date(if_modified_since, last_modified) if if_modified_since else None
    return since is not None and last_modified <= since


def precondition_failed(
    tag: str, last_modified: datetime | None, *, if_match: str | None, if_unmodified_since: str | None
) -> bool:
    """Return whether the client wants only bytes that these are not (RFC 9110, 13.2.2): 412.

    If-Match decides alone where it is there, and compares strongly: `W/` never matches.
    """
    if if_match is not None:
        return if_match.strip() != "*" and ("", tag) not in _ENTITY_TAG.findall(if_match)
    if last_modified is None:
        return False
    since = parse_http_date(if_unmodified_since, last_modified) if if_unmodified_since else None
    return since is not None and last_modified > since


def _matches(tag: str, if_none_match: str) -> bool:
    """Compare weakly: `W/` does not matter. What is no entity tag is passed over."""
    if if_none_match.strip() == "*":
        return True
    return any(one == tag for _, one in _ENTITY_TAG.findall(if_none_match))


def http_date(instant: datetime) -> str:
    """Write an aware instant as HTTP does: `Thu, 05 Nov 2026 05:00:00 GMT`."""
    return format_datetime(instant.astimezone(UTC), usegmt=True)


def parse_http_date(text: str, near: datetime) -> datetime | None:
    """Read one of the three forms of RFC 9110, 5.6.7; None for everything else.

    A year of two digits is the latest one that is not over 50 years after `near`.
    """
    stated = text.partition(";")[0].strip()  # some old clients add "; length=…"
    for form in _DATE_FORMS:
        if match := form.fullmatch(stated):
            return _date(match, near)
    return None


def _date(match: re.Match[str], near: datetime) -> datetime | None:
    month, year = match["month"].lower(), int(match["year"])
    if month not in _MONTHS:
        return None
    if year < _SHORT_YEAR:
        latest = near.year + 50
        year = latest - (latest - year) % 100
    second = int(match["second"])
    try:
        return datetime(
            year,
            _MONTHS.index(month) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            59 if second == _LEAP_SECOND else second,
            tzinfo=UTC,
        )
    except ValueError:
        return None
