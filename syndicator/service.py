"""The composition root: opens everything in order, and closes it in reverse.

    store → egress → parsers → rooms (by constructor) → Service

`serve` lays the web server over a `Service`, `work` the workers, `run` both.
"""

import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import SplitResult, urlsplit

from msgspec.structs import replace

from syndicator import __version__
from syndicator.egress.client import Egress, open_egress
from syndicator.errors import StoreUnavailable
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.pool import open_pool
from syndicator.model.clock import Clock
from syndicator.model.feed import Origin, Site
from syndicator.model.ids import SourceId
from syndicator.model.source import Source, SourceKind
from syndicator.observe.logs import get_logger
from syndicator.observe.metrics import Metrics, open_metrics
from syndicator.pipeline.access import Access
from syndicator.pipeline.ad_hoc import AdHocFeeds
from syndicator.pipeline.admitting import Admitter
from syndicator.pipeline.announcing_news import AnnouncedPages
from syndicator.pipeline.apart import Apart
from syndicator.pipeline.article_pages import ArticlePages
from syndicator.pipeline.clicking import Clicking
from syndicator.pipeline.delivering import DeliverStep, DeliveryReport
from syndicator.pipeline.directory import Directory
from syndicator.pipeline.doctoring import Doctor
from syndicator.pipeline.feed_round import FeedRound
from syndicator.pipeline.gathering import GatherStep, SourceReport
from syndicator.pipeline.history import History
from syndicator.pipeline.holding import Held
from syndicator.pipeline.hub import Hub
from syndicator.pipeline.hub_callbacks import HubCallbacks
from syndicator.pipeline.hub_step import HubStep
from syndicator.pipeline.hub_topics import Topics
from syndicator.pipeline.hub_turns import HubReport
from syndicator.pipeline.inspecting import Inspecting
from syndicator.pipeline.intake import Intake
from syndicator.pipeline.last_good import LastGood
from syndicator.pipeline.listing import Listing
from syndicator.pipeline.page_round import PageRound
from syndicator.pipeline.picturing import Pictures
from syndicator.pipeline.placing import Placer
from syndicator.pipeline.publishing import Publisher
from syndicator.pipeline.ranking import RankStep
from syndicator.pipeline.reading import Reading
from syndicator.pipeline.registering import Registering
from syndicator.pipeline.regrouping import Regrouping
from syndicator.pipeline.releasing import ReleaseStep
from syndicator.pipeline.replaying import Replaying
from syndicator.pipeline.reporting import Reporting
from syndicator.pipeline.resending import Resending
from syndicator.pipeline.rounds import KindOfRound
from syndicator.pipeline.scoring import Scoring
from syndicator.pipeline.searching import Searching
from syndicator.pipeline.serving_pictures import ServedPictures
from syndicator.pipeline.sitemap_round import SitemapRound
from syndicator.pipeline.steering import Steering
from syndicator.pipeline.steps import Report, Step
from syndicator.pipeline.subscribing import SubscribeStep, Subscribing
from syndicator.pipeline.sweeping import Retention, SweepStep
from syndicator.pipeline.taken_back import TakenBack
from syndicator.pipeline.visiting import Visitor, open_visitor
from syndicator.pipeline.warming import PublishStep
from syndicator.pipeline.withdrawing import Withdrawer
from syndicator.settings.registration import Registrations, written
from syndicator.settings.settings import Settings
from syndicator.store.codec import digest
from syndicator.store.configured import Names
from syndicator.store.connection import redis_clock
from syndicator.store.picture_files import PictureFiles
from syndicator.store.rendition_files import RenditionFiles
from syndicator.store.search_index import SearchIndex
from syndicator.store.store import Store, StoreOptions, open_store

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Service:
    """All rooms, open and wired."""

    settings: Settings
    clock: Clock
    store: Store
    egress: Egress
    gatherer: Gatherer
    publisher: Publisher
    reading: Reading
    regrouping: Regrouping
    steering: Steering
    withdrawer: Withdrawer
    directory: Directory
    doctor: Doctor
    subscribing: Subscribing
    callbacks: HubCallbacks
    hub: Hub | None
    """None: there is none of our own."""
    pictures: ServedPictures
    searching: Searching
    ad_hoc: AdHocFeeds
    announced: AnnouncedPages
    clicking: Clicking
    access: Access
    listing: Listing
    reporting: Reporting
    registering: Registering
    inspecting: Inspecting
    resending: Resending
    replaying: Replaying
    metrics: Metrics
    gather: GatherStep
    publish: PublishStep
    deliver: DeliverStep
    rank: RankStep
    sweep: SweepStep
    release: ReleaseStep
    subscribe: SubscribeStep
    distribute: HubStep
    enlist: Callable[[], Awaitable[None]]
    """Makes the configured sources, feeds and endpoints the ones that are worked on."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """All that a worker does."""
        return (
            self.gather,
            self.publish,
            self.deliver,
            self.rank,
            self.sweep,
            self.release,
            self.subscribe,
            self.distribute,
        )

    def report(self, report: Report) -> None:
        """Write what a job did: one line of the log, and the numbers of the metrics."""
        if not report.quiet or logging.getLogger().isEnabledFor(logging.DEBUG):
            told = log.warning if report.failed else log.debug if report.quiet else log.info
            told(report.event, **dict(report.fields))
        if isinstance(report, SourceReport):
            self._measure_round(report)
        elif isinstance(report, DeliveryReport):
            self.metrics.delivered(report.endpoint, report.result, report.duration_s, report.latency_s)
        elif isinstance(report, HubReport):
            self.metrics.hub_requests.labels(report.protocol.value, report.result).inc()
            self.metrics.hub_request_seconds.labels(report.protocol.value).observe(report.duration_s)

    async def measure_queues(self) -> None:
        """Note in the metrics how deliveries and our hub stand now; while Redis is away, how they stood."""
        with suppress(StoreUnavailable):
            hub, at = await self.store.hub.counts(self.clock()), self.clock()
            oldest_s = (at - hub.oldest_due_at).total_seconds() if hub.oldest_due_at else 0.0
            self.metrics.hub(hub.subscriptions, hub.pending, max(oldest_s, 0.0))
            await self.directory.refresh()
            names, now = list(self.directory.listed), self.clock()
            first = await self.store.deliveries.first_due(names)
            counts = await self.store.deliveries.counts_of(names, now)
            self.metrics.queues(
                {
                    name: (one, max((now - first[name]).total_seconds(), 0.0) if name in first else 0.0)
                    for name, one in counts.items()
                }
            )

    def _measure_round(self, report: SourceReport) -> None:
        self.metrics.rounds.labels(report.source, report.status).inc()
        self.metrics.round_seconds.labels(report.source).observe(report.duration_s)
        self.metrics.lateness_seconds.labels(report.source).observe(report.late_s)
        for verdict in ("new", "changed", "duplicate", "unchanged"):
            self.metrics.articles.labels(verdict).inc(getattr(report.round, verdict))


@asynccontextmanager
async def open_service(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Service]:
    """Open the service; without a clock, time is that of Redis."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(_store_options(settings)))
        clock = clock or await redis_clock(store.connection)
        egress = await stack.enter_async_context(
            open_egress(
                user_agent=settings.user_agent,
                allow=settings.egress.allow,
                allow_callbacks=settings.egress.allow_callbacks,
                clock=clock,
            )
        )
        pool = await stack.enter_async_context(open_pool())
        gatherer = Gatherer(egress, pool)
        metrics = open_metrics()
        # Also those whose source has left: what they let us show of their articles stays what it was.
        known = {**await store.origins.known(), **origins(settings.sources)}
        site = await _site(settings, store)
        rendering = await stack.enter_async_context(open_pool(workers=1))
        publisher = Publisher(
            store=store,
            site=site,
            apart=Apart(rendering, store.again, site, known),
            specs=settings.feeds.values(),
            retired=settings.retired_feeds.values(),
            origins=known,
            metrics=metrics,
            clock=clock,
            last_good=last_good_of(settings),
        )
        stack.callback(publisher.close)
        visitor = await stack.enter_async_context(
            open_visitor(gatherer, store, clock, random.Random(), settings.user_agent)
        )
        pictures = ServedPictures(
            store=store.pictures,
            files=PictureFiles(settings.store.data_dir / "pictures", settings.store.pictures),
            egress=egress,
            pool=pool,
            sources=settings.sources,
            clock=clock,
        )
        stack.push_async_callback(pictures.close)
        searching = Searching(store, SearchIndex(settings.store.data_dir / "search"), metrics)
        stack.callback(searching.close)
        yield _wire(
            settings=settings,
            clock=clock,
            store=store,
            egress=egress,
            gatherer=gatherer,
            visitor=visitor,
            pictures=pictures,
            searching=searching,
            publisher=publisher,
            origins=known,
            metrics=metrics,
        )


async def _site(settings: Settings, store: Store) -> Site:
    """Give the site with the authority of its ids, which outlives every change of its address."""
    authority = settings.tag_authority or await store.configured.tag_authority(settings.own_authority)
    return replace(settings.site, tag_authority=authority) if authority else settings.site


def last_good_of(settings: Settings) -> LastGood:
    """Give the feeds that are kept on disk for when Redis is away: for that, no Redis is needed.

    Private ones are not: who may have them is known to Redis alone.
    """
    shared = (settings.site, sorted(origins(settings.sources).items()), __version__)
    public = [spec for spec in settings.feeds.values() if not spec.private]
    described = {spec.id: digest((spec, shared)) for spec in public}
    return LastGood(RenditionFiles(settings.store.data_dir / "feeds", described))


def origins(sources: Mapping[SourceId, Source]) -> Mapping[SourceId, Origin]:
    """Say how each source is named in what we publish."""
    return {
        source.id: Origin(
            id=source.id,
            title=source.title,
            home_url=source.home_url or _origin(source.url),
            feed_url=_public(source.url) if source.kind is SourceKind.FEED else None,
            rights=source.rights,
        )
        for source in sources.values()
    }


def _wire(
    *,
    settings: Settings,
    clock: Clock,
    store: Store,
    egress: Egress,
    gatherer: Gatherer,
    visitor: Visitor,
    pictures: ServedPictures,
    searching: Searching,
    publisher: Publisher,
    origins: Mapping[SourceId, Origin],
    metrics: Metrics,
) -> Service:
    specs = list(settings.feeds.values())
    rng = random.Random()
    subscribing = Subscribing(
        store,
        settings.sources,
        clock,
        public_url=settings.site.public_url,
        reachable=settings.public_url_given,
    )
    withdrawer = Withdrawer(store, specs, metrics, clock)
    placer = Placer(store.stories, settings.story, clock)
    admitter = Admitter(store.articles, specs, clock, placer, metrics, signals=store.signals)
    held = Held(store.held)
    scoring = Scoring(store, settings.popularity)
    taken_back = TakenBack(store, withdrawer, held, clock)
    intake = Intake(Pictures(store.pictures, visitor, clock), held, admitter, taken_back, clock)
    pages = ArticlePages(
        store=store,
        visitor=visitor,
        gatherer=gatherer,
        intake=intake,
        held=held,
        taken_back=taken_back,
        clock=clock,
    )
    rounds: Mapping[SourceKind, KindOfRound] = {
        SourceKind.FEED: FeedRound(
            store=store,
            visitor=visitor,
            gatherer=gatherer,
            intake=intake,
            pages=pages,
            subscribing=subscribing,
            taken_back=taken_back,
            clock=clock,
            rng=rng,
        ),
        SourceKind.SITEMAP: SitemapRound(
            store=store,
            visitor=visitor,
            gatherer=gatherer,
            intake=intake,
            pages=pages,
            clock=clock,
            rng=rng,
        ),
        SourceKind.PAGE: PageRound(store, visitor, gatherer, pages, clock),
    }
    regrouping = Regrouping(store, specs, settings.story, clock)
    gather = GatherStep(store, settings.sources, rounds, clock, rng)
    directory = Directory(store.endpoints, settings.endpoints)
    deliver = DeliverStep(store, egress, directory, clock, rng, site=settings.site, origins=origins)
    topics = Topics(settings.site, specs)
    hub = settings.hub
    names = Names(
        sources=tuple(settings.sources), feeds=tuple(settings.feeds), endpoints=tuple(settings.endpoints)
    )

    async def enlist() -> None:
        await store.configured.note(names, clock())
        configured = [origins[source] for source in settings.sources]
        await store.origins.note(configured, clock(), since=clock() - settings.retention.articles)
        await gather.enlist()
        await directory.publish()
        await directory.reload()
        await store.deliveries.enlist(directory.listed, clock())
        await store.hub.enlist(clock())
        await publisher.adopt(clock())

    registering = Registering(
        store=store,
        directory=directory,
        egress=egress,
        read=Registrations(settings.sources, settings.feeds).read,
        write=written,
        clock=clock,
    )
    return Service(
        settings=settings,
        clock=clock,
        store=store,
        egress=egress,
        gatherer=gatherer,
        publisher=publisher,
        reading=Reading(
            store=store,
            publisher=publisher,
            history=History(store, publisher, clock),
            sources=settings.sources.values(),
            directory=directory,
            clock=clock,
            subscribing=subscribing,
            scoring=scoring,
        ),
        regrouping=regrouping,
        steering=Steering(store, clock),
        withdrawer=withdrawer,
        directory=directory,
        doctor=Doctor(store, directory, deliver.fanning_out, clock),
        subscribing=subscribing,
        callbacks=HubCallbacks(store, subscribing, clock),
        hub=Hub(store=store, publisher=publisher, topics=topics, egress=egress, policy=hub, clock=clock)
        if hub and settings.site.serves_hub
        else None,
        pictures=pictures,
        searching=searching,
        ad_hoc=AdHocFeeds(
            store=store, publisher=publisher, scoring=scoring, clock=clock, searching=searching
        ),
        announced=AnnouncedPages(store, publisher, clock),
        clicking=Clicking(store, clock),
        registering=registering,
        inspecting=Inspecting(store, registering, clock),
        resending=Resending(store, registering, clock),
        replaying=Replaying(store, registering, clock),
        reporting=Reporting(store, settings.popularity.partner_most, clock),
        listing=Listing(store, publisher, regrouping),
        access=Access(store.tokens, settings.tokens, clock),
        metrics=metrics,
        gather=gather,
        publish=PublishStep(store, publisher, directory, clock),
        deliver=deliver,
        rank=RankStep(store, specs, scoring, settings.site, clock),
        sweep=SweepStep(
            store=store,
            retention=_retention(settings),
            specs=specs,
            names=names,
            directory=directory,
            enlist=enlist,
            fan_out=deliver.fan_out,
            clock=clock,
        ),
        release=ReleaseStep(
            store.held,
            admitter,
            clock,
            rechecked=[source.id for source in settings.sources.values() if source.full_text],
        ),
        subscribe=SubscribeStep(store, egress, subscribing, clock),
        distribute=HubStep(
            store=store,
            publisher=publisher,
            topics=topics,
            egress=egress,
            policy=hub,
            site=settings.site,
            clock=clock,
            rng=rng,
        ),
        enlist=enlist,
    )


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


def _retention(settings: Settings) -> Retention:
    section = settings.retention
    return Retention(
        articles=section.articles,
        bodies=section.bodies,
        identities=section.identities,
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{_host(parts)}/"


def _public(url: str) -> str | None:
    """Give a URL as it may be published: without a password; None where a query may hold a token."""
    parts = urlsplit(url)
    return None if parts.query else f"{parts.scheme}://{_host(parts)}{parts.path}"


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]
