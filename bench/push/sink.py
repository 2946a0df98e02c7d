"""A receiver that costs as little as one can: answers 204, and remembers what came and when.

`python -m bench.push.sink` prints its port. POST to a path that begins with /hang gets no answer; GET / gives
`{"count", "distinct", "latest", "first_s": {id: time}}` and forgets it.
"""

import asyncio
import json
import time
from typing import cast

from syndicator.cli.event_loop import run_loop

_OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Sink:
    def __init__(self) -> None:
        self.first_s: dict[str, float] = {}
        self.count = 0

    def take(self, name: str) -> None:
        self.count += 1
        self.first_s.setdefault(name, time.time())

    def report(self) -> bytes:
        told = {"count": self.count, "distinct": len(self.first_s), "first_s": self.first_s}
        self.first_s, self.count = {}, 0
        body = json.dumps(told).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class Receiver(asyncio.Protocol):
    """HTTP/1.1 as our own client speaks it: a head, a length, a body."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has the methods, not the class

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end])
            if not self._answered(head, end):
                return

    def _answered(self, head: bytes, end: int) -> bool:
        assert self._transport is not None
        lower = head.lower()
        if lower.startswith(b"get"):
            del self._buffer[: end + 4]
            self._transport.write(self._sink.report())
            return True
        size = int(_field(lower, b"content-length"))
        if len(self._buffer) < end + 4 + size:
            return False
        del self._buffer[: end + 4 + size]
        if lower.startswith(b"post /hang"):
            return True
        # Several endpoints get the same event: the path tells them apart.
        path = head.split(b" ", 2)[1].decode()
        self._sink.take(f"{_field(lower, b'webhook-id').decode()} {path}")
        self._transport.write(_OK)
        return True


def _field(head: bytes, name: bytes) -> bytes:
    at = head.index(b"\r\n" + name + b":") + len(name) + 3
    end = head.find(b"\r\n", at)
    return head[at : end if end >= 0 else len(head)].strip()


async def main() -> None:
    sink = Sink()
    server = await asyncio.get_running_loop().create_server(lambda: Receiver(sink), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    run_loop(main())
