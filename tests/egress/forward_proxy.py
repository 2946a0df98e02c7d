"""A forward proxy that really forwards: requests in absolute form, and tunnels. It notes what it was asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from egress.raw_server import Asked


class ForwardProxy:
    def __init__(self, credentials: str | None) -> None:
        self._credentials = credentials
        self.asked: list[Asked] = []
        self.connections = 0
        self.port = 0

    def url(self, userinfo: str = "") -> str:
        return f"http://{userinfo}127.0.0.1:{self.port}"

    async def serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                asked = Asked(await reader.readuntil(b"\r\n\r\n"), b"")
                self.asked.append(asked)
                if asked.headers.get("proxy-authorization") != self._credentials:
                    writer.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
                elif asked.method == "CONNECT":
                    await self._tunnel(asked, reader, writer)
                    return
                else:
                    await self._forward(asked, reader, writer)
                await writer.drain()

    async def _forward(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass a request on over a connection of its own, and the answer back until its end."""
        parts = urlsplit(asked.path)
        body = await reader.readexactly(int(asked.headers.get("content-length", "0")))
        onward = {name: value for name, value in asked.headers.items() if not name.startswith("proxy-")} | {
            "connection": "close"
        }
        lines = [f"{asked.method} {parts.path or '/'} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in onward.items()]
        upstream, sender = await asyncio.open_connection(parts.hostname, parts.port)
        sender.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        writer.write(await upstream.read())
        sender.close()

    async def _tunnel(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = asked.path.rpartition(":")
        upstream, sender = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(_pump(reader, sender), _pump(upstream, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def proxying(credentials: str | None = None) -> AsyncIterator[ForwardProxy]:
    """Run a proxy; `credentials` is the value of the header that it wants to see."""
    proxy = ForwardProxy(credentials)
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(asyncio.CancelledError):
            await proxy.serve_one(reader, writer)
        writer.close()

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
