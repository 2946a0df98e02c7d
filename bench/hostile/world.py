"""Sources made to hurt, played on loopback by a process of its own.

Each has an address in 127.0.3.0/24, which is allowed here. At 127.0.0.1, which is not, listens what must
never be reached; it counts who came.
"""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection

import brotli
from backports import zstd
from msgspec import Struct

from bench.hostile.names import SPELLINGS

ALLOWED = "127.0.3.0/24"
MIB = 1024 * 1024
_CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
_ATTRIBUTES = " ".join(f'a{number}="1"' for number in range(100_000))
_ENTITIES = '<!ENTITY a0 "lol">' + "".join(
    f'<!ENTITY a{number} "{f"&a{number - 1};" * 10}">' for number in range(1, 12)
)
_PAGE_RULES = 'list = { item = "li", title = "a" }\narticle = { title = "h1", body = "body" }\n'

Play = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Attack(Struct, frozen=True, kw_only=True):
    """One hostile source: what it sends, and what must come of it."""

    name: str
    expects: tuple[str, ...]
    """Reasons, any of which will do; `ok` where it can be read."""
    prepare: Callable[[], Play]
    """Makes what is sent; only its server calls it, so that nobody else pays for it."""
    kind: str = "feed"
    settings: str = ""
    """More lines of its `[source.…]` table."""


def document(body: str | bytes, *headers: str) -> Play:
    """Send one document, whole."""
    data = body.encode() if isinstance(body, str) else body
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(data)}", *headers]
    answer = "\r\n".join(lines).encode() + b"\r\n\r\n" + data

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return play


def packed(coding: str) -> Play:
    """Send a bomb: 128 MiB of zeros in well below one."""
    pack: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": lambda data: bytes(brotli.compress(data, quality=5)),
        "zstd": zstd.compress,
    }
    return document(pack[coding](bytes(128 * MIB)), f"Content-Encoding: {coding}")


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(_CHUNKED)
    while not writer.is_closing():
        writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        await writer.drain()


async def dripping(writer: asyncio.StreamWriter) -> None:
    """Send a byte a second."""
    writer.write(_CHUNKED)
    while not writer.is_closing():
        writer.write(b"1\r\nx\r\n")
        await writer.drain()
        await asyncio.sleep(1)


async def unpacking_to_nothing(writer: asyncio.StreamWriter) -> None:
    """Send gzip that never ends and unpacks to not one byte."""
    packer = zlib.compressobj(wbits=31)
    empty = packer.flush(zlib.Z_FULL_FLUSH) + b"\0\0\0\xff\xff" * 13_000
    writer.write(_CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n"))
    while not writer.is_closing():
        writer.write(f"{len(empty):x}\r\n".encode() + empty + b"\r\n")
        empty = b"\0\0\0\xff\xff" * 13_000
        await writer.drain()


async def saying_go_on(writer: asyncio.StreamWriter) -> None:
    """Never come to the answer itself."""
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)
        await writer.drain()


async def naming(writer: asyncio.StreamWriter) -> None:
    """Send headers without end."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X-Name: value\r\n" * 4_000)
        await writer.drain()


async def circling(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 302 Found\r\nLocation: ?\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


def rss(items: str) -> str:
    return f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>"


def item(number: int, text: str = "") -> str:
    return (
        f"<item><title>Judul {number}</title><link>https://portal.example/{number}</link>"
        f"<guid>{number}</guid><description>{text}</description></item>"
    )


def items(number: int, text: str) -> str:
    return "".join(item(each, text) for each in range(number))


def attacks() -> list[Attack]:
    """Give them all."""
    return [
        Attack(name="endless body", expects=("too_large",), prepare=lambda: endless),
        Attack(
            name="a byte a second",
            expects=("timeout",),
            prepare=lambda: dripping,
            settings='timeout = "2s"\n',
        ),
        *(
            Attack(name=f"{coding} bomb", expects=("too_large",), prepare=partial(packed, coding))
            for coding in ("gzip", "deflate", "br", "zstd")
        ),
        Attack(
            name="endless gzip of nothing",
            expects=("timeout",),
            prepare=lambda: unpacking_to_nothing,
            settings='timeout = "2s"\n',
        ),
        Attack(
            name="endless 100 Continue",
            expects=("timeout", "protocol"),
            prepare=lambda: saying_go_on,
            settings='timeout = "2s"\n',
        ),
        Attack(
            name="endless headers",
            expects=("timeout", "protocol"),
            prepare=lambda: naming,
            settings='timeout = "2s"\n',
        ),
        Attack(name="circle of redirects", expects=("redirect",), prepare=lambda: circling),
        Attack(
            name="10 000 items",
            expects=("ok",),
            prepare=lambda: document(rss(items(10_000, "teks " * 100))),
        ),
        Attack(
            name="much markup below 1 MiB",
            expects=("ok",),
            prepare=lambda: document(rss(items(290, "&lt;b>x&lt;/b> " * 200))),
        ),
        Attack(
            name="as much as is read at once",
            expects=("ok",),
            prepare=lambda: document(rss(items(200, "&lt;img data-src=x>" * 7))),
        ),
        Attack(
            name="author of 250 000 letters",
            expects=("ok",),
            prepare=lambda: document(rss(f"<item><title>x</title><author>{'a' * 250_000}</author></item>")),
        ),
        Attack(
            name="10 MiB of feed",
            expects=("ok", "parser"),
            prepare=lambda: document(rss(items(200, "kata " * 9_800))),
        ),
        Attack(
            name="10 MiB of empty tags",
            expects=("ok", "parser", "malformed"),
            prepare=lambda: document(rss("<item>" + "<a/>" * 2_600_000 + "</item>")),
        ),
        Attack(
            name="10 MiB of empty items",
            expects=("ok", "parser", "malformed"),
            prepare=lambda: document(rss("<item/>" * 1_400_000)),
        ),
        Attack(
            name="10 MiB of empty lists",
            expects=("ok", "parser", "malformed"),
            prepare=lambda: document(
                '{"version":"https://jsonfeed.org/version/1.1","items":[],"x":[' + "[]," * 3_400_000 + "[]]}"
            ),
        ),
        Attack(
            name="page of 10 MiB of paragraphs",
            expects=("empty", "parser", "malformed"),
            prepare=lambda: document("<html><body>" + "<p>x" * 2_600_000, "Content-Type: text/html"),
            kind="page",
            settings=_PAGE_RULES,
        ),
        Attack(
            name="200 000 nested tags",
            expects=("malformed",),
            prepare=lambda: document("<rss><channel>" + "<a>" * 200_000),
        ),
        Attack(
            name="200 000 nested tags of HTML",
            expects=("ok",),
            prepare=lambda: document(rss(item(1) + item(2, "&lt;div>" * 200_000))),
        ),
        Attack(
            name="page of 200 000 nested tags",
            expects=("empty", "malformed", "parser"),
            prepare=lambda: document("<html><body>" + "<div>" * 200_000, "Content-Type: text/html"),
            kind="page",
            settings=_PAGE_RULES,
        ),
        Attack(
            name="100 000 attributes",
            expects=("ok",),
            prepare=lambda: document(f"<rss {_ATTRIBUTES}><channel></channel></rss>"),
        ),
        Attack(
            name="page of 100 000 attributes",
            expects=("empty", "malformed", "parser"),
            prepare=lambda: document(f"<html><body {_ATTRIBUTES}><p>x", "Content-Type: text/html"),
            kind="page",
            settings=_PAGE_RULES,
        ),
        Attack(
            name="entity bomb",
            expects=("malformed",),
            prepare=lambda: document(
                f"<!DOCTYPE rss [{_ENTITIES}]>" + rss("<item><title>&a11;</title></item>")
            ),
        ),
        Attack(
            name="quadratic blow-up",
            expects=("malformed",),
            prepare=lambda: document(
                f'<!DOCTYPE rss [<!ENTITY a "{"x" * 80_000}">]>'
                + rss(f"<item><title>{'&a;' * 3000}</title></item>")
            ),
        ),
        Attack(
            name="entities hidden by UTF-16",
            expects=("malformed",),
            prepare=lambda: document(
                f'<?xml version="1.0" encoding="utf-16"?><!DOCTYPE rss [{_ENTITIES}]>{rss("&a11;")}'.encode(
                    "utf-16"
                )
            ),
        ),
    ]


class World:
    """Answers for every attack at its own address, for a healthy portal, and for what nobody may reach."""

    def __init__(self, plays: list[Play]) -> None:
        self._plays = plays
        self.reached = 0
        self._port = 0
        self._edition = 0
        self._large = document(rss(items(40, "&lt;p>Kalimat tentang kota.</p>" * 1_000)))

    async def open(self) -> int:
        """Listen everywhere at the same port, and give it."""
        port = 0
        for number, play in enumerate([self.healthy, *self._plays]):
            port = await self._listen(f"127.0.3.{number + 1}", port, play)
        for host in ("127.0.0.1", "::1"):
            with suppress(OSError):  # a machine without IPv6
                await self._listen(host, port, self.inside)
        self._port = port
        return port

    async def _listen(self, host: str, port: int, play: Play) -> int:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # Cancelled when the server ends; asyncio takes that amiss in the callback of a connection.
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                async for path in _requests(reader):
                    await self._answer(path, play, writer)
            writer.close()

        listener = await asyncio.start_server(accept, host, port)
        return int(listener.sockets[0].getsockname()[1])

    async def _answer(self, path: str, play: Play, writer: asyncio.StreamWriter) -> None:
        if path == "/robots.txt":
            await document("", "Content-Type: text/plain")(writer)
        elif path.startswith("/to?"):
            target = f"http://{SPELLINGS[int(path[4:])]}:{self._port}/"
            writer.write(f"HTTP/1.1 302 x\r\nContent-Length: 0\r\nLocation: {target}\r\n\r\n".encode())
        elif path.startswith("/large"):
            await self._large(writer)
        else:
            await play(writer)

    async def healthy(self, writer: asyncio.StreamWriter) -> None:
        """Show something new each time."""
        self._edition += 1
        await document(rss(item(self._edition, "Kalimat tentang kota. " * 20)))(writer)

    async def inside(self, writer: asyncio.StreamWriter) -> None:
        self.reached += 1
        await document("secret")(writer)


async def _requests(reader: asyncio.StreamReader) -> AsyncIterator[str]:
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        yield head.split(b" ", 2)[1].decode("latin-1")


def serve(parent: Connection) -> None:
    """Play until told to stop: tell the port, then how often the inside was reached."""
    asyncio.run(_serve(parent))


async def _serve(parent: Connection) -> None:
    world = World([attack.prepare() for attack in attacks()])
    parent.send(await world.open())
    while await asyncio.to_thread(parent.recv) != "stop":
        parent.send(world.reached)
