"""A network between the service and its Redis, which tests make slow or let break."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

_READ_BYTES = 65_536
_Queue = asyncio.Queue[tuple[float, bytes]]
"""What is on its way: when it arrives (time of the loop), and the bytes; none at the end."""


_ASIDE = re.compile(rb"\*\d+\r\n(\$6\r\nCLIENT\r\n|\$5\r\nHMGET\r\n\$\d+\r\n[^\r]{1,200}:meta\r\n)")
"""What is up to time and chance: how many connections the driver opens (as many as calls come at once), and the
look at the mark of the data every two seconds."""


class RedisLink:
    """Passes on, by TCP, what goes to a Redis on a Unix socket and what comes back."""

    def __init__(self, redis: Path, rng: random.Random) -> None:
        self._redis = redis
        self._rng = rng
        self.url = ""
        self.delay_s = (0.0, 0.0)
        """The shortest and the longest delay of what is passed on, each way by itself."""
        self.cut_share = 0.0
        """The share of requests that reach Redis, and whose connection is then closed without a reply."""
        self.requests = 0
        """Pieces that were passed on to Redis: mostly each is the request of one round trip."""
        self._connections: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen on a free port of loopback while the context is open."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        try:
            yield
        finally:
            server.close()
            while self._connections:
                for one in self._connections:
                    one.cancel()
                await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        passing = asyncio.create_task(self._pass_on(client, to_client))
        self._connections.add(passing)
        passing.add_done_callback(self._connections.discard)

    async def _pass_on(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        async with _closing(to_client):
            try:
                redis, to_redis = await asyncio.open_unix_connection(str(self._redis))
            except OSError:
                return
            async with _closing(to_redis):
                await self._carry(client, to_redis, redis, to_client)

    async def _carry(
        self,
        client: asyncio.StreamReader,
        to_redis: asyncio.StreamWriter,
        redis: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
    ) -> None:
        """Carry both ways until one of them ends."""
        there, back = _Queue(), _Queue()
        sending = [
            asyncio.create_task(self._send(there, to_redis, is_request=True)),
            asyncio.create_task(self._send(back, to_client, is_request=False)),
        ]
        receiving = [
            asyncio.create_task(self._receive(client, there)),
            asyncio.create_task(self._receive(redis, back)),
        ]
        try:
            await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (*sending, *receiving):
                one.cancel()
            await asyncio.gather(*sending, *receiving, return_exceptions=True)

    async def _receive(self, source: asyncio.StreamReader, queue: _Queue) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while data := await source.read(_READ_BYTES):
                queue.put_nowait((loop.time() + self._rng.uniform(*self.delay_s), data))
        queue.put_nowait((loop.time(), b""))

    async def _send(self, queue: _Queue, target: asyncio.StreamWriter, *, is_request: bool) -> None:
        """Send what is due, in order, until the stream ends or breaks, or is to be cut."""
        loop = asyncio.get_running_loop()
        while True:
            due_at, data = await queue.get()
            await asyncio.sleep(max(due_at - loop.time(), 0))
            if not data:
                return
            target.write(data)
            await target.drain()
            if is_request:
                self.requests += not _ASIDE.match(data)
                if self._rng.random() < self.cut_share:
                    return


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
