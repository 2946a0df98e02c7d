"""Workers that are killed amid a fan-out of the hub: every subscriber ends with the newest bytes."""

import signal
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from aiohttp import web
from e2e.conftest import Start
from pipeline.conftest import on_all_hosts
from pipeline.feeds.test_publisher import admit
from support import until

from syndicator.model.feed import Format
from syndicator.model.ids import FeedId
from syndicator.opening import open_service
from syndicator.schedule.runner import Runner
from syndicator.schedule.workers import CAPACITY
from syndicator.settings import load

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SUBSCRIBERS, ROUNDS = 200, 4
TOPIC = "https://feeds.example/feeds/latest.rss"
CONFIG = """
[site]
title = "Warta"
public_url = "https://feeds.example"
[store]
url = "{redis_url}"
namespace = "hub-crashes-{partitions}"
data_dir = "{place}/data"
[store.partitions]
hub = {partitions}
[egress]
allow_subscribers = ["127.0.0.0/8"]
[hub]
timeout = "3s"
spacing = "10ms"
[source.idle]
title = "x"
kind = "feed"
url = "http://127.0.0.1:9/"
schedule = {{ every = "30d" }}
[feed.latest]
title = "Terbaru"
"""


class Readers:
    """Subscribers of one server, each with a callback of its own."""

    def __init__(self) -> None:
        self.port = 0
        self.has: dict[str, str] = {}
        """What each was sent last."""
        self.sent: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def have(self, digest: str, least: int) -> bool:
        """Tell whether so many were sent these bytes last."""
        return Counter(self.has.values())[digest] >= least

    async def get(self, request: web.Request) -> web.Response:
        return web.Response(text=request.query["hub.challenge"])

    async def post(self, request: web.Request) -> web.Response:
        digest = sha256(await request.read()).hexdigest()
        self.has[request.path] = digest
        self.sent[digest][request.path] += 1
        return web.Response(status=204)


@pytest.fixture
async def readers() -> AsyncIterator[Readers]:
    played = Readers()
    app = web.Application(client_max_size=10_000_000)
    app.router.add_get("/{path:.*}", played.get)
    app.router.add_post("/{path:.*}", played.post)
    async with on_all_hosts(app) as played.port:
        yield played


@pytest.mark.parametrize(("partitions", "hosts", "on_their_way"), [(1, 1, 16), (4, 20, CAPACITY["hub"])])
async def test_killed_amid_a_fan_out_workers_leave_nobody_behind(  # noqa: PLR0917  fixtures
    tmp_path: Path,
    redis_url: str,
    start: Start,
    readers: Readers,
    partitions: int,
    hosts: int,
    on_their_way: int,
) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "all.toml").write_text(
        CONFIG.format(redis_url=redis_url, place=tmp_path, partitions=partitions), "utf-8"
    )
    async with open_service(load(folder, {})) as service:
        assert service.hub is not None
        await service.sync_configuration()
        await admit(service, 1)
        for number in range(SUBSCRIBERS):
            callback = f"http://127.0.1.{number % hosts + 1}:{readers.port}/{number}"
            await service.hub.request(
                {
                    "hub.mode": "subscribe",
                    "hub.topic": TOPIC,
                    "hub.callback": callback,
                    "hub.secret": "kunci",
                }
            )
        verifying = Runner(service.hub_step, capacity=64, clock=service.clock, on_report=lambda _: None)
        await verifying.run(until_empty=True)
        workers = [await start(folder, "work"), await start(folder, "work")]
        for worker in workers:
            await worker.ready()
        for number in range(2, 2 + ROUNDS):
            await admit(service, number)
            body = (await service.publisher.rendition(FeedId("latest"), Format.RSS)).body
            newest = sha256(body).hexdigest()
            await until(partial(readers.have, newest, 20))
            await workers.pop(0).stop(signal.SIGKILL)
            workers.append(await start(folder, "work"))
            await until(partial(readers.have, newest, SUBSCRIBERS))
            twice = sum(count > 1 for count in readers.sent[newest].values())
            assert twice <= on_their_way, "no more than were on their way"
        assert not [fault for worker in workers for fault in worker.faults()]
