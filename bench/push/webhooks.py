"""Pushing, against a bare loop of signed aiohttp POSTs of the same bytes to the same receiver.

`PUSHES` sets how many deliveries are drained (20 000 unless set), `TURNS` how often (3), `STEADY_S` how long
the steady parts last (60). Crashes amid a drain are tried in tests/e2e/crashes/test_push_crashes.py.
"""

import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from msgspec import Struct

from bench.invented import invented
from bench.measure import Spent, tell
from syndicator.model.clock import system_clock
from syndicator.model.delivery import Payload, Secret
from syndicator.model.event import EventType
from syndicator.observe.pauses import collect_briefly
from syndicator.opening import open_service
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.webhooks.payloads import Payloads
from syndicator.push.signing import sign_with_all
from syndicator.schedule.runner import Runner
from syndicator.schedule.workers import CAPACITY
from syndicator.service import Service
from syndicator.settings import load

PUSHES = int(os.environ.get("PUSHES", "20000"))
STEADY_S = float(os.environ.get("STEADY_S", "60"))
TURNS = int(os.environ.get("TURNS", "3"))
RATE = 200
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="  # noqa: S105 — nobody's
AT_ONCE = 64


async def run() -> None:
    collect_briefly()
    with sink() as port:
        await drain(port, endpoints=1)
        await drain(port, endpoints=10)
        await steady(port)
        await neighbours(port)
        await fan_out(port)


class sink:  # noqa: N801 — reads as a function
    """A receiver in a process of its own."""

    def __enter__(self) -> int:
        command = [sys.executable, "-m", "bench.push.sink"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def endpoint(name: str, url: str, more: str = "") -> str:
    return f'[endpoint.{name}]\nurl = "{url}"\nsecret = "{SECRET}"\nmax_in_flight = 256\n{more}\n'


@asynccontextmanager
async def service_of(endpoints: Iterable[str]) -> AsyncIterator[Service]:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config")
        config.mkdir()  # noqa: ASYNC240 — nothing runs beside it yet
        common = (
            f'[store]\ndata_dir = "{folder}/data"\n[egress]\nallow_callbacks = ["127.0.0.0/8"]\n'
            '[source.portal]\ntitle = "x"\nkind = "feed"\nurl = "http://127.0.0.1:9/"\n'
            'schedule = { every = "30d" }\n'
        )
        (config / "all.toml").write_text(common + "\n".join(endpoints), "utf-8")
        async with open_service(load(config, {}), system_clock) as service:
            await service.sync_configuration()
            yield service


async def admit(service: Service, numbers: Iterable[int], *, batch: int = 50) -> None:
    admitter = Admitter(service.store.articles, (), service.clock)
    for part in _batched(numbers, batch):
        await admitter.admit([invented(number) for number in part])


def _batched(numbers: Iterable[int], size: int) -> Iterable[list[int]]:
    each = iter(numbers)
    while part := list(itertools.islice(each, size)):
        yield part


def runner_of(service: Service) -> Runner:
    return Runner(
        service.deliver_step,
        capacity=CAPACITY["deliver"],
        clock=service.clock,
        on_report=service.metrics_reporter.report,
    )


async def bare(port: int, body: bytes, count: int) -> Spent:
    """POST `count` signed bodies from 64 tasks; return the time that all of them took together."""
    secret, numbers = Secret(SECRET), itertools.count()

    async def post(session: aiohttp.ClientSession) -> None:
        while (number := next(numbers)) < count:
            name, now = f"evt_{number}", int(time.time())
            headers = {
                "content-type": "application/json",
                "webhook-id": name,
                "webhook-timestamp": str(now),
                "webhook-signature": sign_with_all([secret], name, now, body),
            }
            async with session.post(f"http://127.0.0.1:{port}/bare", data=body, headers=headers) as answer:
                assert answer.status == 204
                await answer.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        spent = Spent()
        with spent.measured():
            await asyncio.gather(*(post(session) for _ in range(AT_ONCE)))
        return spent


async def forget(port: int) -> dict[str, float]:
    """Give what came since, with the time when it came."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/") as answer,
    ):
        told = json.loads(await answer.read())
    assert told["count"] == told["distinct"], "something came twice"
    first_s: dict[str, float] = told["first_s"]
    return first_s


async def used_bytes(service: Service) -> int:
    info = (await service.store.connection.call("INFO", "memory")).decode()
    return int(next(line.split(":")[1] for line in info.splitlines() if line.startswith("used_memory:")))


async def sample_body(service: Service) -> bytes:
    (logged, *_) = await service.store.events.after("", 1)
    payloads = Payloads(service.store, service.settings.site, {})
    prepared = await payloads.prepare([logged.event])
    return payloads.body(prepared[logged.event.id], Payload.FULL)


class Drained(Struct, frozen=True, kw_only=True):
    """One turn of draining a backlog."""

    rate: float
    """Deliveries a second, from the outbox on: fan-out is in the clock."""
    floor: float
    """What bare POSTs reached, before and after."""
    cpu_us: float
    """Processor time of this process for a delivery."""
    floor_cpu_us: float
    pending_bytes: float
    """Of Redis, a delivery that waits, its event included."""
    left_bytes: float
    """Of Redis, a delivery that is done: its event, and its attempt."""
    keys: int
    """More than before."""


async def drain(port: int, endpoints: int) -> None:
    turns = [await _drain_once(port, endpoints) for _ in range(TURNS)]
    ratios = sorted(turn.rate / turn.floor for turn in turns)
    middle = sorted(turns, key=lambda turn: turn.rate / turn.floor)[len(turns) // 2]
    told = f"drain {PUSHES} to {endpoints} endpoint(s)"
    tell(told, middle.rate, middle.floor, unit="deliveries/s", against="bare POSTs")
    cpu_us = statistics.median(turn.cpu_us for turn in turns)
    floor_us = statistics.median(turn.floor_cpu_us for turn in turns)
    print(
        f"   processor time of one: {cpu_us:.1f} µs, bare: {floor_us:.1f} µs   ratio {floor_us / cpu_us:.2f}"
    )
    print(
        f"  ratios {ratios[0]:.2f} to {ratios[-1]:.2f}; pending: {middle.pending_bytes:.0f} B a delivery; "
        f"drained: {middle.left_bytes:.0f} B, {middle.keys} keys more"
    )


async def _drain_once(port: int, endpoints: int) -> Drained:
    urls = [f"http://127.0.0.1:{port}/{number}" for number in range(endpoints)]
    async with service_of(endpoint(f"p{n}", url) for n, url in enumerate(urls)) as service:
        events = PUSHES // endpoints
        await admit(service, range(events))
        before = await used_bytes(service)
        keys = await service.store.connection.call("DBSIZE")
        count = events * endpoints
        posts = min(count, 5000)
        spent = Spent()
        with spent.measured():
            await service.deliver_step.event_fan_out.run()
        pending = await used_bytes(service) - before
        body = await sample_body(service)
        floors = [await bare(port, body, posts)]
        await forget(port)
        with spent.measured():
            await runner_of(service).run(until_empty=True)
        assert len(await forget(port)) == count
        floors.append(await bare(port, body, posts))
        await forget(port)
        return Drained(
            rate=count / spent.wall_s,
            floor=statistics.mean(posts / one.wall_s for one in floors),
            cpu_us=1e6 * spent.cpu_s / count,
            floor_cpu_us=1e6 * statistics.mean(one.cpu_s / posts for one in floors),
            pending_bytes=pending / count,
            left_bytes=(await used_bytes(service) - before) / count,
            keys=await service.store.connection.call("DBSIZE") - keys,
        )


async def steady(port: int) -> None:
    async with service_of([endpoint("p", f"http://127.0.0.1:{port}/p")]) as service:
        latencies = await _pushed_steadily(service, port, "/p")
        _tell_latencies(f"steady {RATE} events/s", latencies)


async def neighbours(port: int) -> None:
    """Each article goes to a hundred endpoints, of which none hangs, or a fifth."""
    for hanging in (0, 20):
        urls = [f"http://127.0.0.1:{port}/{'hang' if n < hanging else 'p'}{n}" for n in range(100)]
        told = (endpoint(f"p{n}", url).replace("256", "4") for n, url in enumerate(urls))
        async with service_of(told) as service:
            paths = [f"/p{n}" for n in range(hanging, 100)]
            latencies = await _pushed_steadily(service, port, *paths, every=100)
            _tell_latencies(f"2 articles/s to 100 endpoints, {hanging} hang", latencies)


async def _pushed_steadily(service: Service, port: int, *paths: str, every: int = 1) -> list[float]:
    """Admit at an even rate while a worker delivers; give from admission to receipt, s."""
    await forget(port)
    runner = runner_of(service)
    task = asyncio.create_task(runner.run())
    began, step = time.time(), every / RATE
    admitter = Admitter(service.store.articles, (), service.clock)
    for number in range(int(STEADY_S / step)):
        await asyncio.sleep(max(0.0, began + number * step - time.time()))
        await admitter.admit([invented(number)])
        runner.poke()
    await _healthy_done(service)
    runner.stop()
    await task
    await runner.drain(1)
    came = await forget(port)
    return [
        came[f"{logged.event.id} {path}"] - logged.event.at.timestamp()
        for logged in await service.store.events.after("", 100_000)
        for path in (paths if logged.event.type is EventType.ARTICLE_CREATED else ())
    ]


async def _healthy_done(service: Service) -> None:
    """Wait until nothing is due any more but for those that hang (which are slowed, and wait)."""
    for _ in range(600):
        names = [name for name, one in service.endpoints.served.items() if "/hang" not in one.url]
        counts = await service.store.deliveries.counts_of(names, service.clock())
        if not await service.store.outbox.waiting() and not any(
            one.ready + one.delayed + one.in_flight for one in counts.values()
        ):
            return
        await asyncio.sleep(0.1)


def _tell_latencies(what: str, latencies: list[float]) -> None:
    ranks = statistics.quantiles(latencies, n=100)
    shown = ", ".join(f"p{rank} {1000 * ranks[rank - 1]:.1f} ms" for rank in (50, 95, 99))
    print(f"{what:<44} {len(latencies)} pushed: {shown}")


async def fan_out(port: int) -> None:
    names = [f"p{number}" for number in range(1000)]
    async with service_of(endpoint(name, f"http://127.0.0.1:{port}/{name}") for name in names) as service:
        times = []
        for turn in range(3):
            await forget(port)
            await admit(service, [turn])
            began = time.time()
            await runner_of(service).run(until_empty=True)
            came = await forget(port)
            assert len(came) == len(names)
            times.append(max(came.values()) - began)
        print(f"{'one article to 1 000 endpoints, the last':<44} {statistics.median(times):.2f} s")
