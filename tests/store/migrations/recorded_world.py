"""The world of which the state of each stored layout is kept in a file beside this one.

To record the state of the present layout, before it is changed:

    PYTHONPATH=tests:. python -m store.migrations.recorded_world LAYOUT
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec import Struct
from support import NOON, ManualClock, own_redis

from syndicator.model.ids import EndpointId, FeedId, SourceId, TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.opening import open_service
from syndicator.pipeline.ops.api_tokens import new_token
from syndicator.pipeline.sources.source_control import Choice
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.settings import load
from syndicator.store.connection import connect
from syndicator.store.keys.table import Keys
from syndicator.store.ops.backup import back_up
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

FOLDER = Path(__file__).parent
LATEST, PRIVATE = FeedId("latest"), FeedId("langganan")
KOTA, DESA, PASAR = SourceId("kota"), SourceId("desa"), SourceId("pasar")
CONFIGURED, REGISTERED = EndpointId("partner"), EndpointId("koran")
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
ELSEWHERE = "http://127.83.0.1:48301"
"""Where the portal `desa` was when the state was recorded; nobody listens there later."""


class Recorded(Struct, frozen=True, kw_only=True):
    """What is known of a recorded state."""

    at: datetime
    entries: list[tuple[str, str]]
    """Ids and titles of the public feed, in its order."""
    token: str
    """Opens the private feed."""
    waiting: str
    """The event whose delivery to the configured endpoint has failed once."""
    due: datetime
    """When `desa` is due."""
    delivered: int
    """To the registered endpoint."""
    seal_key: str


class Outside:
    """Portals, partners and subscribers at one address: paths and what stands there."""

    def __init__(self) -> None:
        self.documents: dict[str, str] = {}
        self.refuses = False
        self.received: list[tuple[str, str, bytes]] = []
        """Path, `webhook-id` and body of what partners took."""
        self.distributed: list[bytes] = []
        """What our hub sent."""

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/subscriber" and request.method == "GET":
            return web.Response(text=request.query["hub.challenge"])
        if request.path == "/subscriber":
            self.distributed.append(await request.read())
            return web.Response(status=204)
        if request.method == "POST":
            if self.refuses:
                return web.Response(status=503)
            self.received.append((request.path, request.headers["webhook-id"], await request.read()))
            return web.Response(status=204)
        if request.path not in self.documents:
            return web.Response(status=404)
        return web.Response(text=self.documents[request.path], content_type="text/xml")


@asynccontextmanager
async def outside(address: str = "http://127.0.0.1:0") -> AsyncIterator[tuple[Outside, str]]:
    """Serve the world outside at an address; yield it with its URL."""
    known = Outside()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", known.answer)
    host, port = address.removeprefix("http://").split(":")
    async with TestServer(app, host=host, port=int(port)) as server:
        yield known, str(server.make_url("")).rstrip("/")


def rss(name: str, *numbers: int, edited: int | None = None) -> str:
    items = "".join(
        f"<item><title>Kabar {name} {number}{' (ralat)' if number == edited else ''}</title>"
        f"<link>https://{name}.example/{number}</link><guid>{name}-{number}</guid>"
        f"<pubDate>Thu, 05 Nov 2026 11:{number:02}:00 +0000</pubDate>"
        f"<description>Isi kabar {name} nomor {number}, dengan beberapa kata lain.</description></item>"
        for number in numbers
    )
    return f'<rss version="2.0"><channel><title>{name}</title>{items}</channel></rss>'


def configuration(url: str) -> str:
    """Return the configuration of the recorded service; `url`: where portals and partners are."""
    return f"""
[site]
title = "Kabar"
public_url = "http://kabar.example"
[hub]
enabled = true
[egress]
allow = ["127.0.0.0/8"]
allow_callbacks = ["127.0.0.0/8"]
allow_subscribers = ["127.0.0.0/8"]
[source.kota]
title = "Kota"
kind = "feed"
url = "{url}/kota"
schedule = {{ every = "5m", jitter = "0s" }}
[source.desa]
title = "Desa"
kind = "feed"
url = "{ELSEWHERE}/desa"
schedule = {{ every = "6h", jitter = "0s" }}
[source.pasar]
title = "Pasar"
kind = "feed"
url = "{url}/pasar"
schedule = {{ every = "5m", jitter = "0s" }}
[feed.latest]
title = "Terbaru"
[feed.langganan]
title = "Langganan"
private = true
[endpoint.partner]
url = "{url}/partner"
secret = "{SECRET}"
"""


async def run(service: Service, *names: str) -> None:
    """Do what is due of the named steps."""
    for name in names:
        step = next(step for step in service.steps if step.name == name)
        runner = Runner(step, capacity=8, clock=service.clock, on_report=lambda _: None)
        await runner.run(until_empty=True)


async def entries(service: Service) -> list[tuple[str, str]]:
    """Return ids and titles of the public feed."""
    snapshot = await service.publisher.snapshot(LATEST)
    return [(entry.article.id, entry.article.title) for entry in snapshot.entries]


async def subscribe(service: Service, callback: str) -> None:
    """Subscribe to the public feed at our hub, as a subscriber does."""
    app = create_app(service.queries, WebOptions(), hub=service.hub)
    form = {
        "hub.mode": "subscribe",
        "hub.topic": service.settings.site.url("/feeds/latest.rss"),
        "hub.callback": callback,
        "hub.lease_seconds": str(9 * 86_400),
        "hub.secret": "rahasia",
    }
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession() as client,
        client.post(server.make_url("/hub"), data=form) as answer,
    ):
        assert answer.status == 202, await answer.text()
    await run(service, "hub")


async def lived(service: Service, clock: ManualClock, world: Outside, url: str) -> Recorded:
    """Have the service gather, deliver and distribute; return what is to be found later."""
    await service.sync_configuration()
    await service.registration.add(OPERATOR, {"url": f"{ELSEWHERE}/koran"}, name=REGISTERED, is_trusted=True)
    world.documents = {"/kota": rss("kota", 1, 2, 3), "/desa": rss("desa", 7, 8), "/pasar": rss("pasar", 6)}
    await run(service, "gather", "deliver")
    await subscribe(service, f"{url}/subscriber")
    made = new_token(Token(id=TokenId("pembaca"), scopes=(TokenScope.READ,), feeds=(PRIVATE,)), clock())
    await service.access.keep(made)
    await service.source_control.pause(Choice(sources=(PASAR,)), reason="tutup")
    clock.advance(300)
    world.documents["/kota"] = rss("kota", 1, 2, 3, 4, edited=1)
    await run(service, "gather")
    await run(service, "deliver", "hub")
    clock.advance(300)
    world.documents["/kota"] = rss("kota", 1, 2, 3, 4, 5, edited=1)
    world.refuses = True
    await run(service, "gather", "deliver", "publish", "rank")
    (waiting,) = await service.store.backlog.list(CONFIGURED, 10, clock())
    state = await service.store.sources.state(DESA)
    assert state.next_due_at is not None
    counts = await service.store.deliveries.counts(REGISTERED, clock())
    return Recorded(
        at=clock(),
        entries=await entries(service),
        token=made.value,
        waiting=waiting.delivery.event.id,
        due=state.next_due_at,
        delivered=counts.delivered,
        seal_key=(service.settings.store.data_dir / "seal.key").read_text("ascii").strip(),
    )


async def record(layout: int) -> None:
    """Write the state of a service that runs this code."""
    clock = ManualClock(NOON)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = await stack.enter_async_context(own_redis(folder / "redis"))
        redis = f"unix://{server.socket}"
        world, url = await stack.enter_async_context(outside(ELSEWHERE))
        (folder / "config").mkdir()
        store = f'[store]\nurl = "{redis}"\nnamespace = "recorded"\ndata_dir = "{folder / "data"}"\n'
        (folder / "config" / "all.toml").write_text(store + configuration(url), "utf-8")
        async with open_service(load(folder / "config", {}), clock, wall=clock) as service:
            recorded = await lived(service, clock, world, url)
        path = FOLDER / f"state-{layout}.backup"
        async with connect(redis, anchor=Keys("recorded").meta()) as connection:
            end = await back_up(connection, "recorded", path)
    (FOLDER / f"state-{layout}.json").write_bytes(msgspec.json.format(msgspec.json.encode(recorded)) + b"\n")
    sys.stdout.write(f"{path}: {end.keys} keys, {path.stat().st_size} bytes\n")


if __name__ == "__main__":
    asyncio.run(record(int(sys.argv[1])))
