"""Steps between slots: each is done once, by whoever comes to it; a node that is away holds up its partitions."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from redis.crc import key_slot
from redis_cluster import RedisCluster
from store.webhooks.test_deliveries import DONE, LEASE, event, know
from support import ManualClock, new_store, until

from syndicator.model.ids import EndpointId
from syndicator.store.store import Store, open_again
from syndicator.store.webhooks.deliveries import Leased
from syndicator.store.webhooks.queuing import FanOut, Queued

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
