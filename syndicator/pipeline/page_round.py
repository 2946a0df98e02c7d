"""A round of a portal without a feed: its list pages, then each article page that is new or due again."""

from msgspec import Struct

from syndicator.gather.gatherer import Gatherer
from syndicator.model.article import ListedItem, PopularItem
from syndicator.model.clock import Clock
from syndicator.model.fetch import FetchFailed
from syndicator.model.source import Source, SourceState
from syndicator.pipeline.admitting import tally
from syndicator.pipeline.article_pages import ArticlePages
from syndicator.pipeline.rounds import (
    Notes,
    Outcome,
    address,
    fetched,
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


class _Lists(Struct, frozen=True, kw_only=True):
    fresh: tuple[ListedItem, ...]
    """Unknown articles, the oldest first, so that they are admitted in their order."""
    listed: int
    popular: tuple[PopularItem, ...]
    moved_to: str | None


class PageRound:
    """list pages → unknown articles → article pages → admit; then popular box and rechecks."""

    def __init__(
        self, store: Store, visitor: Visitor, gatherer: Gatherer, pages: ArticlePages, clock: Clock
    ) -> None:
        self._store = store
        self._visitor = visitor
        self._gatherer = gatherer
        self._pages = pages
        self._clock = clock

    async def gather(self, source: Source, state: SourceState) -> Outcome:
        """Gather once; raise RoundFailed or NotReadable where the list page cannot be read."""
        notes = new_notes()
        lists = await self._read_lists(source, address(source, state), notes)
        backfill = state.first_success_at is None
        fresh = await self._pages.take_in(source, lists.fresh, notes, backfill=backfill)
        # What only the box names is older than what is listed: it takes its place by its own date.
        boxed = [ListedItem(url=item.url, title=item.title) for item in lists.popular]
        unknown = await self._pages.unknown(source, boxed)
        admitted = fresh + await self._pages.take_in(source, unknown, notes, backfill=True)
        admitted += await self._pages.recheck(source, notes)
        await note_views(self._store, self._clock, source.id, admitted, lists.popular)
        known = lists.listed - len(lists.fresh)
        return Outcome(
            round=with_known(tally(admitted), known),
            warnings=notes.warnings,
            read_whole=True,
            poll=poll_of(fresh, known=known, backfill=backfill),
            moved_to=lists.moved_to,
            overlap=overlaps(known, lists.listed),
            found=frozenset(notes.found),
            missing=frozenset(notes.missing),
        )

    async def _read_lists(self, source: Source, first_url: str, notes: Notes) -> _Lists:
        fresh: list[ListedItem] = []
        popular: tuple[PopularItem, ...] = ()
        listed, moved = 0, None
        url: str | None = first_url
        for page in range(source.max_pages):
            result = await self._visitor.fetch(source, url or first_url, page=True)
            if isinstance(result, FetchFailed) and page:
                notes.warn(f"list page {page + 1} could not be read: {word(result)}")
                break
            document = fetched(result)
            reading = await self._gatherer.read_list(source, document)
            unknown = await self._pages.unknown(source, reading.items)
            listed += len(reading.items)
            fresh += unknown
            if not page:
                popular, moved = reading.popular, document.moved_to
            notes.warn(*reading.warnings)
            notes.found.update(reading.found)
            notes.missing.update(reading.missing)
            url = reading.next_url
            # A page that holds nothing new: what lies behind it is known.
            if url is None or not unknown:
                break
        if source.popular is not None and source.popular.url is not None:
            popular += await self._pages.popular(source, source.popular.url, notes)
        # The oldest first: what is too much for this round is still unknown, and listed, in the next.
        unique = {url_key(item.url): item for item in reversed(fresh)}
        return _Lists(
            fresh=tuple(unique.values())[: source.max_articles],
            listed=listed,
            popular=popular,
            moved_to=moved,
        )
