"""A real run of a shape: a cluster, workers, portals and receivers, all on this machine."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from bench.gather.origin import Origin, WorldOptions, serving_world
from bench.gather.ours import is_settled, name_of
from bench.gather.peer import done
from bench.gather.processes import cpu_s, process, wait_for_line
from bench.gather.world import feed_of
from bench.push.webhooks import endpoint, forget, sink
from bench.scale.nodes import Node, namespace_on, running_cluster, url_of
from bench.scale.shapes import Result, Shape
from syndicator.model.clock import Clock
from syndicator.model.ids import EndpointId
from syndicator.store.keys.table import Keys
from syndicator.store.store import Store, StoreOptions, open_store

_TOPICS = 4000
"""Many: stories stay small, so that an article costs the same in a run of any size."""
_AHEAD = timedelta(seconds=2)
_ENVIRON = {"PYTHONPATH": str(Path(__file__).parents[2])}


class _Around(Struct, frozen=True, kw_only=True):
    """What the services of a run talk to: the URL of Redis, and ports."""

    redis: str
    portals: int
    receivers: int


class Namespace:
    """One namespace, its store and its workers."""

    def __init__(self, name: str, store: Store, clock: Clock, shape: Shape, first: int) -> None:
        self.name = name
        self.store = store
        self.clock = clock
        self.sources = [name_of(first + number) for number in range(shape.feeds)]
        self._endpoints = [EndpointId(f"p{number}") for number in range(shape.endpoints)]

    async def is_done(self) -> bool:
        """Return whether nothing is left to gather, show or deliver."""
        now = self.clock()
        if not await is_settled(self.store, Keys(self.name), now):
            return False
        counts = await self.store.deliveries.counts_of(self._endpoints, now)
        return not any(one.ready + one.delayed + one.in_flight for one in counts.values())

    async def make_due(self, at: datetime) -> None:
        await self.store.sources.enlist(self.sources, self.sources, at)

    async def lateness(self, due: datetime) -> list[float]:
        """Return by how much each round began after it was due; fail where one failed."""
        states = await self.store.sources.states(self.sources)
        if failed := sum(state.failure is not None for state in states):
            raise RuntimeError(f"{failed} rounds of {self.name} failed")
        return [(state.last_attempt_at - due).total_seconds() for state in states if state.last_attempt_at]


async def measure(shape: Shape, folder: Path) -> Result:
    """Run the shape; all its sources are due at one moment, and all that they bring is new."""
    world = WorldOptions(feeds=shape.rounds, topics=_TOPICS, seed=1, now=datetime.now(UTC))
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(serving_world(world))
        port = stack.enter_context(sink())
        nodes = await stack.enter_async_context(running_cluster(folder))
        around = _Around(redis=url_of(nodes), portals=origin.port, receivers=port)
        await origin.close()
        places, workers = list[Namespace](), list[int]()
        for number in range(shape.namespaces):
            place, pids = await stack.enter_async_context(
                _running(folder / f"namespace{number}", shape, number, around)
            )
            places.append(place)
            workers += pids
        return await _measured(places, workers, nodes, origin, port)


async def _measured(
    places: Sequence[Namespace],
    workers: Sequence[int],
    nodes: Sequence[Node],
    origin: Origin,
    port: int,
) -> Result:
    await _all_done(places)
    await forget(port)
    await origin.open()
    due = places[0].clock() + _AHEAD
    await asyncio.gather(*(place.make_due(due) for place in places))
    await asyncio.sleep((due - places[0].clock()).total_seconds())
    redis = [node.pid for node in nodes]
    groups = (redis, workers, [os.getpid()])
    before, self_before, busy_before = (
        [sum(map(cpu_s, one)) for one in groups],
        time.process_time(),
        _busy_s(),
    )
    began = time.perf_counter()
    await _all_done(places)
    wall_s = time.perf_counter() - began
    redis_s, workers_s, all_s = (
        sum(map(cpu_s, one)) - spent for one, spent in zip(groups, before, strict=True)
    )
    looking_s = time.process_time() - self_before
    # Who measures takes processors away, as others do.
    others_s = max(0.0, _busy_s() - busy_before - all_s) + looking_s
    late = [one for place in places for one in await place.lateness(due)]
    return Result(
        wall_s=wall_s,
        redis_s=redis_s,
        workers_s=workers_s,
        outside_s=max(0.0, all_s - redis_s - workers_s - looking_s),
        deliveries=len(await forget(port)),
        late_s=tuple(late),
        cores=(os.cpu_count() or 1) - others_s / wall_s,
    )


async def _all_done(places: Sequence[Namespace]) -> None:
    async def are() -> bool:
        return all([await place.is_done() for place in places])

    await done(are)


@asynccontextmanager
async def _running(
    home: Path, shape: Shape, number: int, around: _Around
) -> AsyncIterator[tuple[Namespace, list[int]]]:
    """Run the workers of one namespace; yield it and their process ids once they are ready."""
    name, config, first = namespace_on(number), home / "config", number * shape.feeds
    config.mkdir(parents=True)
    sources = [
        f'[source.{name_of(one)}]\ntitle = "Portal"\nurl = "{feed_of(one, around.portals)}"\n'
        for one in range(first, first + shape.feeds)
    ]
    endpoints = [
        endpoint(f"p{one}", f"http://127.0.0.1:{around.receivers}/{name}-{one}")
        for one in range(shape.endpoints)
    ]
    (config / "all.toml").write_text(
        _common(home, around.redis, name) + "".join((*sources, *endpoints)), "utf-8"
    )
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            open_store(StoreOptions(url=around.redis, namespace=name, data_dir=home / "data"))
        )
        clock = await stack.enter_async_context(store.clock())
        command = [sys.executable, "-m", "syndicator", "--config", str(config), "work"]
        logs = [home / f"worker-{one}.log" for one in range(shape.workers)]
        started = [stack.enter_context(process(command, log, environ=_ENVIRON)) for log in logs]
        for log, worker in zip(logs, started, strict=True):
            await wait_for_line(log, '"event":"ready"', worker)
        yield Namespace(name, store, clock, shape, first), [worker.pid for worker in started]


def _common(home: Path, url: str, namespace: str) -> str:
    return (
        f'[store]\nurl = "{url}"\nnamespace = "{namespace}"\ndata_dir = "{home}/data"\n'
        "[server]\nport = 0\nops_port = 0\n"
        '[egress]\nallow = ["127.0.0.0/8"]\nallow_callbacks = ["127.0.0.0/8"]\n'
        '[defaults]\nkind = "feed"\nlanguage = "id"\nschedule = { every = "1d", jitter = "1s" }\n'
        'politeness = { scope = "url", robots = false }\n'
    )


def _busy_s() -> float:
    """Return the seconds for which processors were busy, or taken by other machines, since the start."""
    words = Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:]
    user, nice, system, _idle, _wait, irq, soft, stolen, *_ = map(int, words)
    return (user + nice + system + irq + soft + stolen) / os.sysconf("SC_CLK_TCK")
