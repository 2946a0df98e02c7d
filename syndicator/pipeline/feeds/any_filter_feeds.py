"""Feeds of any filter that are not configured: composed on request, at most two at a time for each client."""

import time
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from syndicator.model.clock import Clock
from syndicator.model.feed import (
    FeedEntry,
    FeedSnapshot,
    FeedSpec,
    Filter,
    Format,
    Order,
    Per,
    Rendition,
)
from syndicator.model.ids import ArticleId, FeedId
from syndicator.pipeline.concurrency_limits import Places
from syndicator.pipeline.feeds.article_selection import first_of, select
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.feeds.requested_documents import Composed, RequestedDocuments
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.popularity.on_demand_ranking import PopularNow
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.search.article_search import ArticleSearch
from syndicator.pipeline.stories.representatives import MEMBERS, Representatives, StoryEntry
from syndicator.rules.feeds.any_filter_feeds import AdHoc
from syndicator.rules.filter_matching import matches_keys
from syndicator.store.codec import digest
from syndicator.store.store import Store

PATH = "/articles"
KEPT_FEEDS = 1000
"""In one format."""
DEEPEST = 1000
"""Most articles of a timeline that are examined without a search index."""
BURST_PER_CLIENT = 60
"""Feeds composed for one client in a burst, and two a second after that: it may serve many readers."""
RANKED_FOR_S = 10.0
"""How long a popular feed keeps its order."""
_WORDS = {"en": ("Most read", "Coverage"), "id": ("Terpopuler", "Liputan")}


class NoSuchStory(LookupError):
    """The article whose story is requested does not exist."""


class AnyFilterFeeds:
    """Serves feeds of any filter, at a bounded cost per request."""

    def __init__(
        self,
        *,
        store: Store,
        publisher: Publisher,
        scoring: Scoring,
        clock: Clock,
        article_search: ArticleSearch | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._article_search = article_search
        self._filtering = Filtering(store)
        self._popular = PopularNow(
            store=store,
            filtering=self._filtering,
            scoring=scoring,
            clock=clock,
            turn_s=RANKED_FOR_S,
        )
        self._places = Places(BURST_PER_CLIENT)
        self._documents = RequestedDocuments(store, publisher, self._places, monotonic, most=KEPT_FEEDS)

    async def rendition(self, asked: AdHoc, form: Format, client: str) -> tuple[Rendition, int | None]:
        """Return the bytes, and their age in seconds where they could not be confirmed.

        Raise StoreUnavailable, TooMany and TooManySearches where there are no older bytes, and NoSuchStory.
        """
        is_popular = asked.order is Order.POPULAR
        return await self._documents.get(
            asked.spelled(),
            form,
            client,
            lambda: self._composed(asked),
            lambda position: f"{position} {self._popular.turn()}" if is_popular else position,
        )

    async def snapshot(self, asked: AdHoc, client: str) -> FeedSnapshot:
        """Return the current snapshot of a feed, for a page. Raises as `rendition`."""
        async with self._places.place(client):
            return (await self._composed(asked)).snapshot

    def outline(self, asked: AdHoc) -> FeedSnapshot:
        """Return the snapshot of a feed without entries: its title and addresses."""
        wanted = asked.filter
        spec = FeedSpec(
            id=FeedId(digest(asked.spelled())),
            title=self._title(asked),
            filter=wanted,
            order=asked.order,
            window=asked.window,
            size=asked.size,
            per=asked.per,
            language=wanted.language[0] if len(wanted.language) == 1 else None,
        )
        return FeedSnapshot(
            spec=spec,
            site=self._publisher.site,
            version=self._publisher.unversioned(),
            entries=(),
            page_path=PATH,
            asked=asked.spelled(),
        )

    async def _composed(self, asked: AdHoc) -> Composed:
        outline = self.outline(asked)
        ids, is_settled = await self._found(asked)
        entries = await self._entries(asked, outline.spec, ids)
        withdrawn = () if asked.story else await self._publisher.withdrawn(outline.spec)
        return Composed(
            snapshot=replace(outline, entries=entries, withdrawn=withdrawn),
            is_settled=is_settled,
            # Popularity does not change the dates of entries, but may change in each interval.
            changed_at=self._popular.turned_at() if asked.order is Order.POPULAR else None,
        )

    async def _entries(
        self, asked: AdHoc, spec: FeedSpec, ids: Sequence[ArticleId] | None
    ) -> tuple[FeedEntry, ...]:
        if asked.order is Order.POPULAR:
            return await self._publisher.ranked(spec, await self._popular.ranking(spec, ids))
        return await self._publisher.feed_entries(await self._selected(asked, ids))

    async def _selected(self, asked: AdHoc, ids: Sequence[ArticleId] | None) -> Sequence[StoryEntry]:
        store, wanted = self._store, asked.filter
        if asked.story is not None:
            return await self._of_story(asked.story, asked)
        if ids is None:
            found = await select(store, self._filtering, wanted, asked.size, asked.per, deepest=DEEPEST)
            return found.entries
        return await first_of(store, self._filtering, wanted, ids, size=asked.size, per=asked.per)

    async def _of_story(self, member: ArticleId, asked: AdHoc) -> list[StoryEntry]:
        """Return the matching articles of the story of a member, newest first."""
        (place,) = await self._store.stories.places([member])
        story = place.story
        ids = (await self._store.stories.members([story], MEMBERS))[story] if story else [member]
        heads = [head for head in await self._store.articles.get_many(ids, bodies=False) if head]
        if not heads:
            raise NoSuchStory
        passing = await self._filtering.passing(
            asked.filter, [head for head in heads if matches_keys(asked.filter, head)]
        )
        passing.sort(key=lambda article: (-article.listed_at.timestamp(), article.id))
        representatives = Representatives(self._store, self._filtering, asked.filter, Per.ARTICLE)
        return (await representatives.entries(passing))[: asked.size]

    async def _found(self, asked: AdHoc) -> tuple[Sequence[ArticleId] | None, bool]:
        """Return the articles that the index finds; None where it cannot, with False where it soon can."""
        needs_none = asked.story is not None or (asked.order is Order.POPULAR and asked.filter == Filter())
        if self._article_search is None or needs_none:
            return None, True
        found = await self._article_search.passing(asked.filter)
        return (found.ids, True) if found.is_whole else (None, False)

    def _title(self, asked: AdHoc) -> str:
        """Return the title of a feed: the values of its filter, and the site."""
        site = self._publisher.site
        ranking, story = _WORDS.get(site.language.partition("-")[0], _WORDS["en"])
        parts = [f"{ranking} ({asked.window.value})"] if asked.order is Order.POPULAR else []
        parts += [story] if asked.story else []
        parts += map(self._publisher.title_of, asked.filter.source)
        return " – ".join(filter(None, (" · ".join([*parts, *_values_of(asked.filter)]), site.title)))


def _values_of(wanted: Filter) -> list[str]:
    """Return the values of a filter, without its sources."""
    span = [
        f"{sign} {at:%Y-%m-%d %H:%M} UTC" for sign, at in (("≥", wanted.since), ("<", wanted.until)) if at
    ]
    words = (*wanted.section, *wanted.tag, *wanted.author, *wanted.language)
    return [*words, *([wanted.query] if wanted.query else []), *span]
