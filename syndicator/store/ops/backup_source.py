"""One server that a back-up copies from: it gives packed keys, and names those that are written."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import hiredis
from redis import asyncio as aioredis
from redis import exceptions

from syndicator.errors import StoreError
from syndicator.store.connection import Word, pattern_of
from syndicator.store.keys.table import Keys
from syndicator.store.ops.backup_file import KeyRecord, full_name, short_name
from syndicator.store.servers.route import never_there
from syndicator.store.servers.store_url import place_of

AT_ONCE = 500
"""Keys that are copied in one round trip."""
_TIMEOUT_S = 60.0
_LEAVE_S = 10.0
"""So long a server is waited for that is only to be left as it was."""

_HEARD = object()


class BackupSource:
    """A connection to one server of its own, by which Redis also says what others write there."""

    def __init__(
        self, connection: aioredis.Connection, keys: Keys, prefixes: Sequence[str], place: str
    ) -> None:
        """`prefixes`: what the keys begin with that are on this server; `place`: how the server is called."""
        self.dirty = set[bytes]()
        """Keys that were written since they were last taken out of it."""
        self._connection = connection
        self._namespace_prefix = keys.prefix
        self._prefixes = prefixes
        self._place = place
        self._is_emptied = False

    async def begin(self) -> None:
        """Connect, and have Redis name every key of ours that is written from now on."""
        with self._translated():
            await self._connection.connect()  # type: ignore[no-untyped-call]
        # The driver hands such messages to a handler of its parser, and has no public way to set one.
        parser: Any = self._connection._parser  # noqa: SLF001
        parser.set_invalidation_push_handler(self._heard)
        prefixes = [word for prefix in self._prefixes for word in ("PREFIX", prefix)]
        await self.ask("CLIENT", "TRACKING", "ON", "BCAST", *prefixes)

    async def ask(self, *words: Word) -> Any:
        (reply,) = await self.ask_all([words])
        return reply

    async def ask_all(self, commands: Sequence[Sequence[Word]]) -> list[Any]:
        """Run commands in one round trip. Raises StoreError where one of them fails."""
        replies = await self.tried(commands)
        with self._translated():
            for reply in replies:
                if isinstance(reply, exceptions.RedisError):
                    raise reply
        if self._is_emptied:
            raise StoreError("Redis was emptied meanwhile: there is nothing to copy")
        return replies

    async def tried(self, commands: Sequence[Sequence[Word]]) -> list[Any]:
        """Run commands in one round trip; the reply of one that Redis refuses is an error."""
        packed = b"".join(hiredis.pack_command(tuple(words)) for words in commands)  # type: ignore[arg-type]
        with self._translated():
            await self._connection.send_packed_command(packed)
            return [await self._reply() for _ in commands]

    async def _reply(self) -> Any:
        """Read the next reply. What Redis says in between is not read by the driver's recursion."""
        try:
            while (reply := await self._connection.read_response(push_request=True)) is _HEARD:
                pass
        except exceptions.ResponseError as error:
            return error
        return reply

    async def look(self) -> None:
        """Have the server answer after all that it says of writes; refused where keys moved elsewhere."""
        await self.ask_all([("EXISTS", never_there(prefix)) for prefix in self._prefixes])

    async def names(self) -> AsyncIterator[list[bytes]]:
        """Yield all our keys on this server; a key may come twice."""
        begins = tuple(prefix.encode() for prefix in self._prefixes)
        # Several prefixes are filtered here: a look at all keys of the server for each takes longer.
        common = self._prefixes[0] if len(self._prefixes) == 1 else self._namespace_prefix.removesuffix("}:")
        pattern, cursor = pattern_of(common), b"0"
        while True:
            cursor, found = await self.ask("SCAN", cursor, "MATCH", pattern, "COUNT", AT_ONCE)
            yield [name for name in found if name.startswith(begins)]
            if cursor == b"0":
                return

    async def taken(self, names: Sequence[bytes]) -> list[KeyRecord]:
        """Copy keys, and take them out of those that were written."""
        self.dirty.difference_update(names)
        commands: list[Sequence[Word]] = [("TIME",)]
        for name in names:
            commands += [("DUMP", name), ("PTTL", name)]
        (seconds, micros), *replies = await self.ask_all(commands)
        now_ms, prefix = int(seconds) * 1000 + int(micros) // 1000, self._namespace_prefix
        return [
            KeyRecord(short_name(prefix, name), packed, now_ms + int(left_ms) if int(left_ms) > 0 else 0)
            for name, packed, left_ms in zip(names, replies[::2], replies[1::2], strict=True)
        ]

    async def hold(self, most_ms: int) -> None:
        """Hold all writers back until they are released; that ends by itself."""
        await self.ask("CLIENT", "PAUSE", most_ms, "WRITE")

    async def release(self) -> None:
        """Let writers go on, where the server can be told: else the hold ends by itself."""
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(_LEAVE_S):
                await self.tried([("CLIENT", "UNPAUSE")])

    def wrote(self, records: Sequence[KeyRecord]) -> None:
        """Have keys copied again that were copied in vain."""
        self.dirty.update(full_name(self._namespace_prefix, record.name) for record in records)

    @asynccontextmanager
    async def uncompressed(self) -> AsyncIterator[None]:
        """Have Redis not compress each string by itself, where it lets us: that is most of the time of DUMP.

        The file is compressed as a whole.
        """
        setting, is_compressed = "rdbcompression", False
        [found] = await self.tried([("CONFIG", "GET", setting)])
        if isinstance(found, dict) and found.get(setting.encode()) == b"yes":
            [done] = await self.tried([("CONFIG", "SET", setting, "no")])
            is_compressed = done == b"OK"  # else a managed service, or an account that may not
        try:
            yield
        finally:
            if is_compressed:
                # A server that is away reads its file when it starts again.
                with suppress(StoreError, TimeoutError):
                    async with asyncio.timeout(_LEAVE_S):
                        await self.ask("CONFIG", "SET", setting, "yes")

    async def _heard(self, message: Sequence[Any]) -> object:
        """Note an invalidation: `[invalidate, [key, …]]`, or None for all keys."""
        if message[1] is None:
            self._is_emptied = True
        else:
            self.dirty.update(message[1])
        return _HEARD

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (exceptions.AskError, exceptions.TryAgainError) as error:
            raise StoreError(
                "Redis could not be copied: keys move, or moved, to another node of the cluster; try again"
            ) from error
        except exceptions.NoPermissionError as error:
            raise StoreError(
                f"Redis could not be copied: {self._place} does not allow it to the user of [store] url, see "
                f"its ACL: {error}"
            ) from error
        except exceptions.RedisError as error:
            raise StoreError(f"Redis could not be copied: {self._place}: {error}") from error


@asynccontextmanager
async def backup_source(url: str, keys: Keys, prefixes: Sequence[str]) -> AsyncIterator[BackupSource]:
    """Connect to a server that has the keys with these prefixes. Raises StoreError."""
    pool = aioredis.ConnectionPool.from_url(
        url, protocol=3, socket_timeout=_TIMEOUT_S, client_name="syndicator-backup"
    )
    connection: aioredis.Connection = pool.make_connection()  # type: ignore[no-untyped-call]
    try:
        source = BackupSource(connection, keys, prefixes, place_of(url))
        await source.begin()
        async with source.uncompressed():
            yield source
    finally:
        await connection.disconnect()
        await pool.disconnect()
