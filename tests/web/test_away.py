"""When Redis is away, and when it comes back: a server of our own, stopped for real."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import brotli
import pytest
from aiohttp import web
from support import ManualClock, refuse_writes, until
from web.web_world import OPS, OPS_TOKEN, SITE, Client, World, client_of, story

from syndicator.model.feed import READER_FORMATS, Format
from syndicator.pipeline.feeds.any_filter_feeds import AnyFilterFeeds
from syndicator.pipeline.feeds.stale_cache import StaleCache
from syndicator.pipeline.feeds.stale_cache_refresh import StaleCacheRefresh
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.rules.popularity.popularity_score import PopularityPolicy
from syndicator.store.connection import connect
from syndicator.store.embedded import EmbeddedServer
from syndicator.store.feeds.rendition_files import RenditionFiles
from syndicator.store.store import Store, StoreOptions, open_store
from syndicator.store.watch import SILENCE_S
from syndicator.web.access.sign_in_links import sign_in_path
from syndicator.web.app import create_app, create_waiting_app
from syndicator.web.feeds.feed_routes import FeedRoutes
from syndicator.web.http.options import WebOptions

HTML = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": "en"}


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
    await until(lambda: client.get("/feeds/latest.rss"), lambda found: "Age" not in found.headers)


@asynccontextmanager
async def hanging(server: EmbeddedServer, client: Client) -> AsyncIterator[None]:
    """Stop the process of a server, as a disk that hangs would; afterwards wait until feeds are fresh."""
    assert server._process is not None
    os.kill(server._process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server._process.pid, signal.SIGCONT)
    await until(lambda: client.get("/feeds/latest.rss"), lambda found: "Age" not in found.headers)


async def test_a_feed_tells_its_age_while_redis_hangs(
    server: EmbeddedServer, client: Client, world: World
) -> None:
    async with world.store.watch.running():
        before = await client.get("/feeds/latest.rss")
        assert "Age" not in before.headers
        async with hanging(server, client):
            await asyncio.sleep(SILENCE_S)
            ages = []
            for _ in range(5):
                asked_at = time.monotonic()
                away = await client.get("/feeds/latest.rss")
                assert time.monotonic() - asked_at < 2.9  # not the time-out of a connection
                assert (away.status, away.body) == (200, before.body)
                ages.append(int(away.headers["Age"]))
                await asyncio.sleep(0.5)
            assert ages == sorted(ages)
            assert ages[-1] >= 2
        await world.admit(story(2))
        async with asyncio.timeout(30):  # a busy machine may still serve what was known last
            while "/read/2/kabar" not in (await client.get("/feeds/latest.rss")).text:
                await asyncio.sleep(0.1)


async def test_a_change_that_redis_hangs_upon_does_not_hold_readers_up(
    server: EmbeddedServer, client: Client, world: World
) -> None:
    async with world.store.watch.running():
        before = await client.get("/feeds/latest.rss")
        await world.admit(story(2))
        await world.publisher.version(world.specs[0].id, patiently=True)  # known; its bytes are not made yet
        async with hanging(server, client):
            asked_at = time.monotonic()
            away = await client.get("/feeds/latest.rss", {"Accept-Encoding": "identity"})
            assert time.monotonic() - asked_at < 2.9
            assert (away.status, away.body, "Age" in away.headers) == (200, before.body, True)


async def test_feeds_that_nobody_asked_for_are_there_when_redis_is_away(
    server: EmbeddedServer, world: World, tmp_path: Path
) -> None:
    def on_disk() -> StaleCache:
        return StaleCache(RenditionFiles(tmp_path / "feeds", dict.fromkeys(world.publisher.specs, "")))

    async def refreshed(form: str, held: str) -> None:
        """Wait until a copy holds something: it is looked for what changed again and again."""
        async with asyncio.timeout(20):
            while True:
                kept = await on_disk().get(world.specs[0].id, Format(form))
                if kept is not None and held in kept[0].body.decode():
                    return
                await refresher.refresh()
                await world.publisher.stale_cache.write()

    world.publisher.stale_cache = on_disk()
    await world.publisher.stale_cache.look()
    refresher = StaleCacheRefresh(world.store.feeds, world.publisher, world.clock)
    await world.admit(story(1))
    for form in READER_FORMATS:
        await refreshed(form, "Pembuka kabar nomor 1")
    await world.admit(story(2))
    for form in READER_FORMATS:
        await refreshed(form, "Pembuka kabar nomor 2")
    paths = [f"/feeds/{spec.id}.{form}" for spec in world.specs for form in READER_FORMATS]
    later = World(world.store, world.clock)
    later.publisher.stale_cache = on_disk()
    await later.publisher.stale_cache.look()
    async with client_of(create_app(world.reading, WebOptions())) as client:
        ready = json.loads((await client.get("/readyz")).body)
        assert ready["status"] == "ready"
        async with hanging(server, client):
            degraded = await client.get("/readyz")
            assert degraded.status == 200
            assert "3 of 3 feeds are served as last known." in degraded.text
            for path in paths:
                asked_at = time.monotonic()
                answer = await client.get(path)
                assert (answer.status, "Age" in answer.headers) == (200, True)
                assert time.monotonic() - asked_at < 2.9
    await server.stop()
    async with client_of(create_app(later.reading, WebOptions())) as client:
        assert [(await client.get(path)).status for path in paths] == [200] * 9


async def test_a_probe_counts_feeds_that_were_rendered_ahead(server: EmbeddedServer, world: World) -> None:
    for spec in world.specs:
        await world.publisher.rendition(spec.id, Format.RSS)
    async with client_of(create_app(world.reading, WebOptions())) as client, hanging(server, client):
        assert (await client.get("/feeds/latest.rss")).status == 200
        probe = await client.get("/readyz")
        assert (probe.status, json.loads(probe.body)["status"]) == (200, "degraded")


async def test_a_feed_of_any_filter_is_served_on(server: EmbeddedServer, world: World) -> None:
    await world.admit(story(1))
    seconds = [100.0]
    feeds = AnyFilterFeeds(
        store=world.store,
        publisher=world.publisher,
        scoring=Scoring(world.store, PopularityPolicy()),
        clock=world.clock,
        monotonic=lambda: seconds[0],
    )
    async with client_of(create_app(world.reading, WebOptions(), any_filter_feeds=feeds)) as client:
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
    world.publisher.stale_cache = StaleCache(monotonic=lambda: seconds[0])
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
    def on_disk() -> StaleCache:
        return StaleCache(RenditionFiles(tmp_path / "feeds", dict.fromkeys(world.publisher.specs, "")))

    await world.admit(story(1))
    world.publisher.stale_cache = on_disk()
    async with (
        world.publisher.stale_cache.keeping(),
        client_of(create_app(world.reading, WebOptions())) as client,
    ):
        before = await client.get("/feeds/latest.rss")
    await server.stop()
    next_world = World(own_store, clock)
    next_world.publisher.stale_cache = stale_cache = on_disk()
    waiting = create_waiting_app(SITE, next_world.publisher.specs, on_disk(), WebOptions())
    for app in (create_app(next_world.reading, WebOptions()), waiting):
        async with stale_cache.keeping(), client_of(app) as client:
            for path in ("/feeds/latest.rss", "/news/feeds/latest.rss"):
                away = await client.get(path, {"Accept-Encoding": "br"})
                assert away.status == 200
                assert brotli.decompress(away.body) == before.body
                assert int(away.headers["Age"]) >= 0
                assert away.headers["Link"] == before.headers["Link"]
                again = await client.get(path, {"If-None-Match": before.headers["ETag"]}, "HEAD")
                assert again.status == 304
            assert (await client.get("/feeds/kota.rss")).status == 503
            assert (await client.get("/feeds/nothing.rss")).status == (503 if app is waiting else 404)
            assert (await client.get("/articles/abcdefghijklmnop")).status == 503
            assert (await client.get("/healthz")).status == 200


async def test_a_disk_that_fails_costs_nothing_else(
    server: EmbeddedServer, world: World, tmp_path: Path
) -> None:
    (tmp_path / "feeds").write_text("no folder", "utf-8")
    files = RenditionFiles(tmp_path / "feeds", dict.fromkeys(world.publisher.specs, ""))
    world.publisher.stale_cache = stale_cache = StaleCache(files)
    await world.admit(story(1))
    async with stale_cache.keeping(), client_of(create_app(world.reading, WebOptions())) as client:
        assert (await client.get("/feeds/latest.rss")).status == 200
        await stale_cache.write()
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


WRITES_FAIL: dict[str, tuple[tuple[str, ...], str]] = {
    "it is a replica": (("REPLICAOF", "127.0.0.1", "1"), "is a replica, which takes no writes"),
    "its user may not": (("ACL", "SETUSER", "default", "-@write"), "see its ACL"),
    "it has no memory": (("CONFIG", "SET", "maxmemory", "1"), "has no memory left"),
    "too few replicas": (("CONFIG", "SET", "min-replicas-to-write", "1"), "fewer replicas than"),
    "writes are paused": (("CLIENT", "PAUSE", "60000", "WRITE"), "takes no writes"),
}


@pytest.mark.parametrize("fault", WRITES_FAIL)
async def test_the_probe_tells_why_redis_takes_no_writes(
    server: EmbeddedServer, client: Client, fault: str
) -> None:
    command, why = WRITES_FAIL[fault]
    before = await client.get("/feeds/latest.rss")
    async with connect(f"unix://{server.socket}", anchor="x") as admin:
        await admin.call(*command)
        answer = await client.get("/readyz")
        told = json.loads(answer.body)
        assert (answer.status, told["status"]) == (200, "degraded")
        assert why in told["parts"]["store"]["detail"]
        assert (await client.get("/feeds/latest.rss")).body == before.body
        await admin.call("CLIENT", "UNPAUSE")


async def test_the_probe_tells_that_redis_cannot_write_to_its_disk(
    server: EmbeddedServer, client: Client
) -> None:
    async with connect(f"unix://{server.socket}", anchor="x") as admin:
        await refuse_writes(server, admin)
        answer = await client.get("/readyz")
    told = json.loads(answer.body)
    assert (answer.status, told["status"]) == (200, "degraded"), "feeds are read as ever"
    assert "cannot write to its disk" in told["parts"]["store"]["detail"]


async def test_the_status_page_calls_nothing_well_while_redis_takes_no_writes(
    server: EmbeddedServer, world: World
) -> None:
    async with (
        client_of(world.ops_app(), OPS) as operators,
        connect(f"unix://{server.socket}", anchor="x") as admin,
    ):
        assert "All is well." in (await operators.get("/admin/", HTML)).text
        await admin.call("REPLICAOF", "127.0.0.1", "1")
        page = (await operators.get("/admin/", HTML)).text
        ready = json.loads((await operators.get("/readyz")).body)
        await admin.call("REPLICAOF", "NO", "ONE")
        assert "All is well." not in page
        assert "1 part of the service needs attention" in page
        assert ready["parts"]["store"]["status"] == "degraded"
        assert ready["parts"]["store"]["detail"] in page
        assert "All is well." in (await operators.get("/admin/", HTML)).text


async def test_the_probe_tells_that_the_password_is_another_one(
    server: EmbeddedServer, client: Client
) -> None:
    async with connect(f"unix://{server.socket}", anchor="x") as admin:
        await admin.call("ACL", "SETUSER", "default", "resetpass", ">another")
        await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        answer = await client.get("/readyz")
    assert "does not accept the user or password" in json.loads(answer.body)["parts"]["store"]["detail"]
    assert "another" not in answer.text


async def test_the_operators_page_says_so(server: EmbeddedServer, world: World) -> None:
    await server.stop()
    async with client_of(world.ops_app(), OPS) as client:
        answer = await client.get("/admin/", HTML)
        assert answer.status == 503
        assert "It cannot be read right now" in answer.text


async def test_a_link_signs_nobody_in_until_it_can_be_noted_that_it_was_used(
    server: EmbeddedServer, world: World, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    link = sign_in_path(OPS_TOKEN, clock())
    async with client_of(world.ops_app()) as client:
        await server.stop()
        page = await client.get(link, HTML)
        assert (page.status, page.headers["Retry-After"]) == (503, "10")
        assert "Open this link again in a moment" in page.text
        assert "Set-Cookie" not in page.headers
        told = await client.get(link)
        assert told.json["type"].endswith("/problems/sign-in-later")
        assert "syndicator status" in told.json["detail"]
        written = capsys.readouterr()
        assert link.rpartition("/")[2] not in written.out + written.err, "it still works"
        await server.ensure()
        assert (await client.get(link, HTML)).status == 303
        assert (await client.get(link, HTML)).status == 401
