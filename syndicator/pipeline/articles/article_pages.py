"""Article pages of a source: which are worth reading, what they bring, and when they are read again."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import NotReadable
from syndicator.gather.articles.article_page import ArticleReading
from syndicator.gather.gatherer import Gatherer
from syndicator.model.article import Article, Candidate, ListedItem, PopularItem
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched, FetchFailed, NotModified, Reason
from syndicator.model.source import Source
from syndicator.observe.logs import get_logger
from syndicator.pipeline.articles.admission import Admitted
from syndicator.pipeline.articles.candidate_pipeline import CandidatePipeline
from syndicator.pipeline.articles.embargo import EmbargoGate
from syndicator.pipeline.articles.feed_page_merge import filled, together
from syndicator.pipeline.articles.upstream_withdrawals import UpstreamWithdrawals
from syndicator.pipeline.sources.polite_client import PoliteClient
from syndicator.pipeline.sources.round_result import Notes, word
from syndicator.rules.articles.admission import next_recheck
from syndicator.rules.articles.withdrawal import CONFIRMED_AFTER
from syndicator.rules.dates.claimed_dates import AS_THE_OLDEST, OLDEST
from syndicator.rules.identity.identity import listed_key
from syndicator.rules.sources.cadence import passes
from syndicator.rules.sources.redesign import ESSENTIAL
from syndicator.store.articles.page_retry import FIRST_PAUSE, LONGEST_PAUSE
from syndicator.store.store import Store

RECHECKS = 10
"""Known article pages that one round reads again at most."""

CHUNK = 10
"""Article pages that are read at the same time."""


PORTION_S = 10.0
"""So long what has been read waits for what is still read, of pages that are read at the same time."""

LONGEST_OUTAGE_PAUSE = timedelta(minutes=15)
"""Until a page is tried again whose server, not the page itself, was in trouble."""

SOON = timedelta(hours=1)
"""A page that is tried again so soon is waited for: what lists it is read whole until then."""

_POISON = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
"""What a fault of ours in reading odd data raises."""

log = get_logger(__name__)


class _Unread(Struct, frozen=True, kw_only=True):
    """A page that could not be read."""

    why: str
    longest: timedelta = LONGEST_PAUSE
    """How long it is left alone at most."""
    gone: int | None = None
    """The status, where the server says that there is no such page."""


class ArticlePages:
    """Reads what a list, a feed or a sitemap names."""

    def __init__(
        self,
        *,
        store: Store,
        polite_client: PoliteClient,
        gatherer: Gatherer,
        candidate_pipeline: CandidatePipeline,
        held: EmbargoGate,
        upstream_withdrawals: UpstreamWithdrawals,
        clock: Clock,
    ) -> None:
        self._store = store
        self._upstream_withdrawals = upstream_withdrawals
        self._polite_client = polite_client
        self._gatherer = gatherer
        self._candidate_pipeline = candidate_pipeline
        self._held = held
        self._clock = clock

    async def unknown(self, source: Source, items: Sequence[ListedItem]) -> list[ListedItem]:
        """Return the items whose pages are to be read: not known, not held, and not just found unreadable."""
        now = self._clock()
        keys = [listed_key(source, item.url) for item in items]
        known = await self._store.articles.are_known(keys, [item.url for item in items], source, now)
        fresh = {key: item for key, item, is_known in zip(keys, items, known, strict=True) if not is_known}
        waiting = await self._store.unreadable.waiting(source.id, list(fresh), now)
        held = await self._held.read_lately(source.id, [item.url for item in fresh.values()], now)
        return [item for key, item in fresh.items() if key not in waiting and item.url not in held]

    async def are_awaited(self, source: Source, items: Sequence[ListedItem]) -> bool:
        """Return whether the page of one of the items could not be read, and is tried again soon."""
        now, keys = self._clock(), [listed_key(source, item.url) for item in items]
        later = await self._store.unreadable.waiting(source.id, keys, now + SOON)
        return bool(await self._store.unreadable.waiting(source.id, keys, now) - later)

    async def take_in(
        self,
        source: Source,
        items: Sequence[ListedItem],
        notes: Notes,
        *,
        backfill: bool,
        told: Mapping[str, Candidate] | None = None,
    ) -> list[Admitted]:
        """Read the pages of items, the oldest first, and admit what they hold, while there is time.

        `told`: what a feed says of them, by their URL: it stands where the page cannot be read. What is
        without a date in a `backfill` comes last, see `_dated_as`.
        """
        told = told or {}
        admitted: list[Admitted] = []
        undated: list[Candidate] = []
        left = len(items)
        for start in range(0, len(items), CHUNK):
            if notes.time_is_up:
                break
            chunk = items[start : start + CHUNK]
            async with _Readings([self._read(source, item.url, item, notes) for item in chunk]) as readings:
                while some := await readings.next(notes):
                    left -= len(some)
                    pages = [(chunk[number], page) for number, page in some]
                    await self._note_unread(source, pages, told, notes)
                    read = [
                        together(page if isinstance(page, Candidate) else None, told.get(item.url))
                        for item, page in pages
                    ]
                    candidates = [one for one in read if one is not None]
                    if backfill:
                        undated += [one for one in candidates if one.published_at is None]
                        candidates = [one for one in candidates if one.published_at is not None]
                    admitted += await self._candidate_pipeline.take_in(
                        source, candidates, notes, backfill=backfill, rechecked=True
                    )
        if undated:
            dates = [one.candidate.published_at for one in admitted]
            dated = _dated_as(undated, [at for at in dates if at is not None and at >= OLDEST])
            admitted += await self._candidate_pipeline.take_in(
                source, dated, notes, backfill=True, rechecked=True
            )
        notes.leave(left)
        return admitted

    async def recheck(self, source: Source, notes: Notes) -> list[Admitted]:
        """Read again what is young: portals correct their articles."""
        now = self._clock()
        due = await self._store.articles.due_for_recheck(source.id, now, RECHECKS)
        if not due or notes.time_is_up:
            return []
        # With their bodies: what only the feed or the list told is still to stand after the page is read.
        found = await self._store.articles.get_many(due)
        for article_id, article in zip(due, found, strict=True):
            # Whatever its page brings, or fails to bring, each has its next turn, or none any more.
            later = next_recheck(article.published_at, now) if article else None
            await self._store.articles.set_recheck(source.id, article_id, later)
        known = [article for article in found if article]
        admitted: list[Admitted] = []
        outcomes: list[tuple[Article, int | None]] = []
        pages = [self._read(source, one.url, _as_listed(one), notes, again=True) for one in known]
        async with _Readings(pages) as readings:
            while some := await readings.next(notes):
                candidates = []
                for number, page in some:
                    if isinstance(page, Candidate) or page.gone:
                        outcomes.append((known[number], None if isinstance(page, Candidate) else page.gone))
                    if isinstance(page, Candidate) and (page.cancelled or not _is_worse(page, known[number])):
                        candidates.append(filled(page, known[number]))
                    elif isinstance(page, Candidate):
                        notes.warn_of_page(known[number].url, _WORSE)
                admitted += await self._candidate_pipeline.take_in(source, candidates, notes, rechecked=True)
        await self._upstream_withdrawals.pages_read(source, outcomes, notes)
        return admitted

    async def popular(self, source: Source, url: str, notes: Notes) -> tuple[PopularItem, ...]:
        """Read the page that holds the box of popular articles; that it cannot be read costs nothing else."""
        result = await self._polite_client.fetch(source, url, page=True)
        if not isinstance(result, Fetched):
            notes.warn(f"the page of popular articles could not be read: {word(result)}")
            return ()
        try:
            box = await self._gatherer.read_popular(source, result)
        except NotReadable as error:
            detail = error.detail
            if error.reason == Reason.EMPTY:
                notes.missing.add("popular.item")
        except _POISON as error:
            log.exception("a page of popular articles broke its reader", source=source.id, url=url)
            detail = _broke(error)
        else:
            notes.found.update(box.found)
            notes.missing.update(box.missing)
            return box.items
        notes.warn(f"the page of popular articles could not be read: {detail}")
        return ()

    async def _read(
        self, source: Source, url: str, listed: ListedItem | None, notes: Notes, *, again: bool = False
    ) -> Candidate | _Unread:
        """Read one page, perhaps `again`; where that fails, warn, and say for how long.

        It costs the others nothing.
        """
        result = await self._polite_client.fetch(source, url, page=True)
        if not isinstance(result, Fetched):
            notes.warn_of_page(url, word(result))
            status = result.status if isinstance(result, FetchFailed) else None
            gone = status if status in CONFIRMED_AFTER else None
            return _Unread(why=word(result), longest=_longest_pause(result), gone=gone)
        try:
            reading: ArticleReading = await self._gatherer.read_article(source, result, listed)
        except NotReadable as error:
            notes.warn_of_page(url, error.detail)
            if error.reason == Reason.EMPTY:
                notes.missing |= {"article.title", "article.body"} & _configured(source)
            return _Unread(why=error.detail)
        except _POISON as error:  # a fault of ours in one page must not cost those beside it, round by round
            log.exception("an article page broke its reader", source=source.id, url=url)
            notes.warn_of_page(url, _broke(error))
            return _Unread(why=_broke(error))
        notes.pages_read += 1
        notes.found.update(reading.found)
        # What one article lacks, it lacks each time that it is read.
        notes.missing.update(ESSENTIAL.intersection(reading.missing) if again else reading.missing)
        notes.warn_of_page(url, *reading.warnings)
        return reading.candidate

    async def _note_unread(
        self,
        source: Source,
        pages: Sequence[tuple[ListedItem, Candidate | _Unread]],
        told: Mapping[str, Candidate],
        notes: Notes,
    ) -> None:
        """Remember when each page that could not be read is worth another try."""
        failed: dict[timedelta, list[str]] = {}
        for item, page in pages:
            if isinstance(page, Candidate) and page.cancelled:
                failed.setdefault(LONGEST_PAUSE, []).append(listed_key(source, item.url))
            elif isinstance(page, _Unread):
                notes.unfinished |= page.longest < LONGEST_PAUSE and item.url not in told
                failed.setdefault(page.longest, []).append(listed_key(source, item.url))
                if page.longest:  # it was asked for
                    notes.page_failed(page.why)
        for longest, keys in failed.items():
            if longest:
                notes.pages_failed_first += await self._store.unreadable.failed(
                    source.id, keys, self._clock(), longest
                )


_WORSE = "the selectors that had read it find nothing there any more: the article stays as it was"


class _Readings:
    """Article pages that are read at the same time, and given out in portions as they come.

    A slow server must not keep from readers what has been read. Nothing goes on after the block: what is
    still under way then, or when one of them raises, is cancelled.
    """

    def __init__(self, readings: Sequence[Coroutine[None, None, Candidate | _Unread]]) -> None:
        self._waiting = {asyncio.create_task(one): number for number, one in enumerate(readings)}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    async def next(self, notes: Notes) -> list[tuple[int, Candidate | _Unread]]:
        """Return what is read, by its number, in order; nothing where all is given, or the time is over."""
        while self._waiting:
            wait_s = min(PORTION_S, max(notes.left_s, 0))
            done, _ = await asyncio.wait(self._waiting, timeout=wait_s, return_when=asyncio.FIRST_EXCEPTION)
            if done:
                ordered = sorted(done, key=self._waiting.__getitem__)
                return [(self._waiting.pop(task), task.result()) for task in ordered]
            if notes.time_is_up:
                break
        return []


def _longest_pause(result: FetchFailed | NotModified) -> timedelta:
    """Return how long a page is left alone at most after this failure; zero where it was not even asked for.

    What passes by itself says nothing about the page: after an outage its article is to come soon.
    """
    if isinstance(result, NotModified):
        return LONGEST_PAUSE
    if result.reason is Reason.BUSY:
        return timedelta()
    if result.status == HTTPStatus.TOO_MANY_REQUESTS:
        return FIRST_PAUSE
    return LONGEST_OUTAGE_PAUSE if passes(result) else LONGEST_PAUSE


def _dated_as(undated: Sequence[Candidate], dates: Sequence[datetime]) -> Sequence[Candidate]:
    """Return pages without a date that of the oldest of the others, if there is one.

    They were there before the first round, and many are no news ("About us"): at first sight, they would lead
    every feed.
    """
    if not dates:
        return undated
    oldest = min(dates)
    return [
        replace(one, published_at=oldest, provenance=replace(one.provenance, date_rule=AS_THE_OLDEST))
        for one in undated
    ]


def _is_worse(page: Candidate, known: Article) -> bool:
    """Return whether what selectors had found is guessed now: a redesign must not replace good articles."""
    before, now = known.provenance.read_from, page.provenance.read_from
    return any(before.get(part) == "selector" != now.get(part) for part in ("title", "body"))


def _as_listed(article: Article) -> ListedItem:
    """Return what a list may have said of a known article that its page does not."""
    return ListedItem(url=article.url, title=article.title)


def _broke(error: Exception) -> str:
    return f"it broke our reader: {type(error).__name__} (the log has the details)"


def _configured(source: Source) -> set[str]:
    rule = source.article
    return {f"article.{name}" for name in ("title", "body") if rule and getattr(rule, name)}
