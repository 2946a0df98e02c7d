"""contrib/nginx: a real nginx with the shipped file, in front of the real web server."""

import asyncio
import base64
import os
import re
import shutil
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from egress.certificates import own_certificate
from support import ManualClock, until
from web.web_world import SITE, SPECS, Client, World, story

from syndicator.model.feed import FeedSpec, Filter
from syndicator.model.ids import FeedId, TokenId
from syndicator.model.token import Token
from syndicator.pipeline.ops.api_tokens import new_token
from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.feeds.private_feeds import PrivateFeeds
from syndicator.web.http.auth import Gate
from syndicator.web.http.forwarded import client_address
from syndicator.web.http.options import WebOptions
from syndicator.web.http.server import open_socket, port_of, serving

SHIPPED = Path(__file__).parents[2] / "contrib" / "nginx" / "syndicator.conf"
NAME = "news.example"
READER = "127.0.0.9"
"""The address that requests come from: not that of nginx."""
DESK = FeedSpec(id=FeedId("desk"), title="Meja mitra", filter=Filter(source=("kota",)), private=True)
TRUSTED = (ip_network("127.0.0.1/32"),)

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="needs nginx")


class LocalNames(AbstractResolver):
    """Finds every host on this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None:
        """Hold nothing."""


class Proxy:
    """nginx with the shipped file, whose ports, folders and upstream are those of a test."""

    def __init__(self, folder: Path, upstream: int) -> None:
        self.folder = folder
        self.plain, self.secure = _free_port(), _free_port()
        self.log = folder / "access.log"
        own = {
            "server 127.0.0.1:8080;": f"server 127.0.0.1:{upstream};",
            "/var/cache/nginx-syndicator": str(folder / "cache"),
            "/etc/letsencrypt/live/news.example/fullchain.pem": str(folder / "cert.pem"),
            "/etc/letsencrypt/live/news.example/privkey.pem": str(folder / "key.pem"),
            "/var/log/nginx/syndicator.log": str(self.log),
            "listen 80": f"listen 127.0.0.1:{self.plain}",
            "listen 443": f"listen 127.0.0.1:{self.secure}",
        }
        text = re.sub(r"^\s*listen \[::\].*\n", "", SHIPPED.read_text("utf-8"), flags=re.MULTILINE)
        for shipped, mine in own.items():
            assert shipped in text, f"{shipped!r} is what users change"
            text = text.replace(shipped, mine)
        (folder / "syndicator.conf").write_text(text, "utf-8")
        temporary = "".join(
            f"{name}_temp_path {folder}/temporary-{name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;\n" if os.getuid() == 0 else ""  # else its workers cannot reach the folder
        (folder / "nginx.conf").write_text(
            f"{user}daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log stderr;\n"
            f"events {{}}\nhttp {{\n{temporary}include {folder}/syndicator.conf;\n}}\n",
            "utf-8",
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        with (self.folder / "errors.log").open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                "nginx", "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", "stderr", stderr=errors
            )
        try:
            await until(lambda: process.returncode is not None or _listens(self.secure))
            assert process.returncode is None, (self.folder / "errors.log").read_text("utf-8")
            yield
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            await process.wait()


class Front:
    """What is reached through nginx, and what reaches the service behind it."""

    def __init__(self, proxy: Proxy, client: Client, seen: list[web.BaseRequest]) -> None:
        self.proxy = proxy
        self.client = client
        self.seen = seen
        self.get = client.get


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@asynccontextmanager
async def front_of(app: web.Application, folder: Path) -> AsyncIterator[tuple[Front, AsyncExitStack]]:
    """Serve an app behind nginx; what ends the app is yielded, too."""
    seen: list[web.BaseRequest] = []

    async def note(request: web.BaseRequest) -> None:
        seen.append(request)

    _, trusting = own_certificate(folder, f"DNS:{NAME}")
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(AsyncExitStack())
        opened = open_socket("127.0.0.1", 0)
        await service.enter_async_context(serving(_noting(app, note), opened, shutdown_timeout_s=1.0))
        proxy = Proxy(folder, port_of(opened))
        await stack.enter_async_context(proxy.running())
        client = await stack.enter_async_context(_client(proxy, trusting))
        yield Front(proxy, client, seen), service


def _noting(app: web.Application, note: Any) -> web.Application:
    @web.middleware
    async def noting(request: web.Request, handler: Any) -> Any:
        await note(request)
        return await handler(request)

    app.middlewares.insert(0, noting)
    return app


@asynccontextmanager
async def _client(proxy: Proxy, trusting: ssl.SSLContext) -> AsyncIterator[Client]:
    connector = aiohttp.TCPConnector(resolver=LocalNames(), local_addr=(READER, 0), ssl=trusting)
    async with aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        yield Client(session, f"https://{NAME}:{proxy.secure}")


@pytest.fixture
async def world(store: Store, clock: ManualClock) -> World:
    world = World(store, clock, specs=(*SPECS, DESK))
    await world.admit(story(1))
    return world


def app_of(world: World, **options: Any) -> web.Application:
    keys = PrivateFeeds(Gate(world.access, world.clock))
    return create_app(world.reading, WebOptions(trusted_proxies=TRUSTED, **options), keys=keys)


@pytest.fixture
async def front(world: World, tmp_path: Path) -> AsyncIterator[Front]:
    async with front_of(app_of(world), tmp_path) as (opened, _):
        yield opened


async def token_of(world: World) -> str:
    new = new_token(Token(id=TokenId("mitra"), feeds=(DESK.id,)), world.access.now())
    await world.access.keep(new)
    return new.value


def cached(front: Front) -> bytes:
    """Return everything that nginx keeps."""
    return b"".join(file.read_bytes() for file in (front.proxy.folder / "cache").rglob("*") if file.is_file())


async def test_what_is_public_is_kept_in_the_coding_of_each_reader(front: Front) -> None:
    for coding in ("br", "gzip", "identity"):
        first = await front.get("/feeds/latest.rss", {"Accept-Encoding": coding})
        again = await front.get("/feeds/latest.rss", {"Accept-Encoding": coding})
        assert (first.status, first.headers["X-Cache-Status"]) == (200, "MISS"), coding
        assert (again.status, again.headers["X-Cache-Status"]) == (200, "HIT"), coding
        assert first.headers.get("Content-Encoding", "identity") == coding
        for name in ("Content-Encoding", "ETag", "Last-Modified", "Cache-Control", "Link", "Date"):
            assert first.headers.get(name) == again.headers.get(name)
        assert first.body == again.body
    assert len(front.seen) == 3


async def test_pages_are_kept_in_the_language_of_each_reader(front: Front) -> None:
    for language in ("id", "en"):
        page = await front.get("/feeds/latest", {"Accept": "text/html", "Accept-Language": language})
        assert (page.status, page.headers["Content-Language"]) == (200, language)
        assert page.headers["Strict-Transport-Security"]
        assert "style-src 'self'" in page.headers["Content-Security-Policy"]


async def test_who_has_it_gets_304_whether_it_is_kept_or_not(front: Front) -> None:
    known = await front.get("/feeds/latest.rss")
    tag, changed = known.headers["ETag"], known.headers["Last-Modified"]
    conditions = (
        {"If-None-Match": tag},
        {"If-None-Match": f'"other", W/{tag}'},
        {"If-Modified-Since": changed},
        {"If-Modified-Since": "Thu, 05 Nov 2037 12:00:00 GMT"},
    )
    for number, asked in enumerate(conditions):
        path = f"/feeds/latest.rss?number={number}"
        for status in ("MISS", "HIT"):
            answer = await front.get(path, asked)
            assert (answer.status, answer.body) == (304, b""), asked
            assert (answer.headers["X-Cache-Status"], answer.headers["ETag"]) == (status, tag)
        assert (await front.get(path, {"If-None-Match": '"other"'})).status == 200
    assert len(front.seen) == 1 + len(conditions)


async def test_who_asks_for_what_changed_alone_is_answered_by_the_service(front: Front, world: World) -> None:
    tag = (await front.get("/feeds/latest.rss")).headers["ETag"]
    await world.admit(story(2))
    changed = await front.get("/feeds/latest.rss", {"A-IM": "feed", "If-None-Match": tag})
    assert (changed.status, changed.headers["IM"]) == (226, "feed")
    assert (await front.get("/feeds/latest.rss")).status == 200


async def test_a_private_feed_is_kept_for_nobody(front: Front, world: World) -> None:
    token = await token_of(world)
    pair = base64.b64encode(f"siapa saja:{token}".encode()).decode()
    in_url, as_password = f"/feeds/desk.atom?token={token}", {"Authorization": f"Basic {pair}"}
    for _ in range(2):
        for path, headers in ((in_url, {}), ("/feeds/desk.atom", as_password)):
            opened = await front.get(path, headers)
            assert (opened.status, opened.headers["Cache-Control"]) == (200, "private, no-store")
            assert b"Kabar" in opened.body
            known = {**headers, "If-None-Match": opened.headers["ETag"]}
            assert (await front.get(path, known)).status == 304
            assert (await front.get(path, {"If-None-Match": opened.headers["ETag"]})).status == (
                304 if path == in_url else 401
            )
        for path in ("/feeds/desk.atom", "/feeds/desk.atom?token=", "/feeds/desk.atom?token=synd_wrong"):
            assert (await front.get(path)).status == 401, path
    # A name in another spelling is no reason to keep what it opens.
    spelled = f"/feeds/desk.atom?%74oken={token}"
    assert (await front.get(spelled)).status == 200
    await front.get("/feeds/kota.rss")
    kept = cached(front)
    assert b"/feeds/kota.rss" in kept
    assert b"Meja mitra" not in kept
    assert b"desk" not in kept


async def test_tokens_of_private_feeds_are_not_logged(front: Front, world: World) -> None:
    token = await token_of(world)
    assert (await front.get(f"/feeds/desk.rss?token={token}")).status == 200
    logged = await until(lambda: front.proxy.log.read_text("utf-8"), lambda text: "/feeds/desk.rss" in text)
    assert READER in logged
    assert token not in logged


async def test_the_service_knows_who_asks(front: Front) -> None:
    for claimed in ({}, {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "127.0.0.1"}):
        await front.get("/feeds/latest.json?of=" + "-".join(claimed.values()), claimed)
        request = front.seen[-1]
        lines = request.headers.getall("X-Forwarded-For")
        assert client_address(request.remote, lines, TRUSTED) == READER, claimed
        assert request.headers["Host"] == NAME


async def test_other_names_lead_nowhere(front: Front) -> None:
    secure, plain = front.proxy.secure, front.proxy.plain
    with pytest.raises(aiohttp.ClientConnectionError):
        await front.get("/feeds/latest.rss", {"Host": "evil.example"})
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=LocalNames())) as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(f"https://evil.example:{secure}/feeds/latest.rss", ssl=False)
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(f"http://evil.example:{plain}/feeds/latest.rss")
        async with session.get(
            f"http://{NAME}:{plain}/feeds/latest.rss?a=b", allow_redirects=False
        ) as answer:
            assert (answer.status, answer.headers["Location"]) == (
                301,
                f"https://{NAME}/feeds/latest.rss?a=b",
            )
    assert front.seen == []
    links = (await front.get("/feeds/latest.rss", {"X-Forwarded-Host": "evil.example"})).headers["Link"]
    assert SITE.public_url in links
    assert "evil.example" not in links


async def test_who_guesses_at_the_sign_in_is_stopped_and_readers_are_not(front: Front) -> None:
    tried = [(await front.client.send("POST", "/admin/sign-in", body=b"token=x")).status for _ in range(20)]
    assert tried.count(429) >= 10
    assert tried[0] != 429
    read = [(await front.get("/feeds/latest.rss")).status for _ in range(100)]
    assert set(read) == {200}
    assert (await front.get("/admin/")).status != 429


async def test_what_is_sent_piece_by_piece_arrives_piece_by_piece(tmp_path: Path) -> None:
    has_arrived = asyncio.Event()

    async def live(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b"data: first\n\n")
        await has_arrived.wait()
        await answer.write(b"data: second\n\n")
        return answer

    app = web.Application()
    path = "/admin/log/live"
    app.add_routes([web.get(path, live)])
    async with (
        front_of(app, tmp_path) as (front, _),
        front.client._session.get(front.client.base + path) as answer,
    ):
        assert await answer.content.readline() == b"data: first\n"
        has_arrived.set()
        assert b"second" in await answer.read()


async def test_feeds_are_served_while_the_service_is_away(world: World, tmp_path: Path) -> None:
    app = app_of(world, feed_max_age_s=1, stale_while_revalidate_s=0)
    async with front_of(app, tmp_path) as (front, service):
        fresh = await front.get("/feeds/latest.rss")
        assert (await front.get("/feeds/desk.rss")).status == 401
        await service.aclose()

        async def status() -> Mapping[str, str]:
            answer = await front.get("/feeds/latest.rss")
            assert (answer.status, answer.body) == (200, fresh.body)
            assert answer.headers["Date"] == fresh.headers["Date"]
            await asyncio.sleep(0.1)  # not so often that it counts as too often
            return answer.headers

        await until(status, lambda headers: headers["X-Cache-Status"] == "STALE")
        assert (await front.get("/feeds/desk.rss")).status == 502
