"""The history of a feed as documents (RFC 5005): pages that begin at a position, archives that never change.

feed ── next ──▶ page ── next ──▶ page …            each begins where the one before ended
└── prev-archive ──▶ archive ── prev-archive ──▶ archive …    each holds a span of the calendar
"""

import time
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from syndicator.model.clock import Clock, to_ms
from syndicator.model.feed import FeedSnapshot, FeedSpec, Format, Order, Rendition
from syndicator.model.ids import ArticleId, FeedId
from syndicator.pipeline.concurrency_limits import Places
from syndicator.pipeline.feeds.article_selection import select
from syndicator.pipeline.feeds.history_links import Links, next_page, place_named, prev_archive
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.feeds.requested_documents import Composed, RequestedDocuments
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.stories.representatives import StoryEntry
from syndicator.rules.feeds.history_windows import Span, settled_until, span_named
from syndicator.store.articles.articles import TimelinePlace
from syndicator.store.store import Store

MOST_IN_ARCHIVE = 2000
"""Most entries. Only a span of one minute holds more than `rules.feeds.history_windows.MOST` articles."""
MOST_ON_PAGE = 200


class History:
    """Composes documents of the history on request, and caches them while their content stays the same."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._filtering = Filtering(store)
        self._documents = RequestedDocuments(store, publisher, Places(), monotonic)

    async def archive(
        self, feed: FeedId, name: str, form: Format, client: str
    ) -> tuple[Rendition, int | None] | None:
        """Return the archive of a span, newest first, and its age in seconds where it was not confirmed.

        None where there is no such feed or span, or articles may still be added to it. Raises
        StoreUnavailable and TooMany where nothing is cached.
        """
        spec, span = self._spec(feed), span_named(name)
        if spec is None or span is None or span.end > settled_until(self._clock()):
            return None
        path = f"/archive/{name}"
        return await self._documents.get(f"{feed}{path}", form, client, lambda: self._span(spec, span, path))

    async def page(
        self, feed: FeedId, name: str, form: Format, client: str
    ) -> tuple[Rendition, int | None] | None:
        """Return the page of entries behind a position; otherwise as `archive`."""
        spec, place = self._spec(feed), place_named(name)
        if spec is None or place is None:
            return None
        path = f"/before/{name}"
        return await self._documents.get(f"{feed}{path}", form, client, lambda: self._page(spec, place, path))

    def _spec(self, feed: FeedId) -> FeedSpec | None:
        spec = self._publisher.public.get(feed)
        return spec if spec is not None and spec.order is Order.LATEST else None

    async def _span(self, spec: FeedSpec, span: Span, path: str) -> Composed:
        end = TimelinePlace(article_id=ArticleId(""), listed_ms=to_ms(span.end) - 1)
        selection = await select(
            self._store,
            self._filtering,
            spec.filter,
            MOST_IN_ARCHIVE,
            spec.per,
            before=end,
            since_ms=to_ms(span.start),
        )
        older = await prev_archive(self._store, self._filtering, spec, span.start)
        # Without the other articles of a story: it grows, but an archive must not change.
        entries = [replace(entry, others=()) for entry in selection.entries]
        return await self._composed(spec, path, entries, (("current", ""), *older), is_archive=True)

    async def _page(self, spec: FeedSpec, place: TimelinePlace, path: str) -> Composed:
        selection = await select(
            self._store, self._filtering, spec.filter, min(spec.size, MOST_ON_PAGE), spec.per, before=place
        )
        links = (("first", ""), *next_page(selection.rest))
        return await self._composed(spec, path, selection.entries, links, is_archive=False)

    async def _composed(
        self, spec: FeedSpec, path: str, entries: Sequence[StoryEntry], links: Links, *, is_archive: bool
    ) -> Composed:
        return Composed(
            snapshot=FeedSnapshot(
                spec=spec,
                site=self._publisher.site,
                version=self._publisher.unversioned(),
                entries=await self._publisher.feed_entries(entries, spec.content),
                page_path=f"/feeds/{spec.id}",
                feed_path=path,
                links=links,
                is_archive=is_archive,
            )
        )
