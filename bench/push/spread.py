"""Deliveries by real workers on a cluster, and Redis' processor time for them: of each node."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio import Redis

from bench.invented import invented
from bench.push.sink import Receiver, Sink
from bench.push.webhooks import endpoint
from bench.scale.nodes import Node, namespace_apart, node_of, url_of
from syndicator.model.clock import system_clock
from syndicator.opening import open_service
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.steps import JobReport
from syndicator.schedule.runner import Runner
from syndicator.schedule.workers import CAPACITY
from syndicator.service import Service
from syndicator.settings import load
from syndicator.store.keys.partitions import Spread
from syndicator.store.keys.table import Keys

ENDPOINTS = 100
AT_ONCE = 500
"""Deliveries that begin at one moment; once they are done, as many more begin."""
_SETTLED_S = 120


class Shape(Struct, frozen=True, kw_only=True):
    """What is delivered, and by what."""

    partitions: int
    workers: int
    receivers: int
    """How many of the endpoints want each event."""
    deliveries: int


class Used(Struct, frozen=True, kw_only=True):
    """Processor time of Redis for each piece of work, in seconds."""

    nodes: tuple[float, ...]
    namespace: int
    """The number of the node that has events, outbox and articles."""

    @property
    def whole(self) -> float:
        return sum(self.nodes)

    @property
    def busiest(self) -> float:
        return max(self.nodes)

    @property
    def of_namespace(self) -> float:
        return self.nodes[self.namespace]


Reading = Callable[[Redis], Awaitable[float]]
"""Returns the processor time that a node has used."""


async def measure(shape: Shape, nodes: Sequence[Node], folder: Path, reading: Reading | None = None) -> Used:
    """Deliver all, from the outbox to what settling has brought back to the namespace."""
    spread = Spread(endpoints=shape.partitions)
    name = namespace_apart(spread, len(nodes))
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Redis(host="127.0.0.1", port=node.port)) for node in nodes]
        for client in clients:
            await client.flushall()
        sink, port = await stack.enter_async_context(receiver())
        folders = [folder / str(number) for number in range(shape.workers)]
        services = [
            await stack.enter_async_context(_service(shape, url_of(tuple(nodes)), name, port, one))
            for one in folders
        ]
        spent = await _deliver(shape, services, clients, reading or used_s)
        assert (sink.count, len(sink.first_s)) == (shape.deliveries, shape.deliveries)
    return Used(
        nodes=tuple(one / shape.deliveries for one in spent),
        namespace=node_of(Keys(name, spread).prefix, len(nodes)),
    )


async def _deliver(
    shape: Shape, services: Sequence[Service], clients: Sequence[Redis], reading: Reading
) -> list[float]:
    """Deliver in parts; return the processor time of each node for it, without what it needs anyway."""
    done = Done()
    runners = [_runner(service, done) for service in services]
    admitter = Admitter(services[0].store.articles, (), services[0].clock)
    spent = [0.0] * len(clients)
    idle = await _idle(clients, reading)
    events, together = shape.deliveries // shape.receivers, AT_ONCE // shape.receivers
    async with _running(runners):
        for first in range(0, events, together):
            some = range(first, min(first + together, events))
            await _admit(admitter, some, shape)
            began, before = asyncio.get_running_loop().time(), [await reading(client) for client in clients]
            for runner in runners:
                runner.poke()
            await asyncio.wait_for(done.reach(some.stop * shape.receivers), _SETTLED_S)
            if some.stop == events:
                await services[0].store.queuing.sweep(services[0].clock())
            took = asyncio.get_running_loop().time() - began
            for node, client in enumerate(clients):
                spent[node] += await reading(client) - before[node] - idle[node] * took
    return [max(0.0, one) for one in spent]


async def _admit(admitter: Admitter, numbers: range, shape: Shape) -> None:
    groups = ENDPOINTS // shape.receivers
    await admitter.admit([replace(invented(number), section=f"s{number % groups}") for number in numbers])


async def pending_bytes(shape: Shape, nodes: Sequence[Node], folder: Path) -> float:
    """Return the bytes of Redis for a delivery that waits, its event in the log included."""
    name = namespace_apart(Spread(endpoints=shape.partitions), len(nodes))
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Redis(host="127.0.0.1", port=node.port)) for node in nodes]
        for client in clients:
            await client.flushall()
        service = await stack.enter_async_context(_service(shape, url_of(tuple(nodes)), name, 9, folder))
        admitter = Admitter(service.store.articles, (), service.clock)
        events = shape.deliveries // shape.receivers
        for first in range(0, events, AT_ONCE):
            await _admit(admitter, range(first, min(first + AT_ONCE, events)), shape)
        before = [int((await client.info("memory"))["used_memory"]) for client in clients]
        await service.deliver_step.event_fan_out.run()
        held = sum([int((await client.info("memory"))["used_memory"]) for client in clients])
    return (held - sum(before)) / shape.deliveries


class Done:
    """Counts deliveries that were settled."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = asyncio.Event()

    def note(self, report: JobReport) -> None:
        assert not report.failed, report
        self._count += 1
        self._changed.set()

    async def reach(self, count: int) -> None:
        """Return once so many were settled in all."""
        while self._count < count:
            self._changed.clear()
            await self._changed.wait()


def _runner(service: Service, done: Done) -> Runner:
    return Runner(
        service.deliver_step, capacity=CAPACITY["deliver"], clock=service.clock, on_report=done.note
    )


@asynccontextmanager
async def _running(runners: Sequence[Runner]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(runner.run()) for runner in runners]
    try:
        yield
    finally:
        for runner in runners:
            runner.stop()
        await asyncio.gather(*tasks)


@asynccontextmanager
async def receiver() -> AsyncIterator[tuple[Sink, int]]:
    """Run a receiver in this process; yield what it remembers, and its port."""
    sink = Sink()
    server = await asyncio.get_running_loop().create_server(lambda: Receiver(sink), "127.0.0.1", 0)
    try:
        yield sink, server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def _service(shape: Shape, url: str, name: str, port: int, folder: Path) -> AsyncIterator[Service]:
    config = folder / "config"
    config.mkdir(parents=True)
    groups = ENDPOINTS // shape.receivers
    endpoints = [
        endpoint(
            f"p{number}", f"http://127.0.0.1:{port}/{number}",
            f'filter = {{ section = ["s{number % groups}"] }}',
        )
        for number in range(ENDPOINTS)
    ]  # fmt: skip
    common = (
        f'[store]\nurl = "{url}"\nnamespace = "{name}"\ndata_dir = "{folder}/data"\n'
        f"[store.partitions]\nendpoints = {shape.partitions}\n"
        '[egress]\nallow_callbacks = ["127.0.0.0/8"]\n'
        '[source.portal]\ntitle = "x"\nkind = "feed"\nurl = "http://127.0.0.1:9/"\n'
        'schedule = { every = "30d" }\nfresh_within = "1h"\n'
    )
    (config / "all.toml").write_text(common + "\n".join(endpoints), "utf-8")
    async with open_service(load(config, {}), system_clock) as service:
        await service.sync_configuration()
        yield service


async def _idle(clients: Sequence[Redis], reading: Reading) -> list[float]:
    """Return the share of a processor that each node needs while nothing happens."""
    before = [await reading(client) for client in clients]
    await asyncio.sleep(1)
    return [await reading(client) - was for client, was in zip(clients, before, strict=True)]


async def used_s(client: Redis) -> float:
    """Return the processor time that a node has used for commands."""
    about = await client.info("cpu")
    return float(about["used_cpu_user_main_thread"]) + float(about["used_cpu_sys_main_thread"])


async def whole_used_s(client: Redis) -> float:
    """Return the processor time of all threads of a node: also of the one that syncs its log to disk."""
    about = await client.info("cpu")
    return float(about["used_cpu_user"]) + float(about["used_cpu_sys"])
