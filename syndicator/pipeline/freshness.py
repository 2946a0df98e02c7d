"""Versions of feeds as of the call, at the price of one read for all who ask at once."""

import asyncio

from syndicator.model.feed import FeedVersion
from syndicator.model.ids import FeedId
from syndicator.store.feeds import Feeds


class FreshVersions:
    """Joins requests into batches: each waits for a read that began after it asked, never for an older one.

    So what was admitted before a request is always seen by it, though a busy server reads Redis far less
    often than it answers.
    """

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds
        self._reading = asyncio.Lock()
        self._next: _Batch | None = None

    async def get(self, feed: FeedId) -> FeedVersion:
        """Give a feed's version as of this call or later."""
        if self._next is None:
            self._next = _Batch()
        batch = self._next
        batch.asked.add(feed)
        async with self._reading:
            if not batch.versions:
                self._next = None  # who asks from now on needs a later read
                batch.versions.update(await self._feeds.versions(sorted(batch.asked)))
        return batch.versions[feed]


class _Batch:
    def __init__(self) -> None:
        self.asked: set[FeedId] = set()
        self.versions: dict[FeedId, FeedVersion] = {}
