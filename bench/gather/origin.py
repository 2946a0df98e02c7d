"""The origin server of the world of feeds: one process, all loopback hosts on one port.

Its answers are rendered before: 304 to the current ETag, the whole document otherwise. While it is closed, it
answers 500 to everything.
The benchmark steers it through a pipe; what it tells there are counts of its answers.
"""

import asyncio
import multiprocessing
import re
import signal
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any, cast

import uvloop
from msgspec import Struct

from bench.gather.world import World

_BACKLOG = 4096
_PATH = re.compile(rb"[A-Z]+ /(\d{1,9})\.rss ")
_NO_PAGE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
_CLOSED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


class WorldOptions(Struct, frozen=True, kw_only=True):
    """What world to serve."""

    feeds: int
    topics: int
    seed: int
    now: datetime


class Origin:
    """The origin as the benchmark steers it."""

    def __init__(self, pipe: Connection, port: int) -> None:
        self._pipe = pipe
        self.port = port

    async def open(self) -> None:
        """Answer from now on."""
        await self._ask("open")

    async def close(self) -> None:
        """Answer 500 from now on."""
        await self._ask("close")

    async def change(self, numbers: Sequence[int]) -> list[str]:
        """Put a new item into each of these feeds; return their URLs."""
        urls: list[str] = await self._ask("change", list(numbers))
        return urls

    async def counts(self) -> Counter[str]:
        """Return how often each kind of answer was given since the last call."""
        counts: Counter[str] = await self._ask("counts")
        return counts

    async def sent(self) -> dict[str, float]:
        """Return when each new item was first sent, as seconds since 1970, of all since the last call."""
        sent: dict[str, float] = await self._ask("sent")
        return sent

    async def _ask(self, *words: Any) -> Any:
        self._pipe.send(words)
        return await asyncio.to_thread(self._pipe.recv)


@asynccontextmanager
async def serving_world(options: WorldOptions) -> AsyncIterator[Origin]:
    """Serve a new world until the context ends."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs, options))
    server.start()
    try:
        yield Origin(mine, await asyncio.to_thread(mine.recv))
    finally:
        mine.send(("stop",))
        await asyncio.to_thread(server.join)


def _serve(pipe: Connection, options: WorldOptions) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the benchmark ends us
    uvloop.run(_serve_until_stopped(pipe, options))


async def _serve_until_stopped(pipe: Connection, options: WorldOptions) -> None:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("0.0.0.0", 0))  # noqa: S104 -- all of 127.0.0.0/8 at once; nothing secret is served
    port = listening.getsockname()[1]
    world = World(options.feeds, options.topics, options.seed, options.now, port)
    site = Site(world)
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: Portal(site), sock=listening, backlog=_BACKLOG)
    pipe.send(port)
    with suppress(EOFError):  # the benchmark was killed
        while (asked := await asyncio.to_thread(pipe.recv))[0] != "stop":
            pipe.send(site.told(*asked))


class Site:
    """What all connections share."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.is_open = True
        self.counts: Counter[str] = Counter()
        self.sent: dict[str, float] = {}

    def told(self, what: str, *rest: Any) -> Any:
        """Do what the benchmark asks for."""
        if what == "change":
            return self.world.change(*rest)
        if what == "counts":
            counts, self.counts = self.counts, Counter()
            return counts
        if what == "sent":
            sent, self.sent = self.sent, {}
            return sent
        self.is_open = what == "open"
        return None

    def answer(self, head: bytes) -> bytes:
        """Return the answer to a request."""
        if not self.is_open:
            self.counts["500"] += 1
            return _CLOSED
        found = _PATH.match(head)
        if found is None or int(found[1]) >= len(self.world.answers):
            self.counts["404"] += 1
            return _NO_PAGE
        answer = self.world.answers[int(found[1])]
        if answer.etag in head:
            self.counts["304"] += 1
            return answer.unchanged
        self.counts["200"] += 1
        for url in self.world.sent(int(found[1])):
            self.sent[url] = time.time()
        return answer.whole


class Portal(asyncio.Protocol):
    """HTTP/1.1 for requests without a body; kept alive as long as the client wants."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has the methods, not the class

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._received.endswith(b"\r\n\r\n"):
            return
        head, self._received = self._received, b""
        self._transport.write(self._site.answer(head))
        if b"connection: close" in head.lower():
            self._transport.close()
