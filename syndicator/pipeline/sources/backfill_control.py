"""Begins and stops back-fills on behalf of operators."""

from collections.abc import Mapping

from msgspec import to_builtins

from syndicator.model.clock import Clock
from syndicator.model.ids import SourceId
from syndicator.model.ops.states import BackfillStatus
from syndicator.model.source import Source, SourceKind
from syndicator.model.sources.backfill import BackfillPath, BackfillWalk, BackfillWish
from syndicator.observe.actor import actor
from syndicator.pipeline.sources.source_control import ControlRefused
from syndicator.rules.sources.backfill import ended, paths_of
from syndicator.store.store import Store

MOST_ARTICLES = 100_000
MOST_REQUESTS = 1_000_000
_ATTEMPTS = 20


class BackfillControl:
    """Orders for `BackfillStep`."""

    def __init__(self, store: Store, sources: Mapping[SourceId, Source], clock: Clock) -> None:
        self._store = store
        self._sources = sources
        self._clock = clock

    async def get(self, source: SourceId) -> BackfillWalk | None:
        """Return the newest back-fill of a source, also one that ended in the last 30 days."""
        return await self._store.backfills.get(source)

    async def begin(self, source: SourceId, wish: BackfillWish) -> BackfillWalk:
        """Begin to gather the past of a source. Raises ControlRefused."""
        now = self._clock()
        self._check(self._sources[source], wish)
        before = await self.get(source)
        if before is not None and before.status is BackfillStatus.RUNNING:
            since = f"{before.created_at:%Y-%m-%d %H:%M} UTC"
            raise ControlRefused(f"its past is being gathered already, since {since}: stop that first")
        backfill = BackfillWalk(
            source=source,
            created_at=now,
            by=actor(),
            wish=wish,
            step=before.step if before else 0,
        )
        noted = self._store.audit.command("source.backfill", source, after=to_builtins(wish))
        if not await self._store.backfills.write(backfill, now, [noted]):
            raise ControlRefused("its past is being gathered already: somebody else was first")
        return backfill

    async def stop(self, source: SourceId) -> BackfillWalk:
        """Stop gathering the past of a source; what was gathered stays. Raises ControlRefused."""
        for _ in range(_ATTEMPTS):  # a worker may write how far it is at the same moment
            running = await self.get(source)
            if running is None or running.status is not BackfillStatus.RUNNING:
                break
            stopped = ended(running, self._clock(), f"stopped by {actor()}", BackfillStatus.CANCELLED)
            noted = self._store.audit.command("source.backfill_stopped", source)
            if await self._store.backfills.write(stopped, self._clock(), [noted]):
                return stopped
        raise ControlRefused("its past is not being gathered")

    def _check(self, source: Source, wish: BackfillWish) -> None:
        now = self._clock()
        if wish.since is not None and wish.since >= now:
            raise ControlRefused(f"{wish.since:%Y-%m-%d %H:%M} UTC is not past")
        if not 0 < wish.articles <= MOST_ARTICLES:
            raise ControlRefused(f"articles must be 1 to {MOST_ARTICLES}")
        if not 0 < wish.requests <= MOST_REQUESTS:
            raise ControlRefused(f"requests must be 1 to {MOST_REQUESTS}")
        if wish.path is None or wish.path in paths_of(source):
            return
        if wish.path is BackfillPath.PAGES and source.kind is SourceKind.PAGE:
            raise ControlRefused(
                "its list pages do not say where the next one is: set list.next, or take its sitemap"
            )
        offers = " or ".join(path.value for path in paths_of(source))
        raise ControlRefused(f"a {source.kind.value} has no {wish.path.value}: its past comes from {offers}")
