"""Our own subscriber at our own hub: two services that know each other by HTTP alone."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pipeline.feeds.test_publisher import admit
from pipeline.rounds.test_feed_round import gather
from support import ManualClock

from syndicator.model.feed import Format
from syndicator.model.ids import SourceId
from syndicator.opening import open_service
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.settings import load
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions
from syndicator.web.http.server import open_socket, port_of, serving

NEWS = SourceId("news")
PUBLISHER = """
[source.city]
title = "Kota"
kind = "feed"
url = "http://127.0.0.1:9/"
schedule = { every = "30d" }
[feed.latest]
title = "Terbaru"
"""


@asynccontextmanager
async def served(tmp_path: Path, redis_url: str, clock: ManualClock, config: str) -> AsyncIterator[Service]:
    """Open a service with data of its own, reachable under its public URL."""
    opened = open_socket("127.0.0.1", 0)
    name = uuid.uuid4().hex
    folder = tmp_path / name
    folder.mkdir()
    common = f"""
[site]
title = "Warta"
public_url = "http://127.0.0.1:{port_of(opened)}/p"
[store]
url = "{redis_url}"
namespace = "test-{name}"
data_dir = "{folder}"
[egress]
allow = ["127.0.0.0/8"]
allow_subscribers = ["127.0.0.0/8"]
"""
    (folder / "all.toml").write_text(common + config, "utf-8")
    async with open_service(load(folder, {}), clock) as service:
        app = create_app(service.queries, WebOptions(), callbacks=service.hub_callbacks, hub=service.hub)
        async with serving(app, opened, shutdown_timeout_s=1.0):
            await service.sync_configuration()
            yield service


async def run(service: Service, *names: str) -> None:
    for name in names:
        step = next(step for step in service.steps if step.name == name)
        runner = Runner(step, capacity=8, clock=service.clock, on_report=lambda _: None)
        await runner.run(until_empty=True)


async def titles(service: Service) -> set[str]:
    ids = [one.article_id for one in await service.store.changes.listed(None, 0, 50)]
    return {one.title for one in await service.store.articles.get_many(ids) if one}


@pytest.mark.parametrize("form", [Format.RSS, Format.ATOM, Format.JSON])
async def test_from_discovery_to_an_article_that_nobody_asked_for(
    tmp_path: Path, redis_url: str, clock: ManualClock, form: Format
) -> None:
    async with served(tmp_path, redis_url, clock, PUBLISHER) as publisher:
        await admit(publisher, 1)
        topic = publisher.settings.site.url(f"/feeds/latest.{form.value}")
        reader = f'[source.news]\ntitle = "Warta"\nkind = "feed"\nurl = "{topic}"\n'
        reader += 'schedule = { every = "1d" }\n[feed.all]\ntitle = "Semua"\n'
        async with served(tmp_path, redis_url, clock, reader) as subscriber:
            await gather(subscriber)
            assert await titles(subscriber) == {"Berita nomor 1"}
            await run(subscriber, "subscribe")  # asks the hub
            await run(publisher, "hub")  # asks back
            told = (await subscriber.queries.source(NEWS)).hub
            assert told is not None
            assert told.state == "verified"
            assert told.hub == publisher.settings.site.hub_url
            await admit(publisher, 2)
            await run(publisher, "hub")  # pushes
            await gather(subscriber)
            assert await titles(subscriber) == {"Berita nomor 1", "Berita nomor 2"}
            told = (await subscriber.queries.source(NEWS)).hub
            assert told is not None
            assert (told.pushes, told.refused, told.articles_by_push) == (1, 0, 1), "and signed"


async def test_a_renewal_keeps_it_going_and_a_reader_that_wants_no_more_leaves(
    tmp_path: Path, redis_url: str, clock: ManualClock
) -> None:
    async with served(tmp_path, redis_url, clock, PUBLISHER) as publisher:
        await admit(publisher, 1)
        reader = f'[source.news]\ntitle = "Warta"\nkind = "feed"\nurl = "{publisher.settings.site.url("/feeds/latest.rss")}"\n'
        reader += 'schedule = { every = "1d" }\n[feed.all]\ntitle = "Semua"\n'
        async with served(tmp_path, redis_url, clock, reader) as subscriber:
            await gather(subscriber)
            await run(subscriber, "subscribe")
            await run(publisher, "hub")
            (first,) = await publisher.store.hub.newest(0)
            for _ in range(9):  # days
                clock.advance(86_400)
                await run(subscriber, "subscribe")
                await run(publisher, "hub")
                await run(subscriber, "subscribe")
                await run(publisher, "hub")
            (second,) = await publisher.store.hub.newest(0)
            assert second.id != first.id, "a renewal has a callback of its own; the old one was left"
            assert second.lease is not None
            assert first.lease is not None
            assert second.lease.ends_at > first.lease.ends_at
            await admit(publisher, 2)
            await run(publisher, "hub")
            await gather(subscriber)
            assert "Berita nomor 2" in await titles(subscriber)
