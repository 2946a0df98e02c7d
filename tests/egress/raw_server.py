"""Plays the outside world on loopback, byte by byte, so that it can misbehave in every way."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from ipaddress import ip_network
from types import MappingProxyType

from aiohttp.abc import AbstractResolver

from syndicator.egress.client import SOURCE_LIMITS, Egress, open_egress
from syndicator.egress.own_listeners import Listener, OwnListeners
from syndicator.egress.slots import ConnectionLimits
from syndicator.model.clock import Clock, system_clock
from syndicator.model.fetch import FetchFailed, FetchResult
from syndicator.model.source import FetchLimits

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class Asked:
    """One request as it arrived."""

    def __init__(self, head: bytes, body: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = lines[0].split(" ", 2)
        pairs = [line.split(":", 1) for line in lines[1:] if line]
        self._names = [name.lower() for name, _ in pairs]
        self.headers = {name.lower(): value.strip() for name, value in pairs}
        self.body = body

    def times(self, name: str) -> int:
        """Count how often a header came."""
        return self._names.count(name)


Script = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


class RawServer:
    def __init__(self, script: Script) -> None:
        self._script = script
        self.asked: list[Asked] = []
        self.connections = 0
        self.port = 0
        self.host = ""

    def url(self, path: str = "/", scheme: str = "http") -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}{path}"

    async def serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                asked = Asked(head, b"")
                asked.body = await reader.readexactly(int(asked.headers.get("content-length", "0")))
                self.asked.append(asked)
                await self._script(asked, writer)
                await writer.drain()
                if asked.headers.get("connection") == "close" or writer.is_closing():
                    break
        writer.close()


@asynccontextmanager
async def serving(
    script: Script, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    server = RawServer(script)
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(asyncio.CancelledError):
            await server.serve_one(reader, writer)
        writer.close()

    listener = await asyncio.start_server(accept, host, 0, ssl=tls)
    server.host, server.port = listener.sockets[0].getsockname()[:2]
    try:
        yield server
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def reply(body: bytes = b"", *, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    lines = [f"HTTP/1.1 {status} Words", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def saying(answer: bytes, *, close: bool = False) -> Script:
    """Answer every request with these bytes; `close` cuts the connection after them."""

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        if close:
            await writer.drain()
            writer.close()

    return script


def by_path(answers: dict[str, bytes]) -> Script:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(answers[asked.path])

    return script


def silent() -> Script:
    """Take the request and never answer."""

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    return script


@asynccontextmanager
async def egress_on(
    *allow: str,
    callbacks: Sequence[str] = (),
    subscribers: Sequence[str] = (),
    own: Sequence[Listener] = (),
    clock: Clock = system_clock,
    source_limits: ConnectionLimits = SOURCE_LIMITS,
    resolver: AbstractResolver | None = None,
    proxy: str | None = None,
) -> AsyncIterator[Egress]:
    async with open_egress(
        user_agent="syndicator-test/1",
        allow=tuple(ip_network(text) for text in allow),
        allow_callbacks=tuple(ip_network(text) for text in callbacks),
        allow_subscribers=tuple(ip_network(text) for text in subscribers),
        own=OwnListeners(own),
        clock=clock,
        source_limits=source_limits,
        resolver=resolver,
        proxy=proxy,
    ) as egress:
        yield egress


SHORT = FetchLimits(timeout_s=0.3, connect_timeout_s=0.2)
"""For servers that never answer; those that do have longer, since the machine may be busy."""
AMPLE = FetchLimits(timeout_s=20)
MIB = 1024 * 1024


def noon() -> datetime:
    return NOON


async def fetch_from(
    script: Script, limits: FetchLimits = AMPLE, headers: Mapping[str, str] = MappingProxyType({})
) -> tuple[RawServer, FetchResult]:
    async with serving(script) as server, egress_on("127.0.0.1", clock=noon) as egress:
        return server, await egress.fetch(server.url("/feed?token=hidden"), headers=headers, limits=limits)


async def failure_from(script: Script, limits: FetchLimits = AMPLE) -> FetchFailed:
    _, result = await fetch_from(script, limits)
    assert isinstance(result, FetchFailed)
    assert "hidden" not in result.detail
    assert result.detail.isprintable()
    assert result.fetched_at == NOON
    return result
