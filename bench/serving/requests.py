"""Serving a feed, against a bare aiohttp application that returns ready bytes, and against nginx.

Ours and the bare one are each one process, on the event loop that `serve` runs on. The rate is the best of
several turns. The processor time of one request is the median of the turns: compare that where others keep
the machine busy. All are asked by wrk over loopback, one after the other, turn by turn. Where wrk or nginx is
not installed, that is said, and the rest is measured (without wrk by a client of asyncio sockets, which costs
as much as the server: then look at the ratio, not at the rate).
"""

import asyncio
import multiprocessing
import os
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from socket import socket

from aiohttp import web
from msgspec import Struct

from bench.invented import NOW, invented
from bench.measure import tell
from syndicator.cli.event_loop import run_loop
from syndicator.model.feed import READER_FORMATS, Format
from syndicator.model.ids import FeedId
from syndicator.observe.pauses import collect_briefly
from syndicator.opening import open_service
from syndicator.pipeline.articles.admission import Admitter
from syndicator.service import Service
from syndicator.settings import load
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions
from syndicator.web.http.server import open_socket, port_of, serving

TURNS = 7
SECONDS = 1
CLIENTS = 64
LARGE = 5000
PATH = "/feeds/latest.rss"
CONFIG = """
[source.portal]
title = "Portal"
kind = "feed"
url = "https://portal.example/rss"
schedule = { every = "1d" }
[feed.latest]
title = "Latest"
size = 26
[feed.everything]
title = "Everything"
size = 5000
"""
NGINX = """
worker_processes 1; daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off; gzip_static on; etag on; keepalive_requests 10000000; types {{ application/rss+xml rss; }}
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5; open_file_cache max=10;
    server {{ listen 127.0.0.1:{port}; root {folder}/www; }}
}}
"""


async def run() -> None:
    with ExitStack() as opened:
        servers = {
            "ours": opened.enter_context(_process(_serve_ours)),
            "bare": opened.enter_context(_process(_serve_bare)),
        }
        ports: dict[str, int] = {}
        for name, server in servers.items():
            ports[name], loop = await asyncio.to_thread(server.recv)
            print(f"{name}: a process on {loop}")
        await _measure(ports, servers)


async def _measure(ports: dict[str, int], servers: Mapping[str, Connection]) -> None:
    _, plain = await _ask(ports["ours"], {})
    _, packed = await _ask(ports["ours"], {"Accept-Encoding": "gzip"})
    print(f"a feed of {len(plain):,} bytes, {len(packed):,} by gzip")
    for server in servers.values():
        server.send((plain, packed))
    if shutil.which("wrk") is None:
        print("wrk is not installed: asked by a client of asyncio sockets")
    async with _nginx(plain, packed) as port:
        if port:
            ports["nginx"] = port
        else:
            print("nginx is not installed: it is left out")
        for name, ask in (("plain", {}), ("gzip", {"Accept-Encoding": "gzip"}), ("304", {})):
            rate = await _compare(name, ask, ports, servers)
    if shutil.which("wrk") is not None:
        print(f"p99 at half that rate of 304: {await _slowest(ports['ours'], rate / 2):.1f} ms")
        servers["ours"].send("busy")
        busy = await _slowest(ports["ours"], rate / 2)
        servers["ours"].send("idle")
        rounds = await asyncio.to_thread(servers["ours"].recv)
        print(f"while a feed of {LARGE:,} entries is rendered ({rounds} times): {busy:.1f} ms")


@contextmanager
def _process(serve: Callable[[Connection], None]) -> Iterator[Connection]:
    """Run a server in a process of its own; yield the pipe to it."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,))
    process.start()
    theirs.close()  # so that a server that ends is heard of, and not waited for
    try:
        yield mine
    finally:
        mine.send("stop")
        process.join()


async def _slowest(port: int, rate: float) -> float:
    """Ask at a steady rate; give the latency in ms that one answer in a hundred takes longer than."""
    answered, _ = await _ask(port, {})
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        pause_ms = max(1, round(1000 * CLIENTS / rate))
        script.write(f"function delay() return math.random(1, {2 * pause_ms - 1}) end\n")
        script.flush()
        words = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{6 * SECONDS}s", "--latency", "-s", script.name]
        words += ["-H", f"If-None-Match: {answered['etag']}", f"http://127.0.0.1:{port}{PATH}"]
        return (await wrk(words)).p99_ms


async def _compare(
    name: str, ask: Mapping[str, str], ports: Mapping[str, int], servers: Mapping[str, Connection]
) -> float:
    """Print how ours compares with the others; return its rate."""
    asks = dict.fromkeys(ports, ask)
    if name == "304":
        for peer in ports:
            answered, _ = await _ask(ports[peer], ask)
            asks[peer] = {"If-None-Match": answered["etag"]}
    rates: dict[str, list[float]] = {peer: [] for peer in ports}
    spent: dict[str, list[float]] = {peer: [] for peer in servers}
    for _ in range(TURNS):
        for peer, port in ports.items():
            before_s = await _processor_s(servers[peer]) if peer in servers else 0.0
            asked = await _rate(port, asks[peer])
            rates[peer].append(asked.rate)
            if peer in servers:
                spent[peer].append((await _processor_s(servers[peer]) - before_s) / asked.count)
    rate = {peer: max(found) for peer, found in rates.items()}
    for peer in sorted(rate.keys() - {"ours"}):
        tell(f"GET {PATH}, {name}", rate["ours"], rate[peer], unit="requests/s", against=peer)
    ours_us, bare_us = (1e6 * statistics.median(spent[peer]) for peer in ("ours", "bare"))
    ratios = sorted(bare / ours for ours, bare in zip(spent["ours"], spent["bare"], strict=True))
    print(
        f"   processor time of one: {ours_us:.1f} µs, bare: {bare_us:.1f} µs   ratio {bare_us / ours_us:.2f}"
        f" ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )
    return rate["ours"]


async def _processor_s(server: Connection) -> float:
    server.send("cpu")
    spent_s: float = await asyncio.to_thread(server.recv)
    return spent_s


class Asked(Struct, frozen=True, kw_only=True):
    """What one turn of asking came to."""

    rate: float
    """Answers a second."""
    count: int
    p99_ms: float = 0.0
    """Where latencies were asked for."""


async def _rate(port: int, headers: Mapping[str, str]) -> Asked:
    if shutil.which("wrk") is None:
        return await _rate_by_sockets(port, headers)
    words = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{SECONDS}s"]
    words += [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    return await wrk([*words, f"http://127.0.0.1:{port}{PATH}"])


async def wrk(words: Sequence[str]) -> Asked:
    """Run wrk and return what it reports."""
    told = (await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=True)).stdout
    assert "Non-2xx" not in told, told
    assert "Socket errors" not in told, told
    rate, count = re.search(r"Requests/sec:\s+([\d.]+)", told), re.search(r"(\d+) requests in", told)
    assert rate is not None, told
    assert count is not None, told
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", told)
    p99_ms = float(p99[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]] if p99 else 0.0
    return Asked(rate=float(rate[1]), count=int(count[1]), p99_ms=p99_ms)


async def _rate_by_sockets(port: int, headers: Mapping[str, str]) -> Asked:
    loop = asyncio.get_running_loop()
    end, answered = loop.time() + SECONDS, 0

    async def one_after_the_other() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while loop.time() < end:
            await _exchange(reader, writer, headers)
            answered += 1
        writer.close()

    await asyncio.gather(*(one_after_the_other() for _ in range(CLIENTS)))
    return Asked(rate=answered / SECONDS, count=answered)


async def _ask(port: int, headers: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = await _exchange(reader, writer, headers)
    writer.close()
    return answer


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: Mapping[str, str]
) -> tuple[dict[str, str], bytes]:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
    status, *head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    answered = {name.lower(): value for name, _, value in (line.partition(": ") for line in head if line)}
    if " 304 " in status:
        return answered, b""
    return answered, await reader.readexactly(int(answered.get("content-length", 0)))


@asynccontextmanager
async def _nginx(plain: bytes, packed: bytes) -> AsyncIterator[int | None]:
    """Serve the same bytes by one nginx worker, from disk; give its port, None where there is no nginx."""
    binary = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if binary is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "www/feeds").mkdir(parents=True)
        (Path(folder) / "www/feeds/latest.rss").write_bytes(plain)
        (Path(folder) / "www/feeds/latest.rss.gz").write_bytes(packed)
        free = open_socket("127.0.0.1", 0)
        port = port_of(free)
        free.close()
        config = Path(folder) / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, port=port), "utf-8")
        process = await asyncio.create_subprocess_exec(binary, "-c", str(config), "-e", f"{folder}/error.log")
        try:
            for _ in range(100):
                try:
                    await _ask(port, {})
                    break
                except OSError:
                    await asyncio.sleep(0.05)
            yield port
        finally:
            process.send_signal(signal.SIGQUIT)
            await process.wait()


def _serve_ours(parent: Connection) -> None:
    run_loop(_ours(parent))


def _serve_bare(parent: Connection) -> None:
    run_loop(_bare(parent))


async def _ours(parent: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "all.toml"
        config.write_text(f'[store]\ndata_dir = "{folder}/data"\n{CONFIG}', "utf-8")
        async with open_service(load(Path(folder), {}), lambda: NOW) as service:
            admitter = Admitter(service.store.articles, service.settings.feeds.values(), lambda: NOW)
            await admitter.admit([invented(number) for number in range(LARGE)])
            await service.publisher.rendition(FeedId("everything"), Format.JSON)  # has its process started
            options = WebOptions(
                unlimited=service.settings.server.unlimited,
                feeds_a_minute=service.settings.server.feeds_per_minute,
                count=service.metrics.counting("public"),
            )
            opened = open_socket("127.0.0.1", 0)
            async with service.store.watch.running(), serving(create_app(service.queries, options), opened):
                await _follow(parent, opened, service)


async def _bare(parent: Connection) -> None:
    """Serve the same bytes as ours by an application that knows nothing else."""
    bodies: dict[bool, bytes] = {}

    async def answer(request: web.Request) -> web.Response:
        if "If-None-Match" in request.headers:
            return web.Response(status=304)
        chosen = bodies["Accept-Encoding" in request.headers]
        return web.Response(body=chosen, headers={"ETag": '"x"'})

    app = web.Application()
    app.router.add_get(PATH, answer)
    opened = open_socket("127.0.0.1", 0)
    async with serving(app, opened):
        await _follow(parent, opened, bodies=bodies)


async def _follow(
    parent: Connection,
    opened: socket,
    service: Service | None = None,
    bodies: dict[bool, bytes] | None = None,
) -> None:
    """Report where this process serves, then do what the parent asks for until it says stop."""
    collect_briefly()
    parent.send((port_of(opened), type(asyncio.get_running_loop()).__module__))
    while (asked := await asyncio.to_thread(parent.recv)) != "stop":
        match asked:
            case "cpu":
                parent.send(time.process_time())
            case (plain, packed):
                if bodies is not None:
                    bodies |= {False: plain, True: packed}
            case "busy":
                assert service is not None
                rendering = asyncio.create_task(_render_again_and_again(service))
                await asyncio.to_thread(parent.recv)
                rendering.cancel()
                parent.send(await rendering)


async def _render_again_and_again(service: Service) -> int:
    """Render the large feed in all formats until it is cancelled; count how often."""
    rounds = 0
    try:
        while True:
            await service.store.feeds.touch([FeedId("everything")], service.clock())
            for form in READER_FORMATS:
                await service.publisher.rendition(FeedId("everything"), form)
                rounds += 1
    except asyncio.CancelledError:
        return rounds
