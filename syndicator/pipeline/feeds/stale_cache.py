"""The newest known bytes of each feed, for when Redis is away: in memory, and on disk for the next start."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from msgspec import Struct

from syndicator.background import meanwhile
from syndicator.model.feed import Format, Rendition
from syndicator.model.ids import FeedId
from syndicator.observe.logs import get_logger
from syndicator.rules.least_recent import LeastRecent
from syndicator.store.feeds.rendition_files import KeptRendition, RenditionFiles

WRITTEN_EVERY_S = 20.0
"""Interval at which changed renditions are written to disk: after a kill, the files are at most so old."""

_PRECISION_S = 0.5
"""Least time between two recorded confirmations of a rendition: thousands of requests a second confirm it."""

KEPT_BYTES = 128 * 2**20
"""Most bytes kept in memory; what is dropped there is still on disk."""

_REMEDY = (
    "free space on the disk, or let the user of the service write to this folder; "
    "until then, a restart while Redis is away serves older feeds"
)

_Key = tuple[FeedId, Format]

log = get_logger(__name__)


class _Served(Struct, frozen=True, kw_only=True):
    rendition: Rendition
    confirmed_at: float

    @property
    def noted(self) -> tuple[str, float]:
        """Return what tells whether the file on disk is up to date: the digest, and when it was confirmed."""
        return self.rendition.digest, self.confirmed_at


class StaleCache:
    """Remembers the bytes, and when they were last known to be the newest."""

    def __init__(
        self, files: RenditionFiles | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._files = files
        self._monotonic = monotonic
        self._served = LeastRecent[_Key, _Served](KEPT_BYTES, lambda one: one.rendition.size_bytes)
        self._written: dict[_Key, tuple[str, float]] = {}
        self._disk_works = True

    def confirm(self, rendition: Rendition) -> None:
        """Note that these bytes are the newest now."""
        key, now = (rendition.feed, rendition.form), self._monotonic()
        before = self._served.peek(key)
        if before is None or before.rendition is not rendition or now - before.confirmed_at >= _PRECISION_S:
            self._served.put(key, _Served(rendition=rendition, confirmed_at=now))

    def has(self, feed: FeedId, form: Format) -> bool:
        """Return whether there are bytes of this feed and format."""
        return (feed, form) in self._served or (self._files is not None and self._files.has(feed, form))

    def in_memory(self) -> list[Rendition]:
        """Return what is in memory."""
        return [served.rendition for _, served in self._served.items()]

    async def get(self, feed: FeedId, form: Format) -> tuple[Rendition, int] | None:
        """Return the last bytes and their age in seconds; None where there are none."""
        served = self._served.get((feed, form))
        if served is None and (served := await self._read(feed, form)) is not None:
            self._served.put((feed, form), served)
        if served is None:
            return None
        return served.rendition, max(int(self._monotonic() - served.confirmed_at), 0)

    @property
    def feeds(self) -> frozenset[FeedId]:
        """Return the feeds of which there is something."""
        on_disk = self._files.feeds if self._files else frozenset[FeedId]()
        return on_disk | {feed for (feed, _), _ in self._served.items()}

    async def look(self) -> frozenset[FeedId]:
        """Look what is on disk, and name the feeds of which there is something."""
        if self._files is not None:
            with suppress(OSError):
                await asyncio.to_thread(self._files.open)
        return self.feeds

    @asynccontextmanager
    async def keeping(self, refresh: Callable[[], Awaitable[None]] | None = None) -> AsyncIterator[None]:
        """Write to disk now and then while the context is open, and at its end.

        `refresh` is called before: at once, and then each time.
        """
        await self.look()
        try:
            async with meanwhile(self._write_again_and_again(refresh), "keep feeds on disk"):
                yield
        finally:
            await self.write()

    async def write(self) -> None:
        """Write what came, or was confirmed, since the last time."""
        if self._files is None:
            return
        news = [
            (served, self._written.get(key))
            for key, served in self._served.items()
            if served.noted != self._written.get(key) and self._files.may_keep(key[0])
        ]
        try:
            await asyncio.to_thread(self._write, self._files, news)
        except OSError as error:
            if self._disk_works:
                log.warning(
                    "stale_cache_write_failed", file=error.filename, reason=error.strerror, remedy=_REMEDY
                )
            self._disk_works = False
        else:
            self._disk_works = True

    async def _read(self, feed: FeedId, form: Format) -> _Served | None:
        if self._files is None:
            return None
        try:
            kept = await asyncio.to_thread(self._files.read, feed, form)
        except OSError:
            return None
        if kept is None:
            return None
        confirmed_at = self._monotonic() - (time.time() - kept.confirmed_at_s)
        return _Served(rendition=kept.rendition, confirmed_at=confirmed_at)

    async def _write_again_and_again(self, refresh: Callable[[], Awaitable[None]] | None) -> None:
        while True:
            if refresh is not None:
                await refresh()
            await self.write()
            await asyncio.sleep(WRITTEN_EVERY_S)

    def _write(
        self,
        files: RenditionFiles,
        news: list[tuple[_Served, tuple[str, float] | None]],
    ) -> None:
        ahead_s = time.time() - self._monotonic()
        for served, before in news:
            rendition, at_s = served.rendition, served.confirmed_at + ahead_s
            if before is not None and before[0] == rendition.digest:
                if not files.confirm(rendition.feed, rendition.form, at_s):
                    self._written.pop((rendition.feed, rendition.form), None)  # written whole the next time
                    continue
            elif not files.write(KeptRendition(rendition=rendition, confirmed_at_s=at_s)):
                continue
            self._written[rendition.feed, rendition.form] = served.noted
