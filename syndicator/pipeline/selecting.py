"""From the indexes to the articles that a feed shows."""

from datetime import datetime

from syndicator.model.article import Article
from syndicator.model.feed import Filter, Per, Window
from syndicator.model.ids import ArticleId
from syndicator.model.signal import SignalKind
from syndicator.pipeline.filtering import Filtering
from syndicator.pipeline.telling import Telling, Told
from syndicator.rules.selection import facets_for
from syndicator.store.signals import BOARD_SIZE
from syndicator.store.store import Store

DEEPEST = 5000
"""How far down a timeline a filter is followed."""

PAGE = 200
"""Places of a board that are read at once."""


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


async def most_popular(
    store: Store, filtering: Filtering, wanted: Filter, window: Window, size: int, *, now: datetime
) -> list[tuple[ArticleId, float]]:
    """Give the first `size` places of a board whose articles pass a filter, with their views."""
    found: list[tuple[ArticleId, float]] = []
    for start in range(0, BOARD_SIZE, PAGE):
        ids = await store.signals.top(SignalKind.VIEWS, window, PAGE, start)
        heads = await store.articles.get_many(ids, bodies=False)
        passing = {head.id for head in await filtering.passing(wanted, [head for head in heads if head])}
        sums = (await store.signals.sums(ids, [window], now))[window]
        found += [
            (one, counted.get(SignalKind.VIEWS, 0))
            for one, counted in zip(ids, sums, strict=True)
            if one in passing
        ]
        if len(found) >= size or len(ids) < PAGE:
            break
    return found[:size]
