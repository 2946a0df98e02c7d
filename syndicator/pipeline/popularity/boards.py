"""The list of a popular feed, and why each article stands where it does."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.feed import FeedSpec
from syndicator.model.ids import ArticleId, SourceId
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.rules.popularity.popularity_score import Score
from syndicator.store.store import Store

MOST = 50


class BoardRow(Struct, frozen=True, kw_only=True):
    """An article of a board."""

    rank: int
    article: ArticleId
    title: str
    source: SourceId
    published_at: datetime
    listed: float
    """Its score when the list was made."""
    score: Score
    """Its score now, and what each signal has in it."""


async def board(store: Store, scoring: Scoring, spec: FeedSpec, now: datetime) -> Sequence[BoardRow]:
    """Return the first articles of a popular feed as it was ranked last; those that are gone are left out."""
    ranking = (await store.feeds.ranking(spec.id))[:MOST]
    heads = await store.articles.get_many([one.article_id for one in ranking], bodies=False)
    scores = [(await scoring.explained(one.article_id, now)).get(spec.window, Score()) for one in ranking]
    return [
        BoardRow(
            rank=rank,
            article=one.article_id,
            title=head.title,
            source=head.source,
            published_at=head.published_at,
            listed=one.score,
            score=score,
        )
        for rank, (one, head, score) in enumerate(zip(ranking, heads, scores, strict=True), 1)
        if head is not None
    ]
