"""Sentinels and servers behind TLS: certificates are verified of both, and a failover is followed.

The bundled server is built without TLS, so each one stands behind a door that speaks it, as behind stunnel. What
sentinels and servers say to each other goes through the same doors in plain text.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from egress.certificates import own_certificate
from redis_processes import DOWN_AFTER_MS, MASTER, RedisProcess
from support import until

from syndicator.errors import StoreUnavailable
from syndicator.store.connection import connect

pytestmark = pytest.mark.scale

_HANDSHAKE = 0x16
"""The first byte that a client of TLS sends; commands of Redis begin with another."""


class Door:
    """A port of loopback that leads to another one, for clients with and without TLS."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._passing = set[asyncio.Task[None]]()

    @asynccontextmanager
    async def leading_to(self, port: int) -> AsyncIterator[None]:
        accepting = asyncio.create_task(self._accept(port))
        try:
            yield
        finally:
            tasks = [accepting, *self._passing]
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._listener.close()

    async def _accept(self, port: int) -> None:
        while True:
            client, _ = await asyncio.get_running_loop().sock_accept(self._listener)
            task = asyncio.create_task(self._pass(client, port))
            self._passing.add(task)
            task.add_done_callback(self._passing.discard)

    async def _pass(self, client: socket.socket, port: int) -> None:
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        writers = list[asyncio.StreamWriter]()
        with suppress(OSError, asyncio.IncompleteReadError):
            try:
                is_tls = await _first_byte(client) == _HANDSHAKE
                context = self._context if is_tls else None
                transport, _ = await loop.connect_accepted_socket(lambda: protocol, client, ssl=context)
                writers.append(asyncio.StreamWriter(transport, protocol, reader, loop))
                theirs, to_server = await asyncio.open_connection("127.0.0.1", port)
                writers.append(to_server)
                await _until_one_ends(_relay(reader, to_server), _relay(theirs, writers[0]))
            finally:
                if not writers:
                    client.close()
                for one in writers:
                    one.close()


async def _first_byte(client: socket.socket) -> int:
    """Return the first byte that a client sends, and leave it there to be read."""
    loop, has_come = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(client, has_come.set)
    try:
        await has_come.wait()
    finally:
        loop.remove_reader(client)
    return next(iter(client.recv(1, socket.MSG_PEEK)), 0)


async def _until_one_ends(*ways: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.ensure_future(one) for one in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _relay(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while heard := await source.read(65_536):
        sink.write(heard)
        await sink.drain()


@dataclass
class Behind:
    """A primary, a replica and a sentinel, each behind a door."""

    primary: RedisProcess
    replica: RedisProcess
    sentinel: RedisProcess
    doors: dict[RedisProcess, Door]

    def url(self, certificate: Path) -> str:
        door = self.doors[self.sentinel]
        return f"sentinels://127.0.0.1:{door.port}/{MASTER}?ssl_ca_certs={certificate}"

    def place(self, server: RedisProcess) -> str:
        return f"127.0.0.1:{self.doors[server].port}"

    async def is_known(self) -> bool:
        [known] = await self.sentinel.ask("SENTINEL", "MASTERS")
        return int(known["num-slaves"]) == 1 and known["flags"] == "master"


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[Behind]:
    context, _ = own_certificate(tmp_path)
    doors = [Door(context) for _ in range(3)]
    named = [
        ("appendonly yes", f"replica-announce-port {one.port}", "repl-diskless-sync-delay 0") for one in doors
    ]
    primary = RedisProcess(tmp_path / "primary", named[0])
    replica = RedisProcess(tmp_path / "replica", (*named[1], f"replicaof 127.0.0.1 {doors[0].port}"))
    sentinel = RedisProcess(
        tmp_path / "sentinel",
        (
            f"sentinel monitor {MASTER} 127.0.0.1 {doors[0].port} 1",
            f"sentinel down-after-milliseconds {MASTER} {DOWN_AFTER_MS}",
        ),
        is_sentinel=True,
    )
    servers = (primary, replica, sentinel)
    async with AsyncExitStack() as stack:
        for server, door in zip(servers, doors, strict=True):
            stack.callback(server.kill)
            await stack.enter_async_context(door.leading_to(server.port))
            await server.start()
        opened = Behind(primary, replica, sentinel, dict(zip(servers, doors, strict=True)))
        await until(opened.is_known)
        yield opened


async def test_a_primary_behind_tls_is_found_and_left_for_another(behind: Behind, tmp_path: Path) -> None:
    async with connect(behind.url(tmp_path / "cert.pem"), anchor="x", timeout_s=10.0) as redis:
        assert (await redis.server()).place == behind.place(behind.primary)
        assert (await redis.server()).url.startswith("rediss://")
        assert await redis.call("SET", "a", "1") == b"OK"
        assert await redis.call("WAIT", 1, 5000) == 1
        behind.primary.kill()

        async def written() -> object:
            with suppress(StoreUnavailable):
                return await redis.call("SET", "b", "2")
            return None

        await until(written)
        assert (await redis.server()).place == behind.place(behind.replica)
        assert await redis.call("MGET", "a", "b") == [b"1", b"2"]


async def test_certificates_of_others_are_refused(behind: Behind, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    own_certificate(other)
    with pytest.raises(StoreUnavailable, match="certificate verify failed"):
        async with connect(behind.url(other / "cert.pem"), anchor="x", timeout_s=3.0):
            pass


async def test_a_sentinel_that_speaks_no_tls_is_not_asked(behind: Behind, tmp_path: Path) -> None:
    url = behind.url(tmp_path / "cert.pem").replace(
        str(behind.doors[behind.sentinel].port), str(behind.sentinel.port)
    )
    with pytest.raises(StoreUnavailable, match="does not answer"):
        async with connect(url, anchor="x", timeout_s=3.0):
            pass
