"""How often a round waits for Redis: behind a slow network, each time costs as much as all else together."""

import random
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pipeline.conftest import Portal
from pipeline.test_feed_rounds import gather, rss
from redis_link import RedisLink
from support import ManualClock

from syndicator.service import Service, open_service
from syndicator.settings import load

TURN = 2
"""To look for what is due, before the round and after it."""


@pytest.fixture
async def link(redis_url: str) -> AsyncIterator[RedisLink]:
    between = RedisLink(Path(redis_url.removeprefix("unix://")), random.Random(1))
    async with between.open():
        yield between


@pytest.fixture
async def service(
    link: RedisLink, portal: Portal, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[Service]:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "all.toml").write_text(
        f'[store]\nurl = "{link.url}"\nnamespace = "trips-{uuid.uuid4().hex}"\ndata_dir = "{tmp_path}/data"\n'
        '[egress]\nallow = ["127.0.0.0/8"]\n'
        f'[source.city]\ntitle = "Kota"\nkind = "feed"\nurl = "{portal.url}/rss"\nschedule = {{ every = "5m" }}\n'
        '[feed.latest]\ntitle = "Terbaru"\n',
        "utf-8",
    )
    portal.documents["/rss"] = rss(1, 2)
    async with open_service(load(tmp_path / "config", {}), clock, wall=clock) as opened:
        await opened.enlist()
        await gather(opened)
        clock.advance(300)
        yield opened


async def test_a_round_of_an_unchanged_feed_asks_redis_twice(
    service: Service, link: RedisLink, clock: ManualClock
) -> None:
    await gather(service)
    clock.advance(300)
    before = link.requests
    (report,) = await gather(service)
    assert report.status == "unchanged"
    assert 0 < link.requests - before <= TURN + 2


async def test_a_round_that_brings_an_article_asks_redis_ten_times(
    service: Service, link: RedisLink, portal: Portal
) -> None:
    portal.documents["/rss"] = rss(1, 2, 3)
    before = link.requests
    (report,) = await gather(service)
    assert report.round.new == 1
    assert 0 < link.requests - before <= TURN + 10
