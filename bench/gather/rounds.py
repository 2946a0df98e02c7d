"""Rounds of unchanged feeds, against a bare loop of conditional GETs by aiohttp.

Ours is the whole of it: lease what is due, look at what is known, ask, settle, count; Redis included. The
floor asks and forgets. Both ask the same server, a process of its own, for the same addresses on a hundred
hosts, 32 at once, through connectors of the same settings.

What counts is the case of new connections by TLS: nearly all portals are asked so, and a host is asked again
after a minute at the earliest, when nobody has kept a connection for so long. The others, without TLS and of
kept connections, tell what we cost where the network costs less.
"""

import asyncio
import logging
import multiprocessing
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp

from bench.measure import Spent, tell
from syndicator.observe import logs
from syndicator.observe.pauses import collect_briefly
from syndicator.opening import open_service
from syndicator.schedule.runner import Runner
from syndicator.schedule.workers import CAPACITY
from syndicator.service import Service
from syndicator.settings import load

SOURCES = 200
HOSTS = 100
TURNS = 5
SETTLING_TURNS = 50
CONCURRENCY = CAPACITY["gather"]
ETAG = '"unchanged"'
FEED = (
    b'<?xml version="1.0"?><rss version="2.0"><channel><title>Portal</title><link>https://portal.example/</link>'
    b"<item><title>Judul</title><link>https://portal.example/1</link><guid>1</guid></item></channel></rss>"
)


class TurningClock:
    """Stands still while a turn is measured, and goes on between turns."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


async def run() -> None:
    await _run_by_tls()
    for kept in (False, True):
        async with _server(kept) as port:
            await _compare(port, "kept" if kept else "new")


async def _run_by_tls() -> None:
    """Compare in a process of its own: whom TLS trusts is decided when its library is loaded."""
    if shutil.which("openssl") is None:
        print("no openssl here to make a certificate with: the case of TLS is left out")
        return
    with tempfile.TemporaryDirectory() as folder:
        certificate = _new_certificate(Path(folder))
        environ = os.environ | {"SSL_CERT_FILE": str(certificate)}
        command = [sys.executable, "-m", "bench.gather.rounds", str(certificate)]
        process = await asyncio.create_subprocess_exec(*command, env=environ)
        assert await process.wait() == 0


def _new_certificate(folder: Path) -> Path:
    """Make a key and a certificate for all hosts, in one file."""
    key, certificate = folder / "key.pem", folder / "portal.pem"
    names = ",".join(f"IP:127.0.1.{number + 1}" for number in range(HOSTS))
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-subj", "/CN=portal", "-days", "1", "-addext", f"subjectAltName={names}",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    return certificate


async def run_by_tls(certificate: Path) -> None:
    async with _server(False, certificate) as port:
        await _compare(port, "new TLS", scheme="https")


async def _compare(port: int, connections: str, scheme: str = "http") -> None:
    """Take turns, so that whatever else the machine does hits both alike."""
    urls = [f"{scheme}://127.0.1.{number % HOSTS + 1}:{port}/{number}.rss" for number in range(SOURCES)]
    clock = TurningClock()
    ours, bare = Spent(), Spent()
    with tempfile.TemporaryDirectory() as folder:
        async with (
            open_service(load(_config(Path(folder), urls), {}), clock) as service,
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=15),
                cookie_jar=aiohttp.DummyCookieJar(),
            ) as session,
        ):
            await service.sync_configuration()
            await _settle_in(service, clock)
            collect_briefly()
            for _ in range(TURNS):
                clock.now += timedelta(minutes=2)
                with ours.measured():
                    await _round(service)
                with bare.measured():
                    await _ask_all(session, urls)
            await _check(service)
    rounds = SOURCES * TURNS
    what = f"304 rounds, {connections} connections"
    tell(what, rounds / ours.wall_s, rounds / bare.wall_s, unit="rounds/s", against="bare aiohttp")
    tell(
        f"{what}, of our CPU",
        rounds / ours.cpu_s,
        rounds / bare.cpu_s,
        unit="per CPU-s",
        against="bare aiohttp",
    )


async def _settle_in(service: Service, clock: TurningClock) -> None:
    """Go round until each source was checked once. Before, one answer in five is; then one in a hundred."""
    for _ in range(SETTLING_TURNS):
        await _round(service)
        clock.now += timedelta(minutes=2)
        states = await service.store.sources.states(list(service.settings.sources))
        if all(state.honesty.checks for state in states):
            return


async def _round(service: Service) -> None:
    runner = Runner(
        service.gather_step,
        capacity=CONCURRENCY,
        clock=service.clock,
        on_report=service.metrics_reporter.report,
    )
    await runner.run(until_empty=True)


async def _ask_all(session: aiohttp.ClientSession, urls: list[str]) -> None:
    left = iter(urls)

    async def ask() -> None:
        for url in left:
            async with session.get(url, headers={"If-None-Match": ETAG}) as response:
                await response.read()
                assert response.status == 304

    await asyncio.gather(*(ask() for _ in range(CONCURRENCY)))


async def _check(service: Service) -> None:
    """See that what was measured is what it is called."""
    states = await service.store.sources.states(list(service.settings.sources))
    assert all(state.failure is None and state.etag == ETAG for state in states)
    assert all(state.last_attempt_at == service.clock() for state in states)


def _config(folder: Path, urls: list[str]) -> Path:
    config = folder / "config"
    config.mkdir()
    lines = [f'[store]\ndata_dir = "{folder}/data"\n[egress]\nallow = ["127.0.0.0/8"]\n']
    lines += [
        f'[source.s{number}]\ntitle = "Portal {number}"\nkind = "feed"\nurl = "{url}"\n'
        'schedule = { every = "1m" }\n'
        for number, url in enumerate(urls)
    ]
    (config / "all.toml").write_text("".join(lines), "utf-8")
    return config


@asynccontextmanager
async def _server(kept: bool, certificate: Path | None = None) -> AsyncIterator[int]:
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs, kept, certificate))
    server.start()
    try:
        yield await asyncio.to_thread(mine.recv)
    finally:
        mine.send("stop")
        await asyncio.to_thread(server.join)


def _serve(parent: Connection, kept: bool, certificate: Path | None) -> None:
    asyncio.run(_serve_until_told(parent, kept, certificate))


async def _serve_until_told(parent: Connection, kept: bool, certificate: Path | None) -> None:
    loop = asyncio.get_running_loop()
    tls = None
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    port = 0
    for number in range(HOSTS):
        host = f"127.0.1.{number + 1}"
        listener = await loop.create_server(lambda: Portal(kept), host, port, backlog=256, ssl=tls)
        port = listener.sockets[0].getsockname()[1]
    parent.send(port)
    await asyncio.to_thread(parent.recv)


class Portal(asyncio.Protocol):
    """Says that nothing has changed to whoever shows the validator, as cheaply as can be."""

    def __init__(self, kept: bool) -> None:
        connection = b"keep-alive" if kept else b"close"
        head = b'\r\nETag: "unchanged"\r\nConnection: ' + connection
        self._kept = kept
        self._same = b"HTTP/1.1 304 Not Modified" + head + b"\r\n\r\n"
        length = str(len(FEED)).encode()
        self._whole = b"HTTP/1.1 200 OK" + head + b"\r\nContent-Length: " + length + b"\r\n\r\n" + FEED
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._received.endswith(b"\r\n\r\n"):
            return
        asked = self._received.lower()
        self._received = b""
        self._transport.write(self._same if b"\r\nif-none-match:" in asked else self._whole)
        if not self._kept:
            self._transport.close()


if __name__ == "__main__":
    logs.configure("error")
    logging.disable(logging.WARNING)
    asyncio.run(run_by_tls(Path(sys.argv[1])))
