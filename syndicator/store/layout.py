"""The version of the stored layout: of the keys in `store/keys/`, and of what stands under them.

`schema` of the key `meta`:  the same → go on;  lower → `store/migrations/`;  higher → refused
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from msgspec import Struct

from syndicator import __version__
from syndicator.errors import StoreError, StoreUnavailable
from syndicator.store.connection import Command, Repository
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


class Layout(Repository):
    """Reads the layout of one namespace."""

    async def read(self) -> StoredLayout:
        """Return the layout of what is stored."""
        version, oldest, release = await self._redis.call(
            "HMGET", self._keys.meta(), "schema", "schema_oldest", "schema_release"
        )
        if version is None and not await self._is_used():
            return StoredLayout(version=0)
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
        """Raise StoreError where what is stored is spread over another number of partitions."""
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
                f"to {found}. To change the number, stop all processes, run `syndicator backup FILE` while "
                f"it is {found}, set it to {count}, and run `syndicator restore --replace FILE`"
            )


def remedy(release: str) -> str:
    """Return what to do where the data is newer than this program."""
    newer = f"syndicator {release} or newer" if release and release != __version__ else "the newer release"
    return (
        f"Start {newer}; or name an empty [store] namespace, and restore into it a back-up that was made "
        "before the upgrade"
    )


def _writer(release: str) -> str:
    return f"written by syndicator {release}" if release else "written by a newer release"
