"""Which of several articles that tell the same is shown, and where else it stands."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.model.feed import Filter, Per
from syndicator.model.ids import ArticleId, StoryId
from syndicator.rules.selection import matches
from syndicator.store.store import Store
from syndicator.store.stories import Place

MEMBERS = 50
"""Articles of a story that are looked at: its first ones, of which one is shown."""


class Told(Struct, frozen=True, kw_only=True):
    """An article that is shown, and the others of its story, the first first; without bodies."""

    article: Article
    others: tuple[Article, ...] = ()


async def others_of(store: Store, article: Article) -> tuple[Article, ...]:
    """Give the other articles of an article's story, the first first; without bodies."""
    (place,) = await store.stories.places([article.id])
    if place.story is None:
        return ()
    members = await store.stories.members([place.story], MEMBERS)
    heads = await store.articles.get_many(members[place.story], bodies=False)
    return tuple(head for head in heads if head and head.id != article.id)


class Telling:
    """Chooses for one feed, keeping what it has read: a timeline is followed in several steps."""

    def __init__(self, store: Store, wanted: Filter, per: Per) -> None:
        self._store = store
        self._wanted = wanted
        self._per = per
        self._heads: dict[ArticleId, Article | None] = {}

    async def told(self, articles: Sequence[Article]) -> list[Told]:
        """Leave out copies whose original is shown and, in a feed of stories, all but the first of each."""
        self._heads |= {article.id: article for article in articles}
        places = await self._store.stories.places([article.id for article in articles])
        originals = await self._read([place.copy_of for place in places if place.copy_of])
        shown = [
            (article, place)
            for article, place in zip(articles, places, strict=True)
            if place.copy_of is None or not self._shows(originals.get(place.copy_of))
        ]
        if self._per is Per.ARTICLE:
            return [Told(article=article) for article, _ in shown]
        return await self._first_of_each(shown)

    async def _first_of_each(self, shown: Sequence[tuple[Article, Place]]) -> list[Told]:
        stories = list(dict.fromkeys(place.story for _, place in shown if place.story))
        members = await self._store.stories.members(stories, MEMBERS)
        heads = await self._read([one for found in members.values() for one in found])
        firsts: dict[StoryId, Told] = {}
        for story, found in members.items():
            articles = [head for one in found if (head := heads.get(one))]
            leader = next((article for article in articles if self._shows(article)), None)
            if leader is not None:
                others = tuple(article for article in articles if article.id != leader.id)
                firsts[story] = Told(article=leader, others=others)
        told = []
        for article, place in shown:
            first = firsts.get(place.story) if place.story else None
            if first is None:
                told.append(Told(article=article))
            elif first.article.id == article.id:
                told.append(first)
        return told

    async def _read(self, ids: Sequence[ArticleId]) -> Mapping[ArticleId, Article | None]:
        unread = [one for one in dict.fromkeys(ids) if one not in self._heads]
        heads = await self._store.articles.get_many(unread, bodies=False)
        self._heads |= dict(zip(unread, heads, strict=True))
        return self._heads

    def _shows(self, article: Article | None) -> bool:
        return article is not None and matches(self._wanted, article)
