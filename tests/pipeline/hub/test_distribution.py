"""How the hub works for many: nobody waits for another, nothing is lost by a crash, nothing is left behind."""

import asyncio
import random
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest
from aiohttp import web
from pipeline.conftest import OpenService, on_all_hosts
from pipeline.feeds.test_publisher import admit
from pipeline.own_hub_world import SECRET, Pushed, Reader, World, config_of, open_world, reader, world
from support import ManualClock, until

from syndicator.egress.client import open_egress
from syndicator.egress.slots import ConnectionLimits
from syndicator.model.feed import Format
from syndicator.model.hub import Subscriber, TopicName
from syndicator.model.ids import FeedId
from syndicator.pipeline.hub.distribution import HubStep
from syndicator.pipeline.hub.topics import Topics
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.store.hub.claims import SubscriberOrder
from syndicator.store.hub.subscribers import SettledSubscriber
from syndicator.store.store import Store

__all__ = ["reader", "world"]  # fixtures

LATEST_RSS = TopicName("latest.rss")


def back_at(due_at: datetime) -> Callable[[Subscriber | None, str], SettledSubscriber]:
    """Leave a subscriber as it is, and have it due again."""
    return lambda found, _told: SettledSubscriber(subscriber=found, due_at=due_at)


async def hub_keys(store: Store) -> dict[str, bytes]:
    """Give name and value of all strings and hashes of the hub, and the names of the rest."""
    values = dict[str, bytes]()
    for prefix in store.hub._keys.prefixes:
        async for names in store.connection.names(f"{prefix}hub:"):
            for name in names:
                short = name.decode().removeprefix(f"{prefix}hub:")
                values[short] = values.get(short, b"") + await store.connection.call("DUMP", name)
    return values


class Crowd:
    """Subscribers on many hosts (all of 127/8 are this machine), of which some hang."""

    def __init__(self) -> None:
        self.port = 0
        self.told: list[str] = []
        self.hanging = 0
        self.most_hanging = 0
        self.released = asyncio.Event()
        self.healthy = asyncio.Event()
        self.expected = 0

    def url(self, host: int, number: int = 0, path: str = "cb") -> str:
        return f"http://127.0.1.{host}:{self.port}/{path}/{number}"

    async def get(self, request: web.Request) -> web.Response:
        return web.Response(text=request.query["hub.challenge"])

    async def post(self, request: web.Request) -> web.Response:
        await request.read()
        if request.path.startswith("/hang"):
            self.hanging += 1
            self.most_hanging = max(self.hanging, self.most_hanging)
            await self.released.wait()
            self.hanging -= 1
        else:
            self.told.append(str(request.url))
            if len(self.told) == self.expected:
                self.healthy.set()
        return web.Response(status=204)


@pytest.fixture
async def crowd() -> AsyncIterator[Crowd]:
    played = Crowd()
    app = web.Application(client_max_size=10_000_000)
    app.router.add_get("/{path:.*}", played.get)
    app.router.add_post("/{path:.*}", played.post)
    async with on_all_hosts(app) as played.port:
        yield played
        played.released.set()


async def test_a_host_that_hangs_takes_the_turn_of_no_other(
    service_of: OpenService, reader: Reader, crowd: Crowd
) -> None:
    async with open_world(service_of, reader, "max_in_flight = 4") as world:
        callbacks = [crowd.url(1, number, "hang") for number in range(40)]
        callbacks += [crowd.url(host, number) for host in range(2, 12) for number in range(2)]
        for callback in callbacks:
            await world.post(world.form(callback))
        await world.work()
        crowd.expected = 20
        await admit(world.service, 2)
        working = asyncio.create_task(world.work())
        await crowd.healthy.wait()
        await until(lambda: crowd.hanging == 4)  # the server may get their requests after those of the others
        crowd.released.set()
        await working
        assert crowd.most_hanging == 4


async def test_hosts_that_were_late_are_told_one_at_a_time_and_take_their_share_of_turns_at_most(
    world: World, crowd: Crowd, clock: ManualClock
) -> None:
    hub = world.service.store.hub
    for host in range(1, 31):
        for number in range(2):
            await world.post(world.form(crowd.url(host, number)))
    await world.work()
    await world.service.store.hub_topics.fan_out(LATEST_RSS, clock())
    lease = timedelta(seconds=1)
    claimed, _ = await hub.claim(SubscriberOrder(now=clock(), lease=lease, room=60, cap=2, slow_room=30))
    assert len(claimed) == 60
    late = {f"127.0.1.{host}" for host in range(1, 21)}
    for one in claimed:
        await hub.settle(one, back_at(clock()), now=clock(), is_slow=one.host in late)
    claimed, _ = await hub.claim(SubscriberOrder(now=clock(), lease=lease, room=30, cap=2, slow_room=15))
    hosts = Counter(one.host for one in claimed)
    assert {hosts[host] for host in late} == {0, 1}
    assert sum(hosts[host] for host in late) <= 15
    assert hosts.total() == 30
    more, _ = await hub.claim(SubscriberOrder(now=clock(), lease=lease, room=30, cap=2, slow_room=0))
    assert {one.host for one in more}.isdisjoint(late)
    assert len(more) + sum(hosts[host] for host in hosts if host not in late) == 20


async def test_a_host_is_late_until_it_answers_in_time(world: World, clock: ManualClock) -> None:
    hub = world.service.store.hub
    await world.subscribe()
    await world.service.store.hub_topics.fan_out(LATEST_RSS, clock())
    seen = []
    for is_slow in (None, True, None, False, None):
        (one, *_), _ = await hub.claim(
            SubscriberOrder(now=clock(), lease=timedelta(seconds=9), room=9, cap=9, slow_room=9)
        )
        seen.append(one.is_slow)
        await hub.settle(one, back_at(clock()), now=clock(), is_slow=is_slow)
    assert seen == [False, False, True, True, False]


async def test_who_had_no_turn_among_our_own_requests_is_not_to_blame(
    service_of: OpenService, reader: Reader, crowd: Crowd, clock: ManualClock
) -> None:
    async with (
        open_world(service_of, reader) as world,
        open_egress(
            user_agent="test",
            allow=(),
            allow_callbacks=(),
            allow_subscribers=(ip_network("127.0.0.0/8"),),
            clock=clock,
            callback_limits=ConnectionLimits(total=1, per_host=0, wait_s=0.05),
        ) as narrow,
    ):
        for host in (1, 2):
            await world.subscribe(crowd.url(host, 0, "hang"))
        service, settings = world.service, world.service.settings
        step = HubStep(
            store=service.store,
            publisher=service.publisher,
            topics=Topics(settings.site, settings.feeds.values()),
            egress=narrow,
            policy=settings.hub,
            site=settings.site,
            clock=clock,
            is_time_confirmed=lambda: True,
            rng=random.Random(),
        )
        await admit(service, 2)
        for job in (await step.take(8)).jobs:  # announces
            await job()
        sending = [asyncio.ensure_future(job()) for job in (await step.take(8)).jobs]
        ended, _ = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        assert len(ended) == 1, "the other has the turn"
        crowd.released.set()
        await asyncio.wait(sending)
        known = await world.subscribers()
        assert sorted((one.delivered, one.failures, one.attempts) for one in known) == [(0, 0, 0), (1, 0, 0)]
        clock.advance(2)
        await Runner(step, capacity=8, clock=clock, on_report=lambda _: None).run(until_empty=True)
        assert [one.delivered for one in await world.subscribers()] == [1, 1]


async def test_what_a_killed_worker_had_leased_is_said_by_another(world: World, reader: Reader) -> None:
    await world.subscribe()
    await admit(world.service, 2)
    step = world.service.hub_step
    for job in (await step.take(32)).jobs:  # announces
        await job()
    taken = await step.take(32)  # leases; and then the worker is killed
    assert len(taken.jobs) == 1
    await world.work()
    assert reader.pushed == []
    await world.later(29)
    assert reader.pushed == []
    await world.later(2)
    assert len(reader.pushed) == 1


async def test_a_start_frees_at_once_what_a_killed_process_of_this_machine_had_leased(
    world: World, reader: Reader
) -> None:
    await world.subscribe()
    await admit(world.service, 2)
    step = world.service.hub_step
    for job in (await step.take(32)).jobs:
        await job()
    assert len((await step.take(32)).jobs) == 1
    await world.service.sync_configuration()
    await world.work()
    assert reader.pushed == [], "we are alive"
    hub = world.service.store.hub
    dead = subprocess.check_output(
        [sys.executable, "-c", "from syndicator.store.lease_owners import new_token; print(new_token())"]
    )
    owners = hub._keys.hub_owners("127.0.0.1")
    (known,) = await world.subscribers()
    await world.service.store.connection.call("HSET", owners, known.id, dead.strip())
    await world.service.sync_configuration()
    await world.work()
    assert len(reader.pushed) == 1


async def test_a_fan_out_that_nobody_ended_is_done_by_another(
    world: World, reader: Reader, clock: ManualClock
) -> None:
    await world.subscribe()
    await admit(world.service, 2)
    topics = await world.service.store.hub_topics.all()
    rendition = (await world.service.publisher.rendition(FeedId("latest"), Format.RSS)).digest
    assert await world.service.store.hub_topics.announce(LATEST_RSS, topics[LATEST_RSS], rendition, clock())
    await world.work()  # the one who announced it was killed before it queued anybody
    assert reader.pushed == []
    await world.later(61)
    assert len(reader.pushed) == 1


async def test_one_announcement_is_made_whoever_sees_the_change_first(
    world: World, clock: ManualClock
) -> None:
    await world.subscribe()
    told = (await world.service.store.hub_topics.all())[LATEST_RSS]
    assert await world.service.store.hub_topics.announce(LATEST_RSS, told, "new", clock())
    assert not await world.service.store.hub_topics.announce(LATEST_RSS, told, "new", clock())


async def test_many_workers_tell_each_subscriber_once(
    service_of: OpenService, reader: Reader, crowd: Crowd
) -> None:
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_world(service_of, reader))
        others = [await stack.enter_async_context(service_of(config_of())) for _ in range(2)]
        for number in range(30):
            await world.post(world.form(crowd.url(number % 5 + 1, number)))
        await world.work()
        crowd.expected = 30
        await admit(world.service, 2)
        await asyncio.gather(*(_work(one) for one in (world.service, *others)))
        await world.work()
        assert len(crowd.told) == 30
        assert len(set(crowd.told)) == 30


async def test_who_lost_its_lease_changes_nothing(world: World, clock: ManualClock) -> None:
    hub = world.service.store.hub
    await world.subscribe()
    await world.service.store.hub_topics.fan_out(LATEST_RSS, clock())
    ((first,), _) = await hub.claim(
        SubscriberOrder(now=clock(), lease=timedelta(seconds=1), room=9, cap=9, slow_room=9)
    )
    clock.advance(2)
    ((second,), _) = await hub.claim(
        SubscriberOrder(now=clock(), lease=timedelta(seconds=1), room=9, cap=9, slow_room=9)
    )
    assert first.id == second.id
    assert not await hub.settle(first, lambda _found, _told: SettledSubscriber(subscriber=None), now=clock())
    assert await hub.find(second.id) == second.subscriber
    assert await hub.settle(second, lambda _found, _told: SettledSubscriber(subscriber=None), now=clock())
    assert await hub.find(second.id) is None


async def test_a_request_that_comes_during_a_delivery_is_attended_to_after_it(
    world: World, reader: Reader
) -> None:

    async def leave(_: Pushed) -> None:
        if len(reader.pushed) == 1:
            assert (await world.post(world.form(mode="unsubscribe"))).status == 202

    reader.on_push = leave
    await world.subscribe()
    await world.publish(2)
    assert [one.query["hub.mode"] for one in reader.asked] == ["subscribe", "unsubscribe"]
    assert await world.subscribers() == []


async def test_nothing_is_left_when_all_have_left(world: World, reader: Reader) -> None:
    for number in range(5):
        await world.post(world.form(f"{reader.url}/{number}"))
    await world.work()
    reader.statuses = [500, 204, 410]
    await world.publish(2)
    await world.later(6)
    for number in range(3):
        await world.post(world.form(f"{reader.url}/{number}", mode="unsubscribe"))
    await world.work()
    for _ in range(12):
        await world.later(86_400)
    left = {"topics"} if world.service.store.hub._keys.hub_partitions.is_one else {"topics", "announced"}
    assert set(await hub_keys(world.service.store)) == left


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("unlisted", ("DEL", "topic:latest.rss")),
        ("left_subscribers", ("SADD", "topic:latest.rss", "ffff somewhere")),
        ("left_subscribers", ("ZADD", "ends", "1", "ffff")),
        ("asleep", ("DEL", "hosts")),
    ],
)
async def test_the_doctor_finds_and_mends_what_does_not_fit_together(
    world: World, reader: Reader, kind: str, damage: tuple[str, ...]
) -> None:
    reader.statuses = [500]
    await world.subscribe()
    await world.publish(2)
    store, doctor = world.service.store, world.service.doctor
    assert await doctor.examine(repair=False) == []
    command, key, *words = damage
    parts = store.hub._keys.hub_partitions
    await store.connection.call(command, f"{parts.prefix_of('127.0.0.1')}hub:{key}", *words)
    (found,) = await doctor.examine(repair=True)
    assert (found.kind, found.where, found.mended) == (kind, "hub", True)
    assert await doctor.examine(repair=False) == []
    await world.later(6)
    assert len(reader.pushed) == 2


async def test_metrics_tell_how_the_hub_stands(world: World, reader: Reader, clock: ManualClock) -> None:
    reader.statuses = [500]
    await world.subscribe()
    await world.publish(2)
    clock.advance(65)
    await world.service.measurements.measure()
    text = world.service.metrics.render().decode()
    assert "syndicator_hub_subscriptions 1.0" in text
    assert "syndicator_hub_pending 1.0" in text
    assert "syndicator_hub_oldest_seconds 60.0" in text
    told = (await world.service.queries.status()).hub
    assert (told.subscriptions, told.pending) == (1, 1)


async def test_no_secret_is_readable_in_what_is_stored(world: World, reader: Reader) -> None:
    await world.post(world.form(secret=SECRET * 3))
    assert not [one for one in (await hub_keys(world.service.store)).values() if SECRET.encode() in one]
    await world.work()
    stored = await hub_keys(world.service.store)
    assert len(stored) > 3
    assert not [one for one in stored.values() if SECRET.encode() in one]
    (known,) = await world.subscribers()
    assert SECRET not in repr(known)
    assert reader.url not in repr(known)


async def test_a_burst_of_changes_is_told_in_few_pushes(
    service_of: OpenService, reader: Reader, clock: ManualClock
) -> None:
    async with open_world(service_of, reader, 'spacing = "3s"') as world:
        await world.subscribe()
        for number in range(2, 12):
            await world.publish(number)
            clock.advance(0.1)
        assert len(reader.pushed) == 1
        await world.later(3)
        assert len(reader.pushed) == 2
        assert reader.pushed[1].body == await world.body()


async def test_the_step_says_when_it_wants_to_be_asked_again(
    world: World, reader: Reader, clock: ManualClock
) -> None:
    await world.subscribe()
    reader.statuses = [500]
    await world.publish(2)
    taken = await world.service.hub_step.take(8)
    assert taken.next_due_at == clock() + timedelta(seconds=5)


async def _work(service: Service) -> None:
    step = service.hub_step
    await Runner(step, capacity=16, clock=service.clock, on_report=lambda _: None).run(until_empty=True)
