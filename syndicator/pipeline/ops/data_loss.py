"""Detects within seconds that Redis has lost its data, and runs the configuration sync again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from syndicator.background import meanwhile
from syndicator.errors import StoreError
from syndicator.model.clock import Clock, from_ms, to_ms
from syndicator.observe.logs import get_logger
from syndicator.store.data_mark import DataMark, DataMarks, KeptMark, MarkFile

INTERVAL_S = 2.0
"""Seconds between two checks, of one command each."""

KEPT_EVERY = timedelta(minutes=1)
"""How often the data folder records the time at which the data was last seen."""

log = get_logger(__name__)


class DataLoss:
    """Compares the mark of the data with the one that this process knows."""

    def __init__(
        self,
        marks: DataMarks,
        file: MarkFile,
        sync_configuration: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        """`sync_configuration`: runs the configuration sync, as at the start."""
        self._marks = marks
        self._file = file
        self._sync_configuration = sync_configuration
        self._clock = clock
        self._seen_at = clock()
        self._kept: KeptMark | None = None
        self._is_synced = True

    async def begin(self) -> None:
        """Compare the mark with the one that earlier processes have recorded in the data folder."""
        mark, kept = self._marks.current, await asyncio.to_thread(self._file.read)
        if mark is not None and kept is not None and _is_lost(kept, mark):
            await self._begin_anew(from_ms(kept.seen_ms))
        await self._keep()

    async def check(self) -> None:
        """Check once. Raises StoreError where Redis does not answer; the next check then goes on."""
        mark, current = await self._marks.read(), self._marks.current
        if current is None or mark is None or mark.created_ms != current.created_ms:
            self._is_synced = False
            await self._begin_anew(self._seen_at)
        elif mark != current:  # another process was first
            self._marks.current = mark
        if not self._is_synced:
            await self._sync_configuration()
            self._is_synced = True
            log.info("sources_enlisted_again")
        self._seen_at = self._clock()
        await self._keep()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Check every `INTERVAL_S` while the context is open."""
        async with meanwhile(self._look(), "notice a loss of data"):
            yield

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_S)
            try:
                await self.check()
            except StoreError as error:
                log.debug("data_mark_read_failed", reason=str(error))

    async def _begin_anew(self, lost_at: datetime) -> None:
        await self._marks.begin(self._clock(), lost_at)
        log.error(
            "data_lost",
            detail="Redis was emptied: all sources are gathered again; what was published before is not "
            "announced again. Subscribers, registered endpoints and tokens are gone; restore a backup to "
            "have them back",
            there_until=lost_at.isoformat(timespec="seconds"),
        )

    async def _keep(self) -> None:
        mark, seen_ms = self._marks.current, to_ms(self._seen_at)
        if mark is None:
            return
        now = KeptMark(created_ms=mark.created_ms, seen_ms=seen_ms)
        kept = self._kept
        is_same = kept is not None and kept.created_ms == now.created_ms
        if kept is not None and is_same and from_ms(kept.seen_ms) + KEPT_EVERY > self._seen_at:
            return
        try:
            await asyncio.to_thread(self._file.write, now)
        except OSError as error:  # the next check tries again
            log.debug("data_mark_write_failed", reason=str(error))
            return
        self._kept = now


def _is_lost(kept: KeptMark, mark: DataMark) -> bool:
    """Return whether the data is newer than the last sighting of other data, and no process has noticed.

    Older data belongs to another Redis, which was configured on purpose.
    """
    is_other = mark.created_ms != kept.created_ms
    return is_other and mark.created_ms > kept.seen_ms and mark.lost_ms is None
