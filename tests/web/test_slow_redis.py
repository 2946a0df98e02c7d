"""A Redis behind a slow network: readers do not wait for it, see what is new all the same, and probes tell."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median

import pytest
from redis_link import RedisLink
from support import ManualClock
from web.web_world import Client, World, client_of, story

from syndicator.model.feed import Format
from syndicator.model.ids import FeedId
from syndicator.pipeline.feeds.stale_cache_refresh import StaleCacheRefresh
from syndicator.store.embedded import EmbeddedServer
from syndicator.store.store import Store, StoreOptions, open_store
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

SLOW_S = (0.05, 0.25)
"""150 ms, more or less 100, each way."""
NEVER_IN_TIME_S = (0.15, 0.15)
"""Each way; an answer never comes within the time that readers are let wait."""


@pytest.fixture
async def link(server: EmbeddedServer) -> AsyncIterator[RedisLink]:
    between = RedisLink(server.socket, random.Random(1))
    async with between.open():
        yield between


def options(url: str, folder: Path) -> StoreOptions:
    return StoreOptions(url=url, namespace="slow", data_dir=folder)


@pytest.fixture
async def near(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Store]:
    """The same Redis, as a worker beside it sees it."""
    async with open_store(options(f"unix://{server.socket}", tmp_path)) as opened:
        yield opened


@pytest.fixture
async def client(near: Store, link: RedisLink, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Client]:
    """A web server that reaches Redis by the link."""
    await World(near, clock).admit(story(1))
    async with open_store(options(link.url, tmp_path)) as far:
        world = World(far, clock)
        async with far.watch.running(), client_of(create_app(world.reading, WebOptions())) as opened:
            yield opened


async def test_readers_are_answered_at_once_with_what_was_shown_last(client: Client, link: RedisLink) -> None:
    confirmed_at = time.monotonic()
    before = await client.get("/feeds/latest.rss")
    assert "Age" not in before.headers
    link.delay_s = SLOW_S
    took_s, ages = [], []
    for _ in range(30):
        asked_at = time.monotonic()
        answer = await client.get("/feeds/latest.rss")
        took_s.append(time.monotonic() - asked_at)
        assert (answer.status, answer.body) == (200, before.body)
        if "Age" in answer.headers:
            ages.append(int(answer.headers["Age"]))
            assert ages[-1] <= time.monotonic() - confirmed_at
    assert ages, "what Redis did not confirm in time is told"
    assert median(took_s) < 0.5
    assert max(took_s) < 1.5


async def test_what_is_new_is_shown_though_redis_never_answers_in_time(
    client: Client, link: RedisLink, near: Store, clock: ManualClock
) -> None:
    await client.get("/feeds/latest.rss")
    link.delay_s = NEVER_IN_TIME_S
    await World(near, clock).admit(story(2))
    async with asyncio.timeout(20):
        while "/read/2/kabar" not in (answer := await client.get("/feeds/latest.rss")).text:
            assert answer.status == 200
            assert "Age" in answer.headers
    await asyncio.sleep(3)
    ages = [int((await client.get("/feeds/latest.rss")).headers["Age"]) for _ in range(10)]
    assert min(ages) <= 2, "what Redis confirms late is confirmed all the same"


async def test_copies_of_feeds_that_nobody_asks_for_are_renewed(
    near: Store, link: RedisLink, clock: ManualClock, tmp_path: Path
) -> None:
    await World(near, clock).admit(story(1))
    async with open_store(options(link.url, tmp_path)) as far:
        publisher = World(far, clock).publisher
        refresher = StaleCacheRefresh(far.feeds, publisher, clock)
        await refresher.refresh()
        link.delay_s = NEVER_IN_TIME_S
        await World(near, clock).admit(story(2))
        await refresher.refresh()
        for feed in ("latest", "kota"):
            kept = await publisher.stale_cache.get(FeedId(feed), Format.ATOM)
            assert kept is not None
            assert "/read/2/kabar" in kept[0].body.decode()


async def test_the_probe_tells_that_redis_answers_slowly(client: Client, link: RedisLink) -> None:
    assert json.loads((await client.get("/readyz")).body)["status"] == "ready"
    link.delay_s = SLOW_S
    slow = await client.get("/readyz")
    told = json.loads(slow.body)
    assert (slow.status, told["status"]) == (200, "degraded")
    detail = told["parts"]["store"]["detail"]
    assert detail.startswith("Redis answers slowly: ")
    assert 100 < int(detail.removeprefix("Redis answers slowly: ").removesuffix(" ms.")) < 1500
    link.delay_s = (0, 0)
    assert json.loads((await client.get("/readyz")).body)["status"] == "ready"
