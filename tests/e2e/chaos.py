"""What a chaos test stands on: a portal with a ledger, the processes, and faults that are made on purpose."""

import asyncio
import json
import os
import random
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from e2e.conftest import Program, Start
from redis_link import RedisLink

from syndicator.pipeline.gathering import LEASE
from syndicator.sample.language import load_language
from syndicator.sample.writer import Writer
from syndicator.store.connection import Word, connect
from syndicator.store.embedded import EmbeddedServer

LISTED = 300
"""Articles in the portal's feed: what is published in some minutes, longer than any fault lasts."""
EDITED = 40
"""The newest articles, of which some are edited."""
SLOW_S = (0.05, 0.25)
"""The delay of a slow link, each way."""
FEEDS = ("latest.json", "latest.rss")
_MARK = re.compile(r"\((\d{1,9})\.(\d{1,9})\)")
"""At the end of a title: number and revision of an article."""


@dataclass(frozen=True)
class Piece:
    """An article of the portal as it stands."""

    title: str
    published_at: datetime
    revision: int = 0


class Portal:
    """A portal that publishes and edits at random, and remembers all of it."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._writer = Writer(load_language("city"), rng.randrange(1000), "city")
        self.pieces: list[Piece] = []
        self.url = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Serve the feed while the context is open."""
        app = web.Application()
        app.router.add_get("/rss", self._feed)
        async with TestServer(app) as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield

    async def publish_on(self, pause_s: tuple[float, float]) -> None:
        """Publish until cancelled; edit one of the newest now and then."""
        while True:
            now = datetime.now(UTC)
            text = self._writer.text(len(self.pieces), now, 0)
            self.pieces.append(Piece(title=text.title, published_at=now))
            if self._rng.random() < 0.2:
                number = self._rng.randrange(max(len(self.pieces) - EDITED, 0), len(self.pieces))
                old = self.pieces[number]
                self.pieces[number] = Piece(old.title, old.published_at, old.revision + 1)
            await asyncio.sleep(self._rng.uniform(*pause_s))

    def shown(self) -> dict[int, int]:
        """Return the revision of each article by its number: what a reader has to see in the end."""
        return {number: piece.revision for number, piece in enumerate(self.pieces)}

    async def _feed(self, request: web.Request) -> web.Response:
        del request
        newest = list(enumerate(self.pieces))[-LISTED:]
        items = "".join(
            f"<item><title>{piece.title} ({number}.{piece.revision})</title>"
            f"<link>{self.url}/read/{number}</link><description>Isi {number}.{piece.revision}</description>"
            f"<pubDate>{piece.published_at:%a, %d %b %Y %H:%M:%S} +0000</pubDate></item>"
            for number, piece in reversed(newest)
        )
        return web.Response(
            text=f'<rss version="2.0"><channel><title>Portal</title>{items}</channel></rss>',
            content_type="application/rss+xml",
        )


def marks(text: str) -> list[tuple[int, int]]:
    """Return number and revision of each article whose title stands in a text."""
    return [(int(number), int(revision)) for number, revision in _MARK.findall(text)]


@dataclass
class Reader:
    """Reads the feeds again and again, and notes what it was answered."""

    url: str
    session: aiohttp.ClientSession
    statuses: Counter[int] = field(default_factory=Counter)
    durations_s: list[float] = field(default_factory=list)
    stale: int = 0
    """Answers with an `Age`."""
    gone_back: list[str] = field(default_factory=list)
    """Where a revision was shown that is older than one shown before."""
    _newest: dict[tuple[str, int], int] = field(default_factory=dict)

    def took_s(self, share: float) -> float:
        """Return the time within which this share of the answers came."""
        return sorted(self.durations_s)[int((len(self.durations_s) - 1) * share)]

    def summary(self) -> str:
        """Return counts and times of all answers, in a line."""
        times = ", ".join(
            f"{name} {self.took_s(share):.3f} s"
            for name, share in (("median", 0.5), ("p99", 0.99), ("longest", 1))
        )
        return f"{len(self.durations_s)} reads: {dict(self.statuses)}, {self.stale} stale, {times}"

    async def read_on(self) -> None:
        """Read until cancelled."""
        while True:
            for feed in FEEDS:
                await self.read(feed)
                await asyncio.sleep(0.1)

    async def read(self, feed: str) -> list[tuple[int, int]]:
        """Return number and revision of what a feed shows."""
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        async with self.session.get(f"{self.url}/feeds/{feed}") as answer:
            text = await answer.text()
        self.durations_s.append(loop.time() - asked_at)
        self.statuses[answer.status] += 1
        self.stale += "Age" in answer.headers
        if answer.status != 200:
            return []
        if feed.endswith(".json"):
            text = " ".join(item["title"] for item in json.loads(text)["items"])
        else:
            text = " ".join(re.findall(r"<title>[^<]{0,500}</title>", text))
        found = marks(text)
        for number, revision in found:
            before = self._newest.get((feed, number), 0)
            if revision < before:
                self.gone_back.append(f"{feed}: article {number} from revision {before} to {revision}")
            self._newest[feed, number] = max(before, revision)
        return found


@dataclass
class Stage:
    """A Redis behind a link, a web server and two workers."""

    redis: EmbeddedServer
    link: RedisLink
    start: Start
    config: Path
    rng: random.Random
    server: Program
    workers: list[Program]

    async def kill_worker(self) -> None:
        """Kill a worker (-9) and start another one."""
        gone = self.workers.pop(self.rng.randrange(len(self.workers)))
        await gone.stop(signal.SIGKILL)
        await asyncio.sleep(self.rng.uniform(0, 2))
        self.workers.append(await self.start(self.config, "work"))
        await self.workers[-1].ready()

    async def stop_worker(self) -> None:
        """Stop a worker (SIGSTOP) for longer than its leases; it goes on in the belief that they are its own."""
        process = self.rng.choice(self.workers).process
        process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(LEASE.total_seconds() + self.rng.uniform(1, 3))
        finally:
            process.send_signal(signal.SIGCONT)

    async def kill_redis(self) -> None:
        """Kill Redis (-9) and start it again over its files."""
        os.kill(self._redis_pid(), signal.SIGKILL)
        await self.redis.stop()
        await asyncio.sleep(self.rng.uniform(0, 2))
        await self.redis.ensure()

    async def stop_redis(self) -> None:
        """Stop Redis (SIGSTOP), as a disk that hangs would."""
        os.kill(self._redis_pid(), signal.SIGSTOP)
        try:
            await asyncio.sleep(self.rng.uniform(1, 4))
        finally:
            os.kill(self._redis_pid(), signal.SIGCONT)

    async def slow_link(self) -> None:
        """Delay all that goes to Redis, and all that comes back."""
        self.link.delay_s = SLOW_S
        await asyncio.sleep(self.rng.uniform(6, 10))
        self.link.delay_s = (0, 0)

    async def cut_replies(self) -> None:
        """Close connections on which Redis was just asked: what was asked is done, and nobody is told."""
        self.link.cut_share = 0.1
        await asyncio.sleep(self.rng.uniform(3, 5))
        self.link.cut_share = 0

    async def read_only(self) -> None:
        """Make Redis a replica, which takes no writes."""
        await self._tell("REPLICAOF", "127.0.0.1", "1")
        await asyncio.sleep(2)
        await self._tell("REPLICAOF", "NO", "ONE")

    async def out_of_memory(self) -> None:
        """Leave Redis no memory, so that it takes no writes."""
        await self._tell("CONFIG", "SET", "maxmemory", "1")
        await asyncio.sleep(2)
        await self._tell("CONFIG", "SET", "maxmemory", "0")

    @property
    def faults(self) -> list[Callable[[], Awaitable[None]]]:
        """All that can be done to it; each ends by itself, within 20 seconds and a start."""
        return [
            self.kill_worker,
            self.stop_worker,
            self.kill_redis,
            self.stop_redis,
            self.slow_link,
            self.cut_replies,
            self.read_only,
            self.out_of_memory,
        ]

    def _redis_pid(self) -> int:
        assert self.redis._process is not None
        return self.redis._process.pid

    async def _tell(self, *words: Word) -> None:
        """Tell Redis something, past the link."""
        async with connect(f"unix://{self.redis.socket}", anchor="x") as connection:
            await connection.call(*words)
