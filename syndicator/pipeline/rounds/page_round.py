"""A round of a portal without a feed: list pages, then article pages that are new or due for a recheck."""

import asyncio

from msgspec import Struct

from syndicator.errors import NotReadable
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.listings.list_page import ListReading
from syndicator.model.article import ListedItem, PopularItem
from syndicator.model.clock import Clock
from syndicator.model.source import Source, SourceState
from syndicator.pipeline.articles.admission import poll_of, sightings_of, tally
from syndicator.pipeline.articles.article_pages import ArticlePages
from syndicator.pipeline.popularity.signal_recording import note_popularity
from syndicator.pipeline.sources.polite_client import PoliteClient
from syndicator.pipeline.sources.round_result import (
    ListedCount,
    Notes,
    Outcome,
    RoundFailed,
    address,
    fetched,
    is_wanted_later,
    listing_until,
    new_notes,
    with_known,
    word,
)
from syndicator.rules.identity.identity import listed_key
from syndicator.rules.politeness_scope import same_owner
from syndicator.rules.sources.announcement import is_back
from syndicator.store.store import Store


class _Lists(Struct, frozen=True, kw_only=True):
    fresh: tuple[ListedItem, ...]
    """Unknown articles to read in this round, oldest first."""
    listed: int
    """Number of listed articles."""
    known: tuple[str, ...]
    """Identity keys of the listed articles that are known."""
    popular: tuple[PopularItem, ...]
    moved_to: str | None


class PageRound:
    """list pages → unknown articles → article pages → admit; then popular box and rechecks."""

    def __init__(
        self, store: Store, polite_client: PoliteClient, gatherer: Gatherer, pages: ArticlePages, clock: Clock
    ) -> None:
        self._store = store
        self._polite_client = polite_client
        self._gatherer = gatherer
        self._pages = pages
        self._clock = clock

    async def gather(self, source: Source, state: SourceState) -> Outcome:
        """Return the outcome of one round; raise RoundFailed or NotReadable without a readable list page."""
        notes = new_notes(state.first_success_at)
        notes.back = is_back(state, self._clock())
        lists = await self._read_lists(source, address(source, state), notes, further=state.cut_short)
        backfill = state.first_success_at is None
        fresh = await self._pages.read_and_admit(source, lists.fresh, notes, backfill=backfill)
        # Articles that only the popular box links to are older than the list: they are listed by their own
        # dates. Links of the box to other portals are advertisements.
        boxed = [
            ListedItem(url=item.url, title=item.title) for item in lists.popular if _is_own(source, item.url)
        ]
        unknown = await self._pages.unknown(source, boxed)
        admitted = fresh + await self._pages.read_and_admit(source, unknown, notes, backfill=True)
        admitted += await self._pages.recheck(source, notes)
        await note_popularity(self._store, self._clock, source.id, admitted, lists.popular)
        return Outcome(
            round=with_known(tally(admitted), len(lists.known)),
            warnings=notes.warnings,
            read_whole=True,
            cut_short=notes.lists_cut or notes.unfinished,
            poll=poll_of(fresh, known=len(lists.known), backfill=backfill),
            sightings=sightings_of(fresh, backfill=backfill),
            moved_to=lists.moved_to,
            listed=ListedCount(total=lists.listed, keys=lists.known),
            found=frozenset(notes.found),
            missing=frozenset(notes.missing),
            pages=notes.pages,
        )

    async def _read_lists(self, source: Source, first_url: str, notes: Notes, *, further: bool) -> _Lists:
        """Read list pages up to the first without unknown articles; `further`: go on behind that one."""
        fresh: dict[str, ListedItem] = {}
        popular: tuple[PopularItem, ...] = ()
        listed, moved = 0, None
        known: list[str] = []
        until = listing_until(notes)
        url: str | None = first_url
        for page in range(source.max_pages):
            if page and asyncio.get_running_loop().time() > until:
                break
            read = await self._read_list(source, url or first_url, page, notes)
            if read is None:
                break
            reading, moved_to = read
            unknown = await self._pages.unknown(source, reading.items)
            listed += len(reading.items)
            unread = {item.url for item in unknown}
            known += [listed_key(source, item.url) for item in reading.items if item.url not in unread]
            notes.unfinished |= await self._pages.are_awaited(source, reading.items)
            fresh.update((listed_key(source, item.url), item) for item in unknown)
            if not page:
                popular, moved = reading.popular, moved_to
            notes.warn(*reading.warnings)
            notes.found.update(reading.found)
            notes.missing.update(reading.missing)
            url = reading.next_url
            # Behind a page without unknown articles, all articles are known.
            if url is None or not (unknown or further):
                break
        if source.popular is not None and source.popular.url is not None:
            popular += await self._pages.popular(source, source.popular.url, notes)
        # The newest are read in this round, oldest first; the others are read in the next rounds.
        return _Lists(
            fresh=tuple(fresh.values())[::-1][: source.max_articles],
            listed=listed,
            known=tuple(known),
            popular=popular,
            moved_to=moved,
        )

    async def _read_list(
        self, source: Source, url: str, page: int, notes: Notes
    ) -> tuple[ListReading, str | None] | None:
        """Return one list page and the address it has moved to; None where a later page cannot be read.

        Many lists end in a page without articles, which is unreadable; the pages before it still count.
        """
        result = await self._polite_client.fetch(source, url, page=True, patient=page > 0)
        try:
            document = fetched(result)
            return await self._gatherer.read_list(source, document), document.moved_to
        except RoundFailed:
            if not page:
                raise
            notes.lists_cut |= is_wanted_later(result)
            notes.warn(f"list page {page + 1} could not be read: {word(result)}")
        except NotReadable as error:
            if not page:
                raise
            notes.warn(f"list page {page + 1} could not be read: {error.detail}")
        return None


def _is_own(source: Source, url: str) -> bool:
    return any(same_owner(url, own) for own in (source.url, source.home_url) if own)
