"""From sources to admitted articles."""

from collections.abc import Mapping
from dataclasses import dataclass

from syndicator.model.source import SourceKind
from syndicator.pipeline.articles.admission import Admitter, Grouping
from syndicator.pipeline.articles.article_pages import ArticlePages
from syndicator.pipeline.articles.candidate_pipeline import CandidatePipeline
from syndicator.pipeline.articles.embargo import EmbargoGate
from syndicator.pipeline.articles.embargo_release import ReleaseStep
from syndicator.pipeline.articles.pictures import PicturePolicy
from syndicator.pipeline.articles.upstream_withdrawals import UpstreamWithdrawals
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.rounds.feed_round import FeedRound
from syndicator.pipeline.rounds.page_round import PageRound
from syndicator.pipeline.rounds.sitemap_round import SitemapRound
from syndicator.pipeline.sources.gather_step import GatherStep
from syndicator.pipeline.sources.polite_client import PoliteClient
from syndicator.pipeline.sources.round_result import KindOfRound
from syndicator.pipeline.sources.source_control import SourceControl
from syndicator.pipeline.stories.assignment import Assigner
from syndicator.pipeline.stories.assignment_step import AssignStep
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.pipeline.stories.editing import StoryEditing
from syndicator.pipeline.websub.callbacks import HubCallbacks
from syndicator.pipeline.websub.subscriptions import SubscribeStep, Subscribing
from syndicator.rules.filter_matching import FeedIndex
from syndicator.wiring.ground import Ground


@dataclass(frozen=True, kw_only=True)
class Gathering:
    """What finds, judges, groups and takes back articles."""

    gather: GatherStep
    assigner: Assigner
    assign: AssignStep
    release: ReleaseStep
    subscribe: SubscribeStep
    subscribing: Subscribing
    callbacks: HubCallbacks
    withdrawer: Withdrawer
    story_editing: StoryEditing
    source_control: SourceControl


@dataclass(frozen=True, kw_only=True)
class _Admission:
    """What all kinds of rounds hand their candidates to."""

    admitter: Admitter
    assigner: Assigner
    held: EmbargoGate
    upstream_withdrawals: UpstreamWithdrawals
    candidate_pipeline: CandidatePipeline


def gathering(ground: Ground, polite_client: PoliteClient) -> Gathering:
    """Wire it."""
    settings, store, clock = ground.settings, ground.store, ground.clock
    subscribing = Subscribing(
        store,
        settings.sources,
        clock,
        public_url=settings.site.public_url,
        reachable=settings.public_url_given,
    )
    withdrawer = Withdrawer(store, ground.specs, ground.metrics, clock, count_coverage)
    admission = _admission(ground, polite_client, withdrawer)
    rounds = _rounds(ground, polite_client, admission, subscribing)
    return Gathering(
        gather=GatherStep(store, settings.sources, rounds, clock, ground.rng),
        assigner=admission.assigner,
        assign=AssignStep(store, admission.assigner, clock, settings.story.assign_within),
        release=ReleaseStep(
            store.held,
            admission.admitter,
            clock,
            rechecked=[source.id for source in settings.sources.values() if source.full_text],
        ),
        subscribe=SubscribeStep(store, ground.egress, subscribing, clock),
        subscribing=subscribing,
        callbacks=HubCallbacks(store, subscribing, clock),
        withdrawer=withdrawer,
        story_editing=StoryEditing(store, ground.specs, settings.story, clock),
        source_control=SourceControl(store, clock),
    )


def _admission(ground: Ground, polite_client: PoliteClient, withdrawer: Withdrawer) -> _Admission:
    store, clock = ground.store, ground.clock
    policy, specs = ground.settings.story, FeedIndex(ground.specs)
    assigner = Assigner(store, specs, policy, clock, ground.near)
    admitter = Admitter(
        store.articles,
        specs,
        clock,
        Grouping(assigner=assigner, stories=store.stories, policy=policy),
        ground.metrics,
        signals=store.signals,
    )
    held = EmbargoGate(store.held)
    upstream_withdrawals = UpstreamWithdrawals(store, withdrawer, held, clock)
    pictures = PicturePolicy(store.pictures, polite_client, clock)
    candidate_pipeline = CandidatePipeline(
        pictures, held, admitter, upstream_withdrawals, clock=clock, marks=store.marks
    )
    return _Admission(
        admitter=admitter,
        assigner=assigner,
        held=held,
        upstream_withdrawals=upstream_withdrawals,
        candidate_pipeline=candidate_pipeline,
    )


def _rounds(
    ground: Ground, polite_client: PoliteClient, admission: _Admission, subscribing: Subscribing
) -> Mapping[SourceKind, KindOfRound]:
    store, gatherer, clock = ground.store, ground.gatherer, ground.clock
    pages = ArticlePages(
        store=store,
        polite_client=polite_client,
        gatherer=gatherer,
        candidate_pipeline=admission.candidate_pipeline,
        held=admission.held,
        upstream_withdrawals=admission.upstream_withdrawals,
        clock=clock,
    )
    return {
        SourceKind.FEED: FeedRound(
            store=store,
            polite_client=polite_client,
            gatherer=gatherer,
            candidate_pipeline=admission.candidate_pipeline,
            pages=pages,
            subscribing=subscribing,
            upstream_withdrawals=admission.upstream_withdrawals,
            clock=clock,
            rng=ground.rng,
        ),
        SourceKind.SITEMAP: SitemapRound(
            store=store,
            polite_client=polite_client,
            gatherer=gatherer,
            candidate_pipeline=admission.candidate_pipeline,
            pages=pages,
            clock=clock,
            rng=ground.rng,
        ),
        SourceKind.PAGE: PageRound(store, polite_client, gatherer, pages, clock),
    }
