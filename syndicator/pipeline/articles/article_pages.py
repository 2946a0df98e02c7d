"""Reads the article pages of a source: the unknown ones, and young ones again for corrections."""

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
from syndicator.pipeline.articles.feed_page_merge import filled, merge
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
"""Most known article pages that one round reads again."""

CHUNK = 10
"""Article pages that are read at the same time."""


PORTION_S = 10.0
"""Longest time that pages already read wait for others of the same chunk before they are admitted."""

LONGEST_OUTAGE_PAUSE = timedelta(minutes=15)
"""Longest pause before a page is tried again after a failure of its server, not of the page itself."""

SOON = timedelta(hours=1)
"""While a page is due for another try within this time, the document that lists it is read in full."""

_POISON = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
"""Exceptions of a reader that meets data it was not written for."""

log = get_logger(__name__)


class _Unread(Struct, frozen=True, kw_only=True):
    """A page that could not be read."""

    why: str
    longest: timedelta = LONGEST_PAUSE
    """The longest pause before the next try."""
    gone: int | None = None
    """The HTTP status where it says that the page is gone."""


class ArticlePages:
    """Reads and admits the article pages that a list page, a feed or a sitemap links to."""

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
        """Return the items whose pages are to be read: not known, not embargoed, not waiting for a retry."""
        now = self._clock()
        keys = [listed_key(source, item.url) for item in items]
        known = await self._store.articles.are_known(keys, [item.url for item in items], source, now)
        fresh = {key: item for key, item, is_known in zip(keys, items, known, strict=True) if not is_known}
        waiting = await self._store.unreadable.waiting(source.id, list(fresh), now)
        held = await self._held.read_lately(source.id, [item.url for item in fresh.values()], now)
        return [item for key, item in fresh.items() if key not in waiting and item.url not in held]

    async def are_awaited(self, source: Source, items: Sequence[ListedItem]) -> bool:
        """Return whether the page of one of the items is due for another try within SOON."""
        now, keys = self._clock(), [listed_key(source, item.url) for item in items]
        later = await self._store.unreadable.waiting(source.id, keys, now + SOON)
        return bool(await self._store.unreadable.waiting(source.id, keys, now) - later)

    async def read_and_admit(
        self,
        source: Source,
        items: Sequence[ListedItem],
        notes: Notes,
        *,
        backfill: bool,
        from_feed: Mapping[str, Candidate] | None = None,
    ) -> list[Admitted]:
        """Read the pages of items, given oldest first, and admit their articles until the time is up.

        `from_feed`: candidates of a feed, by URL; used alone where the page cannot be read. Undated articles
        of a `backfill` are admitted last, see `_dated_as`.
        """
        from_feed = from_feed or {}
        admitted: list[Admitted] = []
        undated: list[Candidate] = []
        remaining = len(items)
        for start in range(0, len(items), CHUNK):
            if notes.time_is_up:
                break
            chunk = items[start : start + CHUNK]
            async with _Readings([self._read(source, item.url, item, notes) for item in chunk]) as readings:
                while portion := await readings.next(notes):
                    remaining -= len(portion)
                    pages = [(chunk[number], page) for number, page in portion]
                    await self._note_unread(source, pages, from_feed, notes)
                    merged = [
                        merge(page if isinstance(page, Candidate) else None, from_feed.get(item.url))
                        for item, page in pages
                    ]
                    candidates = [candidate for candidate in merged if candidate is not None]
                    if backfill:
                        undated += [each for each in candidates if each.published_at is None]
                        candidates = [each for each in candidates if each.published_at is not None]
                    admitted += await self._candidate_pipeline.admit(
                        source, candidates, notes, backfill=backfill, rechecked=True
                    )
        if undated:
            dates = [entry.candidate.published_at for entry in admitted]
            dated = _dated_as(undated, [at for at in dates if at is not None and at >= OLDEST])
            admitted += await self._candidate_pipeline.admit(
                source, dated, notes, backfill=True, rechecked=True
            )
        notes.leave(remaining)
        return admitted

    async def recheck(self, source: Source, notes: Notes) -> list[Admitted]:
        """Read young article pages again and admit their corrections."""
        now = self._clock()
        due = await self._store.articles.due_for_recheck(source.id, now, RECHECKS)
        if not due or notes.time_is_up:
            return []
        # With their bodies: a body that only the feed or the list had must stay after the page is read.
        articles = await self._store.articles.get_many(due)
        for article_id, article in zip(due, articles, strict=True):
            # Schedule the next recheck first: it does not depend on the success of this one.
            later = next_recheck(article.published_at, now) if article else None
            await self._store.articles.set_recheck(source.id, article_id, later)
        known = [article for article in articles if article]
        admitted: list[Admitted] = []
        outcomes: list[tuple[Article, int | None]] = []
        pages = [self._read(source, each.url, _as_listed(each), notes, again=True) for each in known]
        async with _Readings(pages) as readings:
            while portion := await readings.next(notes):
                candidates = []
                for number, page in portion:
                    if isinstance(page, Candidate) or page.gone:
                        outcomes.append((known[number], None if isinstance(page, Candidate) else page.gone))
                    if isinstance(page, Candidate) and (page.cancelled or not _is_worse(page, known[number])):
                        candidates.append(filled(page, known[number]))
                    elif isinstance(page, Candidate):
                        notes.warn_of_page(known[number].url, _WORSE)
                admitted += await self._candidate_pipeline.admit(source, candidates, notes, rechecked=True)
        await self._upstream_withdrawals.pages_read(source, outcomes, notes)
        return admitted

    async def popular(self, source: Source, url: str, notes: Notes) -> tuple[PopularItem, ...]:
        """Return the items of the box of popular articles on a page; none, with a warning, on failure."""
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
            log.exception("popular_page_reader_crashed", source=source.id, url=url)
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
        """Read one page; return the candidate, or why the page could not be read, with a warning.

        `again`: the article is known, so that selectors which never matched on it cause no warning.
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
        except _POISON as error:  # a bug that one page triggers must not lose the other pages in every round
            log.exception("article_page_reader_crashed", source=source.id, url=url)
            notes.warn_of_page(url, _broke(error))
            return _Unread(why=_broke(error))
        notes.pages_read += 1
        notes.found.update(reading.found)
        # An article that lacks optional parts lacks them at each reading: count only the essential ones.
        notes.missing.update(ESSENTIAL.intersection(reading.missing) if again else reading.missing)
        notes.warn_of_page(url, *reading.warnings)
        return reading.candidate

    async def _note_unread(
        self,
        source: Source,
        pages: Sequence[tuple[ListedItem, Candidate | _Unread]],
        from_feed: Mapping[str, Candidate],
        notes: Notes,
    ) -> None:
        """Store when each page that could not be read is tried again."""
        failed: dict[timedelta, list[str]] = {}
        for item, page in pages:
            if isinstance(page, Candidate) and page.cancelled:
                failed.setdefault(LONGEST_PAUSE, []).append(listed_key(source, item.url))
            elif isinstance(page, _Unread):
                notes.unfinished |= page.longest < LONGEST_PAUSE and item.url not in from_feed
                failed.setdefault(page.longest, []).append(listed_key(source, item.url))
                if page.longest:  # it was requested
                    notes.page_failed(page.why)
        for longest, keys in failed.items():
            if longest:
                notes.pages_failed_first += await self._store.unreadable.failed(
                    source.id, keys, self._clock(), longest
                )


_WORSE = "the selectors that had read it find nothing there any more: the article stays as it was"


class _Readings:
    """Reads article pages concurrently, and returns them in portions as they arrive.

    So pages that were read do not wait for a slow server. Pages that are still being read at the end of the
    block, or when one of them raises, are cancelled.
    """

    def __init__(self, readings: Sequence[Coroutine[None, None, Candidate | _Unread]]) -> None:
        self._waiting = {asyncio.create_task(reading): number for number, reading in enumerate(readings)}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    async def next(self, notes: Notes) -> list[tuple[int, Candidate | _Unread]]:
        """Return the pages read since the last call, by number; none when all are read or the time is up."""
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
    """Return the longest pause before a page is tried again; zero where it was not requested at all.

    Failures of the server have a short pause: after an outage the article should appear soon.
    """
    if isinstance(result, NotModified):
        return LONGEST_PAUSE
    if result.reason is Reason.BUSY:
        return timedelta()
    if result.status == HTTPStatus.TOO_MANY_REQUESTS:
        return FIRST_PAUSE
    return LONGEST_OUTAGE_PAUSE if passes(result) else LONGEST_PAUSE


def _dated_as(undated: Sequence[Candidate], dates: Sequence[datetime]) -> Sequence[Candidate]:
    """Return undated candidates with the oldest of the given dates, if there is one.

    They existed before the first round, and many are no news ("About us"): dated now, they would lead every
    feed.
    """
    if not dates:
        return undated
    oldest = min(dates)
    return [
        replace(each, published_at=oldest, provenance=replace(each.provenance, date_rule=AS_THE_OLDEST))
        for each in undated
    ]


def _is_worse(page: Candidate, known: Article) -> bool:
    """Return whether a title or body that a selector had found is only guessed now, after a redesign."""
    before, now = known.provenance.read_from, page.provenance.read_from
    return any(before.get(part) == "selector" != now.get(part) for part in ("title", "body"))


def _as_listed(article: Article) -> ListedItem:
    """Return a known article as an item of a list."""
    return ListedItem(url=article.url, title=article.title)


def _broke(error: Exception) -> str:
    return f"it broke our reader: {type(error).__name__} (the log has the details)"


def _configured(source: Source) -> set[str]:
    rule = source.article
    return {f"article.{name}" for name in ("title", "body") if rule and getattr(rule, name)}
