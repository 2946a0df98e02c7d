"""What a service opens and closes: Redis, outbound HTTP, worker processes.

A `Foundation` stays as long as the process; `Resources` stand on it and live as long as one configuration.
"""

import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from msgspec.structs import replace

from syndicator import __version__
from syndicator.egress.client import Egress, open_egress
from syndicator.egress.own_listeners import OwnListeners
from syndicator.gather.documents.parser_pool import ParserPool, open_pool
from syndicator.gather.gatherer import Gatherer
from syndicator.model.clock import Clock
from syndicator.model.feed import Origin, Site
from syndicator.model.ids import SourceId
from syndicator.observe.metrics import Metrics, open_metrics
from syndicator.pipeline.feeds.stale_cache import StaleCache
from syndicator.pipeline.ops.listener_registry import ListenerRegistry
from syndicator.pipeline.sources.polite_client import PoliteClient, open_polite_client
from syndicator.rules.sources.origins import origins
from syndicator.settings.settings import Settings
from syndicator.store.codec import digest
from syndicator.store.feeds.rendition_files import RenditionFiles
from syndicator.store.keys.partitions import Spread
from syndicator.store.store import Store, StoreOptions, open_store


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What does not change with the configuration of a running process."""

    clock: Clock
    """The time of stored data, the same in all processes: Redis' time, unless a test sets another."""
    wall: Clock
    """The time of this machine, for timestamps that receivers compare with their own clock."""
    is_time_confirmed: Callable[[], bool]
    """Returns whether `clock` is trusted enough to delete expired data: see `SharedClock.is_confirmed`."""
    store: Store
    """With the retention of the configuration that the process started with."""
    pool: ParserPool
    """Worker processes that read large documents; one that takes too long or too much memory is killed."""
    render_pool: ParserPool
    gatherer: Gatherer
    metrics: Metrics
    rng: random.Random


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a service stands on, with the values that were read from Redis for its configuration."""

    settings: Settings
    foundation: Foundation
    store: Store
    egress: Egress
    listeners: ListenerRegistry
    client: PoliteClient
    site: Site
    origins: Mapping[SourceId, Origin]
    """Origins of all known sources, also of those that left the configuration: their rights still apply."""
    configured_origins: Mapping[SourceId, Origin]
    """Origins of the configured sources alone, by their current and their former ids."""


@asynccontextmanager
async def open_foundation(
    settings: Settings, clock: Clock | None, wall: Clock, *, migrates: bool = False
) -> AsyncIterator[Foundation]:
    """Open Redis and the worker processes. Without `clock`, the time is that of Redis.

    `migrates`: brings data of an older layout to that of this release, which is refused else.
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(store_options(settings), migrates=migrates))
        is_time_confirmed: Callable[[], bool] = lambda: True  # noqa: E731
        if clock is None:
            shared = await stack.enter_async_context(store.clock())
            clock, is_time_confirmed = shared, shared.is_confirmed
        pool = await stack.enter_async_context(open_pool())
        yield Foundation(
            clock=clock,
            wall=wall,
            is_time_confirmed=is_time_confirmed,
            store=store,
            pool=pool,
            render_pool=await stack.enter_async_context(open_pool(workers=1)),
            gatherer=Gatherer(pool),
            metrics=open_metrics(),
            rng=random.Random(),
        )


@asynccontextmanager
async def open_resources(settings: Settings, foundation: Foundation) -> AsyncIterator[Resources]:
    """Open what one configuration needs, and close it at the end."""
    clock = foundation.clock
    store = foundation.store.with_options(store_options(settings))
    async with AsyncExitStack() as stack:
        settings = await _with_former_scopes(settings, store)
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
        client = open_polite_client(
            egress, foundation.gatherer, store, clock, foundation.rng, user_agent=settings.user_agent
        )
        yield Resources(
            settings=settings,
            foundation=foundation,
            store=store,
            egress=egress,
            listeners=listeners,
            client=await stack.enter_async_context(client),
            site=await _site(settings, store),
            origins={**await store.origins.known(besides=configured), **configured},
            configured_origins=configured,
        )


async def _with_former_scopes(settings: Settings, store: Store) -> Settings:
    """Return settings in which renamed sources identify articles as they did under their former ids."""
    scopes = await store.renaming.scopes({one.id: one.former_ids for one in settings.sources.values()})
    renamed = {
        name: replace(settings.sources[name], identity=replace(settings.sources[name].identity, scope=scope))
        for name, scope in scopes.items()
    }
    return replace(settings, sources={**settings.sources, **renamed}) if renamed else settings


async def _site(settings: Settings, store: Store) -> Site:
    """Return the site with the authority of its ids, which outlives every change of its address."""
    authority = settings.tag_authority or await store.configured.tag_authority(settings.own_authority)
    return replace(settings.site, tag_authority=authority) if authority else settings.site


def store_options(settings: Settings) -> StoreOptions:
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
        kept_attempts=settings.retention.attempts,
        hot=settings.retention.hot,
        cold=section.cold,
        partitions=Spread(**section.partitions.model_dump()),
    )


def stale_cache(settings: Settings, configured: Mapping[SourceId, Origin] | None = None) -> StaleCache:
    """Return the cache of rendered public feeds on disk, from which feeds are served while Redis is away.

    Private feeds are left out, because their access tokens can only be checked in Redis. `configured`: the
    origins of the configured sources, if the caller has them already.
    """
    configured = origins(settings.sources) if configured is None else configured
    shared = (settings.site, sorted(configured.items()), __version__)
    public = [spec for spec in settings.feeds.values() if not spec.private]
    described = {spec.id: digest((spec, shared)) for spec in public}
    return StaleCache(RenditionFiles(settings.store.data_dir / "feeds", described))
