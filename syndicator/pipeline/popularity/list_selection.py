"""From scores to the list that a popular feed shows."""

from collections.abc import Sequence

from msgspec.structs import replace

from syndicator.model.feed import FeedSpec
from syndicator.model.signal import SignalKind
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.stories.coverage import owner_of
from syndicator.pipeline.stories.representatives import Representatives
from syndicator.rules.popularity.popularity_score import PopularityPolicy, ScoredArticle, varied
from syndicator.store.feeds.feeds import Ranked
from syndicator.store.store import Store

PAGE = 100
"""Articles that are read at once, the most popular first, until a list is full."""


class Choosing:
    """Reads down a ranking, the most popular first, until a feed is full."""

    def __init__(self, store: Store, filtering: Filtering, policy: PopularityPolicy) -> None:
        self._store = store
        self._filtering = filtering
        self._policy = policy

    async def chosen(self, spec: FeedSpec, ordered: Sequence[ScoredArticle]) -> list[Ranked]:
        """Choose what a feed lists: twice as many as it shows, of which a varied list is made."""
        telling = Representatives(self._store, self._filtering, spec.filter, spec.per)
        found: list[ScoredArticle] = []
        for start in range(0, len(ordered), PAGE):
            standings = {one.article_id: one for one in ordered[start : start + PAGE]}
            heads = await self._store.articles.get_many(list(standings), bodies=False)
            wanted = await self._filtering.passing(spec.filter, [head for head in heads if head])
            found += [
                replace(standings[article.id], article_id=item.article.id, owner=owner_of(item.article))
                for article, item in await telling.led(wanted)
            ]
            if len(found) >= 2 * spec.size:
                break
        chosen = varied(found, spec.size, self._policy)
        ids = [one.article_id for one in chosen]
        views = await self._store.popularity.views(ids)
        comments = await self._store.popularity.counters(ids, SignalKind.COMMENTS)
        return [
            Ranked(article_id=one.article_id, score=round(one.score.total, 3), views=seen, comments=said)
            for one, seen, said in zip(chosen, views, comments, strict=True)
        ]
