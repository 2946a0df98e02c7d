"""Which feeds changed since they were handled last."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from syndicator.model.feed import FeedVersion
from syndicator.model.ids import FeedId
from syndicator.store.feeds.feeds import Feeds

_SKEW = timedelta(minutes=1)
"""By so much the clocks of processes may differ, and a commit may wait."""


class ChangedFeeds:
    """Compares the versions of feeds with those that were handled; at first, all feeds are stale."""

    def __init__(self, store: Feeds, feeds: Callable[[], Collection[FeedId]]) -> None:
        self._store = store
        self._feeds = feeds
        self._looked_at: datetime | None = None
        self._handled: dict[FeedId, FeedVersion] = {}
        self.versions: dict[FeedId, FeedVersion] = {}
        """As of the last look."""
        self.stale: dict[FeedId, None] = {}
        """In the order in which they came to be so."""

    async def look(self, now: datetime) -> None:
        """Read the versions of the feeds that moved since the last look; at first those of all.

        Raise StoreUnavailable.
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
