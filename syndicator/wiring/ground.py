"""What every part stands on: the store, the way out, and what is known of the sources."""

import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from msgspec.structs import replace

from syndicator.egress.client import Egress, open_egress
from syndicator.egress.own_listeners import OwnListeners
from syndicator.gather.documents.parser_pool import ParserPool, open_pool
from syndicator.gather.gatherer import Gatherer
from syndicator.model.clock import Clock
from syndicator.model.feed import FeedSpec, Origin
from syndicator.model.ids import SourceId
from syndicator.observe.metrics import Metrics, open_metrics
from syndicator.pipeline.ops.listener_registry import ListenerRegistry
from syndicator.pipeline.stories.near_articles import NearArticles
from syndicator.rules.sources.origins import origins
from syndicator.settings.settings import Settings
from syndicator.store.store import Store, StoreOptions, open_store


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What is opened first, and closed last."""

    settings: Settings
    clock: Clock
    """Orders what is kept, and is the same for all processes."""
    wall: Clock
    """The real time, for what receivers compare with theirs."""
    is_time_confirmed: Callable[[], bool]
    """Whether what is old by the clock may be removed: `SharedClock.is_confirmed`."""
    store: Store
    egress: Egress
    listeners: ListenerRegistry
    pool: ParserPool
    """Killable workers for what is heavy to read."""
    gatherer: Gatherer
    origins: Mapping[SourceId, Origin]
    """Also of sources that have left: what they let us show of their articles stays what it was."""
    configured_origins: Mapping[SourceId, Origin]
    """Those of the configured sources alone, also by their former ids."""
    metrics: Metrics
    near: NearArticles
    """The index of recent articles; filled when something asks for it."""
    rng: random.Random

    @property
    def specs(self) -> list[FeedSpec]:
        """All configured feeds."""
        return list(self.settings.feeds.values())


@asynccontextmanager
async def open_ground(settings: Settings, clock: Clock | None, wall: Clock) -> AsyncIterator[Ground]:
    """Open it; without a clock, time is that of Redis."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(_store_options(settings)))
        is_time_confirmed: Callable[[], bool] = lambda: True  # noqa: E731
        if clock is None:
            shared = await stack.enter_async_context(store.clock())
            clock, is_time_confirmed = shared, shared.is_confirmed
        settings = await _scoped(settings, store)
        configured = origins(settings.sources)
        own = OwnListeners()
        listeners = ListenerRegistry(store.listeners, own, settings.listeners, clock)
        await listeners.refresh()
        egress = await stack.enter_async_context(
            open_egress(
                user_agent=settings.user_agent,
                allow=settings.egress.allow,
                allow_callbacks=settings.egress.allow_callbacks,
                allow_subscribers=settings.egress.allow_subscribers,
                own=own,
                clock=clock,
            )
        )
        pool = await stack.enter_async_context(open_pool())
        yield Ground(
            settings=settings,
            clock=clock,
            wall=wall,
            is_time_confirmed=is_time_confirmed,
            store=store,
            egress=egress,
            listeners=listeners,
            pool=pool,
            gatherer=Gatherer(egress, pool),
            origins={**await store.origins.known(besides=configured), **configured},
            configured_origins=configured,
            metrics=open_metrics(),
            near=NearArticles(store.assignments, store.stories),
            rng=random.Random(),
        )


async def _scoped(settings: Settings, store: Store) -> Settings:
    """Have the articles of sources that were renamed known by the names that they were kept under."""
    scopes = await store.renaming.scopes({one.id: one.former_ids for one in settings.sources.values()})
    renamed = {
        name: replace(settings.sources[name], identity=replace(settings.sources[name].identity, scope=scope))
        for name, scope in scopes.items()
    }
    return replace(settings, sources={**settings.sources, **renamed}) if renamed else settings


def _store_options(settings: Settings) -> StoreOptions:
    section = settings.store
    return StoreOptions(
        url=section.redis_url,
        engine=section.engine,
        namespace=section.namespace,
        kept_articles=settings.retention.articles,
        kept_revisions=settings.retention.revisions,
        kept_identities=settings.retention.identities,
        data_dir=section.data_dir,
        seal_keys=section.seal_key_file or (),
        kept_pictures=settings.retention.articles + timedelta(days=10),
    )
