"""What is made of a date that a source claims.

Three dates are kept apart: what the source writes (`Provenance.claimed_date`, with its own offset
`claimed_at`), when we first saw the article (`first_seen_at`), and the date that it is published under
(`published_at`), which is the claimed one wherever that can be true.

A bare day that is still going on says nothing about the hour: it counts as no claim, and the article gets
the instant at which it was first seen instead of a midnight that would put it below all that was published
before it. A bare day that is over stands for its midnight.

Dates ahead of now are faults, but of sources that announce events (`Source.future_dates`) they are meant.
"""

from datetime import UTC, datetime, timedelta
from datetime import timezone as fixed_zone

from msgspec import Struct

from syndicator.rules.dates.date_parser import Precision, ReadDate, read_date

MAX_AHEAD = timedelta(hours=1)
"""How far ahead of us a clock may be and still be believed."""
FARTHEST_EVENT = timedelta(days=2 * 365)
"""How far ahead an event may be announced and still be believed."""
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Older than the web: such dates are defaults of some program."""
LATE_FIND = timedelta(hours=1)
"""How far back an article that is found late may be listed."""

_FIRST_SIGHT = "the time of first sight counts"
AS_CLAIMED = "as claimed"
"""The rule of a date that is what it is at whatever time it is read."""
NO_DATE = f"no date given: {_FIRST_SIGHT}"
AS_THE_OLDEST = "no date given: as old as the oldest article of the first round"


class DateClaim(Struct, frozen=True, kw_only=True):
    """What a source claims of a date."""

    at: datetime | None
    """In UTC; None where nothing can be made of it. Whether it can be true is for `published_at` to say."""
    rule: str
    """The sentence that says what was made of it."""
    written: str | None = None
    """The instant with the offset that the source gives it (RFC 3339); None where there is none."""


_NO_CLAIM = DateClaim(at=None, rule=NO_DATE)


def read_claim(text: str, *, timezone: str, now: datetime, future: bool = False) -> DateClaim:
    """Read a date as a source writes it, and say what is made of it.

    `timezone` is the IANA zone of dates that name none, `now` the instant of the request, `future` whether
    dates ahead of it are meant, as those of events are.
    """
    if not text.strip():
        return _NO_CLAIM
    read = read_date(text, timezone=timezone, now=now, future=future)
    if read is None:
        return DateClaim(at=None, rule=f"not understood: {_FIRST_SIGHT}")
    if not future and read.precision is Precision.DAY and now < read.at + timedelta(days=1):
        return DateClaim(at=None, rule=f"a bare day that is not over: {_FIRST_SIGHT}")
    return DateClaim(at=read.at, rule=_rule(read, now, future=future), written=_written(read))


def claimed_instant(text: str, *, timezone: str, now: datetime) -> datetime | None:
    """Return the instant that a source claims, in UTC.

    None too for the bare name of a day that is not over.
    """
    return read_claim(text, timezone=timezone, now=now).at


def believable(claimed: datetime, first_seen: datetime, *, future: bool = False) -> datetime | None:
    """Return the claimed instant as far as it can be true of something seen at `first_seen`.

    A little in the future (up to an hour: clocks differ) counts as `first_seen`; further ahead, or before
    1990, is no date at all. Where dates ahead are meant (`future`), they stand as they are for two years.
    """
    if claimed < OLDEST:
        return None
    if future:
        return claimed if claimed <= first_seen + FARTHEST_EVENT else None
    return min(claimed, first_seen) if claimed <= first_seen + MAX_AHEAD else None


def published_at(claimed: datetime | None, *, first_seen: datetime, future: bool = False) -> datetime:
    """Return the date an article is published under.

    As claimed where that is believable, else `first_seen`.
    """
    if claimed is None:
        return first_seen
    return believable(claimed, first_seen, future=future) or first_seen


def listed_at(published: datetime, first_seen: datetime, *, backfill: bool) -> datetime:
    """Return the instant by which feeds sort an article; never later than `first_seen`.

    It is the date of publication, with two exceptions. An article that is found late is listed at most an
    hour before it was seen, so that it cannot slip in below the end of a feed that readers have read
    already; the first round of a source (`backfill`) brings old articles in their own order instead. And
    what is dated ahead, as an event, is sorted by when it was first seen: otherwise it would stand on top of
    every feed until its day has come.
    """
    sorted_by = min(published, first_seen)
    return sorted_by if backfill else max(sorted_by, first_seen - LATE_FIND)


def _written(read: ReadDate) -> str:
    if read.written:
        return read.written
    return (read.at.astimezone(fixed_zone(read.offset)) if read.offset else read.at).isoformat()


def _rule(read: ReadDate, now: datetime, *, future: bool) -> str:
    if OLDEST <= read.at <= now and not read.notes:
        return AS_CLAIMED
    if read.at < OLDEST:
        return f"before 1990, which is older than the web: {_FIRST_SIGHT}"
    if future and read.at > now + FARTHEST_EVENT:
        return f"over two years in the future: {_FIRST_SIGHT}"
    if not future and read.at > now + MAX_AHEAD:
        return f"over an hour in the future: {_FIRST_SIGHT}"
    if not future and read.at > now:
        return f"ahead by less than an hour, as clocks are: {_FIRST_SIGHT}"
    ahead = ("in the future, as the dates of this source may be",) if read.at > now else ()
    return ", ".join((AS_CLAIMED, *read.notes, *ahead))
