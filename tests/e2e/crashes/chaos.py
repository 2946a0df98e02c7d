"""What a chaos test stands on: a portal with a ledger, the processes, and faults that are made on purpose."""

import asyncio
import json
import os
import random
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from aiohttp import web
from e2e.conftest import Program, Start
from machine import SetClock, SmallDisk
from redis_link import RedisLink
from support import PATIENCE_S, answering

from syndicator.errors import StoreRefuses
from syndicator.pipeline.sources.gather_step import LEASE
from syndicator.sample.language import load_language
from syndicator.sample.writer import Writer
from syndicator.store.connection import Connection, Word, connect
from syndicator.store.embedded import EmbeddedServer
from syndicator.store.shared_clock import READ_INTERVAL_S

LISTED = 300
"""Articles in the portal's feed: what is published in some minutes, longer than any fault lasts."""
EDITED = 40
"""The newest articles, of which some are edited."""
SLOW_S = (0.05, 0.25)
"""The delay of a slow link, each way."""
STEP = timedelta(hours=1)
"""By which clocks are set forward or back."""
THROTTLED_S = 0.1
"""The period in which a process has its share of a processor: that of the limits of containers."""
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
        async with answering(self._feed, "/rss") as self.url:
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

    def published_before(self, moment: datetime | None) -> Collection[int]:
        """Return the numbers of articles whose date, which has whole seconds, may be before a moment."""
        if moment is None:
            return ()
        return {n for n, one in enumerate(self.pieces) if one.published_at <= moment + timedelta(seconds=1)}

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
    """A Redis behind a link, a web server and two workers, which may have one machine's clock and disk."""

    redis: EmbeddedServer
    link: RedisLink
    start: Start
    config: Path
    rng: random.Random
    server: Program
    workers: list[Program]
    disk: SmallDisk | None
    """Of Redis, the web server and the workers; None where none can be made."""
    own_clock: SetClock | None
    """Of the machine of the web server and the workers; None where none can be set."""
    redis_clock: SetClock | None
    """Of the machine of Redis."""
    gone: list[Program] = field(default_factory=list)
    """Workers that were."""

    async def kill_worker(self) -> None:
        """Kill a worker (-9) and start another one."""
        await self._replace_worker(signal.SIGKILL)

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

    async def fill_disk(self) -> None:
        """Leave no room on the disk of all, so that Redis takes no writes and no file is kept."""
        assert self.disk is not None
        async with self._past_the_link() as redis, asyncio.timeout(PATIENCE_S):
            with self.disk.filled():
                while not await _refuses_writes(redis):
                    await asyncio.sleep(0.1)
                await asyncio.sleep(self.rng.uniform(2, 4))

    async def empty_redis(self) -> None:
        """Have Redis lose all that it holds."""
        await self._tell("FLUSHALL")

    async def starve(self) -> None:
        """Let all processes run for a tenth of the time, as a container does that may use little of a processor."""
        pids = [one.process.pid for one in (self.server, *self.workers)] + [self._redis_pid()]
        await asyncio.gather(*(self._throttle(pid, 0.1, self.rng.uniform(6, 8)) for pid in pids))

    async def step_own_clock(self) -> None:
        """Set the clock of the machine of the web server and the workers wrong for a while."""
        assert self.own_clock is not None
        self.own_clock.set(self._step_s())
        try:
            await asyncio.sleep(self.rng.uniform(4, 6))
        finally:
            self.own_clock.set(0)

    async def step_redis_clock(self) -> None:
        """Set the clock of Redis wrong until all have read it, then right, and start all workers anew."""
        assert self.redis_clock is not None
        self.redis_clock.set(self._step_s())
        try:
            await asyncio.sleep(READ_INTERVAL_S + self.rng.uniform(1, 3))
        finally:
            self.redis_clock.set(0)
        await asyncio.gather(*(self._replace_worker(signal.SIGTERM) for _ in self.workers))

    @property
    def faults(self) -> list[Callable[[], Awaitable[None]]]:
        """All that can be done to it here; each ends by itself, within 20 seconds and two starts."""
        everywhere = [
            self.kill_worker, self.stop_worker, self.kill_redis, self.stop_redis, self.slow_link,
            self.cut_replies, self.read_only, self.out_of_memory, self.empty_redis, self.starve,
        ]  # fmt: skip
        with_disk = [self.fill_disk] if self.disk else []
        with_clocks = [self.step_own_clock, self.step_redis_clock] if self.own_clock else []
        return [*everywhere, *with_disk, *with_clocks]

    def lost_until(self) -> datetime | None:
        """Return what the processes hold for the time at which data that was lost was last there."""
        told = [
            datetime.fromisoformat(event["there_until"])
            for program in (self.server, *self.workers, *self.gone)
            for event in program.events
            if event["event"] == "data_lost"
        ]
        return max(told, default=None)

    def _step_s(self) -> int:
        return self.rng.choice((-1, 1)) * int(STEP.total_seconds())

    async def _replace_worker(self, by: signal.Signals) -> None:
        gone = self.workers.pop(self.rng.randrange(len(self.workers)))
        self.gone.append(gone)
        await gone.stop(by)
        await asyncio.sleep(self.rng.uniform(0, 2))
        clock = self.own_clock.environment if self.own_clock else None
        started = await self.start(self.config, "work", environment=clock)
        self.workers.append(started)
        await started.ready()

    async def _throttle(self, pid: int, share: float, for_s: float) -> None:
        """Let a process run for a share of the time."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + for_s
        try:
            while loop.time() < ends_at:
                os.kill(pid, signal.SIGSTOP)
                await asyncio.sleep(THROTTLED_S * (1 - share))
                os.kill(pid, signal.SIGCONT)
                await asyncio.sleep(THROTTLED_S * share)
        finally:
            os.kill(pid, signal.SIGCONT)

    def _redis_pid(self) -> int:
        assert self.redis._process is not None
        return self.redis._process.pid

    async def _tell(self, *words: Word) -> None:
        """Tell Redis something, past the link."""
        async with self._past_the_link() as redis:
            await redis.call(*words)

    def _past_the_link(self) -> AbstractAsyncContextManager[Connection]:
        return connect(f"unix://{self.redis.socket}", anchor="x")


async def _refuses_writes(redis: Connection) -> bool:
    try:
        await redis.call("SET", "filler", "x" * 4096, "PX", 1)
    except StoreRefuses:
        return True
    return False
