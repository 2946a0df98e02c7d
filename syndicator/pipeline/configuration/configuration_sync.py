"""Brings the store in line with the configuration."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from syndicator.model.clock import Clock
from syndicator.model.feed import Origin
from syndicator.model.ids import SourceId
from syndicator.model.source import Source
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.ops.rotation import RoundRobin
from syndicator.pipeline.sources.gather_step import GatherStep
from syndicator.store.ops.configured_names import ConfiguredNames
from syndicator.store.store import Store

RENAMED_AGAIN = 500
"""Most former ids that one sweep examines, with four commands each."""


class ConfigurationSync:
    """Stores the configured sources, feeds and endpoints; retention removes those that have left."""

    def __init__(
        self,
        *,
        store: Store,
        names: ConfiguredNames,
        sources: Collection[Source],
        origins: Collection[Origin],
        kept_articles: timedelta,
        gather: GatherStep,
        directory: Directory,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        """`kept_articles`: retention of articles, for which the names of their sources are kept too."""
        self._store = store
        self._names = names
        self._renamed = [(former, source) for source in sources for former in source.former_ids]
        self._renamed_again = RoundRobin(self._renamed, RENAMED_AGAIN)
        self._origins = origins
        self._kept_articles = kept_articles
        self._gather = gather
        self._directory = directory
        self._publisher = publisher
        self._clock = clock

    async def sync(self) -> None:
        """Schedule and register all configured sources, feeds and endpoints."""
        store, clock = self._store, self._clock
        await self.rename()
        await store.configured.note(self._names, clock())
        await store.origins.note(self._origins, clock(), since=clock() - self._kept_articles)
        await self._gather.enlist()
        await self._directory.publish(clock())
        await self._directory.reload()
        await store.deliveries.enlist(self._directory.listed, clock())
        await store.hub.enlist(clock())
        await self._publisher.adopt(clock())

    async def end_others(self) -> None:
        """Have names that left the configuration count as gone at once, where all processes share it."""
        notes = await self._store.configuration.notes(self._clock())
        if all(note.version for note in notes):
            await self._store.configured.end_others(self._names, self._clock())

    async def rename(self) -> None:
        """Move the stored data of renamed sources from their former ids to the current ones."""
        await self._rename(self._renamed)

    async def rename_again(self) -> None:
        """Do the same for the next former ids: workers with an older configuration still write there."""
        await self._rename(self._renamed_again.take())

    async def _rename(self, renamed: Sequence[tuple[SourceId, Source]]) -> None:
        renaming = self._store.renaming
        await renaming.note_scopes({source.id: source.identity.scope for _, source in renamed})
        with_data = set(await renaming.left([former for former, _ in renamed]))
        for former, source in renamed:
            if former in with_data:
                await renaming.rename(former, source.id, source.identity.scope)
