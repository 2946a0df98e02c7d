"""The hub while Redis is away, and when it comes back: a server of our own, stopped for real."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pipeline.feeds.test_publisher import admit
from pipeline.own_hub_world import Reader, World, open_world, reader
from support import ManualClock

from syndicator.errors import StoreUnavailable
from syndicator.opening import open_service
from syndicator.settings import load
from syndicator.store.embedded import EmbeddedServer

__all__ = ["reader"]  # a fixture


@pytest.fixture
async def world(
    server: EmbeddedServer, tmp_path: Path, clock: ManualClock, reader: Reader
) -> AsyncIterator[World]:
    def opened(config: str) -> object:
        common = (
            f'[store]\nurl = "unix://{server.socket}"\ndata_dir = "{tmp_path}"\n'
            '[egress]\nallow_subscribers = ["127.0.0.0/8"]\n'
            '[source.idle]\ntitle = "x"\nkind = "feed"\nurl = "http://127.0.0.1:9/"\n'
            'schedule = { every = "30d" }\n'
        )
        folder = tmp_path / "config"
        folder.mkdir()
        (folder / "all.toml").write_text(common + config, "utf-8")
        return open_service(load(folder, {}), clock)

    async with open_world(opened, reader) as opened_world:  # type: ignore[arg-type]
        yield opened_world


async def test_requests_are_told_to_come_again(world: World, server: EmbeddedServer) -> None:
    await server.stop()
    answer = await world.post(world.form())
    assert (answer.status, answer.headers["Content-Type"]) == (503, "text/plain; charset=utf-8")
    assert int(answer.headers["Retry-After"]) > 0
    registration = {"port": "80", "path": "/", "url1": world.form()["hub.topic"]}
    told = await world.post(registration, "/news/rsscloud/pleaseNotify")
    assert 'success="false"' in told.text
    await server.ensure()
    assert (await world.post(world.form())).status == 202


async def test_what_was_begun_before_is_done_after(
    world: World, server: EmbeddedServer, reader: Reader
) -> None:
    await world.subscribe(secret="kunci")
    await admit(world.service, 2)
    step = world.service.hub_step
    for job in (await step.take(32)).jobs:  # announces
        await job()
    await server.stop()
    with pytest.raises(StoreUnavailable):
        await step.take(32)
    await server.ensure()
    await world.work()
    assert len(reader.pushed) == 1
    assert reader.pushed[0].is_signed_with("kunci")
    assert reader.pushed[0].body == await world.body()


async def test_an_answer_that_comes_while_redis_is_away_is_kept_once_it_is_back(
    world: World, server: EmbeddedServer, reader: Reader
) -> None:
    async def away(_: object) -> None:
        if len(reader.pushed) == 1:
            await server.stop()
            await server.ensure()

    reader.on_push = away
    await world.subscribe()
    await world.publish(2)
    await world.work()
    assert len(reader.pushed) == 1, "its success was noted"
    (one,) = await world.subscribers()
    assert (one.delivered, one.failures) == (1, 0)
