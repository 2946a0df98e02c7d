"""The version of the stored layout: of the keys in `store/keys/`, and of what stands under them.

`schema` of the key `meta`:  the same → go on;  lower → `store/migrations/`;  higher → refused
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from msgspec import Struct

from syndicator import __version__
from syndicator.errors import StoreError, StoreUnavailable
from syndicator.store.connection import Command, Connection, Repository, Transaction
from syndicator.store.keys.partitions import ONE_SLOT, TAGS, Spread
from syndicator.store.keys.table import Keys

LAYOUT = 10
"""The layout that this release reads and writes: the last one of `store/migrations/`."""

COLD_TEXTS = 3
"""The first layout whose programs read texts that left Redis: once some do, older ones are excluded."""

UNRECORDED = 1
"""The layout of data that does not name its own."""

SPREAD_FIELDS = {kind: "partitions" if kind == "endpoints" else f"partitions_{kind}" for kind in TAGS}
"""Fields of `meta`: over how many partitions each kind of data is spread, where that is more than one."""

LOOK_S = 2.0
"""Seconds between two looks whether programs of this layout may still work on the data."""


class StoredLayout(Struct, frozen=True, kw_only=True):
    """The layout of a namespace."""

    version: int
    """0: the namespace is empty."""
    oldest: int = UNRECORDED
    """Programs of an older layout must not work on the data, also where a migration was cut short."""
    release: str = ""
    """Which release brought the data into this layout; empty where that is not known."""

    def check(self, own: int = LAYOUT) -> None:
        """Raise StoreError where the data is newer than programs of a layout know."""
        found = max(self.version, self.oldest)
        if found > own:
            raise StoreError(
                f"the data has layout {found}, {_writer(self.release)}: this is syndicator {__version__}, "
                f"which knows layouts up to {own}. {remedy(self.release)}"
            )


class HalfRestored(Struct, frozen=True, kw_only=True):
    """A back-up that is being brought back: until all of it is there, no process starts.

    It has a key of its own, because the key `meta` is replaced by that of the back-up.
    """

    file: str
    again: str
    """The command that brings it back whole."""
    spread: Spread = ONE_SLOT
    """Over so many partitions there may be keys."""

    def error(self, namespace: str) -> StoreError:
        """Return why this data cannot be used."""
        return StoreError(
            f"the data of the namespace {namespace!r} is not whole: {self.file} is being brought back, or "
            f"was in part. Where nothing does that any more, run `{self.again}` again"
        )


class Layout(Repository):
    """Reads the layout of one namespace."""

    async def read(self) -> StoredLayout:
        """Return the layout of what is stored."""
        stored = await self._stored()
        if stored is None and await self._is_used():
            # Another process may have begun the namespace since the first look.
            return await self._stored() or StoredLayout(version=UNRECORDED)
        return stored or StoredLayout(version=0)

    async def _stored(self) -> StoredLayout | None:
        """Return what the data says of its layout; None where it does not."""
        version, oldest, release = await self._redis.call(
            "HMGET", self._keys.meta(), "schema", "schema_oldest", "schema_release"
        )
        if version is None and oldest is None:
            return None
        return StoredLayout(
            version=int(version or UNRECORDED),
            oldest=int(oldest or UNRECORDED),
            release=(release or b"").decode(),
        )

    async def until_excluded(self, own: int = LAYOUT) -> StoreError:
        """Return, with the reason, once programs of a layout must not work on the data any more."""
        while True:
            with suppress(StoreUnavailable):
                stored = await self.read()
                if stored.oldest > own:
                    return StoreError(
                        f"the data is brought to layout {stored.oldest}, which this process does not know: "
                        f"it ends. {remedy(stored.release if stored.version >= stored.oldest else '')}"
                    )
            await asyncio.sleep(LOOK_S)

    async def check_partitions(self) -> None:
        """Raise StoreError where what is stored is not whole, or spread over another number of partitions."""
        await check_whole(self._redis, self._keys)
        found = await self._redis.call("HMGET", self._keys.meta(), *SPREAD_FIELDS.values())
        if not any(found) and (self._keys.spread == ONE_SLOT or (await self.read()).version == 0):
            return
        check_spread(self._keys.spread, stored_spread(found))

    async def _is_used(self) -> bool:
        async for names in self._redis.names(self._keys.prefix):
            if names:
                return True
        return False


def stamp(keys: Keys, layout: int = LAYOUT) -> list[Command]:
    """Return the writes that name the layout of an empty namespace; none where it is named."""
    meta = keys.meta()
    spread: list[Command] = [
        ("HSETNX", meta, SPREAD_FIELDS[kind], count)
        for kind, count in keys.spread.counts().items()
        if count > 1
    ]
    return [*spread, ("HSETNX", meta, "schema", layout), ("HSETNX", meta, "schema_release", __version__)]


def stored_spread(found: Sequence[bytes | None]) -> Spread:
    """Return over how many partitions data is spread, by the values of `SPREAD_FIELDS` in `meta`."""
    return Spread(**{kind: int(count or 1) for kind, count in zip(SPREAD_FIELDS, found, strict=True)})


def check_spread(wanted: Spread, stored: Spread) -> None:
    """Raise StoreError where data is to be spread over another number of partitions than it is."""
    there = stored.counts()
    for kind, count in wanted.counts().items():
        if (found := there[kind]) != count:
            raise StoreError(
                f"[store.partitions] {kind} is {count}, and the data of this namespace has {found}: set it "
                f"to {found}. To change the number, stop all processes, set the new one, and run "
                "`syndicator repartition`"
            )


async def half_restored(connection: Connection, keys: Keys) -> HalfRestored | None:
    """Return what was not brought back whole; None: the data is whole."""
    file, again, *counts = await connection.call("HMGET", keys.restoring(), "file", "again", *TAGS)
    if file is None:
        return None
    spread = Spread(**{kind: int(count or 1) for kind, count in zip(TAGS, counts, strict=True)})
    return HalfRestored(file=file.decode(), again=(again or b"").decode(), spread=spread)


async def check_whole(connection: Connection, keys: Keys) -> None:
    """Raise StoreError where a back-up was not brought back whole."""
    if (half := await half_restored(connection, keys)) is not None:
        raise half.error(keys.namespace)


async def mark_half_restored(connection: Connection, keys: Keys, half: HalfRestored) -> None:
    """Have no process start until `unmark`; on a replica, too, if there is one."""
    counts = (word for pair in half.spread.counts().items() for word in pair)
    write = ("HSET", keys.restoring(), "file", half.file, "again", half.again, *counts)
    await connection.commit([Transaction(expects=(), writes=(write,))], replicated=True)


async def unmark(connection: Connection, keys: Keys) -> None:
    """Let processes start: the data is whole."""
    await connection.call("UNLINK", keys.restoring())


def remedy(release: str) -> str:
    """Return what to do where the data is newer than this program."""
    newer = f"syndicator {release} or newer" if release and release != __version__ else "the newer release"
    return (
        f"Start {newer}; or name an empty [store] namespace, and restore into it a back-up that was made "
        "before the upgrade"
    )


def _writer(release: str) -> str:
    return f"written by syndicator {release}" if release else "written by a newer release"
