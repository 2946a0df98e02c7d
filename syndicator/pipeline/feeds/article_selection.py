"""Selects the articles that a feed shows, from the indexes."""

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
"""Most articles of a timeline that are examined for a filter."""
_LEAST = 50
"""Least number of articles that are read at once."""


class Selection(Struct, frozen=True, kw_only=True):
    entries: tuple[StoryEntry, ...]
    rest: TimelinePlace | None
    """The position behind which there may be more; None: these are all."""


async def select(
    store: Store,
    filtering: Filtering,
    wanted: Filter,
    size: int,
    per: Per = Per.ARTICLE,
    *,
    before: TimelinePlace | None = None,
    since_ms: int | None = None,
    deepest: int = DEEPEST,
) -> Selection:
    """Return the newest articles that pass a filter, newest first, equal times by id; without bodies.

    Copies of shown articles are left out; with `per` story, all but the representative of each story. So an
    entry keeps its position when others repeat it later. `before`, `since_ms`: only articles behind this
    position, and listed at this time or later.
    """
    facets, depth, deepest = facets_for(wanted), size + 1, max(deepest, 2 * size)
    until_ms = before.listed_ms if before else None
    representatives = Representatives(store, filtering, wanted, per)
    seen: dict[ArticleId, Article] = {}
    while True:
        found, whole = await store.articles.timeline(facets, depth, until_ms=until_ms, since_ms=since_ms)
        # There may be more articles of the last millisecond that was read: Redis orders ties differently.
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
        entries = tuple(await representatives.entries(await filtering.passing(wanted, there)))
        if len(entries) > size:
            places = {place.article_id: place for place in listed}
            return Selection(entries=entries[:size], rest=places[entries[size - 1].article.id])
        if whole or depth > deepest:
            return Selection(entries=entries, rest=None if whole else found[-1])
        depth = min(depth * 4, deepest + 1)


def _order(place: TimelinePlace) -> tuple[int, str]:
    return -place.listed_ms, place.article_id


async def first_of(
    store: Store, filtering: Filtering, wanted: Filter, ids: Sequence[ArticleId], *, size: int, per: Per
) -> list[StoryEntry]:
    """Select as `select` does, from the articles that an index found, in its order; without bodies."""
    representatives = Representatives(store, filtering, wanted, per)
    matching: list[Article] = []
    entries: list[StoryEntry] = []
    start, step = 0, max(size, _LEAST)
    while start < len(ids) and len(entries) < size:
        heads = await store.articles.get_many(ids[start : start + step], bodies=False)
        # An article that changed since the index was read may not match any more.
        matching += [head for head in heads if head and matches_keys(wanted, head)]
        entries = await representatives.entries(matching)
        start, step = start + step, 2 * step
    return entries[:size]
