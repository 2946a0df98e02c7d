"""Reads, explains, splits and joins stories, for operators."""

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec import Struct, field

from syndicator.errors import StoreError, SyndicatorError
from syndicator.model.article import Article
from syndicator.model.clock import Clock
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import ArticleId, SourceId, StoryId
from syndicator.rules.stories.clustering import Comparison, StoriesPolicy, compare
from syndicator.store.store import Store
from syndicator.store.stories.stories import Place, StoryRecord

_ATTEMPTS = 20


class StoryRefused(SyndicatorError):
    """A story cannot be changed or explained as requested; the message gives the reason."""


class Teller(Struct, frozen=True, kw_only=True):
    """An article of a story."""

    article: ArticleId
    title: str
    source: SourceId
    url: str
    published_at: datetime
    first_seen_at: datetime
    copy_of: ArticleId | None = None


class StoryTold(Struct, frozen=True, kw_only=True):
    """A story and its articles, oldest first."""

    id: StoryId
    title: str
    members: tuple[Teller, ...] = field(name="told_by")


class Explanation(Struct, frozen=True, kw_only=True):
    """Why two articles are one story, or are not."""

    one: Teller
    other: Teller
    together: bool
    """Whether they are in one story now: by rule, through other articles, or joined by an operator."""
    judged: Comparison
    placed: tuple[Place, Place]
    """Their assignments at admission."""


class StoryEditing:
    """Reads and changes stories. Changes are permanent, because only new articles are ever assigned."""

    def __init__(
        self, store: Store, specs: Collection[FeedSpec], policy: StoriesPolicy, clock: Clock
    ) -> None:
        self._store = store
        self._specs = specs
        self._policy = policy
        self._clock = clock

    async def story(self, article_id: ArticleId) -> StoryTold:
        """Return the story that an article belongs to. Raises StoryRefused without such an article."""
        return await self._with_articles(await self._record(article_id))

    async def _with_articles(self, record: StoryRecord) -> StoryTold:
        ids = [ArticleId(member.id) for member in record.members]
        articles = await self._store.articles.get_many(ids, bodies=False)
        places = await self._store.stories.places(ids)
        members = tuple(
            _member(article, place) for article, place in zip(articles, places, strict=True) if article
        )
        return StoryTold(id=record.id, title=members[0].title if members else "", members=members)

    async def newest(self, limit: int) -> list[StoryTold]:
        """Return the stories of more than one article, the last grown first; all for `limit` 0."""
        return await self.stories(await self._store.stories.newest(limit))

    async def stories(self, ids: Sequence[StoryId]) -> list[StoryTold]:
        """Return these stories, without those that have fewer than two articles left."""
        stories = [await self._with_articles(await self._store.stories.get(story)) for story in ids]
        return [story for story in stories if len(story.members) > 1]

    async def explain(self, one: ArticleId, other: ArticleId) -> Explanation:
        """Return why two articles are one story or not. Raises StoryRefused where an article is missing."""
        if one == other:
            raise StoryRefused(f"article {one} was named twice: name two")
        found = await self.explain_each(one, [other])
        if other not in found:
            for name in (one, other):
                await self._article(name)
            raise StoryRefused(f"articles {one} and {other} have just changed: try again")
        return found[other]

    async def explain_each(self, one: ArticleId, others: Sequence[ArticleId]) -> dict[ArticleId, Explanation]:
        """Return the same for each of the others, without those that are missing."""
        ids = [one, *others]
        articles, places = await self._store.articles.get_many(ids), await self._store.stories.places(ids)
        first = articles[0]
        if first is None:
            return {}
        found = [
            (name, article, place)
            for name, article, place in zip(others, articles[1:], places[1:], strict=True)
            if article is not None
        ]
        judged = compare(first, [article for _, article, _ in found], self._policy)
        return {
            name: Explanation(
                one=_member(first, places[0]),
                other=_member(article, place),
                together=(places[0].story or one) == (place.story or name),
                judged=verdict,
                placed=(places[0], place),
            )
            for (name, article, place), verdict in zip(found, judged, strict=True)
        }

    async def split(self, article_id: ArticleId) -> StoryTold:
        """Remove an article from its story, so that it is no copy any more; return the remaining story."""
        for _ in range(_ATTEMPTS):
            record = await self._record(article_id)
            mine = [member for member in record.members if member.id == StoryId(article_id)]
            rest = [member for member in record.members if member.id != StoryId(article_id)]
            if not rest or not mine:
                raise StoryRefused(f"article {article_id} is a story of its own already")
            noted = self._store.audit.command("story.split", article_id, before={"story": record.id})
            if await self._store.stories.regroup([record], [mine, rest], self._clock(), [noted]):
                await self._touch()
                return await self.story(ArticleId(rest[0].id))
        raise StoreError(f"the story of {article_id} changed {_ATTEMPTS} times meanwhile: try again")

    async def join(self, one: ArticleId, other: ArticleId) -> StoryTold:
        """Join the stories of two articles; return the joined story."""
        for _ in range(_ATTEMPTS):
            first, second = await self._record(one), await self._record(other)
            if first.id == second.id:
                raise StoryRefused(f"articles {one} and {other} are one story already")
            members = [*first.members, *second.members]
            stories = {str(one): first.id, str(other): second.id}
            noted = self._store.audit.command("story.joined", one, before=stories, after={"with": other})
            if await self._store.stories.regroup([first, second], [members], self._clock(), [noted]):
                await self._touch()
                return await self.story(one)
        raise StoreError(f"the stories of {one} and {other} changed {_ATTEMPTS} times meanwhile: try again")

    async def _touch(self) -> None:
        """Have all feeds rendered again, because any of them may show one of the articles."""
        await self._store.feeds.touch([spec.id for spec in self._specs], self._clock())

    async def _record(self, article_id: ArticleId) -> StoryRecord:
        record = await self._store.stories.record(article_id)
        if record is None:
            await self._article(article_id)
            raise StoryRefused(f"article {article_id} is older than stories are: it was never placed")
        return record

    async def _article(self, article_id: ArticleId) -> Article:
        article = await self._store.articles.get(article_id)
        if article is None:
            raise StoryRefused(f"there is no article {article_id!r} (or it has outlived its retention)")
        return article


def _member(article: Article, place: Place) -> Teller:
    return Teller(
        article=article.id,
        title=article.title,
        source=article.source,
        url=article.url,
        published_at=article.published_at,
        first_seen_at=article.first_seen_at,
        copy_of=place.copy_of,
    )
