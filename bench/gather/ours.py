"""Our side of the gathering benchmark: worker processes and a Redis, as they run in production.

`syndicator work` stays up for all phases. Each round is begun by moving the due times of all sources to one
moment a little ahead. The clock runs from that moment until every source is settled, every article shown and
every event fanned out. So neither the start of the interpreter nor the tick by which workers look for due
sources is in the figures.

New sources are due as soon as a worker starts. For a cold round to begin at a moment of our choice, too, the
origin answers 500 to the round of the start: nothing is known of any source after it but that it failed.
"""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.gather.peer import Figures, Spent, Watch, done
from bench.gather.processes import cpu_s, process, wait_for_line
from bench.gather.world import feed_of
from bench.stories.loading import load
from syndicator.model.article import Article
from syndicator.model.clock import Clock, to_ms
from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.source import SourceState
from syndicator.store.keys.table import Keys
from syndicator.store.store import Store, StoreOptions, open_store

_ENVIRON = {"PYTHONPATH": str(Path(__file__).parents[2])}
_AHEAD = timedelta(seconds=1.5)
"""Workers look every second when something will be due: in this time each has seen it."""
_LOOK_S = 1.0
_KEYS = Keys("main")


class Processes(Struct, frozen=True, kw_only=True):
    """The processes that run for us, by their numbers."""

    redis: int
    workers: tuple[int, ...]


class Ours:
    """Workers that run over a store."""

    def __init__(self, store: Store, clock: Clock, feeds: int, processes: "Processes") -> None:
        self.store = store
        self.clock = clock
        self._sources = [name_of(number) for number in range(feeds)]
        self._processes = processes

    async def refresh(self, part: slice = slice(None)) -> Figures:
        """Have all sources, or a part of them, gathered once."""
        due = self.clock() + _AHEAD
        await self.store.sources.enlist(self._sources, self._sources[part], due)
        await asyncio.sleep((due - self.clock()).total_seconds())
        watch = Watch(self._spent)
        await self.settled()
        figures = watch.figures()
        failed = sum(state.failure is not None for state in await self.states())
        return msgspec.structs.replace(figures, failed=failed)

    async def settled(self) -> None:
        """Wait until nothing is due or leased, every article is shown and every event fanned out."""
        await done(self._is_settled)

    async def idle(self) -> Figures:
        """Wait until the workers have built their index of recent articles; return what that took.

        Known by processor time: a worker that waits for due sources takes far less than a tenth of a core.
        """
        watch, before = Watch(self._spent), self._spent()
        while True:
            await asyncio.sleep(_LOOK_S)
            now = self._spent()
            if now.service_s - before.service_s < _LOOK_S / 10:
                return watch.figures()
            before = now

    async def _is_settled(self) -> bool:
        return await is_settled(self.store, _KEYS, self.clock())

    async def articles(self) -> int:
        """Count the articles that are admitted."""
        return await self.store.articles.count()

    async def articles_of(self, ids: Sequence[str]) -> list[Article]:
        """Return those of the articles that are there."""
        found = await self.store.articles.get_many([ArticleId(name) for name in ids], bodies=False)
        return [article for article in found if article is not None]

    async def states(self) -> list[SourceState]:
        """Return what is known of all sources, in their order."""
        return await self.store.sources.states(self._sources)

    async def repeat_failed(self, tries: int = 20) -> int:
        """Gather sources whose last round failed until none is left; return how many rounds that took."""
        for count in range(tries):
            states = zip(self._sources, await self.states(), strict=True)
            failed = [name for name, state in states if state.failure is not None]
            if not failed:
                return count
            await self._gather_now(failed)
        return tries

    async def settle_in(self) -> None:
        """Go on until each source's 304 was checked once.

        Of the answers before, one in five is; of all later ones, one in a hundred
        (`rules.sources.validator_trust`).
        """
        while True:
            states = zip(self._sources, await self.states(), strict=True)
            unchecked = [name for name, state in states if not state.honesty.checks]
            if not unchecked:
                return
            await self._gather_now(unchecked)

    async def _gather_now(self, sources: Sequence[SourceId]) -> None:
        await self.store.sources.enlist(self._sources, sources, self.clock())
        await self.settled()

    def _spent(self) -> Spent:
        workers, redis = self._processes.workers, self._processes.redis
        return Spent(service_s=sum(map(cpu_s, workers)), store_s=cpu_s(redis))


async def is_settled(store: Store, keys: Keys, now: datetime) -> bool:
    """Return whether nothing is due or leased, every article is shown and every event fanned out."""
    owned, due, unassigned, events = await store.connection.batch(
        [
            ("HLEN", keys.sources_owners()),
            ("ZCOUNT", keys.sources_due(), "-inf", to_ms(now)),
            ("XLEN", keys.unassigned()),
            ("XLEN", keys.outbox()),
        ]
    )
    return not (owned or due or unassigned or events)


@asynccontextmanager
async def running_ours(
    folder: Path,
    feeds: int,
    port: int,
    *,
    workers: int = 1,
    loaded: int = 0,
    redis: subprocess.Popen[bytes] | None = None,
) -> AsyncIterator[Ours]:
    """Start workers over a Redis with so many articles in it; return once nothing is due.

    `redis`: the one of `running_redis` in this folder; None starts it, and ends it with the workers.
    """
    async with AsyncExitStack() as stack:
        server = redis
        if server is None:
            server = await stack.enter_async_context(running_redis(folder))
        config = _write_config(folder, feeds, port)
        store = await stack.enter_async_context(
            open_store(StoreOptions(url=_url(folder), data_dir=folder / "data"))
        )
        clock = await stack.enter_async_context(store.clock())
        if loaded:
            await load(store, loaded, clock())
        logs = [folder / f"worker-{number}.log" for number in range(workers)]
        started = [
            stack.enter_context(process([*_cli(config), "work"], log, environ=_ENVIRON)) for log in logs
        ]
        for log, worker in zip(logs, started, strict=True):
            await wait_for_line(log, '"event":"ready"', worker)
        processes = Processes(redis=server.pid, workers=tuple(one.pid for one in started))
        ours = Ours(store, clock, feeds, processes)
        await ours.settled()
        yield ours


async def failed_rounds(folder: Path, feeds: int, port: int, *, workers: int, processes: int) -> int:
    """Gather all sources into an empty store by `once gather`; return how many rounds failed."""
    async with running_redis(folder):
        config = _write_config(folder, feeds, port)
        command = [*_cli(config), "once", "gather", "--workers", str(workers), "--json"]
        outputs = [folder / f"once-{number}.json" for number in range(processes)]
        with ExitStack() as stack:
            started = [
                stack.enter_context(
                    process(command, output, errors=output.with_suffix(".log"), environ=_ENVIRON)
                )
                for output in outputs
            ]
            await asyncio.gather(*(asyncio.to_thread(one.wait) for one in started))
    return sum(json.loads(output.read_bytes())["totals"]["failed"] for output in outputs)


def name_of(number: int) -> SourceId:
    """Return the id of the source of a feed."""
    return SourceId(f"portal-{number}")


@asynccontextmanager
async def running_redis(folder: Path) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Run an empty Redis in the folder, set as docs/operating.md asks; without snapshots beside the log."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise RuntimeError("this benchmark needs redis-server")
    data = folder / "redis"
    data.mkdir()
    words = [
        binary, "--port", "0", "--unixsocket", str(folder / "redis.sock"), "--dir", str(data), "--save", "",
        "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction",
        "--auto-aof-rewrite-min-size", "256mb",
    ]  # fmt: skip
    with process(words, folder / "redis.log") as redis:
        await wait_for_line(folder / "redis.log", "Ready to accept connections", redis)
        yield redis


def _cli(config: Path) -> list[str]:
    return [sys.executable, "-m", "syndicator", "--config", str(config)]


def _url(folder: Path) -> str:
    return f"unix://{folder}/redis.sock"


def _write_config(folder: Path, feeds: int, port: int) -> Path:
    """Write the configuration: each feed on a host of its own, due once a day or when we make it due."""
    config = folder / "config"
    config.mkdir()
    common = (
        f'[store]\nurl = "{_url(folder)}"\ndata_dir = "{folder}/data"\n'
        "[server]\nport = 0\nops_port = 0\n"
        '[egress]\nallow = ["127.0.0.0/8"]\n'
        '[defaults]\nkind = "feed"\nlanguage = "id"\nschedule = { every = "1d", jitter = "1s" }\n'
        'politeness = { scope = "url", robots = false }\n'
    )
    sources = [
        f'[source.{name_of(number)}]\ntitle = "Portal {number}"\nurl = "{feed_of(number, port)}"\n'
        for number in range(feeds)
    ]
    (config / "all.toml").write_text("".join((common, *sources)), "utf-8")
    return config
