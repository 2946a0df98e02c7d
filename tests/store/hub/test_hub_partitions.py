"""Subscribers over partitions: each is queued once, whoever dies, and a node that is away holds up its own."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from redis.crc import key_slot
from redis_cluster import RedisCluster, redis_cluster
from support import ManualClock, new_store, until

from syndicator.model.clock import to_ms
from syndicator.model.hub import (
    HubPolicy,
    Lease,
    Mode,
    PendingRequest,
    Protocol,
    Subscriber,
    SubscriberId,
    TopicName,
)
from syndicator.rules.hub.subscribers import new_subscriber
from syndicator.store.hub.claims import ClaimedSubscriber, SubscriberOrder
from syndicator.store.hub.subscribers import NoRoom, SettledSubscriber
from syndicator.store.store import Store

TOPIC = TopicName("latest.rss")
URL = "https://feeds.example/feeds/latest.rss"
LEASE = timedelta(seconds=60)
HOSTS = 40
KILLED = """
import asyncio, os, signal, sys
from datetime import datetime
from pathlib import Path
from syndicator.store import connection
from syndicator.store.hub import topics
from syndicator.store.keys.partitions import Spread
from syndicator.store.store import StoreOptions, open_store

connection.MOST_IN_ONE = 10
queued, pages = topics.HubTopics._all_queued, []

def until_killed(*words):
    pages.append(words)
    if len(pages) == 20:
        os.kill(os.getpid(), signal.SIGKILL)
    return queued(*words)

topics.HubTopics._all_queued = until_killed

async def fan_out(url, namespace, folder, at):
    options = StoreOptions(url=url, namespace=namespace, data_dir=Path(folder), partitions=Spread(hub=4))
    async with open_store(options) as store:
        await store.hub_topics.fan_out("latest.rss", datetime.fromisoformat(at))

asyncio.run(fan_out(*sys.argv[1:]))
"""


@pytest.fixture
async def store(redis_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    async with new_store(redis_url, tmp_path, hub=4) as opened:
        yield opened


@pytest.fixture
async def lasting_cluster(tmp_path: Path) -> AsyncIterator[RedisCluster]:
    """Nodes of which none takes over from another, and which serve their slots while others are away."""
    settings = ("cluster-require-full-coverage no",)
    async with redis_cluster(tmp_path / "cluster", replicas=0, settings=settings) as formed:
        yield formed


def one(number: int) -> Subscriber:
    return new_subscriber(Protocol.WEBSUB, TOPIC, f"https://host-{number % HOSTS}.example/{number}")


async def subscribe(store: Store, clock: ManualClock, number: int, sent: str = "0") -> SubscriberId:
    known = one(number)
    lease = Lease(topic_url=URL, verified_at=clock(), ends_at=clock() + timedelta(days=9))
    await store.hub.update(
        known, lambda _: replace(known, lease=lease, sent=sent), now=clock(), topic_digest=sent
    )
    return known.id


async def answered(store: Store, clock: ManualClock) -> None:
    """Have all hosts be such as answer in time: of others one request is on its way at once."""
    keys = store._keys
    hosts = {one(number).host for number in range(HOSTS)}
    await store.connection.batch(
        [("ZADD", keys.hub_prompt(keys.hub_partitions.of(host)), to_ms(clock()), host) for host in hosts]
    )


async def ask(store: Store, clock: ManualClock, number: int, policy: HubPolicy) -> SubscriberId:
    known = one(number)
    asked = PendingRequest(mode=Mode.SUBSCRIBE, topic_url=URL, lease_s=600, at=clock())
    await store.hub.update(known, lambda _: replace(known, asked=asked), now=clock(), policy=policy)
    return known.id


def order(clock: ManualClock, room: int = 10_000) -> SubscriberOrder:
    return SubscriberOrder(now=clock(), lease=LEASE, room=room, cap=1000, slow_room=room)


async def claim(store: Store, clock: ManualClock, room: int = 10_000) -> list[ClaimedSubscriber]:
    return (await store.hub.claim(order(clock, room)))[0]


async def serve(store: Store, clock: ManualClock, digest: str, room: int = 10_000) -> Counter[SubscriberId]:
    """Tell all who are due and have it not what is new; return how often each was told."""
    told = Counter[SubscriberId]()
    next_due_at: datetime | None = clock()
    while next_due_at is not None and next_due_at <= clock():
        claimed, next_due_at = await store.hub.claim(order(clock, room))
        for subscriber in claimed:
            assert subscriber.subscriber is not None
            told[subscriber.id] += subscriber.subscriber.sent != digest
            assert await store.hub.settle(
                subscriber,
                lambda found, _: SettledSubscriber(subscriber=found and replace(found, sent=digest)),
                now=clock(),
                is_slow=False,
            )
    return +told


async def test_each_is_leased_once_however_small_the_room(store: Store, clock: ManualClock) -> None:
    known = [await subscribe(store, clock, number) for number in range(60)]
    await answered(store, clock)
    assert await store.hub_topics.announce(TOPIC, "0", "1", clock())
    assert (await store.hub_topics.fan_out(TOPIC, clock())).subscribers == 60
    assert len(await claim(store, clock, 7)) == 7
    clock.advance(LEASE.total_seconds() + 1)
    assert await serve(store, clock, "1", room=7) == Counter(known)
    assert await store.hub_topics.unfinished(clock() + LEASE) == []


async def test_who_is_killed_amid_a_fan_out_leaves_nobody_behind(
    store: Store, clock: ManualClock, redis_url: str, tmp_path: Path
) -> None:
    known = [await subscribe(store, clock, number) for number in range(800)]
    await answered(store, clock)
    assert await store.hub_topics.announce(TOPIC, "0", "1", clock())
    namespace, now = store._keys.namespace, clock().isoformat()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, redis_url, namespace, str(tmp_path), now
    )
    assert await process.wait() == -signal.SIGKILL
    assert 0 < (await store.hub.counts(clock())).pending < len(known)
    first = await serve(store, clock, "1")
    clock.advance(31)
    assert await store.hub_topics.unfinished(clock()) == [TOPIC]
    await store.hub_topics.fan_out(TOPIC, clock())
    assert await store.hub_topics.unfinished(clock() + LEASE) == []
    assert first + await serve(store, clock, "1") == Counter(known)


async def test_the_first_of_a_partition_is_told_what_was_announced_before_it_was_written(
    store: Store, clock: ManualClock
) -> None:
    parts = store._keys.hub_partitions
    there = await subscribe(store, clock, 0)
    elsewhere = next(number for number in range(HOSTS) if parts.of(one(number).host) != parts.of(one(0).host))
    assert await store.hub_topics.announce(TOPIC, "0", "1", clock())
    late = await subscribe(store, clock, elsewhere, sent="0")
    assert await serve(store, clock, "1") == Counter([late])
    await store.hub_topics.fan_out(TOPIC, clock())
    assert await serve(store, clock, "1") == Counter([there])


async def test_one_who_gets_the_older_version_is_due_again_once_its_partition_announces(
    store: Store, clock: ManualClock
) -> None:
    name = await subscribe(store, clock, 1)
    for before, digest in (("0", "1"), ("1", "2")):
        assert await store.hub_topics.announce(TOPIC, before, digest, clock())
    await store.hub_topics.fan_out(TOPIC, clock())
    (claimed,) = await claim(store, clock)
    assert claimed.announced == "2", "what came between is left out"
    assert await store.hub_topics.announce(TOPIC, "2", "3", clock())
    await store.hub_topics.fan_out(TOPIC, clock())

    def change(found: Subscriber | None, announced: str) -> SettledSubscriber:
        return SettledSubscriber(subscriber=found, due_at=clock() if announced != "2" else None)

    assert await store.hub.settle(claimed, change, now=clock())
    assert await serve(store, clock, "3") == Counter([name])


async def test_the_limit_holds_over_all_partitions(store: Store, clock: ManualClock) -> None:
    policy = HubPolicy(max_subscriptions=12)
    first = await ask(store, clock, 0, policy)
    for number in range(1, 12):
        await subscribe(store, clock, number)
    clock.advance(1)
    last = await ask(store, clock, 12, policy)
    assert await store.hub.find(first) is None, "the oldest that never confirmed gave way"
    assert await store.hub.count() == 12
    await subscribe(store, clock, 12)
    assert (await store.hub.find(last) or one(0)).lease
    with pytest.raises(NoRoom):
        await ask(store, clock, 13, policy)
    assert len(await store.hub.newest(5)) == 5


@pytest.mark.scale
@pytest.mark.timeout(180)
async def test_a_node_that_is_away_holds_up_its_hosts_alone(
    lasting_cluster: RedisCluster, tmp_path: Path, clock: ManualClock
) -> None:
    async with new_store(lasting_cluster.url, tmp_path, hub=16) as store:
        keys, parts = store._keys, store._keys.hub_partitions
        home = await lasting_cluster.owner(key_slot(keys.meta().encode()))
        nodes = {
            part: await lasting_cluster.owner(key_slot(parts.prefix(part).encode())) for part in parts.all
        }
        victim = next(node for node in nodes.values() if node is not home)
        known = {await subscribe(store, clock, number): number for number in range(80)}
        held = {name for name, number in known.items() if nodes[parts.of(one(number).host)] is victim}
        assert 0 < len(held) < len(known)
        await answered(store, clock)
        assert await store.hub_topics.announce(TOPIC, "0", "1", clock())
        await store.hub_topics.fan_out(TOPIC, clock())
        leased = await claim(store, clock)
        assert {subscriber.id for subscriber in leased} == set(known)
        victim.freeze()
        try:
            done = {
                subscriber.id
                for subscriber in leased
                if await store.hub.settle(
                    subscriber,
                    lambda found, _: SettledSubscriber(subscriber=found and replace(found, sent="1")),
                    now=clock(),
                )
            }
            assert done == set(known) - held, "the others' leases run out"
            assert await store.hub_topics.announce(TOPIC, "1", "2", clock())
            fanned = await store.hub_topics.fan_out(TOPIC, clock())
            assert (fanned.subscribers, fanned.is_complete) == (len(known) - len(held), False)
            assert await serve(store, clock, "2") == Counter(set(known) - held)
            assert not store.hub_topics.is_whole
        finally:
            victim.thaw()

        async def is_whole() -> bool:
            await claim(store, clock)
            return store.hub_topics.is_whole

        await until(is_whole)
        assert await store.hub_topics.unfinished(clock()) == [TOPIC]
        assert (await store.hub_topics.fan_out(TOPIC, clock())).is_complete
        clock.advance(LEASE.total_seconds() + 1)
        assert await serve(store, clock, "2") == Counter(held)
        assert await store.hub_topics.unfinished(clock() + LEASE) == []
