"""What operators ask of stories, and what they change: why two are one, splitting, joining."""

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec import Struct

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
    """A story cannot be changed or explained as asked; the sentence says why."""


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
    """A story and who tells it, the first first."""

    id: StoryId
    title: str
    told_by: tuple[Teller, ...]


class Explanation(Struct, frozen=True, kw_only=True):
    """Why two articles are one story, or are not."""

    one: Teller
    other: Teller
    together: bool
    """Whether they are in one story now: by rule, by way of others, or because somebody joined them."""
    judged: Comparison
    placed: tuple[Place, Place]
    """As they were placed when they came."""


class Regrouping:
    """Reads and changes stories. What is split or joined stays so: only new articles are ever placed."""

    def __init__(
        self, store: Store, specs: Collection[FeedSpec], policy: StoriesPolicy, clock: Clock
    ) -> None:
        self._store = store
        self._specs = specs
        self._policy = policy
        self._clock = clock

    async def story(self, article_id: ArticleId) -> StoryTold:
        """Show the story that an article belongs to. Raise StoryRefused where there is no such article."""
        return await self._told(await self._record(article_id))

    async def _told(self, record: StoryRecord) -> StoryTold:
        ids = [ArticleId(member.id) for member in record.members]
        articles = await self._store.articles.get_many(ids, bodies=False)
        places = await self._store.stories.places(ids)
        tellers = tuple(
            _teller(article, place) for article, place in zip(articles, places, strict=True) if article
        )
        return StoryTold(id=record.id, title=tellers[0].title if tellers else "", told_by=tellers)

    async def newest(self, limit: int) -> list[StoryTold]:
        """Show the stories of more than one article, the one that grew last first; all for 0."""
        return await self.told(await self._store.stories.newest(limit))

    async def told(self, ids: Sequence[StoryId]) -> list[StoryTold]:
        """Show these stories; those of which nothing or one article is left are left out."""
        chosen = [await self._told(await self._store.stories.told(story)) for story in ids]
        return [one for one in chosen if len(one.told_by) > 1]

    async def explain(self, one: ArticleId, other: ArticleId) -> Explanation:
        """Return why two articles are one story or are not. Raise StoryRefused where one is not there."""
        if one == other:
            raise StoryRefused(f"article {one} was named twice: name two")
        first, second = [await self._article(name) for name in (one, other)]
        place, other_place = await self._store.stories.places([one, other])
        return Explanation(
            one=_teller(first, place),
            other=_teller(second, other_place),
            together=(place.story or one) == (other_place.story or other),
            judged=compare(first, second, self._policy),
            placed=(place, other_place),
        )

    async def split(self, article_id: ArticleId) -> StoryTold:
        """Take an article out of its story, and out of the shadow of what it copies; give what is left."""
        for _ in range(_ATTEMPTS):
            record = await self._record(article_id)
            mine = [member for member in record.members if member.id == StoryId(article_id)]
            rest = [member for member in record.members if member.id != StoryId(article_id)]
            if not rest or not mine:
                raise StoryRefused(f"article {article_id} is a story of its own already")
            if await self._store.stories.regroup([record], [mine, rest], self._clock()):
                await self._touch()
                return await self.story(ArticleId(rest[0].id))
        raise StoreError(f"the story of {article_id} changed {_ATTEMPTS} times meanwhile: try again")

    async def join(self, one: ArticleId, other: ArticleId) -> StoryTold:
        """Make one story of those that two articles belong to."""
        for _ in range(_ATTEMPTS):
            first, second = await self._record(one), await self._record(other)
            if first.id == second.id:
                raise StoryRefused(f"articles {one} and {other} are one story already")
            members = [*first.members, *second.members]
            if await self._store.stories.regroup([first, second], [members], self._clock()):
                await self._touch()
                return await self.story(one)
        raise StoreError(f"the stories of {one} and {other} changed {_ATTEMPTS} times meanwhile: try again")

    async def _touch(self) -> None:
        """Have all feeds rendered anew: any of them may show one of the articles."""
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


def _teller(article: Article, place: Place) -> Teller:
    return Teller(
        article=article.id,
        title=article.title,
        source=article.source,
        url=article.url,
        published_at=article.published_at,
        first_seen_at=article.first_seen_at,
        copy_of=place.copy_of,
    )
