"""Brings the data of a namespace to the layout of this program, in one process at a time.

older processes live? ─▶ lease ─▶ older ones are excluded ─▶ each step, then its number ─▶ lease given back

Everything written is bound to the lease, so a process that stood still meanwhile writes nothing late. Where a
process dies, the next one runs the step again that was cut short.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from syndicator import __version__
from syndicator.background import meanwhile
from syndicator.errors import StoreError
from syndicator.model.clock import to_ms
from syndicator.model.ops.configuration import ProcessNote
from syndicator.observe.logs import get_logger
from syndicator.store.connection import Connection, Script, Transaction
from syndicator.store.keys.table import Keys
from syndicator.store.layout import LOOK_S, UNRECORDED, Layout, StoredLayout, stamp
from syndicator.store.lease_owners import is_dead, new_token, own_name
from syndicator.store.migrations import MIGRATIONS
from syndicator.store.migrations.migration import MigratedData, Migration, MigrationLost
from syndicator.store.shared_clock import redis_time

LEASE = timedelta(seconds=15)
_EXTENDED_S = 5.0
_NEVER_DONE = 0
"""What `lua/lease.lua` compares with the time of the last run: `schema` says what is done."""
_AGAIN_S = 1.0
_SAID_AGAIN_S = 30.0
_EXCLUDED_WITHIN_S = 2 * LOOK_S
"""So soon processes end that see that they are excluded."""

Processes = Callable[[], Awaitable[Sequence[ProcessNote]]]
"""Returns what each living process says of itself."""

log = get_logger(__name__)


class Migrator:
    """Migrates the data of one namespace."""

    def __init__(
        self,
        redis: Connection,
        keys: Keys,
        processes: Processes,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._processes = processes
        self._migrations = migrations
        self._own = migrations[-1].layout
        self._layout = Layout(redis, keys)
        self._lease = Script("lease")
        self._token = new_token()
        self._data = MigratedData(redis, keys, self._token)

    async def check(self) -> None:
        """Raise StoreError where the data has another layout than this program's."""
        stored = await self._layout.read()
        stored.check(self._own)
        if 0 < stored.version < self._own:
            raise StoreError(
                f"the data has layout {stored.version}, and this release works with layout {self._own}: "
                "start the service, which migrates the data (commands do not)"
            )

    async def migrate(self) -> None:
        """Bring the data to the layout of this program; wait for other processes where that is needed.

        Raises StoreError where the data is newer.
        """
        said, said_at = "", 0.0
        while obstacle := await self._attempt():
            if obstacle != said or time.monotonic() - said_at >= _SAID_AGAIN_S:
                log.warning("layout_migration_waits", reason=obstacle)
                said, said_at = obstacle, time.monotonic()
            await asyncio.sleep(_AGAIN_S)

    async def _attempt(self) -> str:
        """Migrate; return why that cannot be done now, empty where it is done."""
        stored = await self._layout.read()
        stored.check(self._own)
        if stored.version == 0:
            await self._redis.batch(stamp(self._keys, self._own))
            return await self._attempt()
        pending = [one for one in self._migrations if one.layout > stored.version]
        if not pending:
            return ""
        if older := await self._older(pending):
            return _in_the_way(older, pending)
        if holder := await self._taken_by_another():
            return f"{holder} migrates the data: this process starts when that is done"
        try:
            await self._data.write_at_once([("HSET", self._keys.migration(), "by", own_name())])
            async with meanwhile(self._extend(), "extend the lease of a migration"):
                return await self._carry_out(stored, pending)
        except MigrationLost as error:
            return str(error)
        finally:
            with suppress(StoreError, MigrationLost):
                await self._data.write_at_once([("DEL", self._keys.migration())])

    async def _carry_out(self, stored: StoredLayout, pending: Sequence[Migration]) -> str:
        meta = self._keys.meta()
        if exclusive := _exclusive(pending):
            await self._data.write_at_once([("HSET", meta, "schema_oldest", exclusive)])
            await asyncio.sleep(_EXCLUDED_WITHIN_S)
            if older := await self._older(pending):  # it was starting a moment ago
                return _in_the_way(older, pending)
        version = stored.version
        if version == UNRECORDED:
            await self._data.write_at_once([("HSETNX", meta, "schema", version)])
        for step in pending:
            began_s = time.monotonic()
            log.info("layout_migration_began", layout=step.layout, about=step.about)
            counts = await step.carry_out(self._data)
            await self._data.write_at_once(
                [("HSET", meta, "schema", step.layout, "schema_release", __version__)],
                [(meta, "schema", str(version))],
            )
            version = step.layout
            took_s = round(time.monotonic() - began_s, 1)
            log.info("layout_migrated", layout=version, about=step.about, took_s=took_s, **counts)
        return ""

    async def _older(self, pending: Sequence[Migration]) -> list[str]:
        """Return the living processes beside which these steps must not run."""
        exclusive = _exclusive(pending)
        if not exclusive:
            return []
        return [note.process for note in await self._processes() if note.layout < exclusive]

    async def _taken_by_another(self) -> str:
        """Take the lease; return who has it where that is another process."""
        key = self._keys.migration()
        token, by = await self._redis.call("HMGET", key, "token", "by")
        if token is not None and is_dead(token.decode()):
            gone = Transaction(expects=((key, "token", token.decode()),), writes=(("DEL", key),))
            await self._redis.commit([gone])
        now = await redis_time(self._redis)
        is_taken = await self._redis.run(
            self._lease, [key], self._token, to_ms(now), to_ms(now + LEASE), _NEVER_DONE
        )
        return "" if is_taken else (by or b"another process").decode()

    async def _extend(self) -> None:
        """Extend the lease while it is ours: writes find out where it is not."""
        with suppress(MigrationLost):
            while True:
                await asyncio.sleep(_EXTENDED_S)
                with suppress(StoreError):
                    end = await redis_time(self._redis) + LEASE
                    await self._data.write_at_once([("HSET", self._keys.migration(), "until", to_ms(end))])


def _exclusive(pending: Sequence[Migration]) -> int:
    """Return the newest layout of which processes of older ones must have ended; 0: none."""
    return max((one.layout for one in pending if not one.beside_older), default=0)


def _in_the_way(older: Sequence[str], pending: Sequence[Migration]) -> str:
    return (
        f"processes of an older release run: {', '.join(older)}. The data is migrated to layout "
        f"{pending[-1].layout} when they have ended: stop them"
    )
