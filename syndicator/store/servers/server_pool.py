"""Connections to one server, and what finds the server for a slot."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from redis import asyncio as aioredis
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from syndicator.errors import StoreError
from syndicator.store.servers.store_url import place_of

MOST_CONNECTIONS = 32


class ServerPool:
    """The connections to one server.

    The driver's pool makes and mends connections, but does not hand them out: with that, a call takes 50 µs
    instead of 19.
    """

    def __init__(self, url: str, timeout_s: float, **options: Any) -> None:
        """`url`: `redis://`, `rediss://` or `unix://`. `options`: more of the driver's.

        Raises StoreError for a URL that the driver does not read.
        """
        self.url = url
        """With user and password: never to be shown."""
        self.place = place_of(url)
        self._free = asyncio.Semaphore(MOST_CONNECTIONS)
        self.is_left = False
        """Whether the server is no longer asked: connections in use are closed when they come back."""
        self._idle: list[aioredis.Connection] = []
        try:
            self._made = aioredis.ConnectionPool.from_url(
                url,
                max_connections=MOST_CONNECTIONS,
                socket_timeout=None,  # each call has one of its own
                socket_connect_timeout=timeout_s,
                # The driver's retries multiply: those of a command, of connecting, and of its health check.
                retry=Retry(NoBackoff(), 0),
                client_name="syndicator",
                protocol=2,
                **options,
            )
        except ValueError as error:
            raise StoreError(f"[store] url is not a Redis URL: {error}") from error

    async def exchange(self, commands: Sequence[bytes]) -> list[Any]:
        """Send packed commands in one round trip; return the reply of each, which may be an error.

        As the driver's pipeline does, but without a timeout for each write and reply: the caller has one for
        all of them. Raises the driver's ConnectionError.
        """
        async with self._free:
            connection = self._idle.pop() if self._idle else self._new()
            try:
                await self._made.ensure_connection(connection)
                if self.is_left:
                    raise exceptions.ConnectionError(f"{self.place} is no longer asked")
                await connection.send_packed_command(b"".join(commands))
                replies: list[Any] = []
                for _ in commands:
                    try:
                        replies.append(await connection.read_response())
                    except exceptions.ResponseError as error:
                        replies.append(error)
            finally:
                if self.is_left:  # the driver's pool leaves those open that were connecting when it closed
                    await connection.disconnect(nowait=True)
                self._idle.append(connection)
        return replies

    def _new(self) -> aioredis.Connection:
        """Return a connection that is not open yet; the driver's pool closes it at the end."""
        made: aioredis.Connection = self._made.get_available_connection()  # type: ignore[no-untyped-call]
        return made

    async def leave(self) -> None:
        """Close what is idle; what is in use is closed when it comes back."""
        self.is_left = True
        for connection in self._idle:
            await connection.disconnect(nowait=True)

    async def close(self) -> None:
        """Close all connections; calls that are on their way fail."""
        self.is_left = True
        await self._made.disconnect()


class Servers(Protocol):
    """Finds the server that has a slot of the keys (`redis.crc.key_slot`), and forgets it when it moved."""

    is_handed_over: bool
    """Whether the server is away for a moment when another one takes over: calls are made again until it is
    back, as far as their time allows."""

    is_cluster: bool
    """Whether slots may move to other servers."""

    def known(self, slot: int) -> ServerPool | None:
        """Return the server of a slot where that is known: this costs no wait."""

    async def find(self, slot: int) -> ServerPool:
        """Return the server of a slot; ask for it where it is not known.

        Raises errors of the driver where that may help to ask again, else StoreError.
        """

    async def failed(self, pool: ServerPool, error: Exception) -> None:
        """Take note of what a call to a server failed with: the next call is perhaps to go elsewhere.

        `error`: of the driver, or TimeoutError. A pool that was left already is passed over.
        """

    async def redirected(self, pool: ServerPool, error: exceptions.AskError) -> ServerPool:
        """Return the server of a cluster that another one named: for good (MOVED), or for one call (ASK)."""

    def has_replicas(self) -> bool:
        """Return whether there are replicas that may take a server's place, as far as is known."""

    async def close(self) -> None:
        """Close all connections; calls that are on their way fail."""
