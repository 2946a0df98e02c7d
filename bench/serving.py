"""Serving a feed, against a bare aiohttp application of one route that returns ready bytes.

The client is one process of asyncio sockets that says the same request again and again: it costs as much as
the server, so look at the ratio, not at the rate.
"""

import asyncio
import multiprocessing
import tempfile
from collections.abc import Mapping
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from aiohttp import web

from bench.admitting import NOW, invented
from bench.measure import tell, wall_seconds
from syndicator.observe.pauses import collect_briefly
from syndicator.pipeline.admitting import Admitter
from syndicator.service import open_service
from syndicator.settings import load
from syndicator.web.app import create_app
from syndicator.web.options import WebOptions
from syndicator.web.server import open_socket, port_of, serving

REQUESTS = 4000
CLIENTS = 16
CONFIG = """
[source.portal]
title = "Portal"
kind = "feed"
url = "https://portal.example/rss"
schedule = { every = "1d" }
[feed.latest]
title = "Latest"
size = 40
"""


async def run() -> None:
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs,))
    server.start()
    try:
        ports: Mapping[str, int] = mine.recv()
        headers, body = await _ask(ports["ours"], {})
        print(f"a feed of {len(body):,} bytes")
        for name, ask in (
            ("plain", {}),
            ("gzip", {"Accept-Encoding": "gzip"}),
            ("304", {"If-None-Match": headers["etag"]}),
        ):
            bare = {**ask, "If-None-Match": "x"} if name == "304" else ask
            floor = REQUESTS / await wall_seconds(partial(_load, ports["bare"], bare), 3)
            rate = REQUESTS / await wall_seconds(partial(_load, ports["ours"], ask), 3)
            tell(f"GET /feeds/latest.rss, {name}", rate, floor, unit="requests/s", against="bare aiohttp")
    finally:
        mine.send("stop")
        server.join()


async def _load(port: int, headers: Mapping[str, str]) -> None:
    await asyncio.gather(*(_many(port, headers, REQUESTS // CLIENTS) for _ in range(CLIENTS)))


async def _many(port: int, headers: Mapping[str, str], times: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(times):
        await _exchange(reader, writer, headers)
    writer.close()


async def _ask(port: int, headers: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = await _exchange(reader, writer, headers)
    writer.close()
    return answer


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: Mapping[str, str]
) -> tuple[dict[str, str], bytes]:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET /feeds/latest.rss HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    answered = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
    return answered, await reader.readexactly(int(answered.get("content-length", 0)))


def _serve(parent: Connection) -> None:
    asyncio.run(_serve_both(parent))


async def _serve_both(parent: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "all.toml"
        config.write_text(f'[store]\ndata_dir = "{folder}/data"\n{CONFIG}', "utf-8")
        async with open_service(load(Path(folder), {}), lambda: NOW) as service:
            collect_briefly()
            admitter = Admitter(service.store.articles, service.settings.feeds.values(), lambda: NOW)
            await admitter.admit([invented(number) for number in range(60)])
            ours = open_socket("127.0.0.1", 0)
            app = create_app(service.reading, WebOptions())
            bare = open_socket("127.0.0.1", 0)
            async with serving(app, ours), serving(_bare(), bare):
                parent.send({"ours": port_of(ours), "bare": port_of(bare)})
                await asyncio.to_thread(parent.recv)


def _bare() -> web.Application:
    """Give an application that returns as many bytes as ours, and knows nothing else."""
    body = b"x" * 77_000
    small = b"x" * 6_000

    async def answer(request: web.Request) -> web.Response:
        if "If-None-Match" in request.headers:
            return web.Response(status=304)
        return web.Response(body=small if "Accept-Encoding" in request.headers else body)

    app = web.Application()
    app.router.add_get("/feeds/latest.rss", answer)
    return app
