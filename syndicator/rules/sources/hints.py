"""Hints of a server and its feed on when to request the feed again.

Read are the freshness of HTTP caches (RFC 9111, 4.2 and 5.3), RSS 2.0's `<ttl>`, the RSS 1.0 syndication
module, and RSS 2.0's `<skipHours>` and `<skipDays>`.

All of them are wishes of somebody who does not know that news is waited for, and some are plainly absurd (a
feed cached for a year). So no wish reaches further than a day, `LONGEST_WISH_S`, and where one is cut down to
that, its sentence says so. `Retry-After` is no hint but an order: see `rules.sources.cadence.after_failure`.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from msgspec import Struct

from syndicator.model.source import FeedHints
from syndicator.rules.durations import span

LONGEST_WISH_S = 24 * 3600.0

_DIRECTIVE = re.compile(
    r"(?<![a-z-])([a-z-]{1,40}+)\s*+(?:=\s*+\"?([^\",]{0,40}+)\"?)?\s*+(?:,|$)", re.ASCII | re.IGNORECASE
)
_SECONDS = re.compile(r"\d{1,18}", re.ASCII)
_HOURS, _DAYS = range(24), range(7)


class Wish(Struct, frozen=True, kw_only=True):
    """The time before which a source should not be requested again, and where that is stated."""

    until: datetime
    because: str
    """A clause: `the server asks for 15 min (Cache-Control: max-age=900)`."""


def asked_by(headers: Mapping[str, str], hints: FeedHints, *, now: datetime) -> Wish | None:
    """Return the latest hint of a response and of its document, also of one that is unchanged.

    `headers` have names in lower case; `now` is when the answer came. A cache that must not keep the answer
    (`no-cache`, `no-store`) asks for nothing; `s-maxage` is for caches that many share, which we are none of;
    `max-age` overrides `Expires`. What is asked for less than a second is no wish.
    """
    cached_s, by_header = _freshness(headers, now)
    wishes = (
        (cached_s, "the server", by_header),
        (hints.ttl_s or 0.0, "the feed", "ttl"),
        (hints.update_interval_s or 0.0, "the feed", "sy:updatePeriod"),
    )
    wanted_s, who, how = max(wishes, key=lambda wish: wish[0])
    if not wanted_s >= 1.0:
        return None
    because = f"{who} asks for {span(wanted_s)} ({how})"
    if wanted_s > LONGEST_WISH_S:
        because += f", of which we keep {span(LONGEST_WISH_S)}"
    return Wish(until=now + timedelta(seconds=min(wanted_s, LONGEST_WISH_S)), because=because)


def next_allowed(at: datetime, hints: FeedHints) -> datetime:
    """Return the first instant from `at` on that is in no skipped hour and on no skipped day (both GMT).

    A feed that skips all hours or all days cannot mean it: such a list is ignored.
    """
    hours = _skipped(hints.skip_hours, _HOURS)
    days = _skipped(hints.skip_days, _DAYS)
    moment = at.astimezone(UTC)
    while moment.hour in hours or moment.weekday() in days:
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return moment


def _skipped(numbers: tuple[int, ...], possible: range) -> frozenset[int]:
    skipped = frozenset(numbers) & frozenset(possible)
    return frozenset() if len(skipped) == len(possible) else skipped


def _freshness(headers: Mapping[str, str], now: datetime) -> tuple[float, str]:
    """Return how long an answer is fresh, in seconds, and the header that says so."""
    directives = _directives(headers.get("cache-control", ""))
    if "no-cache" in directives or "no-store" in directives:
        return 0.0, ""
    age_s = _seconds(headers.get("age", "")) or 0.0
    if "max-age" in directives:
        stated = directives["max-age"]
        return (_seconds(stated) or 0.0) - age_s, f"Cache-Control: max-age={stated}"
    expires = _http_date(headers.get("expires", ""))
    if expires is None:
        return 0.0, ""
    # By the server's own clock: ours, or its, may be wrong.
    answered = _http_date(headers.get("date", "")) or now
    return (expires - answered).total_seconds() - age_s, "Expires"


def _directives(text: str) -> dict[str, str]:
    """Return the directives of Cache-Control; the first one of duplicates (RFC 9111, 4.2.1)."""
    found: dict[str, str] = {}
    for match in _DIRECTIVE.finditer(text[:1000]):
        found.setdefault(match[1].lower(), (match[2] or "").strip())
    return found


def _seconds(text: str) -> float | None:
    return float(text) if _SECONDS.fullmatch(text.strip()) else None


def _http_date(text: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text[:100])
    except (ValueError, OverflowError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
