"""How often a round waits for Redis: behind a slow network, each time costs as much as all else together."""

import random
import statistics
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pipeline.conftest import Portal
from pipeline.feeds.test_publisher import admit
from pipeline.rounds.test_feed_round import gather, rss
from pipeline.webhooks.test_delivery import Partner, deliver, partner
from pipeline.webhooks.test_delivery import config as endpoint
from redis_link import RedisLink
from support import ManualClock

from syndicator.opening import open_service
from syndicator.pipeline.sources import request_slots
from syndicator.service import Service
from syndicator.settings import load

__all__ = ["partner"]  # a fixture

TURN = 2
"""To look for what is due, before the round and after it."""


@pytest.fixture
async def link(redis_url: str) -> AsyncIterator[RedisLink]:
    between = RedisLink(Path(redis_url.removeprefix("unix://")), random.Random(1))
    async with between.open():
        yield between


@asynccontextmanager
async def behind(link: RedisLink, folder: Path, clock: ManualClock, more: str) -> AsyncIterator[Service]:
    """Open a service that reaches Redis by a link."""
    (folder / "config").mkdir()
    (folder / "config" / "all.toml").write_text(
        f'[store]\nurl = "{link.url}"\nnamespace = "trips-{uuid.uuid4().hex}"\ndata_dir = "{folder}/data"\n'
        '[egress]\nallow = ["127.0.0.0/8"]\nallow_callbacks = ["127.0.0.0/8"]\n'
        f'[feed.latest]\ntitle = "Terbaru"\n{more}',
        "utf-8",
    )
    async with open_service(load(folder / "config", {}), clock, wall=clock) as opened:
        await opened.sync_configuration()
        yield opened


def source(portal: Portal) -> str:
    return f'[source.city]\ntitle = "Kota"\nkind = "feed"\nurl = "{portal.url}/rss"\nschedule = {{ every = "5m" }}\n'


@pytest.fixture
async def service(
    link: RedisLink, portal: Portal, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[Service]:
    portal.documents["/rss"] = rss(1, 2)
    async with behind(link, tmp_path, clock, source(portal)) as opened:
        await gather(opened)
        clock.advance(300)
        yield opened


async def test_a_round_of_an_unchanged_feed_asks_redis_twice(
    service: Service, link: RedisLink, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A slot is returned with the next request for one, or by itself after 10 ms, for which nobody waits: whether
    # that comes before the next round is up to the machine.
    monkeypatch.setattr(request_slots, "RETURN_S", 60.0)
    await gather(service)
    asked = []
    for _ in range(5):
        clock.advance(300)
        before = link.requests
        (report,) = await gather(service)
        assert report.status == "unchanged"
        asked.append(link.requests - before)
    # On a busy machine a round can last until a lease is extended, with a request of its own.
    assert statistics.median(asked) == TURN + 2


async def test_a_round_that_brings_an_article_asks_redis_ten_times(
    service: Service, link: RedisLink, portal: Portal, clock: ManualClock
) -> None:
    asked = []
    for newest in range(3, 8):
        portal.documents["/rss"] = rss(newest - 2, newest - 1, newest)
        before = link.requests
        (report,) = await gather(service)
        assert report.round.new == 1
        asked.append(link.requests - before)
        clock.advance(300)
    # A busy machine adds requests to some rounds: a lease is extended, a slot returned by itself.
    assert 0 < statistics.median(asked) <= TURN + 10


async def test_a_delivery_asks_redis_three_times(
    link: RedisLink, portal: Portal, partner: Partner, tmp_path: Path, clock: ManualClock
) -> None:
    async with behind(link, tmp_path, clock, source(portal) + endpoint(partner)) as service:
        await admit(service, 10)
        await deliver(service)  # Redis knows the scripts now
        await admit(service, 11)
        await service.deliver_step.event_fan_out.run()
        clock.advance(60)
        before = link.requests
        await deliver(service)
        assert len(partner.received) == 2
        assert 0 < link.requests - before <= 3 + 1, "claim, read, settle; and a look whether there is more"
