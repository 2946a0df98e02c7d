"""The same deliveries through NATS JetStream: the server's processor time and memory, beside those of Redis.

    apt-get install nats-server && pip install nats-py
    python -m bench rivals

Each event is published once; a worker posts it, signed, to a receiver on loopback, and acknowledges it. NATS
does it in two ways: a durable consumer for each endpoint, by subject; or one queue with a message for each
delivery, in which a slow endpoint holds up all others. Both write to disk each second. Look at the ratios.
"""

import asyncio
import importlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct

from bench.gather.peer import done
from bench.gather.processes import free_port, process, wait_for_line
from bench.push.spread import AT_ONCE, ENDPOINTS, Shape, measure, pending_bytes, receiver, whole_used_s
from bench.push.webhooks import SECRET
from bench.scale.nodes import running_cluster
from syndicator.model.delivery import Secret
from syndicator.push.signing import sign_with_all

DELIVERIES, PENDING = 2000, 20_000
RECEIVERS = (1, 100)
BODY = bytes(1500)
"""As long as a webhook of the articles that ours delivers."""
_FETCHED = 192


class Server(Struct, frozen=True, kw_only=True):
    """NATS that runs, and a client of it."""

    pid: int
    stream: Any
    """The client's JetStream."""
    models: Any
    """The client's module of configurations."""


async def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        await _ours(Path(folder))
    if not _has_nats():
        print("NATS is left out: it needs nats-server (Debian) in PATH and nats-py (PyPI)")
        return
    for receivers in RECEIVERS:
        for is_queue in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                async with _nats(Path(folder)) as server:
                    used = await _delivered(server, receivers, is_queue=is_queue)
                async with _nats(Path(folder, "pending")) as server:
                    held = await _held(server, receivers, is_queue=is_queue)
            way = "one queue" if is_queue else f"{ENDPOINTS} consumers"
            _tell(f"NATS, {way}", receivers, used, f"{held:.0f} B a pending one")


async def _ours(folder: Path) -> None:
    async with running_cluster(folder, 1) as nodes:
        for receivers in RECEIVERS:
            shape = Shape(partitions=1, workers=1, receivers=receivers, deliveries=DELIVERIES)
            used = await measure(shape, nodes, folder / f"used-{receivers}", whole_used_s)
            pending = Shape(partitions=1, workers=1, receivers=receivers, deliveries=PENDING)
            held = await pending_bytes(pending, nodes, folder / f"held-{receivers}")
            _tell("Redis, one slot", receivers, used.whole, f"{held:.0f} B a pending one")


def _tell(what: str, receivers: int, used: float, more: str) -> None:
    print(f"{what:<24} each event to {receivers:>3}: {1e6 * used:6.1f} µs a delivery, {more}", flush=True)


def _has_nats() -> bool:
    return bool(shutil.which("nats-server") and importlib.util.find_spec("nats"))


@asynccontextmanager
async def _nats(folder: Path) -> AsyncIterator[Server]:
    """Run a server; yield it with a stream `J`, whose messages go once all consumers have them."""
    nats: Any = importlib.import_module("nats")
    models: Any = importlib.import_module("nats.js.api")
    port = free_port()
    command = ["nats-server", "-a", "127.0.0.1", "-p", str(port), "-c", str(_settings(folder))]
    with process(command, folder / "log", environ={"GOMAXPROCS": "1"}) as started:
        await wait_for_line(folder / "log", "Server is ready", started)
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        try:
            stream = client.jetstream(publish_async_max_pending=4000)
            kept = models.RetentionPolicy.INTEREST
            await stream.add_stream(models.StreamConfig(name="J", subjects=["j.*"], retention=kept))
            yield Server(pid=started.pid, stream=stream, models=models)
        finally:
            await client.close()


def _settings(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    written = folder / "nats.conf"
    written.write_text(f'jetstream {{ store_dir: "{folder}/js", sync_interval: "1s" }}\n', "utf-8")
    return written


async def _consumers(server: Server, receivers: int, *, is_queue: bool) -> list[Any]:
    models, groups = server.models, ENDPOINTS // receivers
    subjects = ["j.*"] if is_queue else [f"j.{number % groups}" for number in range(ENDPOINTS)]
    config = models.ConsumerConfig(
        ack_policy=models.AckPolicy.EXPLICIT, ack_wait=60, max_ack_pending=max(DELIVERIES, 1000)
    )
    return [
        await server.stream.pull_subscribe(subject, durable=f"w{number}", config=config)
        for number, subject in enumerate(subjects)
    ]


async def _publish(server: Server, numbers: Sequence[int], receivers: int, *, is_queue: bool) -> None:
    """Publish events; to a queue as often as each is delivered."""
    groups, copies = ENDPOINTS // receivers, receivers if is_queue else 1
    sent = [
        await server.stream.publish_async(f"j.{number % groups}", BODY)
        for number in numbers
        for _ in range(copies)
    ]
    await asyncio.gather(*sent)


async def _delivered(server: Server, receivers: int, *, is_queue: bool) -> float:
    """Deliver all; return the server's processor time of one delivery."""
    consumers = await _consumers(server, receivers, is_queue=is_queue)
    events, together = DELIVERIES // receivers, AT_ONCE // receivers
    each = AT_ONCE // len(consumers)
    before = _used_s(server.pid)
    async with receiver() as (sink, port), aiohttp.ClientSession() as session:
        for first in range(0, events, together):
            await _publish(server, range(first, first + together), receivers, is_queue=is_queue)
            await asyncio.gather(
                *(
                    _drain(one, each, session, f"http://127.0.0.1:{port}/{n}")
                    for n, one in enumerate(consumers)
                )
            )
        assert sink.count == DELIVERIES

        async def is_empty() -> bool:
            return not (await server.stream.stream_info("J")).state.messages

        await done(is_empty)
    return (_used_s(server.pid) - before) / DELIVERIES


async def _drain(consumer: Any, count: int, session: aiohttp.ClientSession, url: str) -> None:
    left = count
    while left:
        found = await consumer.fetch(min(_FETCHED, left), timeout=30)
        await asyncio.gather(*(_post(one, session, url) for one in found))
        left -= len(found)


async def _post(message: Any, session: aiohttp.ClientSession, url: str) -> None:
    name, now = f"evt_{message.metadata.sequence.stream}", int(time.time())
    headers = {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(now),
        "webhook-signature": sign_with_all([Secret(SECRET)], name, now, message.data),
    }
    async with session.post(url, data=message.data, headers=headers) as answer:
        assert answer.status == 204
    await message.ack()


async def _held(server: Server, receivers: int, *, is_queue: bool) -> float:
    """Return the resident bytes of the server for a delivery that waits; its consumers are there before."""
    await _consumers(server, receivers, is_queue=is_queue)
    before, events = _resident_bytes(server.pid), PENDING // receivers
    for first in range(0, events, 100):
        await _publish(server, range(first, min(first + 100, events)), receivers, is_queue=is_queue)
    return (_resident_bytes(server.pid) - before) / PENDING


def _used_s(pid: int) -> float:
    """Return the processor time of all threads of a process that runs."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text("ascii").split()[0]) for task in tasks) / 1e9


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
