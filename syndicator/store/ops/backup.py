"""Copies a namespace while it is written, as it was at one moment. `restore.py` brings it back.

    have Redis name what is written → copy every key → copy again what was written meanwhile
        → hold all writers back for a moment → copy the rest

Keys of several nodes are copied at once. Writers are held back on all of them at the same time, so the file
shows one moment of all nodes.

Keys travel as Redis packs them (DUMP and RESTORE, each with a checksum), so no type needs code of its own.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from msgspec import Struct

from syndicator.errors import StoreError
from syndicator.store.cold.objects import ColdObjects
from syndicator.store.connection import Connection, pieces
from syndicator.store.keys.partitions import ONE_SLOT, Spread
from syndicator.store.keys.table import Keys
from syndicator.store.layout import SPREAD_FIELDS, UNRECORDED, check_spread, check_whole, stored_spread
from syndicator.store.ops.backup_file import (
    FORMAT,
    WITH_TEXTS,
    BackupHead,
    KeyRecord,
    checked,
    full_name,
    written,
)
from syndicator.store.ops.backup_source import AT_ONCE, BackupSource, backup_source
from syndicator.store.ops.backup_texts import copy_texts

_FEW = 1000
"""With no more keys than this left to copy, writers are held back."""
_MOST_ROUNDS = 20
_LARGE_BYTES = 1024 * 1024
"""Values from this size on are copied twice at most: Redis does nothing else for up to 0.3 s each time."""
_HELD_MS = 2500
"""Writers are held back no longer, whatever becomes of us: processes of ours give a call up after 3 s."""
_MOST_HOLDS = 5
_STILL_LOOKS = 2
"""A server may name what was written just before a look only after its answer."""

T = TypeVar("T")
Write = Callable[[Sequence[KeyRecord]], None]
Progress = Callable[[int, int], None]
"""Is called with the number of keys that were copied, and about how many there are."""


class BackedUp(Struct, frozen=True, kw_only=True):
    """What was copied."""

    keys: int
    texts: int
    """Objects of the cold store."""
    digest: str
    nodes: int
    """Servers that keys were copied from."""
    held_s: float
    """So long writers were held back, at most at once."""


async def back_up(
    connection: Connection,
    namespace: str,
    path: Path,
    *,
    partitions: Spread = ONE_SLOT,
    sealed_by: str = "",
    cold: ColdObjects | None = None,
    progress: Progress = lambda *_: None,
) -> BackedUp:
    """Write a back-up of a namespace, and of its cold store; raise StoreError where that cannot be done.

    `connection`: leads to the nodes that have the keys. They are copied by connections of their own.
    """
    keys = Keys(namespace, partitions)
    await check_whole(connection, keys)
    async with _sources(connection, keys) as sources:
        first = sources[0]
        layout, release, used, *counts = await first.ask(
            "HMGET", keys.meta(), "schema", "schema_release", "cold", *SPREAD_FIELDS.values()
        )
        if layout:
            check_spread(partitions, stored_spread(counts))
        cold = cold if used is not None else None
        head = BackupHead(
            namespace=namespace,
            server=", ".join(sorted({_server(await one.ask("INFO", "server")) for one in sources})),
            began_at=await _now(first),
            sealed_by=sealed_by,
            format=FORMAT if cold is None else WITH_TEXTS,
            layout=int(layout or UNRECORDED),
            release=(release or b"").decode(),
            partitions=partitions.endpoints,
            hub_partitions=partitions.hub,
            text_partitions=partitions.texts,
        )
        try:
            with written(path, head) as file:
                copy, texts = _Copy(file.write, keys), set[str]()
                await copy_texts(cold, file.write_cold, texts)
                await _all(sources, copy, progress)
                held_s = await _rest(sources, copy)
                await copy_texts(cold, file.write_cold, texts)
                if keys.restoring().encode() in copy.there:
                    raise StoreError("another process replaces the data meanwhile: it cannot be copied")
                file.finish(len(copy.there))
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
    _, end = checked(path)
    return BackedUp(keys=end.keys, texts=end.texts, digest=end.digest, nodes=len(sources), held_s=held_s)


class _Copy:
    """What was copied so far."""

    def __init__(self, write: Write, keys: Keys) -> None:
        self._write = write
        self._keys = keys
        self.there = set[bytes]()
        """Keys that are there."""
        self.large = set[bytes]()
        """Keys of large values."""

    def note(self, records: Sequence[KeyRecord]) -> None:
        """Write records; the last one of a key counts."""
        self._write(records)
        for record in records:
            name = full_name(self._keys.prefix, record.name)
            if record.packed is None:
                self.there.discard(name)
                continue
            self.there.add(name)
            if len(record.packed) >= _LARGE_BYTES:
                self.large.add(name)


async def _all(sources: Sequence[BackupSource], copy: _Copy, progress: Progress) -> None:
    """Copy every key once."""
    about = sum([int(await source.ask("DBSIZE")) for source in sources])

    async def copied(source: BackupSource) -> None:
        async for names in source.names():
            fresh = [name for name in dict.fromkeys(names) if name not in copy.there]
            if fresh:
                copy.note(await source.taken(fresh))
                progress(len(copy.there), about)

    try:
        async with asyncio.TaskGroup() as group:  # where one node fails, the others are left at once
            for source in sources:
                group.create_task(copied(source))
    except ExceptionGroup as raised:
        raise raised.exceptions[0] from raised


async def _rest(sources: Sequence[BackupSource], copy: _Copy) -> float:
    """Copy what was written meanwhile: small values again and again, large ones while nobody writes.

    An index of all articles is written by each round of a source. Copied in each round here, it would keep
    Redis busy for longer than what is written meanwhile is few. Returns how long writers were held back.
    """

    async def again(source: BackupSource, names: Sequence[bytes]) -> None:
        for piece in pieces(names, AT_ONCE):
            copy.note(await source.taken(piece))

    for _ in range(_MOST_ROUNDS):
        small = [list(source.dirty - copy.large) for source in sources]
        if sum(map(len, small)) <= _FEW:
            break
        await _each(again(source, names) for source, names in zip(sources, small, strict=True))
    if await _are_still(sources):  # nobody writes, as where all processes are stopped
        return 0.0
    longest_s = 0.0
    for _ in range(_MOST_HOLDS):
        began = time.monotonic()
        records = await _held(sources)
        longest_s = max(longest_s, min(time.monotonic() - began, _HELD_MS / 1000))
        if records is not None:
            copy.note(records)
            return longest_s
    raise StoreError("Redis is written faster than it can be copied: try again in a quieter hour")


async def _are_still(sources: Sequence[BackupSource]) -> bool:
    """Return whether all is copied, and nobody writes: then nobody has to be held back.

    Between two looks one after the other, at which nothing was written on any node, all nodes stood still:
    what was copied is how they were at that moment.
    """
    for _ in range(_STILL_LOOKS):
        await _each(source.look() for source in sources)
        if any(source.dirty for source in sources):
            return False
    return True


async def _held(sources: Sequence[BackupSource]) -> list[KeyRecord] | None:
    """Return all that is left to copy, as it is while nobody writes; None where that took too long.

    The end is the same as in `_are_still`, so it is exact also where something else ended the hold.
    """
    began, is_still = time.monotonic(), False
    copied = list[tuple[BackupSource, list[KeyRecord]]]()
    try:
        await _each(source.hold(_HELD_MS) for source in sources)
        await _each(source.look() for source in sources)  # what was written before is named by now
        while not is_still and (time.monotonic() - began) * 1000 < _HELD_MS:
            found = await _each(source.taken(list(source.dirty)) for source in sources)
            copied += zip(sources, found, strict=True)
            is_still = await _are_still(sources)
        if is_still:
            return [record for _, records in copied for record in records]
    finally:
        await _each(source.release() for source in sources)
    for source, records in copied:
        source.wrote(records)
    return None


async def _each(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run calls at once, each to its end; raise the first error of any."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    if error := next((one for one in answers if isinstance(one, BaseException)), None):
        raise error
    return cast("list[T]", answers)


@asynccontextmanager
async def _sources(connection: Connection, keys: Keys) -> AsyncIterator[list[BackupSource]]:
    """Connect to each node that has keys of a namespace; the first one has those of no partition."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(backup_source(url, keys, prefixes))
            for url, prefixes in (await connection.servers_of(keys.prefixes)).items()
        ]


async def _now(source: BackupSource) -> datetime:
    seconds, _ = await source.ask("TIME")
    return datetime.fromtimestamp(int(seconds), UTC)


def _server(about: bytes) -> str:
    """Return the engine and its version."""
    fields = dict(line.split(":", 1) for line in about.decode().splitlines() if ":" in line)
    if "valkey_version" in fields:
        return f"valkey {fields['valkey_version']}"
    return f"redis {fields.get('redis_version', 'of an unknown version')}"
