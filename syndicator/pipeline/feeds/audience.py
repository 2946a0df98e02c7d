"""Counts who asks for feeds and what they get; written to Redis now and then: no request waits for it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

from syndicator.background import meanwhile
from syndicator.errors import StoreError
from syndicator.model.clock import Clock
from syndicator.model.ids import FeedId
from syndicator.model.ops.audience import FeedAudience
from syndicator.rules.feeds.reader_agents import reader_of, subscribers_of
from syndicator.rules.least_recent import LeastRecent
from syndicator.store.feeds.audience import READER, Audiences

EVERY_S = 10.0
"""So often what was counted is written."""
_AGENTS = 2000
_FIELDS = {HTTPStatus.OK: "sent", HTTPStatus.IM_USED: "sent", HTTPStatus.NOT_MODIFIED: "unchanged"}


class Audience:
    """What this process has counted, and what all have."""

    def __init__(self, store: Audiences, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._counts = defaultdict[FeedId, Counter[str]](Counter)
        self._subscribers = defaultdict[FeedId, dict[str, int]](dict)
        self._known = LeastRecent[str, tuple[str, int | None]](_AGENTS)

    def asked(self, feed: FeedId, status: int, user_agent: str) -> None:
        """Count a request for a configured feed."""
        field = _FIELDS.get(HTTPStatus(status))
        if field is None:
            return
        reader, subscribers = self._known.get(user_agent) or self._recognised(user_agent)
        counts = self._counts[feed]
        counts[field] += 1
        counts[READER + reader] += 1
        if subscribers is not None:
            self._subscribers[feed][reader] = subscribers

    def rendered(self, feed: FeedId) -> None:
        """Count that the bytes of a feed were made anew."""
        self._counts[feed]["rendered"] += 1

    async def read(self, feeds: Sequence[FeedId], days: int) -> list[FeedAudience]:
        """Return the audience of each feed in the last `days` days, as far as it is written."""
        return await self._store.read(feeds, self._clock(), days)

    async def write(self) -> None:
        """Write what was counted since it was written last; what Redis does not take is counted on."""
        counts, self._counts = self._counts, defaultdict(Counter)
        subscribers, self._subscribers = self._subscribers, defaultdict(dict)
        try:
            await self._store.add(self._clock(), counts, subscribers)
        except StoreError:
            for feed, counted in counts.items():
                self._counts[feed].update(counted)
            for feed, said in subscribers.items():
                self._subscribers[feed] = said | self._subscribers[feed]
            raise

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Write every `EVERY_S` while this is open, and once at its end."""
        try:
            async with meanwhile(self._keep(), "audience"):
                yield
        finally:
            with suppress(StoreError):
                await self.write()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            with suppress(StoreError):
                await self.write()

    def _recognised(self, user_agent: str) -> tuple[str, int | None]:
        known = reader_of(user_agent), subscribers_of(user_agent)
        self._known.put(user_agent, known)
        return known
