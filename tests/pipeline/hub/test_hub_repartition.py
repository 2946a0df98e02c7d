"""Another number of partitions of subscribers, by a back-up: all of them are there, and get what is new once."""

import uuid
from pathlib import Path

import pytest
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.hub.test_distribution import LATEST_RSS, Crowd, crowd
from pipeline.own_hub_world import Reader, World, config_of, open_world, reader
from support import CHANGED_PARTITIONS, ManualClock, open_any
from web.web_world import client_of

from syndicator.model.feed import Format
from syndicator.model.hub import Subscriber
from syndicator.model.ids import FeedId
from syndicator.service import Service
from syndicator.store.keys.partitions import Spread
from syndicator.store.ops.backup import back_up
from syndicator.store.ops.restore import restore
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

__all__ = ["crowd", "reader"]  # fixtures

pytestmark = pytest.mark.embedded  # nodes of a cluster have no moment in common

HOSTS = range(1, 13)


async def prepare(world: World, crowd: Crowd) -> list[str]:
    """Have subscribers of many hosts, with one to try again, one to ask back, and an update that waits."""
    callbacks = [crowd.url(host, number) for host in HOSTS for number in range(2)]
    for callback in callbacks:
        await world.post(world.form(callback))
    await world.subscribe()
    world.reader.statuses = [500]
    await world.publish(2)
    assert sorted(crowd.told) == sorted(callbacks)
    await world.post(world.form(crowd.url(20)))
    await admit(world.service, 3)
    topics = world.service.store.hub_topics
    rendition = await world.service.publisher.rendition(FeedId("latest"), Format.RSS)
    before = (await topics.all())[LATEST_RSS]
    assert await topics.announce(LATEST_RSS, before, rendition.digest, world.service.clock())
    return callbacks


async def subscribers(service: Service) -> list[Subscriber]:
    return sorted(await service.store.hub.newest(0), key=lambda one: one.id)


@CHANGED_PARTITIONS
async def test_all_subscribers_are_served_after_the_number_of_partitions_was_changed(  # noqa: PLR0917  fixtures
    service_of: OpenService,
    reader: Reader,
    crowd: Crowd,
    clock: ManualClock,
    redis_url: str,
    tmp_path: Path,
    partitions: int,
    then: int,
) -> None:
    file, other = tmp_path / "b.syn", f"test-{uuid.uuid4().hex}"
    async with open_world(service_of, reader) as world:
        callbacks = await prepare(world, crowd)
        known, store = await subscribers(world.service), world.service.store
        spread = Spread(endpoints=partitions, hub=partitions)
        await back_up(store.connection, store._keys.namespace, file, partitions=spread)
        async with open_any(redis_url, other) as there:
            await restore(there, other, file, partitions=Spread(endpoints=then, hub=then))
    crowd.told.clear()
    reader.pushed.clear()
    async with service_of(config_of(), synced=False, spread=then, into=other) as service:
        assert await subscribers(service) == known
        assert [await service.store.hub.get(one) for one in known] == known
        scratch = f"{service.store._keys.prefix}h:"
        assert not [name async for some in service.store.connection.names(scratch) for name in some]
        await service.sync_configuration()
        assert await service.doctor.examine(repair=False) == []
        async with client_of(create_app(service.queries, WebOptions(), hub=service.hub)) as client:
            world = World(service, client, reader)
            await world.later(61)
            assert sorted(crowd.told) == sorted(callbacks), "each once"
            assert [one.body for one in reader.pushed] == [await world.body()]
            assert all(one.lease for one in await subscribers(service)), "the last was asked back"
            await world.post(world.form(callbacks[0], mode="unsubscribe"))
            await world.work()
            assert len(await subscribers(service)) == len(known) - 1
            crowd.told.clear()
            await world.publish(4)
            assert sorted(crowd.told) == sorted([*callbacks[1:], crowd.url(20)])
