"""An admitter with an assigner of its own, as a worker process has them."""

from collections.abc import Collection

from syndicator.model.clock import Clock
from syndicator.model.feed import FeedSpec
from syndicator.pipeline.articles.admission import Admitter, Grouping
from syndicator.pipeline.stories.assignment import Assigner
from syndicator.pipeline.stories.near_articles import NearArticles
from syndicator.rules.filter_matching import FeedIndex
from syndicator.rules.stories.clustering import StoriesPolicy
from syndicator.store.store import Store


def assigner_of(store: Store, clock: Clock, specs: Collection[FeedSpec] = ()) -> Assigner:
    """Return an assigner of its own, as another process has it."""
    near = NearArticles(store.assignments, store.stories)
    return Assigner(store, FeedIndex(specs), StoriesPolicy(), clock, near)


def grouping_of(
    store: Store, clock: Clock, specs: Collection[FeedSpec] = (), assigner: Assigner | None = None
) -> Grouping:
    """Return what assigns articles to stories."""
    assigner = assigner or assigner_of(store, clock, specs)
    return Grouping(
        assigner=assigner,
        texts=assigner.assignment_decision,
        stories=store.stories,
        policy=StoriesPolicy(),
    )


def grouping_admitter(store: Store, clock: Clock, specs: Collection[FeedSpec] = ()) -> Admitter:
    """Return an admitter whose articles are assigned to stories."""
    return Admitter(store.articles, specs, clock, grouping_of(store, clock, specs))
