"""Pages of the lists of the API (articles, stories, withdrawals, feeds), newest first, by cursor."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from syndicator.errors import SyndicatorError
from syndicator.model.article import Article, Withdrawal
from syndicator.model.feed import FeedSpec, Filter, Format, Order, Per, Window
from syndicator.model.ids import ArticleId, FeedId, SourceId, StoryId
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.stories.editing import StoryEditing, StoryTold
from syndicator.rules.filter_matching import facets_for
from syndicator.store.paging import PagePosition
from syndicator.store.store import Store
from syndicator.store.stories.stories import Place

T = TypeVar("T")

DEEPEST = 2000
"""Most articles that one call examines. With a filter that few articles pass, a page may hold fewer
items than were asked for, and still have a next page."""

_AT_ONCE = 200
_CURSOR = re.compile(r"(\d{1,16})-(\d{1,6})", re.ASCII)


class CursorError(SyndicatorError):
    """The cursor is malformed: it was not returned by this service."""


class ListPage(Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list."""

    items: Sequence[T]
    next: str | None = None
    """Cursor of the next page; None on the last page."""


class ArticleLine(Struct, frozen=True, kw_only=True):
    """An article in a list: what is read on the way to it."""

    id: ArticleId
    url: str
    title: str
    lead: str
    source: SourceId
    section: str | None
    tags: tuple[str, ...]
    authors: tuple[str, ...]
    language: str | None
    published_at: datetime
    first_seen_at: datetime
    updated_at: datetime
    revision: int
    story: StoryId
    """The article's own id where it is a story of its own."""
    copy_of: ArticleId | None


class WithdrawalLine(Struct, frozen=True, kw_only=True):
    """A withdrawn article, without what it said."""

    id: ArticleId
    url: str
    source: SourceId
    revision: int
    withdrawn_at: datetime
    by: str
    reason: str


class FeedLine(Struct, frozen=True, kw_only=True):
    """A configured feed and where it is read."""

    id: FeedId
    title: str
    description: str
    language: str
    filter: Filter
    order: Order
    window: Window
    per: Per
    size: int
    private: bool
    version: int
    """Raised by each change that it shows."""
    changed_at: datetime | None
    urls: dict[str, str]


class Paginator:
    """Returns lists page by page; items added meanwhile do not move others between pages."""

    def __init__(self, store: Store, publisher: Publisher, story_editing: StoryEditing) -> None:
        self._store = store
        self._publisher = publisher
        self._story_editing = story_editing
        self._filtering = Filtering(store)

    async def articles(
        self, wanted: Filter, cursor: str | None, limit: int, *, whole: bool = False
    ) -> ListPage[ArticleLine]:
        """List articles that pass a filter; `whole`: also what their portals do not let us show."""
        spot, found, looked_at = _spot(cursor), list[Article](), 0
        facets = facets_for(wanted)
        while True:
            take = min(limit - len(found), _AT_ONCE)
            ids, spot = await self._store.lists.articles(facets, spot, take)
            heads = [head for head in await self._store.articles.get_many(ids, bodies=False) if head]
            found += await self._filtering.passing(wanted, heads)
            looked_at += take
            if spot is None or len(found) >= limit or looked_at >= DEEPEST:
                break
        return ListPage(items=await self._lines(found, whole=whole), next=_spelled(spot))

    async def articles_of(self, ids: Sequence[ArticleId]) -> list[ArticleLine]:
        """Return these articles, as `articles` lists them `whole`; those that are gone are left out."""
        heads = await self._store.articles.get_many(ids, bodies=False)
        return await self._lines([head for head in heads if head], whole=True)

    async def _lines(self, articles: Sequence[Article], *, whole: bool) -> list[ArticleLine]:
        places = await self._store.stories.places([article.id for article in articles])
        shown = articles if whole else map(self._publisher.shown, articles)
        return [_article(article, place) for article, place in zip(shown, places, strict=True)]

    async def stories(self, cursor: str | None, limit: int) -> ListPage[StoryTold]:
        """Return stories of more than one article, the last grown first."""
        ids, spot = await self._store.lists.stories(_spot(cursor), limit)
        return ListPage(items=await self._story_editing.stories(ids), next=_spelled(spot))

    async def withdrawals(self, cursor: str | None, limit: int) -> ListPage[WithdrawalLine]:
        """List what was withdrawn."""
        ids, spot = await self._store.lists.withdrawn(_spot(cursor), limit)
        found = await self._store.withdrawals.get_many(ids)
        return ListPage(items=[_withdrawal(one) for one in found if one], next=_spelled(spot))

    async def feeds(self, names: Sequence[FeedId]) -> list[FeedLine]:
        """Show these of the configured feeds."""
        versions = await self._store.feeds.versions(list(names))
        return [
            self._feed(
                self._publisher.specs[name],
                versions[name].version,
                versions[name].changed_at if versions[name].version else None,
            )
            for name in names
        ]

    def _feed(self, spec: FeedSpec, version: int, changed_at: datetime | None) -> FeedLine:
        site = self._publisher.site
        return FeedLine(
            id=spec.id,
            title=spec.title,
            description=spec.description,
            language=spec.language or site.language,
            filter=spec.filter,
            order=spec.order,
            window=spec.window,
            per=spec.per,
            size=spec.size,
            private=spec.private,
            version=version,
            changed_at=changed_at,
            urls={form.value: site.url(f"/feeds/{spec.id}.{form.value}") for form in Format},
        )


def _spot(cursor: str | None) -> PagePosition | None:
    if cursor is None:
        return None
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise CursorError("the cursor was not given out here: take the `next` of a list")
    return PagePosition(until_ms=int(match[1]), skip=int(match[2]))


def _spelled(spot: PagePosition | None) -> str | None:
    return f"{spot.until_ms}-{spot.skip}" if spot else None


def _article(article: Article, place: Place) -> ArticleLine:
    return ArticleLine(
        id=article.id,
        url=article.url,
        title=article.title,
        lead=article.lead,
        source=article.source,
        section=article.section,
        tags=article.tags,
        authors=article.authors,
        language=article.language,
        published_at=article.published_at,
        first_seen_at=article.first_seen_at,
        updated_at=article.updated_at,
        revision=article.revision,
        story=place.story or StoryId(article.id),
        copy_of=place.copy_of,
    )


def _withdrawal(one: Withdrawal) -> WithdrawalLine:
    return WithdrawalLine(
        id=one.article.id,
        url=one.article.url,
        source=one.article.source,
        revision=one.revision,
        withdrawn_at=one.at,
        by=one.by.value,
        reason=one.reason,
    )
