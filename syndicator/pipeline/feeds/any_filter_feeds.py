"""Feeds of any filter that are not configured: composed on request, cached while nothing changes.

position of the last change → cached bytes are of that position? → send them
                            → else select (two at a time for each client) → another selection?
                            → render, once for all waiting requests
"""

import time
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import StoreUnavailable
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
from syndicator.pipeline.concurrency_limits import Places, TooMany
from syndicator.pipeline.feeds.article_selection import first_of, select
from syndicator.pipeline.feeds.feed_dates import dated, shown_of
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.fresh_reads import FreshReads
from syndicator.pipeline.popularity.on_demand_ranking import PopularNow
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.search.article_search import ArticleSearch, TooManySearches
from syndicator.pipeline.single_flight import SingleFlight
from syndicator.pipeline.stories.representatives import MEMBERS, Representatives, StoryEntry
from syndicator.render.dates import newest_change
from syndicator.rules.feeds.any_filter_feeds import AdHoc
from syndicator.rules.filter_matching import matches_keys
from syndicator.rules.least_recent import LeastRecent
from syndicator.store.codec import digest
from syndicator.store.store import Store

PATH = "/articles"
KEPT_BYTES = 64 * 2**20
KEPT_FEEDS = 1000
"""In one format."""
DEEPEST = 1000
"""Most articles of a timeline that are examined without a search index."""
BURST_PER_CLIENT = 60
"""Feeds composed for one client in a burst, and two a second after that: it may serve many readers."""
RANKED_FOR_S = 10.0
"""How long a popular feed keeps its order."""
_ALL = "all"
_WORDS = {"en": ("Most read", "Coverage"), "id": ("Terpopuler", "Liputan")}

_Key = tuple[str, Format]
_Momentary = str
"""A state of the store: while it stays the same, so do the entries of a feed."""


class _Kept(Struct, frozen=True, kw_only=True):
    rendition: Rendition
    moment: _Momentary
    shown: str
    """Digest of its visible content."""
    confirmed_at: float


def _size(kept: _Kept) -> int:
    """Return the bytes of a cached feed; small ones count for more, which bounds their number too."""
    return max(kept.rendition.size_bytes, KEPT_BYTES // KEPT_FEEDS)


class NoSuchStory(LookupError):
    """The article whose story is requested does not exist."""


class AnyFilterFeeds:
    """Serves feeds of any filter, at a bounded cost per request.

    The answer is of a state read after the request began: so an article is shown from its admission on.
    """

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
        self._monotonic = monotonic
        self._filtering = Filtering(store)
        self._popular = PopularNow(
            store=store,
            filtering=self._filtering,
            scoring=scoring,
            clock=clock,
            turn_s=RANKED_FOR_S,
        )
        self._positions = FreshReads(self._read_position)
        self._kept = LeastRecent[_Key, _Kept](KEPT_BYTES, _size)
        self._making = SingleFlight[tuple[_Key, _Momentary], _Kept]()
        self._places = Places(BURST_PER_CLIENT)

    async def rendition(self, asked: AdHoc, form: Format, client: str) -> tuple[Rendition, int | None]:
        """Return the bytes, and their age in seconds where they could not be confirmed.

        Raise StoreUnavailable, TooMany and TooManySearches where there are no older bytes, and NoSuchStory.
        """
        key = (asked.spelled(), form)
        try:
            kept = await self._current(key, asked, client)
        except (StoreUnavailable, TooMany, TooManySearches):
            old = self._kept.get(key)
            if old is None:
                raise
            return old.rendition, int(self._monotonic() - old.confirmed_at)
        return kept.rendition, None

    async def snapshot(self, asked: AdHoc, client: str) -> FeedSnapshot:
        """Return the current snapshot of a feed, for a page. Raises as `rendition`."""
        async with self._places.place(client):
            return (await self._snapshot(asked))[0]

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

    async def _current(self, key: _Key, asked: AdHoc, client: str) -> _Kept:
        moment = await self._moment(asked, has_older=key in self._kept)
        kept = self._kept.get(key)
        if kept is not None and kept.moment == moment:
            kept = replace(kept, confirmed_at=self._monotonic())
            self._kept.put(key, kept)
            return kept
        return await self._making.get(
            (key, moment), lambda: self._make(key, asked, moment, client), name="make a feed"
        )

    async def _make(self, key: _Key, asked: AdHoc, moment: _Momentary, client: str) -> _Kept:
        async with self._places.place(client):
            snapshot, is_settled = await self._snapshot(asked)
            snapshot = await dated(self._store.feeds, snapshot)
            shown, kept = shown_of(snapshot), self._kept.get(key)
            if kept is None or kept.shown != shown:
                rendition = await self._publisher.rendered(snapshot, key[1])
            else:
                rendition = kept.rendition
            if asked.order is Order.POPULAR:
                # Popularity does not change the dates of entries, but may change in each interval.
                at = max(newest_change(snapshot), self._popular.turned_at())
                rendition = replace(rendition, last_modified=at)
        # A selection from an index that lags behind must be repeated, even if nothing else changes.
        of = moment if is_settled else ""
        kept = _Kept(rendition=rendition, moment=of, shown=shown, confirmed_at=self._monotonic())
        self._kept.put(key, kept)
        return kept

    async def _moment(self, asked: AdHoc, *, has_older: bool) -> _Momentary:
        position = await self._positions.get(_ALL, patiently=not has_older)
        return f"{position} {self._popular.turn()}" if asked.order is Order.POPULAR else position

    async def _read_position(self, keys: Sequence[str]) -> Mapping[str, str]:
        position = await self._store.changes.position()
        return dict.fromkeys(keys, position)

    async def _snapshot(self, asked: AdHoc) -> tuple[FeedSnapshot, bool]:
        """Return the current snapshot; False where the index may not have all articles yet."""
        outline = self.outline(asked)
        ids, is_settled = await self._found(asked)
        entries = await self._entries(asked, outline.spec, ids)
        withdrawn = () if asked.story else await self._publisher.withdrawn(outline.spec)
        return replace(outline, entries=entries, withdrawn=withdrawn), is_settled

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
