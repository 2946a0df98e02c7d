"""Which of several articles that tell the same is shown, and where else it stands."""

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
"""Articles of a story that are looked at: its first ones, of which one is shown."""


class StoryEntry(Struct, frozen=True, kw_only=True):
    """An article that is shown, and the others of its story, the first first; without bodies."""

    article: Article
    others: tuple[Article, ...] = ()


async def others_of(store: Store, article: Article) -> tuple[Article, ...]:
    """Return the other articles of an article's story, the first first; without bodies."""
    (place,) = await store.stories.places([article.id])
    if place.story is None:
        return ()
    members = await store.stories.members([place.story], MEMBERS)
    heads = await store.articles.get_many(members[place.story], bodies=False)
    return tuple(head for head in heads if head and head.id != article.id)


async def told_before(
    store: Store, places: Mapping[ArticleId, Place]
) -> Mapping[ArticleId, Sequence[ArticleId]]:
    """Name, for each copy, what had the same text before: its original, and earlier copies of that."""
    copies = {one: place for one, place in places.items() if place.copy_of}
    stories = list(dict.fromkeys(place.story for place in copies.values() if place.story))
    members = await store.stories.members(stories, MEMBERS)
    names = [name for found in members.values() for name in found]
    originals = {
        name: place.copy_of
        for name, place in zip(names, await store.stories.places(names), strict=True)
        if place.copy_of
    }
    before: dict[ArticleId, Sequence[ArticleId]] = {}
    for one, place in copies.items():
        earlier = takewhile(partial(ne, one), members[place.story] if place.story else ())
        same = (name for name in earlier if originals.get(name) == place.copy_of)
        before[one] = [name for name in (place.copy_of, *same) if name]
    return before


class Representatives:
    """Chooses for one feed, keeping what it has read: a timeline is followed in several steps."""

    def __init__(self, store: Store, filtering: Filtering, wanted: Filter, per: Per) -> None:
        self._store = store
        self._filtering = filtering
        self._wanted = wanted
        self._per = per
        self._heads: dict[ArticleId, Article | None] = {}
        self._shown: set[ArticleId] = set()
        self._given: set[ArticleId] = set()

    async def told(self, articles: Sequence[Article]) -> list[StoryEntry]:
        """Leave out copies of what is shown or, in a feed of stories, all but the first of each.

        The articles are those that pass the filter.
        """
        stands = await self._standing_for(articles)
        firsts = {item.article.id: item for item in stands.values()}
        return [firsts[article.id] for article in articles if article.id in firsts]

    async def led(self, articles: Sequence[Article]) -> list[tuple[Article, StoryEntry]]:
        """Return beside each article what is shown for it: itself, or in a feed of stories the first to tell.

        Copies of what is shown are left out, and so is what was given before: the first that it stands for
        counts. The articles are those that pass the filter.
        """
        stands = await self._standing_for(articles)
        led = []
        for article in articles:
            result = stands.get(article.id)
            if result is not None and result.article.id not in self._given:
                self._given.add(result.article.id)
                led.append((article, result))
        return led

    async def _standing_for(self, articles: Sequence[Article]) -> Mapping[ArticleId, StoryEntry]:
        """Return for each article what is shown; nothing for the copies of what is shown."""
        self._heads |= {article.id: article for article in articles}
        self._shown.update(article.id for article in articles)
        found = await self._store.stories.places([article.id for article in articles])
        places = {article.id: place for article, place in zip(articles, found, strict=True)}
        if self._per is Per.STORY:
            return await self._first_of_each(articles, places)
        repeats = await self._repeats(places)
        return {article.id: StoryEntry(article=article) for article in articles if article.id not in repeats}

    async def _repeats(self, places: Mapping[ArticleId, Place]) -> set[ArticleId]:
        """Return the copies of what the feed has."""
        originals = await self._read([place.copy_of for place in places.values() if place.copy_of])
        repeats = {
            one
            for one, place in places.items()
            if place.copy_of is not None and self._shows(originals.get(place.copy_of))
        }
        # Where the feed has not the original, the first of the copies stands for it.
        left = {one: place for one, place in places.items() if place.copy_of and one not in repeats}
        before = await told_before(self._store, left)
        heads = await self._read([name for names in before.values() for name in names])
        repeats |= {
            one for one, names in before.items() if any(self._shows(heads.get(name)) for name in names)
        }
        return repeats

    async def _first_of_each(
        self, articles: Sequence[Article], places: Mapping[ArticleId, Place]
    ) -> Mapping[ArticleId, StoryEntry]:
        stories: dict[StoryId, list[Article]] = {}
        for article in articles:
            stories.setdefault(places[article.id].story or StoryId(article.id), []).append(article)
        members = await self._store.stories.members(list(stories), MEMBERS)
        heads = await self._read([one for found in members.values() for one in found])
        firsts: dict[ArticleId, StoryEntry] = {}
        for story, mine in stories.items():
            known = [head for one in members[story] if (head := heads.get(one))]
            # Of a story of very many, the feed may have none of the first.
            by_age = sorted(mine, key=lambda article: (article.shown_since, article.id))
            leader = next(article for article in (*known, *by_age) if self._shows(article))
            others = tuple(article for article in known if article.id != leader.id)
            result = StoryEntry(article=leader, others=others)
            firsts |= dict.fromkeys((article.id for article in mine), result)
        return firsts

    async def _read(self, ids: Sequence[ArticleId]) -> Mapping[ArticleId, Article | None]:
        unread = [one for one in dict.fromkeys(ids) if one not in self._heads]
        heads = await self._store.articles.get_many(unread, bodies=False)
        self._heads |= dict(zip(unread, heads, strict=True))
        passing = await self._filtering.passing(self._wanted, [head for head in heads if head])
        self._shown.update(article.id for article in passing)
        return self._heads

    def _shows(self, article: Article | None) -> bool:
        return article is not None and article.id in self._shown
