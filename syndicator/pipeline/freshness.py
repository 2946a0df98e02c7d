"""Versions of feeds as of the call, at the price of one read for all who ask at once."""

import asyncio
from collections.abc import Mapping
from typing import Any

from syndicator.errors import StoreUnavailable
from syndicator.model.feed import FeedVersion
from syndicator.model.ids import FeedId
from syndicator.store.feeds import Feeds

RESPITE_S = 1.0
"""How long nobody asks again after Redis did not answer."""


class FreshVersions:
    """Joins requests into batches: each waits for a read that began after it asked, never for an older one.

    So what was admitted before a request is always seen by it, though a busy server reads Redis far less
    often than it answers. A read that fails fails for its whole batch, and for a moment for all who come
    after: readers of a Redis that is away do not queue for it.
    """

    def __init__(self, feeds: Feeds) -> None:
        self._feeds = feeds
        self._reading = asyncio.Lock()
        self._next: _Batch | None = None
        self._away: StoreUnavailable | None = None
        self._away_until = 0.0

    async def get(self, feed: FeedId) -> FeedVersion:
        """Give a feed's version as of this call or later; raise StoreUnavailable."""
        self._refuse_while_away()
        if self._next is None:
            self._next = _Batch()
            self._next.read = asyncio.create_task(self._read(self._next), name="read versions")
            self._next.read.add_done_callback(retrieve)
        batch = self._next
        batch.asked.add(feed)
        # One who gives up waiting must not take the answer from the others.
        return (await asyncio.shield(batch.read))[feed]

    async def _read(self, batch: "_Batch") -> Mapping[FeedId, FeedVersion]:
        async with self._reading:
            self._next = None  # who asks from now on needs a later read
            self._refuse_while_away()
            try:
                return await self._feeds.versions(sorted(batch.asked))
            except StoreUnavailable as error:
                self._away = error
                self._away_until = asyncio.get_running_loop().time() + RESPITE_S
                raise

    def _refuse_while_away(self) -> None:
        if self._away is not None and asyncio.get_running_loop().time() < self._away_until:
            raise StoreUnavailable(str(self._away))


def retrieve(task: asyncio.Task[Any]) -> None:
    """Look at a task's exception, so that asyncio does not complain when all who waited have left."""
    if not task.cancelled():
        task.exception()


class _Batch:
    read: asyncio.Task[Mapping[FeedId, FeedVersion]]

    def __init__(self) -> None:
        self.asked: set[FeedId] = set()
