"""From the indexes to the articles that a feed shows."""

from syndicator.model.article import Article
from syndicator.model.feed import Filter, Per
from syndicator.model.ids import ArticleId
from syndicator.pipeline.filtering import Filtering
from syndicator.pipeline.telling import Telling, Told
from syndicator.rules.selection import facets_for
from syndicator.store.store import Store

DEEPEST = 5000
"""How far down a timeline a filter is followed."""


async def latest(
    store: Store, filtering: Filtering, wanted: Filter, size: int, per: Per = Per.ARTICLE
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
        if len(told) >= size or whole or depth >= DEEPEST:
            return told[:size]
        depth = min(depth * 4, DEEPEST)
