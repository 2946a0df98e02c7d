"""How the history of a feed is cut into documents that stay as they are (RFC 5005, 4).

A document holds what is listed in one span of time: a week, or where that holds too much a day, an hour, a
minute of it. The spans are those of the calendar, so that every process cuts alike, whatever is admitted
meanwhile. Only spans that are settled are cut: nothing that comes later is listed in them.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import EPOCH
from syndicator.rules.dates.claimed_dates import LATE_FIND

MOST = 200
"""Articles of one document, before the feed's filter; a minute may hold more."""

_MARGIN = timedelta(minutes=5)
"""Between judging an article and its being listed."""
_MONDAY = EPOCH + timedelta(days=4)
_MINUTE = timedelta(minutes=1)
_LENGTHS = (timedelta(weeks=1), timedelta(days=1), timedelta(hours=1), _MINUTE)
_NAME = re.compile(
    r"(?P<year>\d{4})-(?:W(?P<week>\d\d)|(?P<month>\d\d)-(?P<day>\d\d)(?:T(?P<hour>\d\d)(?:-(?P<minute>\d\d))?)?)",
    re.ASCII,
)


class Span(Struct, frozen=True, kw_only=True):
    """A week, a day, an hour or a minute, in UTC."""

    start: datetime
    length: timedelta

    @property
    def end(self) -> datetime:
        """Return the first instant after it."""
        return self.start + self.length

    @property
    def name(self) -> str:
        """Return the name in addresses: `2026-W45`, `2026-11-05`, `2026-11-05T13`, `2026-11-05T13-07`."""
        if self.length == _LENGTHS[0]:
            year, week, _ = self.start.isocalendar()
            return f"{year:04}-W{week:02}"
        written = self.start.strftime("%Y-%m-%dT%H-%M")
        return written[: {_LENGTHS[1]: 10, _LENGTHS[2]: 13, _MINUTE: 16}[self.length]]


def span_named(name: str) -> Span | None:
    """Read a name; None for what is none."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    year, week, month, day, hour, minute = (int(one) if one else None for one in found.groups())
    try:
        if week is not None:
            start = datetime.fromisocalendar(year or 0, week, 1).replace(tzinfo=UTC)
            return Span(start=start, length=_LENGTHS[0])
        start = datetime(year or 0, month or 0, day or 0, hour or 0, minute or 0, tzinfo=UTC)
    except ValueError:
        return None
    length = _LENGTHS[1] if hour is None else _LENGTHS[2] if minute is None else _MINUTE
    return Span(start=start, length=length)


def spans_before(instant: datetime, bound: datetime) -> tuple[Span, ...]:
    """Return the spans that hold an instant and end by the bound (a full minute), the longest first."""
    spans = (Span(start=instant - (instant - _MONDAY) % length, length=length) for length in _LENGTHS)
    return tuple(span for span in spans if span.end <= bound)


def chosen(spans: Sequence[Span], counts: Sequence[int]) -> Span:
    """Choose the longest that does not hold too much, else the shortest."""
    fitting = (span for span, count in zip(spans, counts, strict=True) if count <= MOST)
    return next(fitting, spans[-1])


def settled_until(last_seen: datetime) -> datetime:
    """Return the full minute before which no article will be listed any more.

    `last_seen`: when the newest article was first seen. Only first rounds of sources list older articles.
    """
    bound = last_seen - LATE_FIND - _MARGIN
    return bound - (bound - EPOCH) % _MINUTE
