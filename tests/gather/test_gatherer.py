"""The door of the room, over a real connection: requests with validators, documents read in the pool."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_network

from aiohttp import web
from aiohttp.test_utils import TestServer
from gather.gather_values import rss, source
from msgspec.structs import replace

from syndicator.egress.client import open_egress
from syndicator.gather.documents.parser_pool import open_pool
from syndicator.gather.gatherer import Gatherer
from syndicator.model.clock import system_clock
from syndicator.model.fetch import Fetched, FetchFailed, NotModified, Reason
from syndicator.model.source import (
    ArticleRule,
    FetchLimits,
    ListRule,
    PopularRule,
    Source,
    SourceKind,
    SourceState,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LOOPBACK = (ip_network("127.0.0.0/8"),)
PAGE = (
    "<ul><li><a href='/read/1'>Judul satu</a> <i>Selasa, 03 November 2026 10:00 WIB</i></li></ul>"
    "<ol><li><a href='/read/1'>Judul satu</a> <b>2.619</b></li></ol>"
)
ARTICLE = "<h1>Judul satu</h1><div class=body><p>Isi.</p></div>"


@asynccontextmanager
async def portal(**handlers: Handler) -> AsyncIterator[str]:
    """Run a portal on loopback; a handler's name is its path."""
    app = web.Application()
    for name, handler in handlers.items():
        app.router.add_get(f"/{name}", handler)
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("/"))
    finally:
        await server.close()


@asynccontextmanager
async def gatherer() -> AsyncIterator[Gatherer]:
    async with (
        open_egress(user_agent="test", allow=LOOPBACK, allow_callbacks=(), clock=system_clock) as egress,
        open_pool(workers=1) as pool,
    ):
        yield Gatherer(egress, pool)


def says(body: str) -> Handler:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(text=body, content_type="text/html")

    return handler


async def test_a_feed_with_validators_and_headers_of_its_own() -> None:
    seen: list[web.Request] = []

    async def feed(request: web.Request) -> web.Response:
        seen.append(request)
        if request.headers.get("If-None-Match") == '"v1"':
            return web.Response(status=304)
        return web.Response(body=rss("<title>a</title><link>/1</link>").encode(), headers={"ETag": '"v1"'})

    async with portal(feed=feed) as url, gatherer() as door:
        news = source(url=f"{url}feed", headers={"X-Key": "k"})
        first = await door.fetch(news)
        assert isinstance(first, Fetched)
        reading = await door.read_feed(news, first)
        assert reading.candidates[0].url == f"{url}1"
        state = SourceState(etag=first.headers["etag"], last_modified="Tue, 03 Nov 2026 10:00:00 GMT")
        assert isinstance(await door.fetch(news, news.url, state), NotModified)
        assert isinstance(await door.fetch(news, f"{url}feed?other"), Fetched)
    assert [request.headers.get("If-None-Match") for request in seen] == [None, '"v1"', None]
    assert seen[1].headers["If-Modified-Since"] == "Tue, 03 Nov 2026 10:00:00 GMT"
    assert {request.headers["X-Key"] for request in seen} == {"k"}


async def test_the_limits_of_the_source_hold() -> None:
    async with portal(feed=says("x" * 5000)) as url, gatherer() as door:
        answer = await door.fetch(source(url=f"{url}feed", limits=FetchLimits(max_body_bytes=1000)))
    assert isinstance(answer, FetchFailed)
    assert answer.reason is Reason.TOO_LARGE


async def test_pages_are_read_in_the_pool() -> None:
    async with portal(berita=says(PAGE), **{"artikel-1": says(ARTICLE)}) as url, gatherer() as door:
        news = Source(
            **{name: getattr(source(), name) for name in ("id", "title", "schedule")},
            kind=SourceKind.PAGE,
            url=f"{url}berita",
            timezone="Asia/Jakarta",
            list=ListRule(item="ul li", date="i"),
            article=ArticleRule(title="h1", body=".body"),
            popular=PopularRule(item="ol li", views="b"),
        )
        page = await door.fetch(news)
        assert isinstance(page, Fetched)
        listed = await door.read_list(news, page)
        assert [item.url for item in listed.items] == [f"{url}read/1"]
        assert listed.items[0].published_at == datetime(2026, 11, 3, 3, tzinfo=UTC)
        assert listed.popular == (await door.read_popular(news, page)).items
        assert listed.popular[0].views == 2619
        answer = await door.fetch(news, f"{url}artikel-1")
        assert isinstance(answer, Fetched)
        candidate = (await door.read_article(news, answer, listed.items[0])).candidate
        assert candidate.title == "Judul satu"
        assert candidate.url == f"{url}read/1"
        assert candidate.canonical_url == f"{url}artikel-1"
        assert candidate.body_html == "<p>Isi.</p>"


async def test_what_is_configured_for_a_source_goes_to_its_own_origin_alone() -> None:
    seen: list[str | None] = []

    async def note(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.Response(text="x")

    async with portal(feed=note, read=note) as own, portal(read=note) as other, gatherer() as gathering:
        private = replace(source(url=f"{own}feed"), headers={"Authorization": "Bearer secret"})
        await gathering.fetch(private)
        await gathering.fetch(private, f"{own}read")
        await gathering.fetch(private, f"{other}read")
    assert seen == ["Bearer secret", "Bearer secret", None]
