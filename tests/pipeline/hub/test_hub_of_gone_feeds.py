"""Subscriptions of feeds that have left: their subscribers are told soon, and can leave before that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.own_hub_world import FEEDS, PUBLIC, Reader, World, config_of, open_world, reader
from support import ManualClock
from web.web_world import client_of

from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

__all__ = ["reader"]  # a fixture

SPORT = f"{PUBLIC}/feeds/sport.rss"
REMOVED = FEEDS.partition("[feed.sport]")[0]
RETIRED = f'{REMOVED}[feed.sport]\ntitle = "Olahraga"\nretired = true\n'
PRIVATE = FEEDS.replace('title = "Olahraga"', 'title = "Olahraga"\nprivate = true')
MONTH_S = str(30 * 86_400)


async def subscribe(service_of: OpenService, reader: Reader) -> None:
    async with open_world(service_of, reader) as world:
        await world.subscribe(topic=SPORT, lease_seconds=MONTH_S)
        assert len(await world.subscribers()) == 1
    reader.asked.clear()


@asynccontextmanager
async def configured_anew(service_of: OpenService, reader: Reader, config: str) -> AsyncIterator[World]:
    async with service_of(config) as service:
        app = create_app(service.queries, WebOptions(), hub=service.hub)
        async with client_of(app) as client:
            yield World(service, client, reader)


@pytest.mark.parametrize("config", [RETIRED, PRIVATE])
async def test_subscribers_of_a_feed_that_ended_are_told_at_once(
    service_of: OpenService, reader: Reader, config: str
) -> None:
    await subscribe(service_of, reader)
    async with configured_anew(service_of, reader, config) as world:
        await world.work()
        (told,) = reader.asked
        assert (told.query["hub.mode"], told.query["hub.topic"]) == ("denied", SPORT)
        assert told.query["hub.reason"]
        assert await world.subscribers() == []


async def test_subscribers_of_a_retired_feed_are_told_also_by_its_former_name(
    service_of: OpenService, reader: Reader
) -> None:
    await subscribe(service_of, reader)
    renamed = RETIRED.replace("[feed.sport]", '[feed.games]\nformer_ids = ["sport"]')
    async with configured_anew(service_of, reader, renamed) as world:
        await world.work()
        assert [one.query["hub.mode"] for one in reader.asked] == ["denied"]


async def test_subscribers_of_a_feed_that_no_configuration_has_are_told_after_minutes(
    service_of: OpenService, reader: Reader, clock: ManualClock
) -> None:
    await subscribe(service_of, reader)
    async with configured_anew(service_of, reader, REMOVED) as world:
        await world.work()
        clock.advance(500)
        await world.work()
        assert reader.asked == [], "another process may have it"
        await world.later(200)
        assert [one.query["hub.mode"] for one in reader.asked] == ["denied"]
        assert await world.subscribers() == []


async def test_a_feed_that_another_process_has_goes_on(
    service_of: OpenService, reader: Reader, clock: ManualClock
) -> None:
    await subscribe(service_of, reader)
    async with (
        configured_anew(service_of, reader, REMOVED) as without,
        configured_anew(service_of, reader, config_of()) as world,
    ):
        for _ in range(5):
            clock.advance(300)
            await world.service.sync_configuration()
            await without.work()
        assert reader.asked == []
        assert len(await without.subscribers()) == 1


async def test_what_one_process_does_not_know_is_asked_and_told_by_another(
    service_of: OpenService, reader: Reader
) -> None:
    without_latest = FEEDS.replace("[feed.latest]", "[feed.other]")
    async with (
        configured_anew(service_of, reader, config_of()) as world,
        configured_anew(service_of, reader, without_latest) as without,
    ):
        await admit(world.service, 1)
        assert (await world.post(world.form())).status == 202
        await without.work()
        assert reader.asked == []
        await world.later(10)
        assert [one.query["hub.mode"] for one in reader.asked] == ["subscribe"]
        await admit(world.service, 2)
        for job in (await world.service.hub_step.take(32)).jobs:  # announces
            await job()
        await without.work()
        assert reader.pushed == []
        await world.later(10)
        assert len(reader.pushed) == 1


@pytest.mark.parametrize("config", [REMOVED, RETIRED, PRIVATE])
async def test_who_subscribes_to_a_feed_that_left_can_unsubscribe(
    service_of: OpenService, reader: Reader, config: str
) -> None:
    await subscribe(service_of, reader)
    async with configured_anew(service_of, reader, config) as world:
        assert (await world.post(world.form(topic=SPORT))).status == 400
        assert (await world.post(world.form(topic=SPORT, mode="unsubscribe"))).status == 202
        await world.work()
        assert [one.query["hub.mode"] for one in reader.asked] == ["unsubscribe"]
        assert await world.subscribers() == []


async def test_unsubscribing_from_what_never_was_is_refused(service_of: OpenService, reader: Reader) -> None:
    async with configured_anew(service_of, reader, REMOVED) as world:
        for url in (SPORT, "https://elsewhere.example/feeds/sport.rss"):
            assert (await world.post(world.form(topic=url, mode="unsubscribe"))).status == 400
        assert await world.subscribers() == []
