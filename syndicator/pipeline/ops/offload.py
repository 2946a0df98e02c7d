"""Moves texts of older articles from Redis to the cold store, a bounded number at a time."""

import uuid
from datetime import timedelta

from syndicator.errors import ColdStoreAway
from syndicator.model.clock import Clock
from syndicator.observe.logs import get_logger
from syndicator.pipeline.ops.retention import Retention
from syndicator.pipeline.steps import JobReport, Taken
from syndicator.store.store import Store

BATCH = 500
INTERVAL = timedelta(minutes=1)
LEASE = timedelta(minutes=2)
"""Longer than a batch takes: 500 requests of an object store."""
BEGINS_AFTER = timedelta(seconds=10)
"""After a start, by which time programs have ended that it excluded: they do not know the cold store."""

log = get_logger(__name__)


class OffloadStep:
    """Moves what is due each minute, and at once the next batch while a whole one was due.

    One worker moves for all. Then it looks through one part of the cold store for objects that no article
    names.
    """

    name = "offload"

    def __init__(self, store: Store, retention: Retention, clock: Clock) -> None:
        self._store = store
        self._retention = retention
        self._clock = clock
        self._due_at = clock() + BEGINS_AFTER

    async def take(self, room: int) -> Taken:
        """Return the next batch when it is due."""
        if self._retention.hot is None or not self._store.cold_texts.is_there:
            return Taken()
        now = self._clock()
        if not room or now < self._due_at:
            return Taken(next_due_at=self._due_at)
        self._due_at = now + INTERVAL
        return Taken(jobs=(self._offload,), next_due_at=self._due_at)

    async def _offload(self) -> JobReport | None:
        offloading, now, token = self._store.offloading, self._clock(), uuid.uuid4().hex
        hot, bodies = self._retention.hot, self._retention.bodies
        if hot is None or not await offloading.lease(token, now, now + LEASE):
            return None
        moved, removed = 0, 0
        try:
            aged = await offloading.aged(now, hot, bodies, BATCH)
            moved = await offloading.offload(aged, token)
            if len(aged.ids) >= BATCH:
                self._due_at = now
            else:
                removed = await offloading.sweep(token, now)
        except ColdStoreAway as error:
            log.warning("cold_store_away", reason=str(error))
        finally:
            await offloading.release(token)
        if not (moved or removed):
            return None
        fields: tuple[tuple[str, int], ...] = (("texts", moved), ("orphans_removed", removed))
        return JobReport(step=self.name, event="texts_offloaded", fields=fields)
