"""A round of a sitemap, an index of sitemaps, or a news sitemap."""

from datetime import UTC, datetime, timedelta

from msgspec import Struct

from syndicator.errors import NotReadable
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.sitemap import ChildSitemap, sitemap_candidate
from syndicator.model.article import ListedItem, PopularItem
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched, FetchFailed, NotModified
from syndicator.model.source import Source, SourceState
from syndicator.pipeline.admitting import Admitted, tally
from syndicator.pipeline.article_pages import ArticlePages
from syndicator.pipeline.intake import Intake
from syndicator.pipeline.rounds import (
    Notes,
    Outcome,
    RoundFailed,
    address,
    body_hash,
    new_notes,
    note_views,
    poll_of,
    with_known,
    word,
)
from syndicator.pipeline.visiting import Visitor
from syndicator.rules.identity import url_key
from syndicator.rules.moves import overlaps
from syndicator.store.store import Store

READ_WHOLE_EVERY = timedelta(days=1)
LATE = timedelta(days=2)
"""An address may come into a sitemap so long after its date, and is still news."""


class _Listing(Struct, frozen=True, kw_only=True):
    items: tuple[ListedItem, ...]
    """The newest first, as far as they are dated."""
    root: Fetched
    is_index: bool


class SitemapRound:
    """sitemap, or the freshest of an index → unknown articles → their pages, where wanted → admit.

    The first round takes the newest `max_articles`; what is dated older than that is the portal's archive
    and stays there. A sitemap without dates is gathered whole, `max_articles` in a round.
    """

    def __init__(
        self,
        *,
        store: Store,
        visitor: Visitor,
        gatherer: Gatherer,
        intake: Intake,
        pages: ArticlePages,
        clock: Clock,
    ) -> None:
        self._store = store
        self._visitor = visitor
        self._gatherer = gatherer
        self._intake = intake
        self._pages = pages
        self._clock = clock

    async def gather(self, source: Source, state: SourceState) -> Outcome:
        """Gather once; raise RoundFailed or NotReadable where there is no sitemap to read."""
        now = self._clock()
        whole = state.read_at is None or now - state.read_at > READ_WHOLE_EVERY
        asked = None if whole else state
        result = await self._visitor.fetch(source, address(source, state), asked)
        if isinstance(result, FetchFailed):
            raise RoundFailed(result)
        if isinstance(result, NotModified):
            return _unchanged(state, result)
        if body_hash(result) == state.body_hash and not whole:
            return _unchanged(state, result)
        return await self._read(source, state, result)

    async def _read(self, source: Source, state: SourceState, document: Fetched) -> Outcome:
        notes = new_notes()
        listing = await self._listing(source, state, document, notes)
        backfill = state.first_success_at is None
        recent = [item for item in listing.items if _is_news(item, state)]
        fresh = (await self._pages.unknown(source, recent))[: source.max_articles]
        fresh_keys = {url_key(item.url) for item in fresh}
        known = [item for item in recent if url_key(item.url) not in fresh_keys]
        admitted = await self._take_in(source, fresh[::-1], notes, listing.root, backfill=backfill)
        if source.full_text:
            await self._hurry(source, known, state)
            admitted += await self._pages.recheck(source, notes)
        popular: tuple[PopularItem, ...] = ()
        if source.popular is not None and source.popular.url is not None:
            popular = await self._pages.popular(source, source.popular.url, notes)
        await note_views(self._store, self._clock, source.id, admitted, popular)
        # An index may stay as it is while the sitemaps that it names change: it is read each time.
        remembered = {} if listing.is_index else document.headers
        return Outcome(
            round=with_known(tally(admitted), len(known)),
            warnings=notes.warnings,
            etag=remembered.get("etag"),
            last_modified=remembered.get("last-modified"),
            body_hash=None if listing.is_index else body_hash(document),
            read_whole=True,
            headers=document.headers,
            poll=poll_of(admitted, known=len(known), backfill=backfill),
            moved_to=document.moved_to,
            overlap=overlaps(len(known), len(recent)),
            found=frozenset(notes.found),
            missing=frozenset(notes.missing),
        )

    async def _listing(self, source: Source, state: SourceState, document: Fetched, notes: Notes) -> _Listing:
        reading = await self._gatherer.read_sitemap(source, document)
        notes.warn(*reading.warnings)
        items = list(reading.items)
        for child in _worth_reading(reading.children, state)[: source.max_pages]:
            result = await self._visitor.fetch(source, child.url)
            if not isinstance(result, Fetched):
                notes.warn(f"the sitemap {child.url} could not be read: {word(result)}")
                continue
            try:
                inner = await self._gatherer.read_sitemap(source, result)
            except NotReadable as error:
                notes.warn(f"the sitemap {child.url} could not be read: {error.detail}")
                continue
            notes.warn(*inner.warnings)
            items += inner.items
            # The freshest come first: behind one that holds nothing new there is nothing new.
            if not await self._pages.unknown(source, inner.items[: source.max_articles]):
                break
        items.sort(key=_dated, reverse=True)
        return _Listing(items=tuple(items), root=document, is_index=bool(reading.children))

    async def _take_in(
        self, source: Source, items: list[ListedItem], notes: Notes, root: Fetched, *, backfill: bool
    ) -> list[Admitted]:
        if source.full_text:
            return await self._pages.take_in(source, items, notes, backfill=backfill)
        told = [sitemap_candidate(source, root, item) for item in items]
        candidates = [one for one in told if one is not None]
        if len(candidates) < len(told):
            left_out = len(told) - len(candidates)
            notes.warn(f"addresses without a headline: {left_out} (full_text = true reads their pages)")
        return await self._intake.take_in(source, candidates, notes, backfill=backfill)

    async def _hurry(self, source: Source, known: list[ListedItem], state: SourceState) -> None:
        """Have the pages read again that the sitemap says were changed since the last round."""
        since = state.last_success_at
        if since is None:
            return
        changed = [item for item in known if item.updated_at and item.updated_at > since]
        owned = await self._store.articles.resolve([url_key(item.url) for item in changed])
        for one in owned:
            if one is not None and one.source == source.id:
                await self._store.articles.set_recheck(source.id, one.article_id, self._clock())


def _worth_reading(children: tuple[ChildSitemap, ...], state: SourceState) -> list[ChildSitemap]:
    """Give the sitemaps of an index that may hold something new, the freshest first."""
    since = state.read_at - LATE if state.read_at else None
    changed = [
        child for child in children if since is None or child.modified_at is None or child.modified_at > since
    ]
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(changed, key=lambda child: child.modified_at or oldest, reverse=True)


def _dated(item: ListedItem) -> datetime:
    return item.published_at or item.updated_at or datetime.min.replace(tzinfo=UTC)


def _is_news(item: ListedItem, state: SourceState) -> bool:
    dated = item.published_at or item.updated_at
    return dated is None or state.first_success_at is None or dated > state.first_success_at - LATE


def _unchanged(state: SourceState, result: Fetched | NotModified) -> Outcome:
    return Outcome(
        not_modified=True,
        etag=state.etag,
        last_modified=state.last_modified,
        body_hash=state.body_hash,
        headers=result.headers,
    )
