"""Computes scores from counters: of candidates for a list, and of one article."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.signal import SignalKind
from syndicator.rules.popularity.popularity_score import (
    PopularityPolicy,
    PortalMean,
    Score,
    ScoredArticle,
    ranked,
    score,
)
from syndicator.rules.stories.owners import UNNAMED, Owners
from syndicator.store.popularity.portal_counters import RankedArticle
from syndicator.store.popularity.signals import Sums
from syndicator.store.store import Store


class Scoring:
    """Scores articles by one policy."""

    def __init__(self, store: Store, policy: PopularityPolicy, owners: Owners = UNNAMED) -> None:
        self._store = store
        self.policy = policy
        self.owners = owners

    async def candidates(self, window: Window, depth: int, now: datetime) -> list[ScoredArticle]:
        """Return the ranked articles among the first `depth` of each signal's board."""
        return ranked(await self.standings(await self.leading(window, depth), window, now))

    async def leading(self, window: Window, depth: int) -> list[ArticleId]:
        """Return the articles among the first `depth` of each signal's board."""
        boards = [await self._store.signals.top(kind, window, depth) for kind in SignalKind]
        return list(dict.fromkeys(article for board in boards for article in board))

    async def standings(self, ids: Sequence[ArticleId], window: Window, now: datetime) -> list[ScoredArticle]:
        """Return the scores of articles, without missing ones and those without any count."""
        sums = (await self._store.signals.sums(ids, [window], now))[window]
        counted = [(article, counts) for article, counts in zip(ids, sums, strict=True) if counts]
        known = await self._store.popularity.known([article for article, _ in counted])
        means = await self._means(known)
        return [
            ScoredArticle(
                article_id=article,
                score=self._score(fact, counts, means, window),
                published_at=fact.published_at,
                owner=fact.source,
                story=fact.story,
            )
            for (article, counts), fact in zip(counted, known, strict=True)
            if fact is not None
        ]

    async def explained(self, article: ArticleId, now: datetime) -> Mapping[Window, Score]:
        """Return the score of one article in each window; empty where there is no such article."""
        (fact,) = await self._store.popularity.known([article])
        if fact is None:
            return {}
        sums = await self._store.signals.sums([article], list(Window), now)
        means = await self._means([fact])
        return {window: self._score(fact, sums[window][0], means, window) for window in Window}

    async def _means(self, known: Sequence[RankedArticle | None]) -> Mapping[SourceId, PortalMean]:
        return await self._store.popularity.means(list({fact.source for fact in known if fact}))

    def _score(
        self, fact: RankedArticle, sums: Sums, means: Mapping[SourceId, PortalMean], window: Window
    ) -> Score:
        if not fact.story:  # removed from its story: the coverage of that story no longer counts
            sums = {kind: counted for kind, counted in sums.items() if kind is not SignalKind.COVERAGE}
        return score(sums, means.get(fact.source), window, self.policy)
