"""When Redis is away, and when it comes back: a server of our own, stopped for real."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import brotli
import pytest
from aiohttp import web
from support import ManualClock
from web.web_world import SITE, Client, World, client_of, story

from syndicator.pipeline.ad_hoc import AdHocFeeds
from syndicator.pipeline.last_good import LastGood
from syndicator.pipeline.scoring import Scoring
from syndicator.rules.popularity import PopularityPolicy
from syndicator.store.embedded import EmbeddedServer, find_server
from syndicator.store.rendition_files import RenditionFiles
from syndicator.store.store import Store, StoreOptions, open_store
from syndicator.web.app import create_app, create_ops_app, create_waiting_app
from syndicator.web.feeds import FeedRoutes
from syndicator.web.options import OpsOptions, WebOptions

HTML = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": "en"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    own = EmbeddedServer(tmp_path / "redis", find_server(None))
    (tmp_path / "redis").mkdir()
    await own.ensure()
    yield own
    await own.stop()


@pytest.fixture
async def own_store(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Store]:
    options = StoreOptions(url=f"unix://{server.socket}", namespace="away", data_dir=tmp_path)
    async with open_store(options) as opened:
        yield opened


@pytest.fixture
def world(own_store: Store, clock: ManualClock) -> World:
    return World(own_store, clock)


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    await world.admit(story(1))
    async with client_of(create_app(world.reading, WebOptions())) as opened:
        yield opened


async def test_a_feed_that_was_served_is_served_on(server: EmbeddedServer, client: Client) -> None:
    before = await client.get("/feeds/latest.rss")
    await server.stop()
    away = await client.get("/feeds/latest.rss")
    assert (away.status, away.body) == (200, before.body)
    assert away.headers["ETag"] == before.headers["ETag"]
    assert int(away.headers["Age"]) >= 0
    unchanged = await client.get("/feeds/latest.rss", {"If-None-Match": before.headers["ETag"]})
    assert unchanged.status == 304
    await server.ensure()
    async with asyncio.timeout(20):
        while "Age" in (await client.get("/feeds/latest.rss")).headers:
            await asyncio.sleep(0.05)


async def test_a_feed_of_any_filter_is_served_on(server: EmbeddedServer, world: World) -> None:
    await world.admit(story(1))
    seconds = [100.0]
    feeds = AdHocFeeds(
        store=world.store,
        publisher=world.publisher,
        scoring=Scoring(world.store, PopularityPolicy()),
        clock=world.clock,
        monotonic=lambda: seconds[0],
    )
    async with client_of(create_app(world.reading, WebOptions(), ad_hoc=feeds)) as client:
        before = await client.get("/articles.rss?tag=banjir")
        await server.stop()
        seconds[0] = 142.7
        away = await client.get("/articles.rss?tag=banjir")
        assert (away.status, away.body, away.headers["Age"]) == (200, before.body, "42")
        assert (await client.get("/articles.rss?tag=jalan")).status == 503


async def test_the_age_is_counted_from_the_last_time_that_redis_confirmed(
    server: EmbeddedServer, world: World
) -> None:
    seconds = [100.0]
    world.publisher.last_good = LastGood(monotonic=lambda: seconds[0])
    routes = FeedRoutes(world.reading, WebOptions())
    app = web.Application()
    app.add_routes(routes.routes())
    async with client_of(app) as client:
        await client.get("/feeds/latest.rss")
        await server.stop()
        seconds[0] = 142.7
        assert (await client.get("/feeds/latest.rss")).headers["Age"] == "42"


async def test_the_next_process_serves_what_this_one_wrote_to_disk(
    server: EmbeddedServer, world: World, own_store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    def on_disk() -> LastGood:
        return LastGood(RenditionFiles(tmp_path / "feeds", dict.fromkeys(world.publisher.specs, "")))

    await world.admit(story(1))
    world.publisher.last_good = on_disk()
    async with (
        world.publisher.last_good.keeping(),
        client_of(create_app(world.reading, WebOptions())) as client,
    ):
        before = await client.get("/feeds/latest.rss")
    await server.stop()
    next_world = World(own_store, clock)
    next_world.publisher.last_good = last_good = on_disk()
    waiting = create_waiting_app(SITE, next_world.publisher.specs, on_disk(), WebOptions())
    for app in (create_app(next_world.reading, WebOptions()), waiting):
        async with last_good.keeping(), client_of(app) as client:
            for path in ("/feeds/latest.rss", "/news/feeds/latest.rss"):
                away = await client.get(path, {"Accept-Encoding": "br"})
                assert away.status == 200
                assert brotli.decompress(away.body) == before.body
                assert int(away.headers["Age"]) >= 0
                assert away.headers["Link"] == before.headers["Link"]
                again = await client.get(path, {"If-None-Match": before.headers["ETag"]}, "HEAD")
                assert again.status == 304
            assert (await client.get("/feeds/kota.rss")).status == 503
            assert (await client.get("/feeds/nothing.rss")).status == 404
            assert (await client.get("/articles/abcdefghijklmnop")).status == 503
            assert (await client.get("/healthz")).status == 200


async def test_a_disk_that_fails_costs_nothing_else(
    server: EmbeddedServer, world: World, tmp_path: Path
) -> None:
    (tmp_path / "feeds").write_text("no folder", "utf-8")
    files = RenditionFiles(tmp_path / "feeds", dict.fromkeys(world.publisher.specs, ""))
    world.publisher.last_good = last_good = LastGood(files)
    await world.admit(story(1))
    async with last_good.keeping(), client_of(create_app(world.reading, WebOptions())) as client:
        assert (await client.get("/feeds/latest.rss")).status == 200
        await last_good.write()
        await server.stop()
        assert (await client.get("/feeds/latest.rss")).status == 200
        assert (await client.get("/feeds/kota.rss")).status == 503


async def test_a_feed_that_was_never_read_is_a_problem(server: EmbeddedServer, client: Client) -> None:
    await server.stop()
    answer = await client.get("/feeds/kota.atom")
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "10"
    assert json.loads(answer.body)["type"] == "https://feeds.example/news/problems/unavailable"


async def test_pages_show_what_they_can(server: EmbeddedServer, client: Client) -> None:
    await server.stop()
    index = await client.get("/", HTML)
    assert index.status == 200
    assert "cannot be read right now" in index.text
    assert "https://feeds.example/news/feeds/latest.rss" in index.text
    article = await client.get("/articles/abcdefghijklmnop", HTML)
    assert article.status == 503
    assert "It cannot be read right now" in article.text


async def test_a_page_that_was_drawn_is_sent_on(server: EmbeddedServer, client: Client) -> None:
    before = {path: await client.get(path, HTML) for path in ("/", "/feeds/latest")}
    await server.stop()
    for path, page in before.items():
        away = await client.get(path, HTML)
        assert (away.status, away.body) == (200, page.body)
        assert away.headers["ETag"] == page.headers["ETag"]
    other = await client.get("/feeds/kota", HTML)
    assert other.status == 200
    assert "cannot be read right now" in other.text


async def test_probes_tell_ready_degraded_and_down(server: EmbeddedServer, client: Client) -> None:
    ready = await client.get("/readyz")
    assert ready.status == 200
    assert json.loads(ready.body) == {
        "status": "ready",
        "parts": {
            "store": {"status": "ready", "detail": "Redis answers."},
            "feeds": {"status": "ready", "detail": "3 feeds are served as they are now."},
        },
    }
    await server.stop()
    down = await client.get("/readyz")
    assert (down.status, json.loads(down.body)["status"]) == (503, "down")
    assert (await client.get("/healthz")).status == 200
    await server.ensure()
    await client.get("/feeds/latest.rss")
    await server.stop()
    degraded = await client.get("/readyz")
    told = json.loads(degraded.body)
    assert (degraded.status, told["status"]) == (200, "degraded")
    assert told["parts"]["store"]["status"] == "down"
    assert told["parts"]["feeds"]["detail"] == "1 of 3 feeds are served as last known."


async def test_the_operators_page_says_so(server: EmbeddedServer, world: World) -> None:
    await server.stop()
    async with client_of(
        create_ops_app(world.reading, OpsOptions(metrics=lambda: b""), world.table)
    ) as client:
        answer = await client.get("/status", HTML)
        assert answer.status == 503
        assert "It cannot be read right now" in answer.text
