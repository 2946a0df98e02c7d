"""Chooses the representative of a story in a feed, with the other articles of the story."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import takewhile
from operator import ne

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.model.feed import Filter, Per
from syndicator.model.ids import ArticleId, StoryId
from syndicator.pipeline.filter_matching import Filtering
from syndicator.store.store import Store
from syndicator.store.stories.stories import Place

MEMBERS = 50
"""Most articles of a story that are examined: its first ones, of which one is shown."""


class StoryEntry(Struct, frozen=True, kw_only=True):
    """The representative of a story, and the other articles of the story, oldest first; without bodies."""

    article: Article
    others: tuple[Article, ...] = ()


async def others_of(store: Store, article: Article) -> tuple[Article, ...]:
    """Return the other articles of an article's story, oldest first; without bodies."""
    (place,) = await store.stories.places([article.id])
    if place.story is None:
        return ()
    members = await store.stories.members([place.story], MEMBERS)
    heads = await store.articles.get_many(members[place.story], bodies=False)
    return tuple(head for head in heads if head and head.id != article.id)


async def earlier_copies(
    store: Store, places: Mapping[ArticleId, Place]
) -> Mapping[ArticleId, Sequence[ArticleId]]:
    """Return for each copy the earlier articles with the same text: its original, and earlier copies."""
    copies = {article: place for article, place in places.items() if place.copy_of}
    stories = list(dict.fromkeys(place.story for place in copies.values() if place.story))
    members = await store.stories.members(stories, MEMBERS)
    ids = [article for articles in members.values() for article in articles]
    originals = {
        article: place.copy_of
        for article, place in zip(ids, await store.stories.places(ids), strict=True)
        if place.copy_of
    }
    before: dict[ArticleId, Sequence[ArticleId]] = {}
    for copy, place in copies.items():
        earlier = takewhile(partial(ne, copy), members[place.story] if place.story else ())
        same = (article for article in earlier if originals.get(article) == place.copy_of)
        before[copy] = [article for article in (place.copy_of, *same) if article]
    return before


class Representatives:
    """Chooses the representatives of one feed; it caches articles, because timelines are read in steps."""

    def __init__(self, store: Store, filtering: Filtering, wanted: Filter, per: Per) -> None:
        self._store = store
        self._filtering = filtering
        self._wanted = wanted
        self._per = per
        self._heads: dict[ArticleId, Article | None] = {}
        self._shown: set[ArticleId] = set()
        self._given: set[ArticleId] = set()

    async def entries(self, articles: Sequence[Article]) -> list[StoryEntry]:
        """Return the entries of a feed, without copies of shown articles, and one per story in story feeds.

        `articles`: those that pass the filter.
        """
        representatives = await self._representatives_of(articles)
        entries = {entry.article.id: entry for entry in representatives.values()}
        return [entries[article.id] for article in articles if article.id in entries]

    async def led(self, articles: Sequence[Article]) -> list[tuple[Article, StoryEntry]]:
        """Return articles with their entries: the article itself, or the representative of its story.

        Copies of shown articles are left out. Each representative is returned once, over all calls, with the
        first article that it represents. `articles`: those that pass the filter.
        """
        representatives = await self._representatives_of(articles)
        led = []
        for article in articles:
            entry = representatives.get(article.id)
            if entry is not None and entry.article.id not in self._given:
                self._given.add(entry.article.id)
                led.append((article, entry))
        return led

    async def _representatives_of(self, articles: Sequence[Article]) -> Mapping[ArticleId, StoryEntry]:
        """Return the entry that represents each article; none for copies of shown articles."""
        self._heads |= {article.id: article for article in articles}
        self._shown.update(article.id for article in articles)
        listed = await self._store.stories.places([article.id for article in articles])
        places = {article.id: place for article, place in zip(articles, listed, strict=True)}
        if self._per is Per.STORY:
            return await self._first_of_each(articles, places)
        repeats = await self._repeats(places)
        return {article.id: StoryEntry(article=article) for article in articles if article.id not in repeats}

    async def _repeats(self, places: Mapping[ArticleId, Place]) -> set[ArticleId]:
        """Return the copies of articles that the feed shows."""
        originals = await self._read([place.copy_of for place in places.values() if place.copy_of])
        repeats = {
            article
            for article, place in places.items()
            if place.copy_of is not None and self._shows(originals.get(place.copy_of))
        }
        # Where the feed does not show the original, its first copy is shown instead.
        remaining = {
            article: place for article, place in places.items() if place.copy_of and article not in repeats
        }
        before = await earlier_copies(self._store, remaining)
        heads = await self._read([article for articles in before.values() for article in articles])
        repeats |= {
            copy
            for copy, articles in before.items()
            if any(self._shows(heads.get(article)) for article in articles)
        }
        return repeats

    async def _first_of_each(
        self, articles: Sequence[Article], places: Mapping[ArticleId, Place]
    ) -> Mapping[ArticleId, StoryEntry]:
        stories: dict[StoryId, list[Article]] = {}
        for article in articles:
            stories.setdefault(places[article.id].story or StoryId(article.id), []).append(article)
        members = await self._store.stories.members(list(stories), MEMBERS)
        heads = await self._read([article for articles in members.values() for article in articles])
        firsts: dict[ArticleId, StoryEntry] = {}
        for story, mine in stories.items():
            known = [head for member in members[story] if (head := heads.get(member))]
            # Of a very large story, the feed may show none of the first MEMBERS.
            by_age = sorted(mine, key=lambda article: (article.shown_since, article.id))
            leader = next(article for article in (*known, *by_age) if self._shows(article))
            others = tuple(article for article in known if article.id != leader.id)
            entry = StoryEntry(article=leader, others=others)
            firsts |= dict.fromkeys((article.id for article in mine), entry)
        return firsts

    async def _read(self, ids: Sequence[ArticleId]) -> Mapping[ArticleId, Article | None]:
        unread = [article for article in dict.fromkeys(ids) if article not in self._heads]
        heads = await self._store.articles.get_many(unread, bodies=False)
        self._heads |= dict(zip(unread, heads, strict=True))
        passing = await self._filtering.passing(self._wanted, [head for head in heads if head])
        self._shown.update(article.id for article in passing)
        return self._heads

    def _shows(self, article: Article | None) -> bool:
        return article is not None and article.id in self._shown
