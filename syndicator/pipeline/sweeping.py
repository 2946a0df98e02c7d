"""Retention: what is old leaves, a bounded number of things a round."""

from collections.abc import Collection, Iterable
from datetime import timedelta

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.model.clock import EPOCH, Clock
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import EndpointId, FeedId, SourceId
from syndicator.pipeline.steps import Report, Taken
from syndicator.rules.selection import matches
from syndicator.store.store import Store

BATCH = 500
INTERVAL = timedelta(minutes=1)


class Retention(Struct, frozen=True, kw_only=True):
    """How long things are kept."""

    articles: timedelta = timedelta(days=90)
    bodies: timedelta = timedelta(days=30)
    identities: timedelta = timedelta(days=180)
    """After a source last listed them: longer than any list shows its articles."""


class SweepStep:
    """Takes out articles, bodies, identities and dead deliveries that outlived their retention."""

    name = "sweep"

    def __init__(
        self,
        *,
        store: Store,
        retention: Retention,
        specs: Collection[FeedSpec],
        sources: Collection[SourceId],
        endpoints: Collection[EndpointId],
        clock: Clock,
    ) -> None:
        self._store = store
        self._retention = retention
        self._specs = specs
        self._sources = sources
        self._endpoints = endpoints
        self._clock = clock
        self._due_at = EPOCH

    async def take(self, room: int) -> Taken:
        """Sweep when it is time again."""
        now = self._clock()
        if not room or now < self._due_at:
            return Taken(next_due_at=self._due_at)
        self._due_at = now + INTERVAL
        return Taken(jobs=(self._sweep,), next_due_at=self._due_at)

    async def _sweep(self) -> Report | None:
        articles, now = self._store.articles, self._clock()
        bodies = await articles.sweep_bodies(now, self._retention.bodies, BATCH)
        gone = await articles.sweep(now, self._retention.articles, BATCH)
        identities = await articles.sweep_identities(now, self._retention.identities, BATCH)
        for source in self._sources:
            await articles.sweep_carried(source, now, self._retention.articles)
        for endpoint in self._endpoints:
            await self._store.deliveries.sweep(endpoint, now)
        await self._store.popularity.trim()
        await self._store.feeds.touch(self._showing(gone), now)
        if not (bodies or gone or identities):
            return None
        fields = (("articles", len(gone)), ("bodies", bodies), ("identities", identities))
        return Report(step=self.name, event="swept", fields=fields)

    def _showing(self, gone: Iterable[Article]) -> list[FeedId]:
        articles = list(gone)
        return [spec.id for spec in self._specs if any(matches(spec.filter, article) for article in articles)]
