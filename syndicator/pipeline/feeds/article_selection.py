"""From the indexes to the articles that a feed shows."""

from collections.abc import Sequence

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.model.feed import Filter, Per
from syndicator.model.ids import ArticleId
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.stories.representatives import Representatives, StoryEntry
from syndicator.rules.filter_matching import facets_for, matches_keys
from syndicator.store.articles.articles import TimelinePlace
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
) -> list[StoryEntry]:
    """Return the newest that passes a filter, newest first, equal times by id; without bodies.

    A copy is left out beside its original; `per` story, what is not the first to tell it. So what is shown
    keeps its place, whoever repeats it later.
    """
    chosen = await choose(store, filtering, wanted, size, per, deepest=deepest)
    return list(chosen.told)


class Chosen(Struct, frozen=True, kw_only=True):
    told: tuple[StoryEntry, ...]
    rest: TimelinePlace | None
    """The place behind which there may be more; None: that was all."""


async def choose(
    store: Store,
    filtering: Filtering,
    wanted: Filter,
    size: int,
    per: Per = Per.ARTICLE,
    *,
    before: TimelinePlace | None = None,
    since_ms: int | None = None,
    deepest: int = DEEPEST,
) -> Chosen:
    """Choose as `latest` does from what stands behind a place, and is listed at a time or later."""
    facets, depth, deepest = facets_for(wanted), size + 1, max(deepest, 2 * size)
    until_ms = before.listed_ms if before else None
    telling = Representatives(store, filtering, wanted, per)
    seen: dict[ArticleId, Article] = {}
    while True:
        found, whole = await store.articles.timeline(facets, depth, until_ms=until_ms, since_ms=since_ms)
        # Of the last millisecond that was read, there may be more: Redis orders it otherwise.
        cut = -1 if whole or depth > deepest else found[-1].listed_ms
        listed = [
            place
            for place in found
            if place.listed_ms > cut and (before is None or _order(place) > _order(before))
        ]
        unread = [place.article_id for place in listed if place.article_id not in seen]
        heads = await store.articles.get_many(unread, bodies=False)
        seen |= {article.id: article for article in heads if article}
        there = [seen[place.article_id] for place in listed if place.article_id in seen]
        chosen = tuple(await telling.told(await filtering.passing(wanted, there)))
        if len(chosen) > size:
            places = {place.article_id: place for place in listed}
            return Chosen(told=chosen[:size], rest=places[chosen[size - 1].article.id])
        if whole or depth > deepest:
            return Chosen(told=chosen, rest=None if whole else found[-1])
        depth = min(depth * 4, deepest + 1)


def _order(place: TimelinePlace) -> tuple[int, str]:
    return -place.listed_ms, place.article_id


async def first_of(
    store: Store, filtering: Filtering, wanted: Filter, ids: Sequence[ArticleId], *, size: int, per: Per
) -> list[StoryEntry]:
    """Choose as `latest` does from what an index found for a filter, in its order; without bodies."""
    telling = Representatives(store, filtering, wanted, per)
    found: list[Article] = []
    chosen: list[StoryEntry] = []
    start, step = 0, max(size, _LEAST)
    while start < len(ids) and len(chosen) < size:
        heads = await store.articles.get_many(ids[start : start + step], bodies=False)
        # What changed since the index was asked may not pass any more.
        found += [head for head in heads if head and matches_keys(wanted, head)]
        chosen = await telling.told(found)
        start, step = start + step, 2 * step
    return chosen[:size]
