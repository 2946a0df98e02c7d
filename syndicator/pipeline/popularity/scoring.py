"""From counters to scores: of candidates for a list, and of one article that is explained."""

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
from syndicator.store.popularity.portal_counters import RankedArticle
from syndicator.store.popularity.signals import Sums
from syndicator.store.store import Store


class Scoring:
    """Scores articles by one policy."""

    def __init__(self, store: Store, policy: PopularityPolicy) -> None:
        self._store = store
        self.policy = policy

    async def candidates(self, window: Window, depth: int, now: datetime) -> list[ScoredArticle]:
        """Rank the first of the board of each signal: nothing else can stand high."""
        return ranked(await self.standings(await self.leading(window, depth), window, now))

    async def leading(self, window: Window, depth: int) -> list[ArticleId]:
        """Return the first of the board of each signal."""
        boards = [await self._store.signals.top(kind, window, depth) for kind in SignalKind]
        return list(dict.fromkeys(one for board in boards for one in board))

    async def standings(self, ids: Sequence[ArticleId], window: Window, now: datetime) -> list[ScoredArticle]:
        """Score articles; without those that are not there, or of which nothing was counted."""
        sums = (await self._store.signals.sums(ids, [window], now))[window]
        chosen = [(one, counted) for one, counted in zip(ids, sums, strict=True) if counted]
        known = await self._store.popularity.known([one for one, _ in chosen])
        means = await self._means(known)
        return [
            ScoredArticle(
                article_id=one,
                score=self._score(fact, counted, means, window),
                published_at=fact.published_at,
                owner=fact.source,
                story=fact.story,
            )
            for (one, counted), fact in zip(chosen, known, strict=True)
            if fact is not None
        ]

    async def explained(self, article: ArticleId, now: datetime) -> Mapping[Window, Score]:
        """Score one article in each window; empty where it is not there."""
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
        if not fact.story:  # it was taken out of one, and what was counted there is not its own
            sums = {kind: counted for kind, counted in sums.items() if kind is not SignalKind.COVERAGE}
        return score(sums, means.get(fact.source), window, self.policy)
