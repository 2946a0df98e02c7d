"""Steps between slots: each is done once, by whoever comes to it; a node that is away holds up its partitions."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from redis.crc import key_slot
from redis_cluster import RedisCluster
from store.webhooks.test_deliveries import DONE, LEASE, event, know
from support import ManualClock, new_store, until

from syndicator.model.event import EventType
from syndicator.model.ids import EndpointId, SourceId
from syndicator.model.sources.freshness import Stage
from syndicator.store.store import Store, open_again
from syndicator.store.webhooks.deliveries import Leased
from syndicator.store.webhooks.queuing import FanOut, Queued

SOURCE = SourceId("portal")
NAMES = [EndpointId(f"endpoint-{number}") for number in range(24)]


async def fan_out(store: Store, clock: ManualClock, *numbers: int) -> None:
    """Do the first step alone: log events, and hand over what they queue."""
    for number in numbers:
        await store.outbox.append(event(number))
    pending = await store.outbox.pending(100)
    intent = FanOut(
        read=pending.cursor,
        version=pending.version,
        entries=pending.entries,
        queued=tuple(
            Queued(endpoint=name, event=entry.event.id, due_at=clock())
            for entry in pending.entries
            for name in NAMES
        ),
    )
    assert await store.queuing.fan_out(intent, clock())


async def queued(store: Store) -> int:
    return sum(await store.connection.batch([("ZCARD", store._keys.queue(name)) for name in NAMES]))


@pytest.mark.parametrize("store", [4], indirect=True)
async def test_what_was_handed_over_is_queued_once_by_whoever_comes_first(
    store: Store, clock: ManualClock
) -> None:
    await know(store, *NAMES)
    await fan_out(store, clock, 1, 2)
    assert await queued(store) == 0
    assert (await store.deliveries.claim(clock(), LEASE, 100, after_queuing=True)).unfanned == 4
    async with open_again(store.again) as one, open_again(store.again) as other:
        await asyncio.gather(*(each.queuing.take_over(clock()) for each in (one, other, store)))
        assert await queued(store) == 2 * len(NAMES)
        claimed = await other.deliveries.claim(clock(), LEASE, 1000, after_queuing=True)
        assert claimed.unfanned == 0
        for leased in claimed.leased:
            await other.deliveries.settle(leased, DONE, clock())
        left = 2 * len(NAMES) - len(claimed.leased)
        for each in (one, other, store):
            await each.queuing.sweep(clock())
            await each.queuing.take_over(clock())
        assert await queued(store) == left, "nothing comes again"


@pytest.mark.parametrize("store", [4], indirect=True)
async def test_steps_that_a_node_forgot_are_done_again(store: Store, clock: ManualClock) -> None:
    await know(store, *NAMES)
    await fan_out(store, clock, 1)
    await store.queuing.take_over(clock())
    keys = store._keys
    mine = [name for name in NAMES if keys.partitions.of(name) == 1]
    before = await store.connection.call("HGET", keys.partition_cursors(1), "fan-out")
    await fan_out(store, clock, 2)
    await store.queuing.take_over(clock())
    # Its replica took over, and had not heard of the last step.
    await store.connection.batch([("ZREM", keys.queue(name), event(2).id) for name in mine])
    await store.connection.call("HSET", keys.partition_cursors(1), "fan-out", before)
    await store.queuing.sweep(clock())
    await store.queuing.take_over(clock())
    assert await queued(store) == 2 * len(NAMES)


@pytest.mark.parametrize("store", [1, 4], indirect=True)
async def test_what_follows_from_a_delivery_in_the_namespace_is_done_once(
    store: Store, clock: ManualClock
) -> None:
    await know(store, *NAMES)
    for number in (1, 2):
        await fan_out(store, clock, number)
        await store.queuing.take_over(clock())
        for leased in (await store.deliveries.claim(clock(), LEASE, 1000)).leased:
            count = store.article_delays.count_pushed(SOURCE, 1, 30.0)
            assert (await store.deliveries.settle(leased, DONE, clock(), count)).written
            assert not (await store.deliveries.settle(leased, DONE, clock(), count)).written
        await asyncio.gather(*(store.queuing.sweep(clock()) for _ in range(3)))
        await store.queuing.sweep(clock())
        counted = await store.article_delays.read(SOURCE, range(1, 2))
        assert counted[Stage.PUSHED].articles == number * len(NAMES)


@pytest.mark.scale
@pytest.mark.timeout(180)
@pytest.mark.parametrize("store", [1], indirect=True)
async def test_a_node_that_is_away_holds_up_its_partitions_alone(
    own_cluster: RedisCluster, store: Store, tmp_path: Path, clock: ManualClock
) -> None:
    del store
    async with new_store(own_cluster.url, tmp_path, partitions=16) as spread:
        keys = spread._keys
        await know(spread, *NAMES)
        await fan_out(spread, clock, 1)
        await spread.queuing.take_over(clock())
        home = await own_cluster.owner(key_slot(keys.meta().encode()))
        owners = {
            number: await own_cluster.owner(key_slot(keys.queues(number).encode()))
            for number in keys.partitions.all
        }
        victim = next(owner for owner in owners.values() if owner is not home)
        held = {name for name in NAMES if owners[keys.partitions.of(name)] is victim}
        assert 0 < len(held) < len(NAMES)
        victim.freeze()
        try:
            taken = dict[EndpointId, Leased]()

            async def claimed() -> bool:
                found = await spread.deliveries.claim(clock(), LEASE, 1000)
                taken.update({one.delivery.endpoint: one for one in found.leased})
                return taken.keys() >= set(NAMES) - held

            await until(claimed)
            await fan_out(spread, clock, 2)
            await spread.queuing.take_over(clock())
            counts = await spread.deliveries.counts_of(sorted(set(NAMES) - held), clock())
            assert {one.ready + one.in_flight for one in counts.values()} == {2}
        finally:
            victim.thaw()
        clock.now += timedelta(seconds=1)

        async def all_queued() -> bool:
            await spread.queuing.take_over(clock())
            return await queued(spread) == 2 * len(NAMES)

        await until(all_queued)


async def left(store: Store) -> dict[EndpointId, int]:
    """Return how many events wait in the log for each endpoint, as its partition knows it."""
    states = await store.endpoints.states(NAMES)
    return {name: state.overflow.events for name, state in states.items() if state.overflow}


async def handed(store: Store) -> list[int]:
    """Return how many steps stand in the stream of each partition."""
    keys = store._keys
    return list(
        await store.connection.batch([("XLEN", keys.handover(number)) for number in keys.partitions.all])
    )


@pytest.mark.parametrize("store", [4], indirect=True)
async def test_where_too_much_is_handed_over_events_are_left_in_the_log(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await know(store, *NAMES)
    await store.queuing.take_over(clock())
    before = await handed(store)
    monkeypatch.setattr("syndicator.store.webhooks.handover.MOST_HANDED_BYTES", 4000)
    for number in range(1, 41):
        await fan_out(store, clock, number)
    counts = [now - then for now, then in zip(await handed(store), before, strict=True)]
    assert all(0 < count < 20 for count in counts), counts
    async with open_again(store.again) as one, open_again(store.again) as other:
        await asyncio.gather(*(each.queuing.take_over(clock()) for each in (one, other, store)))
    keys = store._keys
    waiting = await left(store)
    for name in NAMES:
        queued_now = await store.connection.call("ZCARD", keys.queue(name))
        assert queued_now == counts[keys.partitions.of(name)]
        assert waiting[name] == 40 - queued_now, "each is queued or left, and none is both"
    assert await store.connection.call("EXISTS", *map(keys.left_in_log, keys.partitions.all)) == 0
    state = await store.endpoints.state(NAMES[0])
    assert state.overflow is not None
    page = await store.events.page(state.overflow.position, await store.overflows.logged(NAMES[0]), 100)
    assert len(page.entries) == state.overflow.events, "they stand behind its position"
    refills = await store.connection.batch(
        [("ZCARD", keys.refills(number)) for number in keys.partitions.all]
    )
    assert sum(refills) == len(NAMES)


@pytest.mark.parametrize("store", [4], indirect=True)
async def test_a_withdrawal_and_what_closes_others_are_handed_over_always(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await know(store, *NAMES)
    await fan_out(store, clock, 1)
    await store.queuing.take_over(clock())
    monkeypatch.setattr("syndicator.store.webhooks.handover.MOST_HANDED_BYTES", 0)
    await fan_out(store, clock, 2)
    kill = event(1, revision=2, kind=EventType.ARTICLE_WITHDRAWN)
    older = ((event(1).id, event(1).subject, event(1).type.value),)
    await store.outbox.append(kill)
    pending = await store.outbox.pending(100)
    asking, others = NAMES[:12], NAMES[12:]

    def one(name: EndpointId) -> Queued:
        return Queued(endpoint=name, event=kill.id, due_at=clock(), urgent=True, older=older)

    intent = FanOut(
        read=pending.cursor,
        version=pending.version,
        entries=pending.entries,
        queued=tuple(map(one, asking)),
        cancelled=tuple(map(one, others)),
    )
    assert await store.queuing.fan_out(intent, clock())
    await store.queuing.take_over(clock())
    assert await left(store) == dict.fromkeys(NAMES, 1)
    keys = store._keys
    found = await store.connection.batch([("ZRANGE", keys.queue(name), 0, -1) for name in NAMES])
    assert found == [[kill.id.encode()]] * 12 + [[]] * 12


@pytest.mark.parametrize("store", [4], indirect=True)
async def test_nothing_is_left_for_an_endpoint_that_was_removed(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await know(store, *NAMES)
    await store.queuing.take_over(clock())
    monkeypatch.setattr("syndicator.store.webhooks.handover.MOST_HANDED_BYTES", 0)
    await fan_out(store, clock, 1)
    assert await store.endpoints.remove(NAMES[0])
    await store.queuing.take_over(clock())
    assert (await left(store)).keys() == set(NAMES[1:])


@pytest.mark.scale
@pytest.mark.timeout(180)
@pytest.mark.parametrize("store", [1], indirect=True)
async def test_a_node_that_is_away_for_long_takes_no_more_than_the_log(
    own_cluster: RedisCluster,
    store: Store,
    tmp_path: Path,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del store
    bound, count = 20_000, 600
    async with new_store(own_cluster.url, tmp_path, partitions=16) as spread:
        keys = spread._keys
        await know(spread, *NAMES)
        await spread.queuing.take_over(clock())
        monkeypatch.setattr("syndicator.store.webhooks.handover.MOST_HANDED_BYTES", bound)
        home = await own_cluster.owner(key_slot(keys.meta().encode()))
        owners = {
            number: await own_cluster.owner(key_slot(keys.queues(number).encode()))
            for number in keys.partitions.all
        }
        victim = next(owner for owner in owners.values() if owner is not home)
        victim.freeze()
        try:
            for number in range(1, count + 1):
                await fan_out(spread, clock, number)
                if number % 100 == 0:
                    await spread.queuing.take_over(clock())
            sizes = await spread.connection.batch(
                [
                    ("MEMORY", "USAGE", keys.handover(number), "SAMPLES", 0)
                    for number in keys.partitions.all
                    if owners[number] is victim
                ]
            )
            assert max(int(size or 0) for size in sizes) < 3 * bound
        finally:
            victim.thaw()

        async def all_there() -> bool:
            await spread.queuing.take_over(clock())
            return await queued(spread) + sum((await left(spread)).values()) == count * len(NAMES)

        await until(all_there)
        assert await left(spread)
