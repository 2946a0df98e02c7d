"""Selects the articles of a popular feed from a ranking."""

from collections.abc import Sequence

from msgspec.structs import replace

from syndicator.model.feed import FeedSpec
from syndicator.model.signal import SignalKind
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.stories.representatives import Representatives
from syndicator.rules.popularity.popularity_score import ScoredArticle, varied
from syndicator.rules.stories.owners import owner_of
from syndicator.store.feeds.feeds import Ranked
from syndicator.store.store import Store

PAGE = 100
"""Articles that are read at a time, most popular first, until a list is full."""


class ListSelection:
    """Selects articles for popular feeds by filter, story and variety."""

    def __init__(self, store: Store, filtering: Filtering, scoring: Scoring) -> None:
        self._store = store
        self._filtering = filtering
        self._scoring = scoring

    async def chosen(self, spec: FeedSpec, ordered: Sequence[ScoredArticle]) -> list[Ranked]:
        """Return the list of a feed, varied from twice as many of the best articles that pass its filter."""
        representatives = Representatives(self._store, self._filtering, spec.filter, spec.per)
        passed: list[ScoredArticle] = []
        for start in range(0, len(ordered), PAGE):
            standings = {scored.article_id: scored for scored in ordered[start : start + PAGE]}
            heads = await self._store.articles.get_many(list(standings), bodies=False)
            matching = await self._filtering.passing(spec.filter, [head for head in heads if head])
            passed += [
                replace(
                    standings[article.id],
                    article_id=item.article.id,
                    owner=owner_of(item.article.url, self._scoring.owners),
                )
                for article, item in await representatives.led(matching)
            ]
            if len(passed) >= 2 * spec.size:
                break
        listed = varied(passed, spec.size, self._scoring.policy)
        ids = [scored.article_id for scored in listed]
        views = await self._store.popularity.views(ids)
        comments = await self._store.popularity.counters(ids, SignalKind.COMMENTS)
        return [
            Ranked(
                article_id=scored.article_id,
                score=round(scored.score.total, 3),
                views=view_count,
                comments=comment_count,
            )
            for scored, view_count, comment_count in zip(listed, views, comments, strict=True)
        ]
