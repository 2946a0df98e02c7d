"""Back-up and restore of articles that were gathered, while the service goes on gathering each second.

    python -m bench backup                    2,000 feeds of 20 articles
    python -m bench backup --feeds 10000      200,000 articles: about ten minutes

The feeds of a made-up world (`gather.world`) are gathered by `syndicator work` over a Redis as in production.
Then `syndicator run` takes over, with portals besides that have a new article each second and are asked each
second. Meanwhile `syndicator backup` and `syndicator restore` run, the latter into another namespace of the
same Redis, which is the worst place for it. A run is missed where a portal is not asked for longer than two
seconds; a wait is that of a write to Redis, and of a reader of a feed.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec import Struct

from bench.gather.origin import WorldOptions, serving_world
from bench.gather.ours import running_ours, running_redis
from bench.gather.processes import process, wait_for_line
from bench.measure import tell
from syndicator.background import meanwhile
from syndicator.model.clock import Clock
from syndicator.model.ids import SourceId
from syndicator.store.connection import Connection, connect
from syndicator.store.keys.table import Keys
from syndicator.store.store import Store, StoreOptions, open_store

BUSY = 20
"""Portals that are asked each second."""
CHUNK = 2000
WANTED_S, GAP_S = 60.0, 2.0
"""What is wanted at most."""
_LOOK_S = 0.02
_ENVIRON = {"PYTHONPATH": str(Path(__file__).parents[2])}

Turn = Callable[[], AbstractContextManager[object]]
"""Opens what the machine is shared by."""


class Waits(Struct):
    """How long others had to wait, in seconds."""

    writes: list[float]
    reads: list[float]


async def run(*words: str) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench backup")
    parser.add_argument("--feeds", type=int, default=2000)
    parser.add_argument("--topics", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        await measure(Path(folder), feeds=chosen.feeds, topics=chosen.topics, seed=chosen.seed)


async def measure(folder: Path, *, feeds: int, topics: int, seed: int, turn: Turn = nullcontext) -> None:
    """Gather, back up and restore; `turn` is held while much is computed."""
    async with running_redis(folder) as redis:
        await gather(folder, redis, feeds=feeds, topics=topics, seed=seed, turn=turn)
        await copies(folder, turn)


async def copies(folder: Path, turn: Turn) -> None:
    """Back up and restore what was gathered in a folder, beside the service."""
    url = f"unix://{folder}/redis.sock"
    async with AsyncExitStack() as stack:
        portal = await stack.enter_async_context(busy_portals())
        with turn():
            page = await stack.enter_async_context(running_service(folder, portal))
            options = StoreOptions(url=url, data_dir=folder / "data")
            store = await stack.enter_async_context(open_store(options))
            clock = await stack.enter_async_context(store.clock())
            await asyncio.sleep(5)
            print(f"{await store.articles.count():,} articles, {await keys_of(store.connection):,} keys")
            file = folder / "all.syn"
            await command(folder, store, clock, url, page, "backup", str(file))
            print(f"the file: {file.stat().st_size / 2**20:.0f} MiB", flush=True)
        with turn():
            await command(folder, store, clock, url, page, "restore", str(file), "--into", "copy")


async def gather(
    folder: Path, redis: subprocess.Popen[bytes], *, feeds: int, topics: int, seed: int, turn: Turn
) -> None:
    """Gather a world of feeds, a part at a time."""
    now = datetime.now(UTC).replace(microsecond=0)
    async with AsyncExitStack() as stack:
        began = time.monotonic()
        with turn():
            options = WorldOptions(feeds=feeds, topics=topics, seed=seed, now=now)
            origin = await stack.enter_async_context(serving_world(options))
        print(f"a world of {feeds:,} feeds is served after {time.monotonic() - began:.0f} s")
        with turn():
            await origin.close()
            ours = await stack.enter_async_context(running_ours(folder, feeds, origin.port, redis=redis))
            await origin.open()
        for start in range(0, feeds, CHUNK):
            with turn():
                figures = await ours.refresh(slice(start, start + CHUNK))
            print(f"{await ours.articles():,} articles, {figures.wall_s:.1f} s", flush=True)
        with turn():
            await ours.repeat_failed()


async def command(folder: Path, store: Store, clock: Clock, url: str, page: str, *words: str) -> None:
    """Run a command beside the service; print how long it took, and what it did to others."""
    waits = Waits(writes=[], reads=[])
    cli = [sys.executable, "-m", "syndicator", "--config", str(folder / "config"), *words]
    began_at, began = clock(), time.monotonic()
    async with meanwhile(_write(url, waits), "write"), meanwhile(_read(page, waits), "read"):
        started = await asyncio.create_subprocess_exec(*cli, env={**os.environ, **_ENVIRON})
        code = await started.wait()
        took_s = time.monotonic() - began
    if code:
        raise RuntimeError(f"syndicator {' '.join(words)} ended with {code}")
    tell(words[0], took_s, WANTED_S, unit="s", against="at most")
    for what, seconds in (("a write", waits.writes), ("a reader", waits.reads)):
        print(
            f"{what} waited {1000 * max(seconds):.0f} ms at most, "
            f"{1000 * statistics.median(seconds):.1f} ms at the median of {len(seconds):,}"
        )
    await asyncio.sleep(2)
    gap_s, rounds, failed = await missed(store, clock, began_at, began_at + timedelta(seconds=took_s))
    tell("longest time between two rounds of a portal", gap_s, GAP_S, unit="s", against="at most")
    print(f"rounds meanwhile: {rounds:,} of {BUSY} portals, {failed} failed")


async def missed(store: Store, clock: Clock, since: datetime, until: datetime) -> tuple[float, int, int]:
    """Return the longest gap in histories of the busy portals in a time, all rounds, and failed ones."""
    longest, rounds, failed = 0.0, 0, 0
    for number in range(BUSY):
        history = await store.round_histories.read(SourceId(f"busy-{number}"), clock())
        lines = sorted(history.rounds, key=lambda line: line.began_at)
        inside = [line for line in lines if since <= line.began_at <= until]
        begins = [since, *(line.began_at for line in inside), until]
        longest = max(longest, *((after - before).total_seconds() for before, after in pairwise(begins)))
        rounds += len(inside)
        failed += sum(line.status == "failed" for line in inside)
    return longest, rounds, failed


async def keys_of(redis: Connection) -> int:
    """Count the keys."""
    return int(await redis.call("DBSIZE"))


@asynccontextmanager
async def running_service(folder: Path, portal: str) -> AsyncIterator[str]:
    """Run the service with portals that are asked each second; yield the address of a feed."""
    (folder / "config" / "busy.toml").write_text(_busy(portal), "utf-8")
    log = folder / "run.log"
    cli = [sys.executable, "-m", "syndicator", "--config", str(folder / "config"), "--log-json", "run"]
    with process(cli, log, environ=_ENVIRON) as started:
        await wait_for_line(log, '"event":"ready"', started)
        lines = (json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith("{"))
        ready = next(line for line in lines if line["event"] == "ready")
        yield f"{ready['url']}/feeds/latest.rss"


@asynccontextmanager
async def busy_portals() -> AsyncIterator[str]:
    """Serve feeds that have a new article each second."""

    async def answer(request: web.Request) -> web.Response:
        newest, name = int(time.time()), request.match_info["name"]
        items = "".join(_item(name, number) for number in range(newest - 10, newest + 1))
        text = f"<rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>"
        return web.Response(text=text, content_type="application/rss+xml")

    app = web.Application()
    app.router.add_get("/{name}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


def _item(name: str, number: int) -> str:
    return (
        f"<item><title>Kabar {name} nomor {number}</title><link>http://{name}.example/{number}</link>"
        f"<guid>{name}-{number}</guid><pubDate>{format_datetime(datetime.now(UTC))}</pubDate>"
        f"<description>Isi kabar {number} dari {name}.</description></item>"
    )


def _busy(portal: str) -> str:
    blocks = [
        f'[source.busy-{number}]\ntitle = "Busy {number}"\nurl = "{portal}/busy-{number}"\n'
        'schedule = { every = "1s", jitter = "0s" }\n'
        for number in range(BUSY)
    ]
    return "".join(['[feed.latest]\ntitle = "Latest"\n', *blocks])


async def _write(url: str, waits: Waits) -> None:
    keys = Keys("bench")
    async with connect(url, anchor=keys.meta(), timeout_s=30) as redis:
        while True:
            began = time.monotonic()
            await redis.call("SET", keys.probe(), 1)
            waits.writes.append(time.monotonic() - began)
            await asyncio.sleep(_LOOK_S)


async def _read(page: str, waits: Waits) -> None:
    async with aiohttp.ClientSession() as client:
        while True:
            began = time.monotonic()
            async with client.get(page) as answer:
                await answer.read()
                answer.raise_for_status()
            waits.reads.append(time.monotonic() - began)
            await asyncio.sleep(_LOOK_S)
