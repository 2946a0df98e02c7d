"""Search over all retained articles: an index of this process, fed from Redis, as of the call.

resume   what an earlier process left, if it is of this data   at a start
build    all articles, the newest first, in small steps      else, and when changes were missed
catch up what changed since                                  each half second, and before each search
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from syndicator.background import meanwhile
from syndicator.errors import StoreError, StoreUnavailable, SyndicatorError
from syndicator.model.article import Article
from syndicator.model.feed import Filter
from syndicator.model.ids import ArticleId
from syndicator.observe.logs import get_logger
from syndicator.observe.metrics import Metrics, open_metrics
from syndicator.pipeline.sources.request_slots import pause
from syndicator.rules.filter_matching import marks_for, marks_of
from syndicator.rules.least_recent import LeastRecent
from syndicator.rules.search.query import Query, parse_query
from syndicator.rules.search.search_words import searchable
from syndicator.store.outbox import KEPT_CHANGES
from syndicator.store.search.search_index import Indexed, Limits, Progress, SearchIndex
from syndicator.store.store import Store

T = TypeVar("T")
_Asked = tuple[str, bool, Filter]

MOST = 1000
"""Articles that a search finds at most: the newest. A word that all have must not cost more than that."""
MOST_WAITING = 16
"""Searches at a time in one process; who comes then is asked to come again."""
MOST_BATCHES = 8
"""Of 25 changes each a search takes in before it is answered; more come in by themselves."""
INTERVAL_S = 0.5
RECOUNT_S = 60.0
_BATCH = 25
_ALL_BATCHES = 1 + KEPT_CHANGES // _BATCH
_PAGE = 1000
_REMEMBERED = 64
_PAUSE_S = 0.005
"""Between steps of a build, so that readers are served meanwhile."""
_AGAIN_S, _AGAIN_MOST_S = 5.0, 60.0
"""After a fault; twice as long after each further one."""

ALL = Filter()
"""Takes everything."""

log = get_logger(__name__)


class TooManySearches(SyndicatorError):
    """More searches are waiting than can be answered soon."""


class SearchResult(Struct, frozen=True, kw_only=True):
    ids: tuple[ArticleId, ...]
    """The newest that match, at most `MOST`, in the order that was asked for."""
    is_whole: bool
    """Whether all articles were looked through: not while the index is built, or far behind."""


class ArticleSearch:
    """Searches, and keeps the index up with what is admitted, changed, withdrawn, restored and swept."""

    def __init__(self, store: Store, index: SearchIndex, metrics: Metrics | None = None) -> None:
        self._metrics = metrics or open_metrics()
        self._store = store
        self._changes = store.changes
        self._index = index
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="search")
        self._position: str | None = None
        self._walk = 0
        self._is_built = False
        self._has_begun = False
        """Whether what is in the index is of this data."""
        self._origin = ""
        self._absent = 0
        """Articles that are listed in Redis and could not be read."""
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._over = asyncio.Event()
        """Set once keeping up has ended: whatever still runs of it stops at its next step."""
        self._known = LeastRecent[_Asked, SearchResult](_REMEMBERED)

    @asynccontextmanager
    async def keeping_up(self) -> AsyncIterator[None]:
        """Keep the index up to date as long as this is open, so that searches find little left to do."""
        self._over.clear()
        async with meanwhile(self._keep_up(), "search"):
            try:
                yield
            finally:
                self._over.set()

    def close(self) -> None:
        """End the thread, and leave the index to the next process."""
        self._thread.submit(self._index.close)
        self._thread.shutdown(wait=True)

    async def search(self, text: str, *, best: bool = False, within: Filter = ALL) -> SearchResult:
        """Return what is found now among what passes the other keys of a filter, the newest or the best
        first.

        Raise QueryError, TooManySearches, and StoreUnavailable where Redis or the index cannot be asked.
        """
        return await self._found((text, best, within), parse_query(text))

    async def passing(self, wanted: Filter) -> SearchResult:
        """Return the newest that pass a filter now, also one without a query. Raises what `search` raises."""
        query = parse_query(wanted.query) if wanted.query is not None else None
        return await self._found((wanted.query or "", False, wanted), query)

    async def _found(self, asked: _Asked, query: Query | None) -> SearchResult:
        if self._waiting >= MOST_WAITING:
            self._metrics.searches.labels("refused").inc()
            raise TooManySearches
        self._waiting += 1
        result = "failed"
        try:
            with self._metrics.search_seconds.time():
                is_current = await self.catch_up()
                found = await self._search(asked, query)
                if not is_current:
                    found = replace(found, is_whole=False)
            result = "whole" if found.is_whole else "partial"
            return found
        finally:
            self._waiting -= 1
            self._metrics.searches.labels(result).inc()

    async def catch_up(self, batches: int = MOST_BATCHES) -> bool:
        """Take in what changed since the last time; of very much, a part: False."""
        for _ in range(batches):
            async with self._turn:
                if await self._read_on():
                    return True
        return False

    async def _catch_up_fully(self) -> None:
        """Take in all that changed since the last time, until keeping up is over."""
        for _ in range(_ALL_BATCHES):
            if self._over.is_set() or await self.catch_up(1):
                return

    async def _read_on(self) -> bool:
        """Index the next changes; return whether none are left."""
        if self._position is None:
            return True
        changed = await self._changes.after(self._position, _BATCH)
        if changed is None:
            log.info("search_index_rebuilding", reason="it missed changes")
            self._position, self._is_built = None, False
            self._known.clear()
            return True
        if changed.ids:
            await self._take_in(changed.ids)
        self._position = changed.position
        if changed.ids and self._is_built:
            await self._note()
        return changed.is_all

    async def _note(self) -> None:
        """Note how far the index has come, after what is in it: so nothing is missed, whatever happens."""
        progress = Progress(
            origin=self._origin, position=self._position or "", walk=self._walk, absent=self._absent
        )
        await self._in_thread(self._index.note, progress)

    async def resume(self) -> bool:
        """Continue the index of an earlier process if no change was missed; return whether it did."""
        self._is_built = False
        left = await self._in_thread(self._index.progress)
        self._origin = await self._changes.origin()
        if left is None or left.origin != self._origin:
            await self._in_thread(self._index.clear)
            return False
        self._walk, self._absent = left.walk, left.absent
        await self._catch_up_from(left.position)
        if self._is_built:
            await self._recount()
        if self._is_built:
            await self._note()
            count = await self._in_thread(self._index.count)
            log.info("search_index_resumed", articles=count)
        return self._is_built

    async def _catch_up_from(self, position: str) -> None:
        self._position = position
        await self._catch_up_fully()
        self._is_built = self._has_begun = self._position is not None

    async def build(self) -> None:
        """Look through all articles; what changes meanwhile is taken in afterwards, or by searches before.

        Stops half-way once `keeping_up` has ended.
        """
        self._walk += 1
        self._origin = await self._changes.origin()
        await self._in_thread(self._index.note, None)
        self._has_begun = True
        self._position = await self._changes.position()
        count, absent = 0, 0
        async for batch in self._all_listed():
            async with self._turn:
                absent += await self._take_in(batch)
            await asyncio.sleep(_PAUSE_S)
            count += len(batch)
        async with self._turn:
            while not self._over.is_set():
                removed: int = await self._in_thread(self._index.remove_before, self._walk, _BATCH)
                if not removed:
                    break
                self._known.clear()
        if self._over.is_set():
            return
        self._is_built, self._absent = self._position is not None, absent
        if self._is_built:
            await self._note()
        log.info("search_index_built", articles=count)

    async def _all_listed(self) -> AsyncIterator[list[ArticleId]]:
        """Yield all articles in small batches, the newest first, until keeping up is over."""
        until_ms, skip = None, 0
        while page := await self._changes.listed(until_ms, skip, _PAGE):
            last_ms = page[-1].listed_ms
            again = skip if last_ms == until_ms else 0
            until_ms, skip = last_ms, again + sum(place.listed_ms == last_ms for place in page)
            for at in range(0, len(page), _BATCH):
                if self._over.is_set():
                    return
                yield [place.article_id for place in page[at : at + _BATCH]]

    async def _keep_up(self) -> None:
        recount_at, again_s, is_first = 0.0, _AGAIN_S, True
        loop = asyncio.get_running_loop()
        while not self._over.is_set():
            pause_s = INTERVAL_S
            try:
                if is_first:
                    await self.resume()
                    is_first = False
                if not await self._in_thread(lambda: self._index.is_open):
                    self._is_built = False
                    self._known.clear()
                if self._is_built:
                    await self._catch_up_fully()
                self._metrics.search_lag_seconds.set(await self._changes.lag_s(self._position))
                if self._is_built and loop.time() >= recount_at:
                    recount_at = loop.time() + RECOUNT_S
                    await self._recount()
                if not self._is_built:
                    await self.build()
                again_s = _AGAIN_S
            except StoreUnavailable as error:
                log.warning("search_index_waiting", reason=str(error))
                pause_s, again_s = again_s, min(again_s * 2, _AGAIN_MOST_S)
            except Exception:  # an article that cannot be read must not end search for good
                log.exception("search_index_update_failed")
                self._is_built = is_first = False
                pause_s, again_s = again_s, min(again_s * 2, _AGAIN_MOST_S)
            await pause(self._over, pause_s)

    async def _recount(self) -> None:
        """Rebuild where the numbers differ: workers of an older version admit without recording changes."""
        before = await self._store.articles.count()
        await self._catch_up_fully()
        async with self._turn:
            here = await self._in_thread(self._index.count)
        self._metrics.search_articles.set(here)
        low, high = sorted((before, await self._store.articles.count()))
        # Others admit and sweep while we count.
        slack = high - low + here // 1000
        if not low - slack <= here + self._absent <= high + slack:
            self._is_built = False

    async def _take_in(self, ids: Sequence[ArticleId]) -> int:
        """Bring the index to where these articles stand now; count those that are not there."""
        articles = await self._read(ids)
        await self._in_thread(self._write, dict(zip(ids, articles, strict=True)), self._walk)
        self._known.clear()
        return articles.count(None)

    async def _read(self, ids: Sequence[ArticleId]) -> list[Article | None]:
        try:
            return await self._store.articles.get_many(ids)
        except StoreUnavailable:
            raise
        except StoreError as error:  # one that cannot be read must not keep the others out
            if len(ids) == 1:
                log.warning("article_not_indexed", article=ids[0], reason=str(error))
                return [None]
            return [article for one in ids for article in await self._read([one])]

    def _write(self, articles: dict[ArticleId, Article | None], walk: int) -> None:
        self._index.remove([article_id for article_id, article in articles.items() if article is None])
        self._index.put(
            [
                Indexed(
                    article_id=article.id,
                    listed_at=article.listed_at,
                    published_at=article.published_at,
                    words=searchable(article),
                    marks=marks_of(article),
                )
                for article in articles.values()
                if article
            ],
            walk,
        )

    async def _search(self, key: _Asked, query: Query | None) -> SearchResult:
        if (known := self._known.get(key)) is not None:
            return known
        _, best, within = key
        limits = Limits(marks=marks_for(within), since=within.since, until=within.until)
        if not self._has_begun:
            await self._in_thread(self._index.count)  # raises where there cannot be one
            return SearchResult(ids=(), is_whole=False)
        is_whole = self._is_built
        ids = await self._in_thread(lambda: self._index.search(query, MOST, best=best, limits=limits))
        found = SearchResult(ids=tuple(ids), is_whole=is_whole)
        if is_whole:
            self._known.put(key, found)
        return found

    async def _in_thread(self, call: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *args)
