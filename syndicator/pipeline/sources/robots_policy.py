"""Decides whether robots.txt allows reading a page, and how fast (RFC 9309).

All workers together request each file once a day (`store.sources.robots`); this process keeps it parsed.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from msgspec import Struct
from msgspec.structs import replace

from syndicator.egress.redirect_chain import without_userinfo
from syndicator.errors import NotReadable
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.robots import Robots, read_robots, robots_url
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, NotModified, Reason
from syndicator.model.ids import SourceId
from syndicator.model.source import Source
from syndicator.pipeline.sources.request_slots import MOMENT_S, NoSlot
from syndicator.rules.least_recent import LeastRecent
from syndicator.store.sources.robots import ELSEWHERE_KEPT, KEPT, KnownRobots, RobotsFiles

FRESH_AT_MOST = timedelta(hours=24)
"""How long a file is fresh, at most (RFC 9309, 2.4), and without `Cache-Control`."""
FRESH_AT_LEAST = timedelta(minutes=10)
RETRY = timedelta(minutes=5)
"""The pause before a file that could not be read is requested again."""

_REDIRECTS = 5  # RFC 9309, 2.3.1.2
_MAX_DOWNLOAD = 2 * 1024 * 1024
"""Larger files count as unreadable. The first 500 KiB are parsed."""
_REMEMBERED = 500
_REMEMBERED_BYTES = 1024 * 1024
"""Size of the texts. Most take twenty times as much when parsed, hostile ones a hundred times."""
MAX_ELSEWHERE = 50
"""Origins besides its own whose files are requested for one source in an hour."""
_MAX_ADDRESS = 300
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?([0-9]{1,9})", re.IGNORECASE)
_NOT_KEPT = re.compile(r"(?:^|[\s,])(?:no-cache|no-store)", re.IGNORECASE)
_OF_OUR_OWN = frozenset({Reason.BUSY, Reason.BLOCKED, Reason.SCHEME, Reason.INTERNAL})
"""Reasons that lie with this process, not with the server."""


class Permit(Struct, frozen=True, kw_only=True):
    """The page may be requested."""

    crawl_delay_s: float | None = None


class _Entry(Struct, frozen=True, kw_only=True):
    known: KnownRobots
    robots: Robots


class _Elsewhere(Struct, frozen=True, kw_only=True):
    """Number of other origins whose files were requested for a source, in the hour that ends at `until`."""

    count: int
    until: datetime


Request = Callable[[Source, str, bool], Awaitable[FetchResult]]
"""Requests an address for a source; the last argument is `patient` of `PoliteClient.fetch`."""


def _size(entry: _Entry) -> int:
    """Return the length of a file; a short one counts for more, so that their number is bounded as well."""
    return max(len(entry.robots.text), _REMEMBERED_BYTES // _REMEMBERED)


class RobotsPolicy:
    """Reads robots.txt files for one user agent. Share one among all tasks of an event loop."""

    def __init__(
        self, gatherer: Gatherer, files: RobotsFiles, clock: Clock, agent: str, request: Request
    ) -> None:
        self._gatherer = gatherer
        self._files = files
        self._clock = clock
        self._agent = agent
        self._request = request
        self._recent = LeastRecent[str, _Entry](_REMEMBERED_BYTES, _size)
        self._elsewhere: dict[SourceId, _Elsewhere] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def ask(self, source: Source, url: str, *, patient: bool = True) -> Permit | FetchFailed:
        """Return the permission to request a page, or why it may not be requested.

        `patient=False` waits for MOMENT_S only while another task reads the same file, and then raises
        NoSlot. Raises StoreUnavailable while Redis is away.
        """
        address = _address(url)
        if address is None:
            return Permit()  # the request itself fails with the reason
        entry = await self._entry(source, address, patient)
        now, shown = self._clock(), without_userinfo(url)
        failed = entry.known.failed
        if failed is not None:
            return replace(failed, requested_url=shown, fetched_at=now)
        if entry.robots.allows(url):
            return Permit(crawl_delay_s=entry.robots.crawl_delay_s)
        detail = (
            f"{address} asks {self._agent} not to read this page. For a portal of your own, say so in its "
            "source: politeness = { robots = false }"
        )
        return FetchFailed(requested_url=shown, reason=Reason.ROBOTS, detail=detail, fetched_at=now)

    async def sitemaps(self, source: Source) -> tuple[str, ...]:
        """Return the sitemaps that the robots.txt of a source's server names; none where it is unreadable."""
        address = _address(source.url)
        if address is None:
            return ()
        return (await self._entry(source, address, patient=True)).robots.sitemaps

    async def _entry(self, source: Source, address: str, patient: bool) -> _Entry:
        """Return the file at an address: from this process, from Redis, or from the server."""
        entry = self._recent.get(address)
        if entry is not None and self._clock() < entry.known.fresh_until:
            return entry
        lock = self._locks.setdefault(address, asyncio.Lock())
        async with _locked(lock, None if patient else MOMENT_S):
            entry = self._recent.peek(address)
            if entry is None or self._clock() >= entry.known.fresh_until:
                entry = await self._renewed(source, address, patient)
                self._recent.put(address, entry)
            return entry

    async def _renewed(self, source: Source, address: str, patient: bool) -> _Entry:
        known = await self._files.get(address, self._agent)
        if known is None or self._clock() >= known.fresh_until:
            known = await self._fetched(source, address, known, patient)
        if known.failed is None:
            try:
                robots = await self._gatherer.read_robots(known.text.encode(), self._agent)
                return _Entry(known=known, robots=robots)
            except NotReadable as error:
                known = self._unreachable(self._unreadable(address, error), None)
        return _Entry(known=known, robots=read_robots(b"", self._agent))

    async def _fetched(
        self, source: Source, address: str, earlier: KnownRobots | None, patient: bool
    ) -> KnownRobots:
        elsewhere = address != _address(source.url)
        if elsewhere and not self._may_ask_elsewhere(source.id):
            return self._unreachable(self._asked_enough(address), earlier)
        limits = replace(source.limits, max_body_bytes=_MAX_DOWNLOAD, max_redirects=_REDIRECTS)
        # The headers of a source (a password, a cookie) are meant for its documents only.
        result = await self._request(replace(source, headers={}, limits=limits), address, patient)
        known = await self._judged(address, result, earlier)
        await self._files.keep(address, known, self._clock(), elsewhere=elsewhere)
        return known

    def _may_ask_elsewhere(self, source: SourceId) -> bool:
        now, spent = self._clock(), self._elsewhere.get(source)
        if spent is None or now >= spent.until:
            spent = _Elsewhere(count=0, until=now + ELSEWHERE_KEPT)
        self._elsewhere[source] = replace(spent, count=spent.count + 1)
        return spent.count < MAX_ELSEWHERE

    def _asked_enough(self, address: str) -> FetchFailed:
        return FetchFailed(
            requested_url=address,
            reason=Reason.BUSY,
            detail=f"its source links to more than {MAX_ELSEWHERE} other servers in an hour.",
            fetched_at=self._clock(),
        )

    async def _judged(self, address: str, result: FetchResult, earlier: KnownRobots | None) -> KnownRobots:
        match result:
            case Fetched():
                try:
                    robots = await self._gatherer.read_robots(result.body, self._agent)
                except NotReadable as error:
                    return self._unreachable(self._unreadable(address, error), earlier)
                return self._file(robots.text, _freshness(result.headers.get("cache-control", "")))
            case FetchFailed() if is_missing(result):
                return self._file("", FRESH_AT_MOST)
            case FetchFailed():
                return self._unreachable(result, earlier)
            case NotModified():
                unasked = NotReadable(Reason.PROTOCOL, "it is unchanged, though we did not ask that")
                return self._unreachable(self._unreadable(address, unasked), earlier)

    def _file(self, text: str, fresh: timedelta) -> KnownRobots:
        now = self._clock()
        return KnownRobots(agent=self._agent, text=text, read_at=now, fresh_until=now + fresh)

    def _unreadable(self, address: str, error: NotReadable) -> FetchFailed:
        return FetchFailed(
            requested_url=address,
            reason=Reason(error.reason),
            detail=error.detail,
            fetched_at=self._clock(),
        )

    def _unreachable(self, failed: FetchFailed, earlier: KnownRobots | None) -> KnownRobots:
        """Return the record of a file that cannot be read.

        It allows what an earlier copy allows; without one it allows nothing.
        """
        now = self._clock()
        fresh_until = now if failed.reason in _OF_OUR_OWN else now + RETRY
        if earlier is not None and earlier.failed is None and now - earlier.read_at < KEPT:
            return replace(earlier, fresh_until=fresh_until)
        why = failed.detail
        if failed.reason is Reason.TOO_LARGE:  # the limit is _MAX_DOWNLOAD, not the configured one
            why = f"It is larger than {_MAX_DOWNLOAD} bytes."
        detail = f"Whether we may read its pages is not known without {failed.requested_url}: {why}"
        return KnownRobots(
            agent=self._agent, read_at=now, fresh_until=fresh_until, failed=replace(failed, detail=detail)
        )


@asynccontextmanager
async def _locked(lock: asyncio.Lock, most_s: float | None) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(most_s):
            await lock.acquire()
    except TimeoutError as error:
        raise NoSlot("another page of that server waits for its robots.txt") from error
    try:
        yield
    finally:
        lock.release()


def is_missing(failed: FetchFailed) -> bool:
    """Return whether the file does not exist (RFC 9309, 2.3.1.3): 4xx but 429, or too many redirects."""
    if failed.reason is Reason.REDIRECT:
        return True
    status = failed.status or 0
    return (
        failed.reason is Reason.HTTP
        and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        and status != HTTPStatus.TOO_MANY_REQUESTS
    )


def _freshness(cache_control: str) -> timedelta:
    """Return how long a file may be used (RFC 9111, 5.2.2), between ten minutes and a day."""
    if _NOT_KEPT.search(cache_control):
        return FRESH_AT_LEAST
    found = _MAX_AGE.search(cache_control)
    if found is None:
        return FRESH_AT_MOST
    return min(max(timedelta(seconds=int(found[1])), FRESH_AT_LEAST), FRESH_AT_MOST)


def _address(url: str) -> str | None:
    """Return the address of the robots.txt for a page; None where the page's address is unusable."""
    try:
        address = robots_url(url.strip())
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        usable = usable and len(address) <= _MAX_ADDRESS
    except ValueError:
        return None
    return address if usable else None
