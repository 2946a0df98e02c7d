"""Articles leave and come back: by an operator's word, or by that of their source."""

from collections.abc import Collection

from syndicator.model.article import Article, Withdrawal, WithdrawnBy
from syndicator.model.clock import Clock
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import ArticleId, StoryId
from syndicator.observe.logs import get_logger
from syndicator.observe.metrics import Metrics
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.rules.articles.withdrawal import may_be_withdrawn, restoring, withdrawing
from syndicator.rules.filter_matching import FeedIndex
from syndicator.store.store import Store

_ATTEMPTS = 20
"""An article that moves this often is fought over by a storm of workers."""

log = get_logger(__name__)


class Withdrawer:
    """look up → intend → write, unless it has moved: then once more."""

    def __init__(self, store: Store, specs: Collection[FeedSpec], metrics: Metrics, clock: Clock) -> None:
        self._store = store
        self._specs = FeedIndex(specs)
        self._metrics = metrics
        self._clock = clock

    async def withdraw(self, article_id: ArticleId, by: WithdrawnBy, reason: str) -> Withdrawal | None:
        """Take an article out of everything that is published, and have it told to partners first of all.

        None: there is no such article, it is withdrawn already, or an operator restored it against this.
        """
        for _ in range(_ATTEMPTS):
            article = await self._store.articles.get(article_id)
            if article is None or not may_be_withdrawn(article, by):
                return None
            (place,) = await self._store.stories.places([article_id])
            intent = withdrawing(
                article,
                by,
                reason,
                specs=self._specs,
                now=self._clock(),
                tellers=await self._tellers(place.story) if place.story else (),
            )
            if await self._store.withdrawals.withdraw(intent):
                self._metrics.withdrawals.labels(by.value).inc()
                log.warning(
                    "withdrawn", article=article.title, id=article_id, by=by.value, reason=intent.event.reason
                )
                if place.story:
                    await count_coverage(self._store, [place.story])
                return intent.withdrawal
        return None

    async def _tellers(self, story: StoryId) -> list[Article]:
        """Read who tells a story, without bodies: their feeds name the others."""
        members = (await self._store.stories.members([story]))[story]
        return [head for head in await self._store.articles.get_many(members, bodies=False) if head]

    async def restore(self, article_id: ArticleId) -> Article | None:
        """Take a withdrawal back; None where there is none."""
        for _ in range(_ATTEMPTS):
            withdrawal = await self._store.withdrawals.get(article_id)
            if withdrawal is None:
                return None
            intent = restoring(withdrawal, specs=self._specs, now=self._clock())
            if await self._store.withdrawals.restore(intent):
                log.warning("restored", article=intent.article.title, id=article_id)
                (place,) = await self._store.stories.places([article_id])
                if place.story:
                    await count_coverage(self._store, [place.story])
                return intent.article
        return None
