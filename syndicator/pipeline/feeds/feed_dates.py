"""Dates what is published: the same in every format and process, and never earlier than before."""

from collections.abc import Awaitable
from datetime import UTC, datetime

from msgspec.structs import replace

from syndicator.errors import StoreError
from syndicator.model.feed import FeedDates, FeedSnapshot
from syndicator.model.ids import FeedId
from syndicator.render.dates import newest_change, updated_of, whole_seconds
from syndicator.rules.feeds.feed_dates import ShownEntries, advanced
from syndicator.store.codec import digest
from syndicator.store.feeds.feeds import Feeds

_ATTEMPTS = 5
"""Processes that render the same version at the same time compute the same dates: one of them writes."""


async def dated(store: Feeds, snapshot: FeedSnapshot) -> FeedSnapshot:
    """Return the snapshot with the instants at which it and its entries changed last.

    Where they cannot be kept (Redis may be full), they hold for this document. Raise StoreUnavailable.
    """
    feed, shown, on_request = _name(snapshot), _shown(snapshot), snapshot.is_made_on_request
    dates = FeedDates()
    for _ in range(_ATTEMPTS):
        before = await store.dates(feed)
        dates = advanced(before, shown)
        if dates == before or await _is_kept(store.put_dates(feed, dates, on_request=on_request)):
            break
    return replace(
        snapshot,
        updated_at=_instant(dates.at_s),
        entries=tuple(
            replace(entry, updated_at=_instant(date.at_s))
            for entry, date in zip(snapshot.entries, dates.entries[: len(snapshot.entries)], strict=True)
        ),
    )


def shown_of(snapshot: FeedSnapshot) -> str:
    """Return a digest of a document that was dated: as long as it is the same, so are its bytes."""
    entries = [(one.article.id, one.updated_at, one.popularity) for one in snapshot.entries]
    return digest((snapshot.updated_at, entries))


def _name(snapshot: FeedSnapshot) -> FeedId:
    """Return what dates are kept by: a feed's id, else a digest of the path, which no id looks like."""
    path = (snapshot.page_path, snapshot.feed_path, snapshot.asked)
    return FeedId(f"/{digest(path)}") if snapshot.is_made_on_request else snapshot.spec.id


async def _is_kept(putting: Awaitable[bool]) -> bool:
    try:
        return await putting
    except StoreError:  # as when Redis cannot write: the publisher logs that
        return True


def _shown(snapshot: FeedSnapshot) -> ShownEntries:
    return ShownEntries(
        spec=snapshot.spec,
        site=snapshot.site,
        entries=snapshot.entries,
        withdrawn=snapshot.withdrawn,
        links=snapshot.links,
        entries_s=[_seconds(updated_of(entry)) for entry in snapshot.entries],
        at_s=_seconds(newest_change(snapshot)) if snapshot.entries or snapshot.withdrawn else 0,
        changed_s=_seconds(whole_seconds(snapshot.version.changed_at)),
    )


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
