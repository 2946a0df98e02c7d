"""Finds the feeds whose version in Redis differs from the one that this process handled last."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from syndicator.model.feed import FeedVersion
from syndicator.model.ids import FeedId
from syndicator.store.feeds.feeds import Feeds

_SKEW = timedelta(minutes=1)
"""Added to the span that each look covers: clocks of processes differ, and commits may arrive late."""


class ChangedFeeds:
    """Keeps the list of stale feeds: those with a newer version than was handled. At first, all are stale."""

    def __init__(self, store: Feeds, feeds: Callable[[], Collection[FeedId]]) -> None:
        self._store = store
        self._feeds = feeds
        self._looked_at: datetime | None = None
        self._handled: dict[FeedId, FeedVersion] = {}
        self.versions: dict[FeedId, FeedVersion] = {}
        """The versions of feeds, as of the last call of `look`."""
        self.stale: dict[FeedId, None] = {}
        """Feeds that changed and were not handled since, the longest stale first."""

    async def look(self, now: datetime) -> None:
        """Read the versions of feeds that changed since the last call, or of all feeds in the first call.

        Raise StoreUnavailable while Redis is away.
        """
        feeds = self._feeds()
        if self._looked_at is None:
            moved = list(feeds)
        else:
            found = await self._store.moved_since(self._looked_at - _SKEW)
            moved = [feed for feed in found if feed in feeds]
        versions = await self._store.versions(moved)
        self._looked_at = now
        self.versions |= versions
        self.stale |= {feed: None for feed, version in versions.items() if self._handled.get(feed) != version}

    def note(self, feed: FeedId, version: FeedVersion) -> None:
        """Note that a feed was handled as of this version."""
        self._handled[feed] = version
        if self.versions[feed] == version:
            self.stale.pop(feed, None)
