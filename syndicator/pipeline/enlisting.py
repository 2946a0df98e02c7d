"""What is configured becomes what is worked on."""

from collections.abc import Collection
from datetime import timedelta

from syndicator.model.clock import Clock
from syndicator.model.feed import Origin
from syndicator.model.source import Source
from syndicator.pipeline.directory import Directory
from syndicator.pipeline.gathering import GatherStep
from syndicator.pipeline.publishing import Publisher
from syndicator.store.configured import Names
from syndicator.store.store import Store


class Enlisting:
    """Notes the configured sources, feeds and endpoints; whatever is no longer among them is left alone."""

    def __init__(
        self,
        *,
        store: Store,
        names: Names,
        sources: Collection[Source],
        origins: Collection[Origin],
        kept_articles: timedelta,
        gather: GatherStep,
        directory: Directory,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        """Take what is configured; the names of sources are kept as long as articles are."""
        self._store = store
        self._names = names
        self._sources = sources
        self._origins = origins
        self._kept_articles = kept_articles
        self._gather = gather
        self._directory = directory
        self._publisher = publisher
        self._clock = clock

    async def enlist(self) -> None:
        """Make the configured sources, feeds and endpoints the ones that are worked on."""
        store, clock = self._store, self._clock
        await self.rename()
        await store.configured.note(self._names, clock())
        await store.origins.note(self._origins, clock(), since=clock() - self._kept_articles)
        await self._gather.enlist()
        await self._directory.publish()
        await self._directory.reload()
        await store.deliveries.enlist(self._directory.listed, clock())
        await store.hub.enlist(clock())
        await self._publisher.adopt(clock())

    async def rename(self) -> None:
        """Have what is kept of sources under former ids go on under those that they have now."""
        for source in self._sources:
            for former in source.former_ids:
                await self._store.renaming.rename(former, source.id, source.identity.scope)
