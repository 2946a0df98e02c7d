"""The composition root: all parts of a service, and how they are wired.

`opening` opens what a service needs (`resources`), wires the parts over it and closes all in reverse.
`serve` lays the web server over a `Service`, `work` runs its steps, `run` does both; a command asks one part.
"""

from functools import partial

from syndicator.model.source import SourceKind
from syndicator.pipeline.articles.admission import Admitter, Grouping
from syndicator.pipeline.articles.article_pages import ArticlePages
from syndicator.pipeline.articles.candidate_pipeline import CandidatePipeline
from syndicator.pipeline.articles.embargo import EmbargoGate
from syndicator.pipeline.articles.embargo_release import ReleaseStep
from syndicator.pipeline.articles.pictures import PicturePolicy
from syndicator.pipeline.articles.served_pictures import ServedPictures
from syndicator.pipeline.articles.upstream_withdrawals import UpstreamWithdrawals
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.configuration.configuration_sync import ConfigurationSync
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.feeds.any_filter_feeds import AnyFilterFeeds
from syndicator.pipeline.feeds.audience import Audience
from syndicator.pipeline.feeds.history import History
from syndicator.pipeline.feeds.news_sitemap import AnnouncedPages
from syndicator.pipeline.feeds.pagination import Paginator
from syndicator.pipeline.feeds.prerender import PublishStep
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.feeds.render_worker import RenderWorker
from syndicator.pipeline.feeds.stale_cache_refresh import StaleCacheRefresh
from syndicator.pipeline.hub.distribution import HubStep
from syndicator.pipeline.hub.subscription_requests import Hub
from syndicator.pipeline.hub.topics import Topics
from syndicator.pipeline.ops.api_tokens import Access
from syndicator.pipeline.ops.article_export import ArticleExport
from syndicator.pipeline.ops.article_trace import ArticleTracer
from syndicator.pipeline.ops.data_loss import DataLoss
from syndicator.pipeline.ops.doctor import Doctor
from syndicator.pipeline.ops.measurements import Measurements
from syndicator.pipeline.ops.metrics_reporter import MetricsReporter
from syndicator.pipeline.ops.offload import OffloadStep
from syndicator.pipeline.ops.retention import Retention, SweepStep
from syndicator.pipeline.ops.schedule_preview import SchedulePreview
from syndicator.pipeline.popularity.clicks import ClickLinks
from syndicator.pipeline.popularity.partner_reports import PartnerReports
from syndicator.pipeline.popularity.ranking import RankStep
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.preview.trials import SourceTrials
from syndicator.pipeline.queries import Queries
from syndicator.pipeline.rounds.backfill_step import BackfillStep
from syndicator.pipeline.rounds.completeness_check import CompletenessCheck
from syndicator.pipeline.rounds.feed_round import FeedRound
from syndicator.pipeline.rounds.page_round import PageRound
from syndicator.pipeline.rounds.past_documents import PastDocuments
from syndicator.pipeline.rounds.sitemap_round import SitemapRound
from syndicator.pipeline.search.article_search import ArticleSearch
from syndicator.pipeline.sources.backfill_control import BackfillControl
from syndicator.pipeline.sources.gather_step import GatherStep
from syndicator.pipeline.sources.round_result import KindOfRound
from syndicator.pipeline.sources.source_control import SourceControl
from syndicator.pipeline.steps import Step
from syndicator.pipeline.stories.assignment import Assigner
from syndicator.pipeline.stories.assignment_step import AssignStep
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.pipeline.stories.editing import StoryEditing
from syndicator.pipeline.stories.near_articles import NearArticles
from syndicator.pipeline.webhooks.delivery import DeliverStep
from syndicator.pipeline.webhooks.delivery_trace import DeliveryTracer
from syndicator.pipeline.webhooks.event_preview import EventPreviews
from syndicator.pipeline.webhooks.inspection import DeliveryInspection
from syndicator.pipeline.webhooks.payloads import Payloads
from syndicator.pipeline.webhooks.registration import EndpointRegistration
from syndicator.pipeline.webhooks.replays import ReplayControl
from syndicator.pipeline.webhooks.resend import Redelivery
from syndicator.pipeline.websub.callbacks import HubCallbacks
from syndicator.pipeline.websub.subscriptions import SubscribeStep, WebsubSubscriptions
from syndicator.resources import Resources, stale_cache
from syndicator.rules.filter_matching import FeedIndex
from syndicator.rules.stories.owners import owners_of
from syndicator.settings.endpoint_registration import Registrations, written
from syndicator.settings.tables.sections import RetentionSection
from syndicator.store.articles.picture_files import PictureFiles
from syndicator.store.data_mark import MarkFile
from syndicator.store.ops.configured_names import ConfiguredNames
from syndicator.store.search.search_index import SearchIndex


class Service:
    """All parts of a service; each method wires one feature, in the order of the flow."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._foundation = resources.foundation
        self.settings = resources.settings
        self.clock = resources.foundation.clock
        self.store = resources.store
        self.egress = resources.egress
        self.listeners = resources.listeners
        self.metrics = resources.foundation.metrics
        self.specs = list(resources.settings.feeds.values())
        self._feed_index = FeedIndex(self.specs)
        self._owners = owners_of(resources.settings.sources.values())
        self.near = NearArticles(resources.store.assignments, resources.store.stories)
        self._stories()
        self._articles()
        self._sources()
        self._popularity()
        self._search()
        self._feeds()
        self._webhooks()
        self._hub()
        self._ops()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All that a worker does."""
        return (
            self.gather_step, self.backfill_step, self.assign_step, self.publish_step, self.deliver_step,
            self.rank_step, self.sweep_step, self.offload_step, self.release_step, self.subscribe_step,
            self.hub_step,
        )  # fmt: skip

    async def sync_configuration(self) -> None:
        """Make the configured sources, feeds and endpoints the ones that are worked on."""
        await self.configuration_sync.sync()

    def _stories(self) -> None:
        store, policy, clock = self.store, self.settings.story, self.clock
        self.assigner = Assigner(store, self._feed_index, policy, clock, self.near)
        self.assign_step = AssignStep(store, self.assigner, clock, policy.assign_within)
        self.story_editor = StoryEditing(store, self.specs, policy, clock)

    def _articles(self) -> None:
        resources, store, clock = self._resources, self.store, self.clock
        admitter = Admitter(
            store.articles,
            self._feed_index,
            clock,
            Grouping(
                assigner=self.assigner,
                texts=self.assigner.assignment_decision,
                stories=store.stories,
                policy=self.settings.story,
            ),
            self.metrics,
            signals=store.signals,
        )
        self._embargo = EmbargoGate(store.held)
        count = partial(count_coverage, owners=self._owners)
        self.withdrawer = Withdrawer(store, self.specs, self.metrics, clock, count)
        self._upstream_withdrawals = UpstreamWithdrawals(store, self.withdrawer, self._embargo, clock)
        pictures = PicturePolicy(store.pictures, resources.client, clock)
        self._candidates = CandidatePipeline(
            pictures, self._embargo, admitter, self._upstream_withdrawals, clock=clock, marks=store.marks
        )
        rechecked = [source.id for source in self.settings.sources.values() if source.full_text]
        self.release_step = ReleaseStep(store.held, admitter, clock, marks=store.marks, rechecked=rechecked)
        self.pictures = ServedPictures(
            store=store.pictures,
            files=PictureFiles(self.settings.store.data_dir / "pictures", self.settings.store.pictures),
            egress=self.egress,
            pool=self._foundation.pool,
            sources=self.settings.sources,
            clock=clock,
        )

    def _sources(self) -> None:
        resources, settings, store, clock = self._resources, self.settings, self.store, self.clock
        self.hub_subscriptions = WebsubSubscriptions(
            store,
            settings.sources,
            clock,
            public_url=settings.site.public_url,
            reachable=settings.public_url_given,
        )
        self.subscribe_step = SubscribeStep(store, self.egress, self.hub_subscriptions, clock)
        self.hub_callbacks = HubCallbacks(store, self.hub_subscriptions, clock)
        pages = ArticlePages(
            store=store,
            polite_client=resources.client,
            gatherer=self._foundation.gatherer,
            candidate_pipeline=self._candidates,
            held=self._embargo,
            upstream_withdrawals=self._upstream_withdrawals,
            clock=clock,
        )
        self.gather_step = GatherStep(
            store,
            settings.sources,
            self._rounds(pages),
            clock,
            self._foundation.rng,
            take_received=resources.client.take_received,
        )
        past = PastDocuments(resources.client, self._foundation.gatherer, self._candidates, pages)
        self.backfill_step = BackfillStep(store, settings.sources, past, clock)
        self.backfill_control = BackfillControl(store, settings.sources, clock)
        self.source_control = SourceControl(store, settings.sources, clock)
        self.schedule_preview = SchedulePreview(store, settings.sources, clock, settings.site.timezone)

    def _rounds(self, pages: ArticlePages) -> dict[SourceKind, KindOfRound]:
        resources, store, clock = self._resources, self.store, self.clock
        feed_round = FeedRound(
            store=store,
            polite_client=resources.client,
            gatherer=self._foundation.gatherer,
            candidate_pipeline=self._candidates,
            pages=pages,
            completeness_check=CompletenessCheck(
                store=store,
                polite_client=resources.client,
                gatherer=self._foundation.gatherer,
                pages=pages,
                clock=clock,
                rng=self._foundation.rng,
            ),
            websub_subscriptions=self.hub_subscriptions,
            upstream_withdrawals=self._upstream_withdrawals,
            clock=clock,
            rng=self._foundation.rng,
        )
        sitemap_round = SitemapRound(
            store=store,
            polite_client=resources.client,
            gatherer=self._foundation.gatherer,
            candidate_pipeline=self._candidates,
            pages=pages,
            clock=clock,
            rng=self._foundation.rng,
        )
        return {
            SourceKind.FEED: feed_round,
            SourceKind.SITEMAP: sitemap_round,
            SourceKind.PAGE: PageRound(store, resources.client, self._foundation.gatherer, pages, clock),
        }

    def _popularity(self) -> None:
        settings, store, clock = self.settings, self.store, self.clock
        self.scoring = Scoring(store, settings.popularity, self._owners)
        self.rank_step = RankStep(store, self.specs, self.scoring, settings.site, clock)
        self.partner_reports = PartnerReports(store, settings.popularity.partner_most, clock)
        self.clicks = ClickLinks(store, clock)

    def _search(self) -> None:
        index = SearchIndex(self.settings.store.data_dir / "search")
        self.search = ArticleSearch(self.store, index, self.metrics)

    def _feeds(self) -> None:
        resources, settings, store, clock = self._resources, self.settings, self.store, self.clock
        self.endpoints = Directory(store.endpoints, settings.endpoints, settings.renamed_sources)
        self.audience = Audience(store.audiences, clock)
        self.publisher = Publisher(
            store=store,
            site=resources.site,
            render_worker=RenderWorker(
                self._foundation.render_pool, store.again, resources.site, resources.origins
            ),
            specs=self.specs,
            retired=settings.retired_feeds.values(),
            origins=resources.origins,
            metrics=self.metrics,
            clock=clock,
            stale_cache=stale_cache(settings, resources.configured_origins),
            near=self.near,
            audience=self.audience,
        )
        self.publish_step = PublishStep(store, self.publisher, self.endpoints, clock)
        self.stale_cache_refresh = StaleCacheRefresh(store.feeds, self.publisher, clock)
        self.any_filter_feeds = AnyFilterFeeds(
            store=store,
            publisher=self.publisher,
            scoring=self.scoring,
            clock=clock,
            article_search=self.search,
        )
        self.news_sitemap = AnnouncedPages(store, self.publisher, clock)
        self.paginator = Paginator(store, self.publisher, self.story_editor)

    def _webhooks(self) -> None:
        resources, settings, store, clock = self._resources, self.settings, self.store, self.clock
        self.deliver_step = DeliverStep(
            store,
            self.egress,
            self.endpoints,
            clock,
            self._foundation.rng,
            site=settings.site,
            origins=resources.origins,
            wall=self._foundation.wall,
            measured=[one.id for one in settings.sources.values() if one.fresh_within_s is not None],
        )
        self.registration = EndpointRegistration(
            store=store,
            directory=self.endpoints,
            egress=self.egress,
            read=Registrations(settings.sources, settings.feeds).read,
            write=written,
            site=settings.site,
            clock=clock,
            wall=self._foundation.wall,
        )
        self.inspection = DeliveryInspection(
            store, self.registration, Payloads(store, settings.site, resources.origins), clock
        )
        self.resend = Redelivery(store, self.registration, clock)
        self.event_previews = EventPreviews(store, self.endpoints, clock, self._foundation.rng)
        self.replays = ReplayControl(store, self.registration, clock)

    def _hub(self) -> None:
        settings, store, clock = self.settings, self.store, self.clock
        topics = Topics(settings.site, self.specs, settings.retired_feeds.values())
        self.hub_step = HubStep(
            store=store,
            publisher=self.publisher,
            topics=topics,
            egress=self.egress,
            policy=settings.hub,
            site=settings.site,
            clock=clock,
            is_time_confirmed=self._foundation.is_time_confirmed,
            rng=self._foundation.rng,
        )
        self.hub: Hub | None = None
        if settings.hub is not None and settings.site.serves_hub:
            self.hub = Hub(
                store=store,
                publisher=self.publisher,
                topics=topics,
                egress=self.egress,
                policy=settings.hub,
                clock=clock,
            )

    def _ops(self) -> None:
        resources, settings, store, clock = self._resources, self.settings, self.store, self.clock
        names = ConfiguredNames(
            sources=tuple(settings.sources), feeds=tuple(settings.feeds), endpoints=tuple(settings.endpoints)
        )
        self.access = Access(store, settings.tokens, clock, settings.store.data_dir)
        self.trials = SourceTrials(
            store=store, egress=self.egress, gatherer=self._foundation.gatherer, pool=self._foundation.pool,
            sources=settings.sources, feeds=settings.feeds, user_agent=settings.user_agent,
            timezone=settings.site.timezone, clock=clock,
        )  # fmt: skip
        self.article_export = ArticleExport(store, self.publisher, resources.origins)
        deliveries = DeliveryTracer(store, self.endpoints, self.deliver_step.event_fan_out, clock)
        self.article_tracer = ArticleTracer(store, self.publisher, settings.sources, deliveries, clock)
        self.metrics_reporter = MetricsReporter(self.metrics, settings.sources)
        self.doctor = Doctor(store, self.endpoints, self.deliver_step.event_fan_out, clock)
        self.configuration_sync = ConfigurationSync(
            store=store,
            names=names,
            sources=settings.sources.values(),
            origins=[resources.origins[source] for source in settings.sources],
            kept_articles=settings.retention.articles,
            gather=self.gather_step,
            directory=self.endpoints,
            publisher=self.publisher,
            clock=clock,
        )
        mark = MarkFile(settings.store.data_dir, settings.store.namespace)
        self.data_loss = DataLoss(store.marks, mark, self.configuration_sync.sync, clock)
        self.offload_step = OffloadStep(store, _retention(settings.retention), clock)
        self.sweep_step = SweepStep(
            store=store,
            retention=_retention(settings.retention),
            specs=self.specs,
            names=names,
            directory=self.endpoints,
            rename=self.configuration_sync.rename_again,
            fan_out=self.deliver_step.event_fan_out.run,
            clock=clock,
            is_time_confirmed=self._foundation.is_time_confirmed,
        )
        self.queries = Queries(
            store=store,
            publisher=self.publisher,
            history=History(store, self.publisher, clock),
            sources=settings.sources.values(),
            directory=self.endpoints,
            clock=clock,
            websub_subscriptions=self.hub_subscriptions,
            scoring=self.scoring,
        )
        self.measurements = Measurements(
            store,
            self.endpoints,
            self.queries.standings,
            self.metrics,
            clock,
            access=self.access,
            feeds=self.specs,
        )


def _retention(kept: RetentionSection) -> Retention:
    return Retention(articles=kept.articles, bodies=kept.bodies, identities=kept.identities, hot=kept.hot)
