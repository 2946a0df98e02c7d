"""Copies a namespace while it is written, as it was at one moment. `restore.py` brings it back.

    have Redis name what is written → copy every key → copy again what was written meanwhile
        → hold all writers back for a moment → copy the rest

Keys travel as Redis packs them (DUMP and RESTORE, each with a checksum), so no type needs code of its own.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hiredis
from redis import asyncio as aioredis
from redis import exceptions

from syndicator.errors import StoreError
from syndicator.store.cold.objects import ColdObjects
from syndicator.store.connection import pattern_of, pieces
from syndicator.store.keys.partitions import ONE_SLOT, Spread
from syndicator.store.keys.table import Keys
from syndicator.store.layout import SPREAD_FIELDS, UNRECORDED, check_spread, stored_spread
from syndicator.store.ops.backup_file import (
    FORMAT,
    WITH_TEXTS,
    BackupEnd,
    BackupHead,
    KeyRecord,
    checked,
    full_name,
    short_name,
    written,
)
from syndicator.store.ops.backup_texts import copy_texts
from syndicator.store.servers.route import never_there

AT_ONCE = 500
"""Keys that are copied in one round trip."""
_FEW = 1000
"""With no more keys than this left to copy, writers are held back."""
_MOST_ROUNDS = 20
_LARGE_BYTES = 1024 * 1024
"""Values from this size on are copied twice at most: Redis does nothing else for up to 0.3 s each time."""
_HELD_MS = 2500
"""Writers are held back no longer, whatever becomes of us: processes of ours give a call up after 3 s."""
_MOST_HOLDS = 5
_TIMEOUT_S = 60.0

_HEARD = object()

Write = Callable[[Sequence[KeyRecord]], None]
Progress = Callable[[int, int], None]
"""Is called with the number of keys that were copied, and about how many there are."""


class _Source:
    """A connection of its own, by which Redis also says what others write."""

    def __init__(self, connection: aioredis.Connection, keys: Keys) -> None:
        self._connection = connection
        self.keys = keys
        self.patterns = [pattern_of(prefix) for prefix in keys.prefixes]
        self.dirty = set[bytes]()
        """Keys that were written since they were last taken out of it."""
        self._is_emptied = False

    async def begin(self) -> None:
        """Have Redis name every key of the namespace that is written from now on."""
        # The driver hands such messages to a handler of its parser, and has no public way to set one.
        parser: Any = self._connection._parser  # noqa: SLF001
        parser.set_invalidation_push_handler(self._heard)
        prefixes = [word for prefix in self.keys.prefixes for word in ("PREFIX", prefix)]
        await self.ask("CLIENT", "TRACKING", "ON", "BCAST", *prefixes)

    async def ask(self, *words: str | bytes | int) -> Any:
        (reply,) = await self.ask_all([words])
        return reply

    async def ask_all(self, commands: Sequence[Sequence[str | bytes | int]]) -> list[Any]:
        packed = b"".join(hiredis.pack_command(tuple(words)) for words in commands)  # type: ignore[arg-type]
        await self._connection.send_packed_command(packed)
        replies = [await self._reply() for _ in commands]
        if self._is_emptied:
            raise StoreError("Redis was emptied meanwhile: there is nothing to copy")
        return replies

    async def _reply(self) -> Any:
        """Read the next reply. What Redis says in between is not read by the driver's recursion."""
        while (reply := await self._connection.read_response(push_request=True)) is _HEARD:
            pass
        return reply

    async def look(self) -> None:
        """Have the server answer after all that it says of writes; refused where the keys moved elsewhere."""
        await self.ask("EXISTS", never_there(self.keys.prefix), self.keys.meta())

    async def taken(self, names: Sequence[bytes]) -> list[KeyRecord]:
        """Copy keys, and take them out of those that were written."""
        self.dirty.difference_update(names)
        commands: list[Sequence[str | bytes | int]] = [("TIME",)]
        for name in names:
            commands += [("DUMP", name), ("PTTL", name)]
        (seconds, micros), *replies = await self.ask_all(commands)
        now_ms, prefix = int(seconds) * 1000 + int(micros) // 1000, self.keys.prefix
        return [
            KeyRecord(short_name(prefix, name), packed, now_ms + int(left_ms) if int(left_ms) > 0 else 0)
            for name, packed, left_ms in zip(names, replies[::2], replies[1::2], strict=True)
        ]

    async def _heard(self, message: Sequence[Any]) -> object:
        """Note an invalidation: `[invalidate, [key, …]]`, or None for all keys."""
        if message[1] is None:
            self._is_emptied = True
        else:
            self.dirty.update(message[1])
        return _HEARD


async def back_up(
    url: str,
    namespace: str,
    path: Path,
    *,
    partitions: Spread = ONE_SLOT,
    sealed_by: str = "",
    cold: ColdObjects | None = None,
    progress: Progress = lambda *_: None,
) -> BackupEnd:
    """Write a back-up of a namespace, and of its cold store; raise StoreError where that cannot be done."""
    keys = Keys(namespace, partitions)
    async with _opened(url, keys) as source, _uncompressed(source):
        about = await source.ask("INFO", "server")
        layout, release, used, *counts = await source.ask(
            "HMGET", keys.meta(), "schema", "schema_release", "cold", *SPREAD_FIELDS.values()
        )
        if layout:
            check_spread(partitions, stored_spread(counts))
        cold = cold if used is not None else None
        head = BackupHead(
            namespace=namespace,
            server=_server(about),
            began_at=await _now(source),
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
                await _all(source, copy, progress)
                await _rest(source, copy)
                await copy_texts(cold, file.write_cold, texts)
                file.finish(len(copy.there))
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
    return checked(path)[1]


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


async def _all(source: _Source, copy: _Copy, progress: Progress) -> None:
    """Copy every key once."""
    about = int(await source.ask("DBSIZE"))
    for pattern in source.patterns:
        await _matching(source, copy, pattern, about, progress)


async def _matching(source: _Source, copy: _Copy, pattern: str, about: int, progress: Progress) -> None:
    cursor = b"0"
    while True:
        cursor, names = await source.ask("SCAN", cursor, "MATCH", pattern, "COUNT", AT_ONCE)
        fresh = [name for name in dict.fromkeys(names) if name not in copy.there]
        if fresh:
            copy.note(await source.taken(fresh))
            progress(len(copy.there), about)
        if cursor == b"0":
            return


async def _rest(source: _Source, copy: _Copy) -> None:
    """Copy what was written meanwhile: small values again and again, large ones while nobody writes.

    An index of all articles is written by each round of a source. Copied in each round here, it would keep
    Redis busy for longer than what is written meanwhile is few.
    """
    for _ in range(_MOST_ROUNDS):
        small = list(source.dirty - copy.large)
        if len(small) <= _FEW:
            break
        for piece in pieces(small, AT_ONCE):
            copy.note(await source.taken(piece))
    for _ in range(_MOST_HOLDS):
        if (records := await _held(source)) is not None:
            copy.note(records)
            return
    raise StoreError("Redis is written faster than it can be copied: try again in a quieter hour")


async def _held(source: _Source) -> list[KeyRecord] | None:
    """Return all that is left to copy, as it is while nobody writes; None where that took too long."""
    began, records = time.monotonic(), list[KeyRecord]()
    await source.ask("CLIENT", "PAUSE", _HELD_MS, "WRITE")
    try:
        await source.look()  # what was written before is named by now
        while source.dirty:
            records += await source.taken(list(source.dirty))
            await source.look()
        if (time.monotonic() - began) * 1000 < _HELD_MS:
            return records
    finally:
        await source.ask("CLIENT", "UNPAUSE")
    source.dirty.update(full_name(source.keys.prefix, record.name) for record in records)
    return None


@asynccontextmanager
async def _uncompressed(source: _Source) -> AsyncIterator[None]:
    """Have Redis not compress each string by itself, where it lets us: that takes most of the time of DUMP.

    The file is compressed as a whole.
    """
    setting = "rdbcompression"
    try:
        is_compressed = (await source.ask("CONFIG", "GET", setting))[setting.encode()] == b"yes"
        if is_compressed:
            await source.ask("CONFIG", "SET", setting, "no")
    except (exceptions.ResponseError, KeyError):  # a managed service, or an account that may not
        is_compressed = False
    try:
        yield
    finally:
        if is_compressed:
            await source.ask("CONFIG", "SET", setting, "yes")


@asynccontextmanager
async def _opened(url: str, keys: Keys) -> AsyncIterator[_Source]:
    pool = aioredis.ConnectionPool.from_url(
        url, protocol=3, socket_timeout=_TIMEOUT_S, client_name="syndicator-backup"
    )
    connection: aioredis.Connection = pool.make_connection()  # type: ignore[no-untyped-call]
    try:
        await connection.connect()  # type: ignore[no-untyped-call]
        source = _Source(connection, keys)
        await source.begin()
        yield source
    except (exceptions.AskError, exceptions.TryAgainError) as error:
        raise StoreError(
            "Redis could not be copied: the keys move, or moved, to another node of the cluster; try again"
        ) from error
    except exceptions.RedisError as error:
        raise StoreError(f"Redis could not be copied: {error}") from error
    finally:
        await connection.disconnect()
        await pool.disconnect()


async def _now(source: _Source) -> datetime:
    seconds, _ = await source.ask("TIME")
    return datetime.fromtimestamp(int(seconds), UTC)


def _server(about: bytes) -> str:
    """Return the engine and its version."""
    fields = dict(line.split(":", 1) for line in about.decode().splitlines() if ":" in line)
    if "valkey_version" in fields:
        return f"valkey {fields['valkey_version']}"
    return f"redis {fields.get('redis_version', 'of an unknown version')}"
