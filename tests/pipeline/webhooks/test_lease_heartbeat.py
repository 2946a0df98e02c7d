"""Leases last as long as the work, and no longer."""

import asyncio
from datetime import timedelta

from store.webhooks.test_deliveries import claim, event, queue
from support import ManualClock

from syndicator.model.clock import system_clock
from syndicator.pipeline.webhooks.lease_heartbeat import Heartbeat
from syndicator.store.store import Store

LEASE = timedelta(seconds=0.6)


async def test_a_lease_is_lengthened_until_its_work_is_done(store: Store, clock: ManualClock) -> None:
    now = system_clock()
    await queue(store, [event(1), event(2)], now=now)
    leased = (await store.deliveries.claim(now, LEASE, 10)).leased
    assert len(leased) == 2
    heartbeat = Heartbeat(store.deliveries, system_clock, LEASE)
    clock.now = now + timedelta(seconds=1)
    with heartbeat.keep(leased[:1]) as (lease,):
        async with asyncio.timeout(20):
            while lease.until < clock.now + timedelta(milliseconds=2):  # Redis keeps whole milliseconds
                await asyncio.sleep(0.01)
        taken = await claim(store, clock)
        assert [one.delivery.event.id for one in taken] == [leased[1].delivery.event.id], "nobody kept that"
    assert heartbeat._timer is None
    clock.now = lease.until + timedelta(seconds=1)
    assert leased[0].delivery.event.id in [one.delivery.event.id for one in await claim(store, clock)]


async def test_a_lease_that_is_lost_is_not_taken_back(store: Store, clock: ManualClock) -> None:
    await queue(store, [event(1)])
    (mine,) = await claim(store, clock)
    clock.advance(31)
    (others,) = await claim(store, clock)
    heartbeat = Heartbeat(store.deliveries, clock, LEASE)
    with heartbeat.keep([mine]) as (lease,):
        await heartbeat._lengthen()
        assert lease.until == mine.until
    assert await store.deliveries.extend([others], clock() + LEASE) == [True]
