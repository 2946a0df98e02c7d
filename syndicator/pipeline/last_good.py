"""What was served last of each feed, for when Redis is away: in memory, and on disk for the next start."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from syndicator.model.feed import Format, Rendition
from syndicator.model.ids import FeedId
from syndicator.observe.logs import get_logger
from syndicator.store.rendition_files import KeptRendition, RenditionFiles

WRITTEN_EVERY_S = 20.0
"""A process that is killed leaves bytes that are so much older at most."""

_Key = tuple[FeedId, Format]

log = get_logger(__name__)


class LastGood:
    """Remembers the bytes, and when they were last known to be the newest."""

    def __init__(
        self, files: RenditionFiles | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._files = files
        self._monotonic = monotonic
        self._served: dict[_Key, tuple[Rendition, float]] = {}
        self._written: dict[_Key, tuple[Rendition, float]] = {}
        self._disk_works = True

    def confirm(self, rendition: Rendition) -> None:
        """Note that these bytes are the newest now."""
        self._served[rendition.feed, rendition.form] = (rendition, self._monotonic())

    async def get(self, feed: FeedId, form: Format) -> tuple[Rendition, int] | None:
        """Give the last bytes and their age in seconds; None where there are none."""
        served = self._served.get((feed, form))
        if served is None and (served := await self._read(feed, form)) is not None:
            served = self._served.setdefault((feed, form), served)
        if served is None:
            return None
        rendition, confirmed_at = served
        return rendition, max(int(self._monotonic() - confirmed_at), 0)

    @property
    def feeds(self) -> frozenset[FeedId]:
        """Name the feeds of which there is something."""
        on_disk = self._files.feeds if self._files else frozenset[FeedId]()
        return on_disk | {feed for feed, _ in self._served}

    async def look(self) -> frozenset[FeedId]:
        """Look what is on disk, and name the feeds of which there is something."""
        if self._files is not None:
            with suppress(OSError):
                await asyncio.to_thread(self._files.open)
        return self.feeds

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Write to disk now and then while the context is open, and at its end."""
        if self._files is None:
            yield
            return
        await self.look()
        writing = asyncio.create_task(self._write_again_and_again(), name="keep feeds on disk")
        try:
            yield
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
            await self.write()

    async def write(self) -> None:
        """Write what was served since the last time."""
        if self._files is None:
            return
        news = [
            (served, self._written.get(key))
            for key, served in self._served.items()
            if served != self._written.get(key) and self._files.may_keep(key[0])
        ]
        try:
            await asyncio.to_thread(self._write, self._files, news)
        except OSError as error:
            if self._disk_works:
                log.warning("feeds cannot be kept on disk for the next start", reason=str(error))
            self._disk_works = False
        else:
            self._disk_works = True

    async def _read(self, feed: FeedId, form: Format) -> tuple[Rendition, float] | None:
        if self._files is None:
            return None
        try:
            kept = await asyncio.to_thread(self._files.read, feed, form)
        except OSError:
            return None
        if kept is None:
            return None
        return kept.rendition, self._monotonic() - (time.time() - kept.confirmed_at_s)

    async def _write_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(WRITTEN_EVERY_S)
            await self.write()

    def _write(
        self,
        files: RenditionFiles,
        news: list[tuple[tuple[Rendition, float], tuple[Rendition, float] | None]],
    ) -> None:
        ahead_s = time.time() - self._monotonic()
        for served, before in news:
            rendition, confirmed_at = served
            if before is not None and before[0] is rendition:
                files.confirm(rendition.feed, rendition.form, confirmed_at + ahead_s)
            elif not files.write(KeptRendition(rendition=rendition, confirmed_at_s=confirmed_at + ahead_s)):
                continue
            self._written[rendition.feed, rendition.form] = served
