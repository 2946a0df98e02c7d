"""The popular feeds: from the boards to the lists that they show."""

from collections.abc import Collection
from datetime import datetime, timedelta

from syndicator.model.clock import EPOCH, Clock
from syndicator.model.feed import FeedSpec, Order
from syndicator.pipeline.filtering import Filtering
from syndicator.pipeline.selecting import most_popular
from syndicator.pipeline.steps import Report, Taken
from syndicator.store.feeds import Ranked
from syndicator.store.store import Store

INTERVAL = timedelta(seconds=2)


class RankStep:
    """Ranks each popular feed anew; a feed's version is raised only when its order changed."""

    name = "rank"

    def __init__(self, store: Store, specs: Collection[FeedSpec], clock: Clock) -> None:
        self._store = store
        self._specs = [spec for spec in specs if spec.order is Order.POPULAR]
        self._filtering = Filtering(store)
        self._clock = clock
        self._due_at = EPOCH

    async def take(self, room: int) -> Taken:
        """Rank all popular feeds when it is time again."""
        now = self._clock()
        if not self._specs:
            return Taken()
        if not room or now < self._due_at:
            return Taken(next_due_at=self._due_at)
        self._due_at = now + INTERVAL
        return Taken(jobs=(self._rank,), next_due_at=self._due_at)

    async def _rank(self) -> Report | None:
        now = self._clock()
        changed = []
        for spec in self._specs:
            ranking = await self._ranking(spec, now)
            shown = await self._store.feeds.ranking(spec.id)
            if [place.article_id for place in ranking] != [place.article_id for place in shown]:
                await self._store.feeds.put_ranking(spec.id, ranking, now)
                changed.append(spec.id)
        if not changed:
            return None
        return Report(step=self.name, event="ranked", fields=(("feed", ", ".join(changed)),))

    async def _ranking(self, spec: FeedSpec, now: datetime) -> list[Ranked]:
        chosen = await most_popular(
            self._store, self._filtering, spec.filter, spec.window, spec.size, now=now
        )
        views = await self._store.popularity.views([article for article, _ in chosen])
        return [
            Ranked(article_id=article, score=round(score, 1), views=count)
            for (article, score), count in zip(chosen, views, strict=True)
        ]
