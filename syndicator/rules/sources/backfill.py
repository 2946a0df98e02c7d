"""How the past of a source is gathered: which path, what is in the span, and when it ends."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec.structs import replace

from syndicator.model.ops.states import BackfillStatus
from syndicator.model.source import Source, SourceKind
from syndicator.model.sources.backfill import BackfillPath, BackfillWalk
from syndicator.rules.sources.announcement import ALL_ANNOUNCED, Announcing

MOST_DOCUMENTS = 1000
"""Addresses that wait to be read, at most: those of an index beyond them are not read."""
MOST_TRIES = 5
"""Of a document whose server is away; then the next one is read."""
_FIRST_WAIT = timedelta(minutes=1)
_NUMBER = "paged"
"""The parameter by which WordPress numbers the documents of a feed."""

NOT_ANNOUNCED = Announcing(since=datetime.max.replace(tzinfo=UTC), undated=False)


def announcing(*, announce: bool) -> Announcing:
    """Return which articles of the past are announced: all, or none."""
    return ALL_ANNOUNCED if announce else NOT_ANNOUNCED


def paths_of(source: Source) -> tuple[BackfillPath, ...]:
    """Return the paths that a source may offer, the best first."""
    if source.kind is SourceKind.FEED:
        return (BackfillPath.ARCHIVES, BackfillPath.SITEMAP)
    if source.kind is SourceKind.PAGE and source.list is not None and source.list.next:
        return (BackfillPath.PAGES, BackfillPath.SITEMAP)
    return (BackfillPath.SITEMAP,)


def is_in_span(dated: datetime | None, since: datetime | None) -> bool:
    """Return whether an article is wanted, as far as its date is known."""
    return since is None or dated is None or dated >= since


def is_past_span(dates: Iterable[datetime | None], since: datetime | None) -> bool:
    """Return whether a document that lists the newest first has reached the end of the span."""
    known = [date for date in dates if date is not None]
    return bool(known) and since is not None and max(known) < since


def next_numbered(url: str) -> str:
    """Return the address of the feed document after this one, as WordPress numbers them: `paged=2`, `3`, …"""
    parts = urlsplit(url)
    others = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != _NUMBER]
    number = dict(parse_qsl(parts.query)).get(_NUMBER, "")
    following = int(number) + 1 if number.isascii() and number.isdigit() and len(number) < 6 else 2  # noqa: PLR2004
    return parts._replace(query=urlencode([*others, (_NUMBER, str(following))])).geturl()


def with_documents(backfill: BackfillWalk, urls: Sequence[str]) -> BackfillWalk:
    """Return a back-fill that reads these documents next; those that it has seen are left out."""
    fresh = {digest: url for url in urls if (digest := _digest(url)) not in backfill.seen}
    room = max(MOST_DOCUMENTS - len(backfill.documents), 0)
    taken = dict(list(fresh.items())[:room])
    return replace(
        backfill, documents=(*taken.values(), *backfill.documents), seen=backfill.seen | taken.keys()
    )


def retry_wait(tries: int) -> timedelta:
    """Return the wait after so many failed attempts in a row: one minute, doubled each time."""
    return _FIRST_WAIT * (1 << (tries - 1))


def room_left(backfill: BackfillWalk) -> int:
    """Return how many more articles may be read within the limits."""
    wish = backfill.wish
    return max(min(wish.articles - backfill.new, wish.requests - backfill.requested), 0)


def judged(backfill: BackfillWalk, now: datetime) -> BackfillWalk:
    """Return a back-fill with its end, if it has reached one."""
    if backfill.new >= backfill.wish.articles:
        return ended(backfill, now, f"as many new articles as were asked for: {backfill.wish.articles}")
    if backfill.requested >= backfill.wish.requests:
        return ended(backfill, now, f"as many requests as were allowed: {backfill.wish.requests}")
    if not backfill.documents and backfill.path is not None:
        return ended(backfill, now, "all that the source still lists was read")
    return backfill


def ended(
    backfill: BackfillWalk, now: datetime, reason: str, status: BackfillStatus = BackfillStatus.DONE
) -> BackfillWalk:
    """Return a back-fill that goes on no more."""
    return replace(
        backfill, status=status, reason=reason, ended_at=now, documents=(), seen=frozenset(), tries=0
    )


def _digest(url: str) -> str:
    return hashlib.blake2b(url.encode(), digest_size=8).hexdigest()
