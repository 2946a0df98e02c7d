"""One article to a thousand subscribers of our hub, against a bare loop that signs and posts the same bytes.

The callbacks are served by one process of asyncio that reads a request and says 204; it shares the machine,
so look at the ratio, too. Counted from the admission of the article to the last receipt.
"""

import asyncio
import hmac
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp

from bench.invented import invented
from bench.measure import tell
from syndicator.model.clock import system_clock
from syndicator.model.feed import Format
from syndicator.model.hub import Lease, Protocol, Subscriber, TopicName
from syndicator.model.ids import FeedId
from syndicator.observe.pauses import collect_briefly
from syndicator.opening import open_service
from syndicator.pipeline.articles.admission import Admitter
from syndicator.rules.hub.subscribers import new_subscriber
from syndicator.schedule.runner import Runner
from syndicator.schedule.workers import CAPACITY
from syndicator.service import Service
from syndicator.settings import load

SUBSCRIBERS = 1000
TURNS = 3
SECRET = "0123456789abcdef"  # noqa: S105  nobody's
FEED, TOPIC = FeedId("latest"), TopicName("latest.rss")
CONFIG = """
[site]
public_url = "https://feeds.example"
[egress]
allow_subscribers = ["127.0.0.0/8"]
[hub]
spacing = "1ms"
[source.portal]
title = "Portal"
kind = "feed"
url = "https://portal.example/rss"
schedule = { every = "1d" }
[feed.latest]
title = "Latest"
size = 40
"""


async def run() -> None:
    context = multiprocessing.get_context("spawn")
    for hosts in (1, 250):
        mine, theirs = context.Pipe()
        sink = context.Process(target=_serve, args=(theirs, hosts))
        sink.start()
        try:
            port = await asyncio.to_thread(mine.recv)
            callbacks = [
                f"http://127.0.1.{number % hosts + 1}:{port}/cb/{number}" for number in range(SUBSCRIBERS)
            ]
            await _compare(mine, callbacks, hosts)
        finally:
            mine.send(None)
            sink.join()


async def _compare(sink: Connection, callbacks: Sequence[str], hosts: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "all.toml"
        config.write_text(f'[store]\ndata_dir = "{folder}/data"\n{CONFIG}', "utf-8")
        async with open_service(load(Path(folder), {})) as service:
            collect_briefly()
            await service.sync_configuration()
            await _admit(service, range(40))
            await _subscribe(service, callbacks)
            step = service.hub_step
            runner = Runner(step, capacity=CAPACITY["hub"], clock=service.clock, on_report=lambda _: None)
            working = asyncio.create_task(runner.run())
            took = []
            for turn in range(TURNS):
                await asyncio.sleep(0.5)
                began = time.monotonic()
                sink.send(len(callbacks))
                await _admit(service, [100 + turn])
                runner.poke()
                took.append(await asyncio.to_thread(sink.recv) - began)
            runner.stop()
            await working
            body = (await service.publisher.rendition(FEED, Format.RSS)).body
            floor = min([await _bare(sink, callbacks, body) for _ in range(TURNS)])
            what = f"{len(callbacks)} of {len(body) // 1024} KiB, {hosts} host{'s' * (hosts > 1)}"
            tell(what, statistics.median(took) * 1000, floor * 1000, unit="ms", against="bare loop")


async def _admit(service: Service, numbers: Sequence[int]) -> None:
    admitter = Admitter(service.store.articles, service.settings.feeds.values(), service.clock)
    await admitter.admit([invented(number) for number in numbers])


async def _subscribe(service: Service, callbacks: Sequence[str]) -> None:
    """Subscribe without asking back: that is not what is measured."""
    hub, now = service.store.hub, system_clock()
    digest = (await service.publisher.rendition(FEED, Format.RSS)).digest
    for callback in callbacks:
        known = new_subscriber(Protocol.WEBSUB, TOPIC, callback)
        lease = Lease(
            topic_url="https://feeds.example/feeds/latest.rss",
            sealed=hub.seal(known, SECRET),
            verified_at=now,
            ends_at=now.replace(year=now.year + 1),
        )
        one = Subscriber(
            id=known.id,
            protocol=known.protocol,
            topic=TOPIC,
            callback=callback,
            host=known.host,
            lease=lease,
            sent=digest,
        )
        await hub.update(one, partial(_as_it_is, one), now=now, topic_digest=digest)


def _as_it_is(one: Subscriber, _: Subscriber | None) -> Subscriber:
    return one


async def _bare(sink: Connection, callbacks: Sequence[str], body: bytes) -> float:
    waiting = list(callbacks)
    sink.send(len(callbacks))
    began = time.monotonic()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def post() -> None:
            while waiting:
                headers = {
                    "Content-Type": "application/rss+xml",
                    "X-Hub-Signature": f"sha256={hmac.digest(SECRET.encode(), body, 'sha256').hex()}",
                }
                async with session.post(waiting.pop(), data=body, headers=headers) as response:
                    assert response.status == 204

        await asyncio.gather(*(post() for _ in range(CAPACITY["hub"])))
    ended: float = await asyncio.to_thread(sink.recv)
    return ended - began


def _serve(parent: Connection, hosts: int) -> None:
    asyncio.run(_sink(parent, hosts))


async def _sink(parent: Connection, hosts: int) -> None:
    told = asyncio.Event()
    left = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
                await reader.readexactly(length)
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                left -= 1
                if not left:
                    told.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    first = await asyncio.start_server(answer, "127.0.1.1", 0, backlog=1024)
    port = first.sockets[0].getsockname()[1]
    for host in range(2, hosts + 1):
        await asyncio.start_server(answer, f"127.0.1.{host}", port, backlog=1024)
    parent.send(port)
    while (count := await asyncio.to_thread(parent.recv)) is not None:
        left = count
        told.clear()
        await told.wait()
        parent.send(time.monotonic())
