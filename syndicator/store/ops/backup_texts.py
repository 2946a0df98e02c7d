"""The part of a back-up that is in the cold store: its objects, as they are there."""

from collections.abc import Callable, Mapping
from pathlib import Path

from syndicator.errors import StoreError
from syndicator.store.cold.cold_texts import PARTS, STORE_ID
from syndicator.store.cold.objects import ColdObjects
from syndicator.store.connection import Connection, pieces
from syndicator.store.keys.table import Keys
from syndicator.store.ops.backup_file import BackupEnd, ColdRecords, frames

_AT_ONCE = 200
"""Objects that are read at once."""


async def copy_texts(
    cold: ColdObjects | None, write: Callable[[Mapping[str, bytes]], None], copied: set[str]
) -> None:
    """Write the objects that were not copied yet. Raises ColdStoreAway.

    Called before and after the keys are copied: then the file has each object that a key names.
    """
    if cold is None:
        return
    for part in range(PARTS):
        fresh = [name for name in await cold.listed(f"{part:02x}") if name not in copied]
        for names in pieces(fresh, _AT_ONCE):
            write(await cold.get(names))
            copied.update(names)


async def restore_texts(
    connection: Connection, namespace: str, path: Path, end: BackupEnd, cold: ColdObjects | None
) -> None:
    """Put the objects of a back-up into the cold store, and have the data name that store."""
    meta = Keys(namespace).meta()
    if not end.texts:
        await connection.call("HDEL", meta, "cold")
        return
    if cold is None:
        raise _needs_store(path)
    for frame in frames(path):
        if isinstance(frame, ColdRecords):
            await cold.put(frame.objects)
    name = (await cold.get([STORE_ID])).get(STORE_ID)
    if name is None:
        name = await connection.call("HGET", meta, "created_ms") or b"restored"
        await cold.put({STORE_ID: name})
    await connection.call("HSET", meta, "cold", name)


def check_texts(path: Path, end: BackupEnd, cold: ColdObjects | None) -> None:
    """Raise StoreError where a back-up holds texts that have nowhere to go."""
    if end.texts and cold is None:
        raise _needs_store(path)


def _needs_store(path: Path) -> StoreError:
    return StoreError(f"{path} holds texts of older articles from a cold store: set [store] cold")
