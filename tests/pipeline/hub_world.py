"""A hub that a test directs, and our own subscriber with its real web server, over a real store."""

import hmac
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec.structs import replace
from support import ManualClock
from web.web_world import World

from syndicator.egress.client import Egress, open_egress
from syndicator.model.fetch import Fetched
from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import Source, SourceKind
from syndicator.model.subscription import SubscriptionStatus
from syndicator.pipeline.steps import JobReport
from syndicator.pipeline.websub.callbacks import HubCallbacks
from syndicator.pipeline.websub.subscriptions import SubscribeStep, WebsubSubscriptions
from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions
from syndicator.web.http.server import open_socket, port_of, serving

CITY = SourceId("kota")
TOPIC = "https://kota.example/rss"
SOURCE = Source(
    id=CITY,
    title="Berita Kota",
    kind=SourceKind.FEED,
    url=TOPIC,
    schedule=Every(interval_s=300),
    headers={"Authorization": "Bearer of-the-portal"},
)


def rss(*numbers: int) -> bytes:
    items = "".join(
        f"<item><title>Kabar {one}</title><link>https://kota.example/read/{one}</link><guid>g{one}</guid></item>"
        for one in numbers
    )
    return f'<rss version="2.0"><channel><title>Kota</title>{items}</channel></rss>'.encode()


@dataclass
class Hub:
    """Accepts, unless told otherwise; verifies and pushes when told to."""

    session: aiohttp.ClientSession
    url: str = ""
    status: int = 202
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    eager: bool = False
    """Whether it asks back before it answers, as many do."""
    echoes: bool = False
    """Whether it says in its answer what it was sent."""
    asked: list[dict[str, str]] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)
    """Headers of the requests."""

    async def answer(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.asked.append({key: str(value) for key, value in form.items()})
        self.sent.append({key.lower(): value for key, value in request.headers.items()})
        if request.path == "/moved":
            return web.Response(status=307, headers={"Location": self.url + "push"})
        if self.eager and self.status == 202:
            assert (await self.verify())[0] == 200
        text = f"cannot take {self.asked[-1]}" if self.echoes else self.text
        return web.Response(status=self.status, text=text, headers=self.headers)

    async def verify(
        self, form: dict[str, str] | None = None, *, lease_s: int | None = 864_000, **changes: str
    ) -> tuple[int, str]:
        """Ask back; gives status and body."""
        form = form or self.asked[-1]
        query = {
            "hub.mode": form["hub.mode"],
            "hub.topic": form["hub.topic"],
            "hub.challenge": "tantangan + &=?",
        }
        if lease_s is not None:
            query["hub.lease_seconds"] = str(lease_s)
        return await self.get(form["hub.callback"], query | {f"hub.{k}": v for k, v in changes.items()})

    async def get(self, callback: str, query: dict[str, str]) -> tuple[int, str]:
        async with self.session.get(callback, params=query) as response:
            return response.status, await response.text()

    async def push(
        self,
        body: bytes,
        form: dict[str, str] | None = None,
        *,
        secret: str | None = None,
        method: str | None = "sha256",
        headers: dict[str, str] | None = None,
    ) -> int:
        """Push a document; `method` None leaves it unsigned."""
        form = form or next(one for one in reversed(self.asked) if one["hub.mode"] == "subscribe")
        key = form["hub.secret"] if secret is None else secret
        sent = {"Content-Type": "application/rss+xml", "Link": f'<{self.url}>; rel="hub"'} | (headers or {})
        if method is not None:
            sent["X-Hub-Signature"] = f"{method}={hmac.digest(key.encode(), body, method).hex()}"
        async with self.session.post(form["hub.callback"], data=io.BytesIO(body), headers=sent) as response:
            return response.status


@dataclass
class Subscriber:
    """Our side: what the worker and the web have of it."""

    store: Store
    clock: ManualClock
    egress: Egress
    public_url: str
    pushes: list[None] = field(default_factory=list)
    source: Source = SOURCE
    reachable: bool = True

    @property
    def websub_subscriptions(self) -> WebsubSubscriptions:
        sources = {self.source.id: self.source}
        return WebsubSubscriptions(
            self.store, sources, self.clock, public_url=self.public_url, reachable=self.reachable
        )

    @property
    def callbacks(self) -> HubCallbacks:
        return HubCallbacks(
            self.store, self.websub_subscriptions, self.clock, lambda: self.pushes.append(None)
        )

    async def reads(self, *hubs: str, self_url: str = TOPIC, body: bytes = b"") -> None:
        """Poll a document that names these hubs."""
        fetched = Fetched(
            requested_url=TOPIC, url=TOPIC, status=200, headers={}, body=body, fetched_at=self.clock()
        )
        await self.websub_subscriptions.advertised(self.source, fetched, hubs, self_url)

    async def work(self) -> list[JobReport]:
        """Do what is due, as a worker that has just started does."""
        reports: list[JobReport] = []
        step = SubscribeStep(self.store, self.egress, self.websub_subscriptions, self.clock)
        for _ in range(10):
            taken = await step.take(10)
            if not taken.jobs:
                return reports
            for job in taken.jobs:
                report = await job()
                if report is not None:
                    reports.append(report)
        raise AssertionError("a worker would never come to rest")

    async def subscribed(self, hub: Hub, lease_s: int = 864_000) -> dict[str, str]:
        """Go all the way to a verified subscription; gives the hub's form."""
        await self.reads(hub.url)
        await self.work()
        assert (await hub.verify(lease_s=lease_s))[0] == 200
        return hub.asked[-1]

    async def status(self) -> SubscriptionStatus:
        found = await self.websub_subscriptions.status(self.source)
        assert found is not None
        return found

    def changed(self, **changes: object) -> "Subscriber":
        """Give another configuration over the same state."""
        return Subscriber(
            self.store, self.clock, self.egress, self.public_url, self.pushes, replace(self.source, **changes)
        )


@asynccontextmanager
async def open_hub() -> AsyncIterator[Hub]:
    async with AsyncExitStack() as stack:
        hub = Hub(await stack.enter_async_context(aiohttp.ClientSession()))
        app = web.Application()
        app.router.add_post("/{path:.*}", hub.answer)
        server = await stack.enter_async_context(TestServer(app))
        hub.url = str(server.make_url("/"))
        yield hub


@asynccontextmanager
async def open_subscriber(
    store: Store, clock: ManualClock, source: Source = SOURCE
) -> AsyncIterator[Subscriber]:
    """Serve our callbacks on a free port of this machine."""
    opened = open_socket("127.0.0.1", 0)
    loopback = (ip_network("127.0.0.0/8"),)
    async with open_egress(
        user_agent="syndicator-test/1", allow=loopback, allow_callbacks=(), clock=clock
    ) as egress:
        ours = Subscriber(store, clock, egress, f"http://127.0.0.1:{port_of(opened)}", source=source)
        app = create_app(World(store, clock).reading, WebOptions(), callbacks=ours.callbacks)
        async with serving(app, opened, shutdown_timeout_s=1.0):
            yield ours
