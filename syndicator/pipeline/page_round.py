"""A round of a portal without a feed: its list pages, then each article page that is new or due again."""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from syndicator.errors import NotReadable
from syndicator.gather.gatherer import Gatherer
from syndicator.model.article import Candidate, ListedItem, PopularItem
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched, FetchFailed
from syndicator.model.source import Round, Source, SourceState
from syndicator.pipeline.admitting import Admitted, Admitter, tally
from syndicator.pipeline.rounds import Outcome, fetched, note_views
from syndicator.rules.admission import next_recheck
from syndicator.rules.identity import url_key
from syndicator.store.store import Store

RECHECKS = 10
"""Known article pages that one round reads again at most."""

CHUNK = 10
"""Article pages between two admissions: what is read is soon safe, and soon shown."""


class _Lists(Struct, frozen=True, kw_only=True):
    fresh: tuple[ListedItem, ...]
    """Unknown articles, the oldest first, so that they are admitted in their order."""
    listed: int
    popular: tuple[PopularItem, ...]
    warnings: tuple[str, ...]


class PageRound:
    """list pages → unknown articles → article pages → admit; then popular box and rechecks."""

    def __init__(self, store: Store, gatherer: Gatherer, admitter: Admitter, clock: Clock) -> None:
        self._store = store
        self._gatherer = gatherer
        self._admitter = admitter
        self._clock = clock

    async def gather(self, source: Source, state: SourceState) -> Outcome:
        """Gather once; raise RoundFailed or NotReadable where the list page cannot be read."""
        lists = await self._read_lists(source)
        warnings = list(lists.warnings)
        backfill = state.first_success_at is None
        admitted = await self._take_in(source, lists.fresh, warnings, backfill=backfill)
        # What only the box names is older than what is listed: it takes its place by its own date.
        boxed = await self._unknown(
            source, [ListedItem(url=item.url, title=item.title) for item in lists.popular]
        )
        admitted += await self._take_in(source, boxed, warnings, backfill=True)
        admitted += await self._recheck(source, warnings)
        await note_views(self._store, self._clock, source.id, admitted, lists.popular)
        return Outcome(
            round=_with_unchanged(admitted, lists.listed - len(lists.fresh)), warnings=tuple(warnings)
        )

    async def _read_lists(self, source: Source) -> _Lists:
        fresh: list[ListedItem] = []
        popular: list[PopularItem] = []
        warnings: list[str] = []
        listed = 0
        url: str | None = source.url
        for page in range(source.max_pages):
            result = await self._gatherer.fetch(source, url or source.url)
            if isinstance(result, FetchFailed) and page:
                warnings.append(f"list page {page + 1} could not be read: {result.code}")
                break
            reading = await self._gatherer.read_list(source, fetched(result))
            unknown = await self._unknown(source, reading.items)
            listed += len(reading.items)
            fresh += unknown
            popular += () if page else reading.popular
            warnings += reading.warnings
            url = reading.next_url
            # A page that holds nothing new: what lies behind it is known.
            if url is None or not unknown:
                break
        if source.popular is not None and source.popular.url is not None:
            popular += await self._popular_page(source, source.popular.url, warnings)
        # The oldest first: what is too much for this round is still unknown, and listed, in the next.
        unique = {url_key(item.url): item for item in reversed(fresh)}
        return _Lists(
            fresh=tuple(unique.values())[: source.max_articles],
            listed=listed,
            popular=tuple(popular),
            warnings=tuple(warnings),
        )

    async def _popular_page(self, source: Source, url: str, warnings: list[str]) -> tuple[PopularItem, ...]:
        result = await self._gatherer.fetch(source, url)
        if not isinstance(result, Fetched):
            warnings.append(f"the page of popular articles could not be read: {_word(result)}")
            return ()
        return await self._gatherer.read_popular(source, result)

    async def _unknown(self, source: Source, items: Sequence[ListedItem]) -> list[ListedItem]:
        keys = [url_key(item.url) for item in items]
        known = await self._store.articles.are_known(keys, source.id, self._clock())
        return [item for item, is_known in zip(items, known, strict=True) if not is_known]

    async def _take_in(
        self, source: Source, items: Sequence[ListedItem], warnings: list[str], *, backfill: bool
    ) -> list[Admitted]:
        admitted: list[Admitted] = []
        for start in range(0, len(items), CHUNK):
            pages = await asyncio.gather(
                *(self._read_article(source, item.url, item) for item in items[start : start + CHUNK])
            )
            warnings += [page for page in pages if isinstance(page, str)]
            candidates = [page for page in pages if isinstance(page, Candidate)]
            admitted += await self._admitter.admit(candidates, backfill=backfill, rechecked=True)
        return admitted

    async def _recheck(self, source: Source, warnings: list[str]) -> list[Admitted]:
        now = self._clock()
        due = await self._store.articles.due_for_recheck(source.id, now, RECHECKS)
        found = await self._store.articles.get_many(due, bodies=False)
        for article_id, head in zip(due, found, strict=True):
            # Whatever its page brings, or fails to bring, each has its next turn, or none any more.
            later = next_recheck(head.published_at, now) if head else None
            await self._store.articles.set_recheck(source.id, article_id, later)
        pages = await asyncio.gather(*(self._read_article(source, head.url, None) for head in found if head))
        warnings += [page for page in pages if isinstance(page, str)]
        candidates = [page for page in pages if isinstance(page, Candidate)]
        return await self._admitter.admit(candidates, rechecked=True)

    async def _read_article(self, source: Source, url: str, listed: ListedItem | None) -> Candidate | str:
        """Read one article page; a sentence when that fails: it costs the others nothing."""
        result = await self._gatherer.fetch(source, url)
        if not isinstance(result, Fetched):
            return f"article page {url}: {_word(result)}"
        try:
            return (await self._gatherer.read_article(source, result, listed)).candidate
        except NotReadable as error:
            return f"article page {url}: {error.detail}"


def _word(result: object) -> str:
    return result.code if isinstance(result, FetchFailed) else "no document"


def _with_unchanged(admitted: Sequence[Admitted], known: int) -> Round:
    counts = tally(admitted)
    return Round(
        new=counts.new,
        changed=counts.changed,
        duplicate=counts.duplicate,
        unchanged=counts.unchanged + known,
    )
