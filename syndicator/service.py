"""The composition root: opens everything in order, and closes it in reverse.

    ground (store → egress → parsers) → publisher → gathering, pushing, publishing, our hub → Service

Each part is made by one function of `wiring`. `serve` lays the web server over a `Service`, `work` the
workers, `run` both.
"""

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from syndicator.egress.client import Egress
from syndicator.model.clock import Clock, system_clock
from syndicator.observe.metrics import Metrics
from syndicator.pipeline.feeds.history import History
from syndicator.pipeline.feeds.pagination import Paginator
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.ops.api_tokens import Access
from syndicator.pipeline.ops.configuration_sync import ConfigurationSync
from syndicator.pipeline.ops.data_loss import DataLoss
from syndicator.pipeline.ops.listener_registry import ListenerRegistry
from syndicator.pipeline.ops.metrics_reporter import MetricsReporter
from syndicator.pipeline.ops.retention import Retention, SweepStep
from syndicator.pipeline.queries import Queries
from syndicator.pipeline.sources.polite_client import open_polite_client
from syndicator.pipeline.steps import Step
from syndicator.settings.settings import Settings
from syndicator.store.data_mark import MarkFile
from syndicator.store.ops.configured_names import ConfiguredNames
from syndicator.store.store import Store
from syndicator.wiring.gathering import Gathering, gathering
from syndicator.wiring.ground import Ground, open_ground
from syndicator.wiring.publishing import Publishing, open_publisher, open_publishing
from syndicator.wiring.pushing import OwnHub, Pushing, own_hub, pushing


@dataclass(frozen=True, kw_only=True)
class Service:
    """All rooms, open and wired."""

    settings: Settings
    clock: Clock
    store: Store
    egress: Egress
    listeners: ListenerRegistry
    metrics: Metrics
    publisher: Publisher
    gathering: Gathering
    pushing: Pushing
    publishing: Publishing
    own_hub: OwnHub
    reading: Queries
    listing: Paginator
    access: Access
    metrics_reporter: MetricsReporter
    configuration_sync: ConfigurationSync
    data_loss: DataLoss
    sweep: SweepStep

    @property
    def steps(self) -> tuple[Step, ...]:
        """All that a worker does."""
        return (
            self.gathering.gather,
            self.gathering.assign,
            self.publishing.publish,
            self.pushing.deliver,
            self.publishing.rank,
            self.sweep,
            self.gathering.release,
            self.gathering.subscribe,
            self.own_hub.distribute,
        )

    async def enlist(self) -> None:
        """Make the configured sources, feeds and endpoints the ones that are worked on."""
        await self.configuration_sync.enlist()


@asynccontextmanager
async def open_service(
    settings: Settings, clock: Clock | None = None, *, wall: Clock = system_clock
) -> AsyncIterator[Service]:
    """Open the service; without a clock, time is that of Redis. `wall` dates requests."""
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(open_ground(settings, clock, wall))
        publisher = await stack.enter_async_context(open_publisher(ground))
        polite_client = await stack.enter_async_context(
            open_polite_client(
                ground.gatherer, ground.store, ground.clock, random.Random(), settings.user_agent
            )
        )
        gathered, pushed = gathering(ground, polite_client), pushing(ground)
        published = await stack.enter_async_context(open_publishing(ground, publisher, pushed.directory))
        stack.push_async_callback(gathered.assigner.finish)
        service = _service(ground, publisher, gathered, pushed, published)
        await service.data_loss.begin()
        yield service


def _service(
    ground: Ground, publisher: Publisher, gathered: Gathering, pushed: Pushing, published: Publishing
) -> Service:
    settings, store, clock = ground.settings, ground.store, ground.clock
    names = ConfiguredNames(
        sources=tuple(settings.sources), feeds=tuple(settings.feeds), endpoints=tuple(settings.endpoints)
    )
    configuration_sync = ConfigurationSync(
        store=store,
        names=names,
        sources=settings.sources.values(),
        origins=[ground.origins[source] for source in settings.sources],
        kept_articles=settings.retention.articles,
        gather=gathered.gather,
        directory=pushed.directory,
        publisher=publisher,
        clock=clock,
    )
    return Service(
        settings=settings,
        clock=clock,
        store=store,
        egress=ground.egress,
        listeners=ground.listeners,
        metrics=ground.metrics,
        publisher=publisher,
        gathering=gathered,
        pushing=pushed,
        publishing=published,
        own_hub=own_hub(ground, publisher),
        reading=_reading(ground, publisher, gathered, pushed, published),
        listing=Paginator(store, publisher, gathered.story_editing),
        access=Access(store.tokens, settings.tokens, clock),
        metrics_reporter=MetricsReporter(store, pushed.directory, ground.metrics, clock),
        configuration_sync=configuration_sync,
        data_loss=DataLoss(
            store.marks,
            MarkFile(settings.store.data_dir, settings.store.namespace),
            configuration_sync.enlist,
            clock,
        ),
        sweep=_sweep(ground, names, configuration_sync, pushed),
    )


def _reading(
    ground: Ground, publisher: Publisher, gathered: Gathering, pushed: Pushing, published: Publishing
) -> Queries:
    store, clock = ground.store, ground.clock
    return Queries(
        store=store,
        publisher=publisher,
        history=History(store, publisher, clock),
        sources=ground.settings.sources.values(),
        directory=pushed.directory,
        clock=clock,
        subscribing=gathered.subscribing,
        scoring=published.scoring,
    )


def _sweep(
    ground: Ground, names: ConfiguredNames, configuration_sync: ConfigurationSync, pushed: Pushing
) -> SweepStep:
    kept = ground.settings.retention
    return SweepStep(
        store=ground.store,
        retention=Retention(articles=kept.articles, bodies=kept.bodies, identities=kept.identities),
        specs=ground.specs,
        names=names,
        directory=pushed.directory,
        rename=configuration_sync.rename_again,
        fan_out=pushed.deliver.fan_out,
        clock=ground.clock,
        is_time_confirmed=ground.is_time_confirmed,
    )
