"""Back-fills of sources: at most one of each, and how far it is."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from syndicator.model.clock import to_ms
from syndicator.model.ids import SourceId
from syndicator.model.ops.states import BackfillStatus
from syndicator.model.sources.backfill import BackfillWalk
from syndicator.store.codec import pack, readable
from syndicator.store.connection import Command, Connection, Transaction
from syndicator.store.keys.table import Keys

KEPT = timedelta(days=30)
"""After it ended."""

_LEFT_ALONE = timedelta(minutes=1)
"""So long one that cannot be read here is left to others."""


class Backfills:
    """All back-fills of a namespace."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys
        self._due = keys.backfills_due()

    async def get(self, source: SourceId) -> BackfillWalk | None:
        """Return the newest back-fill of a source, also one that ended."""
        record = await self._redis.call("HGET", self._keys.backfill(source), "record")
        return _named(source, record)

    async def due(self, now: datetime, limit: int) -> list[BackfillWalk]:
        """Return those that are to go on now."""
        names = await self._redis.call("ZRANGEBYSCORE", self._due, "-inf", to_ms(now), "LIMIT", 0, limit)
        found = []
        for name in names:
            backfill = await self.get(SourceId(name.decode()))
            if backfill is not None and backfill.status is BackfillStatus.RUNNING:
                found.append(backfill)
            else:  # gone, ended, or of a newer version, which goes on with it
                await self._redis.call("ZADD", self._due, "XX", to_ms(now + _LEFT_ALONE), name)
        return found

    async def write(self, backfill: BackfillWalk, due_at: datetime, also: Sequence[Command] = ()) -> bool:
        """Write a back-fill, when it is to go on, and `also`; `backfill.step` is that which was read.

        False where it was written meanwhile, by another worker or to stop it: nothing was written.
        """
        key, step = self._keys.backfill(backfill.source), backfill.step
        after = replace(backfill, step=step + 1)
        record: Command = ("HSET", key, "step", after.step, "record", pack(after))
        place: tuple[Command, ...]
        if after.status is BackfillStatus.RUNNING:
            place = (("ZADD", self._due, to_ms(due_at), backfill.source), ("PERSIST", key))
        else:
            place = (
                ("ZREM", self._due, backfill.source),
                ("PEXPIRE", key, KEPT // timedelta(milliseconds=1)),
            )
        unit = Transaction(
            expects=((key, "step", str(step) if step else ""),), writes=(record, *place, *also)
        )
        return (await self._redis.commit([unit]))[0]


def _named(source: SourceId, record: bytes | None) -> BackfillWalk | None:
    backfill = readable(record, BackfillWalk) if record else None
    return replace(backfill, source=source) if backfill else None  # it may have been renamed since
