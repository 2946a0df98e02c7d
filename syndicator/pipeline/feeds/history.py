"""The history of a feed as documents (RFC 5005): pages that begin at a position, archives that never change.

feed ── next ──▶ page ── next ──▶ page …            each begins where the one before ended
└── prev-archive ──▶ archive ── prev-archive ──▶ archive …    each holds a span of the calendar
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import StoreUnavailable
from syndicator.model.clock import Clock, to_ms
from syndicator.model.feed import FeedSnapshot, FeedSpec, Format, Order, Rendition
from syndicator.model.ids import ArticleId, FeedId
from syndicator.pipeline.concurrency_limits import Places, TooMany
from syndicator.pipeline.feeds.article_selection import select
from syndicator.pipeline.feeds.feed_dates import dated, shown_of
from syndicator.pipeline.feeds.history_links import Links, next_page, place_named, prev_archive
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.fresh_reads import FreshReads
from syndicator.pipeline.single_flight import SingleFlight
from syndicator.pipeline.stories.representatives import StoryEntry
from syndicator.rules.feeds.history_windows import Span, settled_until, span_named
from syndicator.rules.least_recent import LeastRecent
from syndicator.store.articles.articles import TimelinePlace
from syndicator.store.store import Store

KEPT_BYTES = 64 * 2**20
MOST_IN_ARCHIVE = 2000
"""Most entries. Only a span of one minute holds more than `rules.feeds.history_windows.MOST` articles."""
MOST_ON_PAGE = 200
_ALL = "all"

_Key = tuple[FeedId, str, Format]


class _Document(Struct, frozen=True, kw_only=True):
    """The content of a document, without bodies."""

    entries: tuple[StoryEntry, ...]
    links: Links
    is_archive: bool


class _Kept(Struct, frozen=True, kw_only=True):
    rendition: Rendition
    position: str
    """Position of the last change that these bytes are known to include."""
    shown: str
    """Digest of the visible content."""
    confirmed_at: float


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
        self._monotonic = monotonic
        self._filtering = Filtering(store)
        self._positions = FreshReads(self._read_position)
        self._kept = LeastRecent[_Key, _Kept](KEPT_BYTES, lambda kept: kept.rendition.size_bytes)
        self._making = SingleFlight[tuple[_Key, str], _Kept]()
        self._places = Places()

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
        return await self._answer((feed, f"/archive/{name}", form), client, partial(self._span, spec, span))

    async def page(
        self, feed: FeedId, name: str, form: Format, client: str
    ) -> tuple[Rendition, int | None] | None:
        """Return the page of entries behind a position; otherwise as `archive`."""
        spec, place = self._spec(feed), place_named(name)
        if spec is None or place is None:
            return None
        return await self._answer((feed, f"/before/{name}", form), client, partial(self._page, spec, place))

    def _spec(self, feed: FeedId) -> FeedSpec | None:
        spec = self._publisher.public.get(feed)
        return spec if spec is not None and spec.order is Order.LATEST else None

    async def _answer(
        self, key: _Key, client: str, look: Callable[[], Awaitable[_Document]]
    ) -> tuple[Rendition, int | None]:
        try:
            return (await self._current(key, client, look)).rendition, None
        except (StoreUnavailable, TooMany):
            old = self._kept.get(key)
            if old is None:
                raise
            return old.rendition, int(self._monotonic() - old.confirmed_at)

    async def _current(self, key: _Key, client: str, look: Callable[[], Awaitable[_Document]]) -> _Kept:
        kept = self._kept.get(key)
        position = await self._positions.get(_ALL, patiently=kept is None)
        kept = self._kept.get(key)
        if kept is not None and kept.position == position:
            confirmed = replace(kept, confirmed_at=self._monotonic())
            self._kept.put(key, confirmed)
            return confirmed
        return await self._making.get(
            (key, position), lambda: self._make(key, position, client, look), name="make a document"
        )

    async def _make(
        self, key: _Key, position: str, client: str, look: Callable[[], Awaitable[_Document]]
    ) -> _Kept:
        async with self._places.place(client):
            snapshot = await self._snapshot(key, await look())
            kept, shown = self._kept.get(key), shown_of(snapshot)
            if kept is not None and kept.shown == shown:
                rendition = kept.rendition
            else:
                rendition = await self._publisher.rendered(snapshot, key[-1])
        made = _Kept(rendition=rendition, position=position, shown=shown, confirmed_at=self._monotonic())
        self._kept.put(key, made)
        return made

    async def _snapshot(self, key: _Key, document: _Document) -> FeedSnapshot:
        feed, path, _ = key
        spec, version = self._publisher.specs[feed], self._publisher.unversioned()
        snapshot = FeedSnapshot(
            spec=spec,
            site=self._publisher.site,
            version=version,
            entries=await self._publisher.feed_entries(document.entries, spec.content),
            page_path=f"/feeds/{feed}",
            feed_path=path,
            links=document.links,
            is_archive=document.is_archive,
        )
        return await dated(self._store.feeds, snapshot)

    async def _span(self, spec: FeedSpec, span: Span) -> _Document:
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
        entries = tuple(replace(entry, others=()) for entry in selection.entries)
        return _Document(entries=entries, links=(("current", ""), *older), is_archive=True)

    async def _page(self, spec: FeedSpec, place: TimelinePlace) -> _Document:
        selection = await select(
            self._store, self._filtering, spec.filter, min(spec.size, MOST_ON_PAGE), spec.per, before=place
        )
        return _Document(
            entries=selection.entries, links=(("first", ""), *next_page(selection.rest)), is_archive=False
        )

    async def _read_position(self, keys: Sequence[str]) -> Mapping[str, str]:
        position = await self._store.changes.position()
        return dict.fromkeys(keys, position)
