"""From the indexes to the articles that a feed shows."""

from collections.abc import Sequence

from syndicator.model.article import Article
from syndicator.model.feed import Filter, Per
from syndicator.model.ids import ArticleId
from syndicator.pipeline.filtering import Filtering
from syndicator.pipeline.telling import Telling, Told
from syndicator.rules.selection import facets_for, matches_keys
from syndicator.store.store import Store

DEEPEST = 5000
"""How far down a timeline a filter is followed."""
_LEAST = 50
"""Articles that are read at once."""


async def latest(
    store: Store,
    filtering: Filtering,
    wanted: Filter,
    size: int,
    per: Per = Per.ARTICLE,
    *,
    deepest: int = DEEPEST,
) -> list[Told]:
    """Give the newest that passes a filter, newest first, equal times by id; without bodies.

    A copy is left out beside its original; `per` story, what is not the first to tell it. So what is shown
    keeps its place, whoever repeats it later.
    """
    facets, depth = facets_for(wanted), size
    telling = Telling(store, filtering, wanted, per)
    seen: dict[ArticleId, Article] = {}
    while True:
        listed, whole = await store.articles.timeline(facets, depth)
        unread = [place.article_id for place in listed if place.article_id not in seen]
        heads = await store.articles.get_many(unread, bodies=False)
        seen |= {article.id: article for article in heads if article}
        there = [seen[place.article_id] for place in listed if place.article_id in seen]
        found = await filtering.passing(wanted, there)
        told = await telling.told(found)
        if len(told) >= size or whole or depth >= deepest:
            return told[:size]
        depth = min(depth * 4, deepest)


async def first_of(
    store: Store, filtering: Filtering, wanted: Filter, ids: Sequence[ArticleId], *, size: int, per: Per
) -> list[Told]:
    """Choose as `latest` does from what an index found for a filter, in its order; without bodies."""
    telling = Telling(store, filtering, wanted, per)
    found: list[Article] = []
    told: list[Told] = []
    start, step = 0, max(size, _LEAST)
    while start < len(ids) and len(told) < size:
        heads = await store.articles.get_many(ids[start : start + step], bodies=False)
        # What changed since the index was asked may not pass any more.
        found += [head for head in heads if head and matches_keys(wanted, head)]
        told = await telling.told(found)
        start, step = start + step, 2 * step
    return told[:size]
