"""Our own hub over a real service, as a subscriber meets it; the subscriber is a server that a test directs."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDictProxy
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from web.web_world import Answer, Client, client_of

from syndicator.model.feed import Format
from syndicator.model.hub import Subscriber
from syndicator.model.ids import FeedId
from syndicator.pipeline.steps import JobReport
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

PUBLIC = "https://feeds.example/news"
HUB = f"{PUBLIC}/hub"
LATEST = FeedId("latest")
TOPIC = f"{PUBLIC}/feeds/latest.rss"
FEEDS = f"""
[site]
title = "Warta"
public_url = "{PUBLIC}"
[feed.latest]
title = "Terbaru"
size = 3
[feed.sport]
title = "Olahraga"
filter = {{ section = ["olahraga"] }}
"""
SECRET = "rahasia +&=ü"


@dataclass(frozen=True)
class Asked:
    """A request that asks back, or denies."""

    raw_query: str
    query: Mapping[str, str]
    """Of a name that comes twice, the last."""


@dataclass(frozen=True)
class Pushed:
    """A delivery."""

    path_qs: str
    headers: CIMultiDictProxy[str]
    body: bytes

    def is_signed_with(self, secret: str) -> bool:
        method, _, claimed = self.headers.get("X-Hub-Signature", "").partition("=")
        return bool(claimed) and claimed == hmac.new(secret.encode(), self.body, method).hexdigest()


@dataclass
class Reader:
    """A subscriber's site: says yes to what it is asked, and takes what it is sent, unless told otherwise."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    pushed: list[Pushed] = field(default_factory=list)
    agrees: Callable[[Asked], web.Response | None] = lambda _: None
    statuses: list[int] = field(default_factory=list)
    """Of the next deliveries; then 204."""
    headers: dict[str, str] = field(default_factory=dict)
    on_push: Callable[[Pushed], Any] = lambda _: None
    hangs: asyncio.Event | None = None

    async def get(self, request: web.Request) -> web.Response:
        asked = Asked(request.rel_url.raw_query_string, dict(request.query))
        self.asked.append(asked)
        answer = self.agrees(asked)
        return answer or web.Response(text=request.query.getall("hub.challenge", [""])[-1])

    async def post(self, request: web.Request) -> web.Response:
        pushed = Pushed(request.raw_path, request.headers, await request.read())
        self.pushed.append(pushed)
        if self.hangs is not None:
            await self.hangs.wait()
        told = self.on_push(pushed)
        if asyncio.iscoroutine(told):
            await told
        status = self.statuses.pop(0) if self.statuses else 204
        return web.Response(
            status=status, headers=self.headers, body=b"" if status == 204 else b"x" * 100_000
        )


@dataclass
class World:
    """The hub, and a client of its web server."""

    service: Service
    client: Client
    reader: Reader

    async def post(self, form: Mapping[str, str], path: str = "/news/hub") -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.client.post(path, urlencode(form).encode(), headers)

    def form(self, callback: str | None = None, **changes: str) -> dict[str, str]:
        form = {
            "hub.mode": "subscribe",
            "hub.topic": TOPIC,
            "hub.callback": callback or f"{self.reader.url}/cb",
        }
        return form | {f"hub.{name}": value for name, value in changes.items()}

    async def subscribe(self, callback: str | None = None, **changes: str) -> None:
        """Go all the way to a verified subscription."""
        assert (await self.post(self.form(callback, **changes))).status == 202
        await self.work()

    async def work(self) -> list[JobReport]:
        """Do all that is due now."""
        reports: list[JobReport] = []
        step = self.service.hub_step
        await Runner(step, capacity=32, clock=self.service.clock, on_report=reports.append).run(
            until_empty=True
        )
        return reports

    async def publish(self, *numbers: int, title: str | None = None) -> None:
        """Have the feed change, and its subscribers told."""
        await admit(self.service, *numbers, title=title)
        await self.work()

    async def later(self, seconds: float) -> list[JobReport]:
        """Let time pass and do what is due then."""
        self.service.clock.advance(seconds)  # type: ignore[attr-defined]
        return await self.work()

    async def body(self, form: Format = Format.RSS) -> bytes:
        answer = await self.client.get(f"/news/feeds/latest.{form.value}", {"Accept-Encoding": "identity"})
        return answer.body

    async def subscribers(self) -> list[Subscriber]:
        return await self.service.store.hub.newest(0)


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    played = Reader()
    app = web.Application(client_max_size=10_000_000)
    app.router.add_get("/{path:.*}", played.get)
    app.router.add_post("/{path:.*}", played.post)
    async with TestServer(app) as server:
        played.url = str(server.make_url("")).rstrip("/")
        yield played
        if played.hangs is not None:
            played.hangs.set()


def config_of(hub: str = "") -> str:
    """Give the configuration, with more keys of `[hub]`."""
    return f"{FEEDS}\n[hub]\njitter = 0.0\n{hub}"


@asynccontextmanager
async def open_world(service_of: OpenService, reader: Reader, hub: str = "") -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(service_of(config_of(hub)))
        await admit(service, 1)
        app = create_app(service.queries, WebOptions(), hub=service.hub)
        client = await stack.enter_async_context(client_of(app))
        yield World(service, client, reader)


@pytest.fixture
async def world(service_of: OpenService, reader: Reader) -> AsyncIterator[World]:
    async with open_world(service_of, reader) as opened:
        yield opened
