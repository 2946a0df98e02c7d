"""Requests for a source over a real connection: its headers, its validators, its limits."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer
from egress.raw_server import egress_on
from gather.gather_values import source
from msgspec.structs import replace

from syndicator.model.fetch import Fetched, FetchFailed, NotModified, Reason
from syndicator.model.source import FetchLimits, SourceState
from syndicator.pipeline.sources.polite_client import fetch_for

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LOOPBACK = "127.0.0.0/8"


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


async def test_validators_and_headers_of_a_source() -> None:
    seen: list[web.Request] = []

    async def feed(request: web.Request) -> web.Response:
        seen.append(request)
        if request.headers.get("If-None-Match") == '"v1"':
            return web.Response(status=304)
        return web.Response(text="x", headers={"ETag": '"v1"'})

    async with portal(feed=feed) as url, egress_on(LOOPBACK) as egress:
        news = source(url=f"{url}feed", headers={"X-Key": "k"})
        first = await fetch_for(egress, news, news.url)
        assert isinstance(first, Fetched)
        state = SourceState(etag=first.headers["etag"], last_modified="Tue, 03 Nov 2026 10:00:00 GMT")
        assert isinstance(await fetch_for(egress, news, news.url, state), NotModified)
        assert isinstance(await fetch_for(egress, news, f"{url}feed?other"), Fetched)
    assert [request.headers.get("If-None-Match") for request in seen] == [None, '"v1"', None]
    assert seen[1].headers["If-Modified-Since"] == "Tue, 03 Nov 2026 10:00:00 GMT"
    assert {request.headers["X-Key"] for request in seen} == {"k"}


async def test_the_limits_of_the_source_hold() -> None:
    async def feed(_request: web.Request) -> web.Response:
        return web.Response(text="x" * 5000)

    async with portal(feed=feed) as url, egress_on(LOOPBACK) as egress:
        limited = source(url=f"{url}feed", limits=FetchLimits(max_body_bytes=1000))
        answer = await fetch_for(egress, limited, limited.url)
    assert isinstance(answer, FetchFailed)
    assert answer.reason is Reason.TOO_LARGE


async def test_headers_of_a_source_go_to_its_own_origin_alone() -> None:
    seen: list[str | None] = []

    async def note(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.Response(text="x")

    async with (
        portal(feed=note, read=note) as own,
        portal(read=note) as other,
        egress_on(LOOPBACK) as egress,
    ):
        private = replace(source(url=f"{own}feed"), headers={"Authorization": "Bearer secret"})
        for url in (private.url, f"{own}read", f"{other}read"):
            await fetch_for(egress, private, url)
    assert seen == ["Bearer secret", "Bearer secret", None]
