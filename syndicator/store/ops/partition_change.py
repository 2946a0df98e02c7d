"""Changes the number of partitions of a namespace: a back-up, which is restored into other partitions.

Nobody works on the namespace meanwhile. Where that is cut short before the restore, nothing was changed.
After that no process starts, and the same command goes on with the same file (see `HalfRestored`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec import Struct

from syndicator.errors import StoreError
from syndicator.store.cold.objects import ColdObjects
from syndicator.store.connection import Connection
from syndicator.store.keys.partitions import Spread
from syndicator.store.keys.table import Keys
from syndicator.store.layout import LAYOUT, SPREAD_FIELDS, Layout, half_restored, stored_spread
from syndicator.store.ops.backup import Progress, back_up
from syndicator.store.ops.restore import Restored, restore

COMMAND = "syndicator repartition"


class PartitionChange(Struct, frozen=True, kw_only=True):
    """What was changed."""

    file: Path
    """The data as it was before."""
    before: Spread
    restored: Restored


async def change_partitions(
    connection: Connection,
    namespace: str,
    file: Path,
    *,
    wanted: Spread,
    check: Callable[[], Awaitable[None]],
    sealed_by: str = "",
    cold: ColdObjects | None = None,
    copied: Progress = lambda *_: None,
    brought_back: Progress = lambda *_: None,
) -> PartitionChange | None:
    """Copy a namespace into a file, and bring it back over `wanted` partitions; None where it has these.

    `connection` leads to all slots that the namespace can have keys in; `check` raises where somebody works
    on it. `file` must not be there, and its path be absolute. Raises StoreError.
    """
    await check()
    half = await half_restored(connection, Keys(namespace, wanted))
    if half is None:
        stored = await _stored(connection, Keys(namespace, wanted))
        if stored == wanted:
            return None
        if await asyncio.to_thread(file.exists):
            raise StoreError(f"{file} is there already: name another file, or remove it")
        await back_up(
            connection, namespace, file, partitions=stored, sealed_by=sealed_by, cold=cold, progress=copied
        )
        await check()  # who began meanwhile may have written what is not in the file
    elif half.again == COMMAND:
        file = Path(half.file)
    else:
        raise half.error(namespace)
    restored = await restore(
        connection,
        namespace,
        file,
        partitions=wanted,
        replace=True,
        again=COMMAND,
        cold=cold,
        progress=brought_back,
    )
    return PartitionChange(file=file, before=restored.head.spread, restored=restored)


async def _stored(connection: Connection, keys: Keys) -> Spread:
    """Return over how many partitions data of this layout is spread; raise StoreError for other data."""
    layout = await Layout(connection, keys).read()
    layout.check()
    if layout.version < LAYOUT:
        raise StoreError(
            f"the data of the namespace {keys.namespace!r} has layout {layout.version}, and is brought to "
            f"{LAYOUT} first: start the service with the former numbers"
            if layout.version
            else f"the namespace {keys.namespace!r} holds no data: there is nothing to change"
        )
    return stored_spread(await connection.call("HMGET", keys.meta(), *SPREAD_FIELDS.values()))
