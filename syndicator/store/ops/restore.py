"""Brings a back-up into a namespace, which may have another number of partitions of endpoints.

check the whole file → mark the namespace → remove what is there → put each key where it belongs, and count
them → spread what partitions keep of several endpoints (`repartition.py`) → texts of the cold store
→ remove the mark: as long as it is there, no process starts (`HalfRestored`)
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from msgspec import Struct, structs

from syndicator.errors import StoreError
from syndicator.model.clock import to_ms
from syndicator.store.cold.objects import ColdObjects
from syndicator.store.connection import Command, Connection
from syndicator.store.keys.partitions import ONE_SLOT, TAGS, Spread
from syndicator.store.keys.table import Keys
from syndicator.store.layout import (
    LAYOUT,
    SPREAD_FIELDS,
    HalfRestored,
    half_restored,
    mark_half_restored,
    stored_spread,
    unmark,
)
from syndicator.store.ops.backup import Progress
from syndicator.store.ops.backup_file import (
    BackupHead,
    KeyRecord,
    KeyRecords,
    check_head,
    checked,
    frames,
)
from syndicator.store.ops.backup_texts import check_texts, restore_texts
from syndicator.store.ops.repartition import Repartition
from syndicator.store.shared_clock import redis_time


class Restored(Struct, frozen=True, kw_only=True):
    """What was brought back."""

    head: BackupHead
    keys: int
    """Keys of the back-up that are there."""
    expired: int
    """Keys that ended by themselves since the back-up."""


async def restore(
    connection: Connection,
    namespace: str,
    path: Path,
    *,
    partitions: Spread = ONE_SLOT,
    replace: bool = False,
    again: str = "",
    cold: ColdObjects | None = None,
    progress: Progress = lambda *_: None,
) -> Restored:
    """Bring a back-up into a namespace, and look whether all of it is there.

    Raises StoreError where the file is damaged, or of a newer layout, before anything is written; where the
    namespace holds data and is not to be replaced; and where Redis does not read the values of the back-up.

    `again`: the command that brings it back whole where this is cut short.
    """
    head, end = checked(path)
    check_head(path, head, LAYOUT, partitions)
    check_texts(path, end, cold)
    keys = Keys(namespace, partitions)
    half = HalfRestored(file=str(path), again=again or f"syndicator restore --replace {path}")
    await _emptied(connection, keys, half, replace=replace)
    spread = Repartition(connection, Keys(head.namespace, head.spread), keys)
    expiring = dict[bytes, int]()
    done = 0
    for frame in frames(path):
        if not isinstance(frame, KeyRecords):
            continue
        await _put(connection, frame.records, spread, head)
        for record in frame.records:
            expiring.pop(record.name, None)
            if record.packed is not None and record.expires_ms:
                expiring[record.name] = record.expires_ms
        done += len(frame.records)
        progress(min(done, end.keys), end.keys)
    there = len({name async for names in _names(connection, keys) for name in names})
    now = await redis_time(connection)
    expired = sum(at_ms <= to_ms(now) for at_ms in expiring.values())
    if there + expired != end.keys:
        raise StoreError(
            f"of {end.keys} keys {there} are there, and {expired} ended by themselves since: the back-up was "
            "not brought back whole; does a process of the service run already?"
        )
    await spread.finish(now)
    await restore_texts(connection, namespace, path, end, cold)
    await unmark(connection, keys)
    return Restored(head=head, keys=there, expired=expired)


async def _emptied(connection: Connection, keys: Keys, half: HalfRestored, *, replace: bool) -> None:
    """Mark a namespace, and remove what it holds, also that of another number of partitions."""
    found = await connection.call("HMGET", keys.meta(), *SPREAD_FIELDS.values())
    former = await half_restored(connection, keys)
    spreads = (stored_spread(found), keys.spread, former.spread if former else ONE_SLOT)
    most = Spread(**{kind: max(one.counts()[kind] for one in spreads) for kind in TAGS})
    before = Keys(keys.namespace, most)
    if not replace and former:
        raise former.error(keys.namespace)
    if not replace and await _is_there(connection, before):
        raise StoreError(
            f"the namespace {keys.namespace!r} holds data: name another one (--into), "
            "or replace it (--replace)"
        )
    await mark_half_restored(connection, keys, structs.replace(half, spread=most))
    async for names in _names(connection, before):
        if names:
            await connection.call("UNLINK", *names)


async def _put(
    connection: Connection, records: Sequence[KeyRecord], spread: Repartition, head: BackupHead
) -> None:
    commands: list[Command] = [
        ("UNLINK", spread.place(record.name))
        if record.packed is None
        else ("RESTORE", spread.place(record.name), record.expires_ms, record.packed, "REPLACE", "ABSTTL")
        for record in records
    ]
    try:
        await connection.batch(commands)
    except StoreError as error:
        if "payload version" not in str(error):
            raise
        raise StoreError(
            f"the back-up comes from {head.server}, whose values this Redis does not read: "
            "bring it into that version, or a newer one of the same engine"
        ) from error


async def _names(connection: Connection, keys: Keys) -> AsyncIterator[list[bytes]]:
    """Yield all keys of a namespace but its mark; a key may come twice."""
    mark = keys.restoring().encode()
    for prefix in reversed(keys.prefixes):  # its own ones last: they say how many partitions there are
        async for names in connection.names(prefix):
            yield [name for name in names if name != mark]


async def _is_there(connection: Connection, keys: Keys) -> bool:
    """Return whether a namespace has any key."""
    async for names in _names(connection, keys):
        if names:
            return True
    return False
