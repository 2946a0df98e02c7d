"""Withdraws and restores articles, for operators and for sources."""

from collections.abc import Awaitable, Callable, Collection, Sequence

from msgspec.structs import replace

from syndicator.errors import ColdStoreAway
from syndicator.model.article import Article, Withdrawal, WithdrawnBy
from syndicator.model.clock import Clock
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import ArticleId, StoryId
from syndicator.observe.logs import get_logger
from syndicator.observe.metrics import Metrics
from syndicator.rules.articles.withdrawal import may_be_withdrawn, restoring, withdrawing
from syndicator.rules.filter_matching import FeedIndex
from syndicator.store.store import Store

_ATTEMPTS = 20
"""Attempts while other workers change the same article."""

log = get_logger(__name__)


class Withdrawer:
    """Withdraws and restores articles: look up → decide → write, repeated when the article has changed."""

    def __init__(
        self,
        store: Store,
        specs: Collection[FeedSpec],
        metrics: Metrics,
        clock: Clock,
        count_coverage: Callable[[Store, Sequence[StoryId]], Awaitable[object]],
    ) -> None:
        """`count_coverage`: counts anew who covers stories whose articles have changed."""
        self._store = store
        self._specs = FeedIndex(specs)
        self._metrics = metrics
        self._clock = clock
        self._count_coverage = count_coverage

    async def withdraw(self, article_id: ArticleId, by: WithdrawnBy, reason: str) -> Withdrawal | None:
        """Remove an article from all that is published, and announce the withdrawal before other events.

        Returns None where there is no such article, it is withdrawn already, or an operator has restored it.
        """
        for _ in range(_ATTEMPTS):
            article, specs = await self._read(article_id)
            if article is None or not may_be_withdrawn(article, by):
                return None
            (place,) = await self._store.stories.places([article_id])
            intent = withdrawing(
                article,
                by,
                reason,
                specs=specs,
                now=self._clock(),
                members=await self._members(place.story) if place.story else (),
            )
            noted = self._store.audit.command("article.withdrawn", article_id, after={"reason": reason})
            also = [noted] if by is WithdrawnBy.OPERATOR else []
            if await self._store.withdrawals.withdraw(intent, also):
                self._metrics.withdrawals.labels(by.value).inc()
                log.warning(
                    "article_withdrawn",
                    source=article.source,
                    article=article_id,
                    event_id=intent.event.id,
                    title=article.title,
                    by=by.value,
                    reason=intent.event.reason,
                )
                if place.story:
                    await self._count_coverage(self._store, [place.story])
                return intent.withdrawal
        return None

    async def _read(self, article_id: ArticleId) -> tuple[Article | None, FeedIndex]:
        """Return an article, and the feeds that may show it.

        While the cold store is away, its text is not known: each feed whose query it might match is one.
        """
        try:
            return await self._store.articles.get(article_id), self._specs
        except ColdStoreAway:
            (head,) = await self._store.articles.get_many([article_id], bodies=False)
            return head, FeedIndex(
                [replace(spec, filter=replace(spec.filter, query=None)) for spec in self._specs]
            )

    async def _members(self, story: StoryId) -> list[Article]:
        """Return the articles of a story, without bodies: their feeds change with the withdrawal."""
        members = (await self._store.stories.members([story]))[story]
        return [head for head in await self._store.articles.get_many(members, bodies=False) if head]

    async def restore(self, article_id: ArticleId) -> Article | None:
        """Restore a withdrawn article; return None where it is not withdrawn."""
        for _ in range(_ATTEMPTS):
            withdrawal = await self._store.withdrawals.get(article_id)
            if withdrawal is None:
                return None
            intent = restoring(withdrawal, specs=self._specs, now=self._clock())
            noted = self._store.audit.command("article.restored", article_id)
            if await self._store.withdrawals.restore(intent, [noted]):
                restored = intent.article
                log.warning(
                    "article_restored",
                    source=restored.source,
                    article=article_id,
                    event_id=intent.event.id,
                    title=restored.title,
                )
                (place,) = await self._store.stories.places([article_id])
                if place.story:
                    await self._count_coverage(self._store, [place.story])
                return intent.article
        return None
