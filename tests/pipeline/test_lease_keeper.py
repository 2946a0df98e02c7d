"""Leases last as long as the work, and the work no longer than its leases."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from store.webhooks.test_deliveries import claim, event, queue
from support import ManualClock, until

from syndicator.errors import StoreUnavailable
from syndicator.pipeline.lease_keeper import LeaseKeeper, LeaseLost
from syndicator.store.store import Store
from syndicator.store.webhooks.deliveries import Leased

LEASE = timedelta(seconds=15)


class Extending:
    """Extends the leases that are not lost; notes how often."""

    def __init__(self, *lost: str) -> None:
        self.lost = set(lost)
        self.is_away = False
        self.beats = asyncio.Semaphore(0)

    async def __call__(self, leases: Sequence[str]) -> list[bool]:
        self.beats.release()
        if self.is_away:
            raise StoreUnavailable("away")
        return [lease not in self.lost for lease in leases]


async def test_a_lease_is_extended_until_its_work_is_done(store: Store, clock: ManualClock) -> None:
    beats = asyncio.Semaphore(0)

    async def extend(leased: Sequence[Leased]) -> list[bool]:
        held = await store.deliveries.extend(leased, clock() + LEASE)
        beats.release()
        return held

    await queue(store, [event(1), event(2)])
    leased = await claim(store, clock)
    assert len(leased) == 2
    keeper = LeaseKeeper(extend, 0.01)
    async with asyncio.timeout(20):
        with keeper.keep(leased[:1]):
            clock.advance(31)
            for _ in range(2):  # the second one began after the time had passed
                await beats.acquire()
            taken = await claim(store, clock)
            assert [one.delivery.event.id for one in taken] == [leased[1].delivery.event.id], (
                "nobody kept that"
            )
        clock.advance(31)
        assert leased[0].delivery.event.id in [one.delivery.event.id for one in await claim(store, clock)]
        await until(lambda: keeper._timer is None)


async def test_work_whose_lease_is_lost_is_stopped() -> None:
    keeper = LeaseKeeper(Extending("a"), 0.01)
    async with asyncio.timeout(20):
        with pytest.raises(LeaseLost), keeper.keep(["a"]):
            await asyncio.Event().wait()
        await asyncio.sleep(0)  # nothing of the cancellation is left


async def test_work_goes_on_while_one_of_its_leases_holds() -> None:
    extending = Extending("a")
    async with asyncio.timeout(20):
        with LeaseKeeper(extending, 0.01).keep(["a", "b"]) as kept:
            for _ in range(3):
                await extending.beats.acquire()
            assert kept.leases == ["b"]


async def test_work_goes_on_while_redis_is_away() -> None:
    extending = Extending("a")
    extending.is_away = True

    async def work() -> None:
        with LeaseKeeper(extending, 0.01).keep(["a"]):
            for _ in range(3):
                await extending.beats.acquire()
            extending.is_away = False
            await asyncio.Event().wait()

    async with asyncio.timeout(20):
        with pytest.raises(LeaseLost):
            await work()


async def test_a_lease_that_its_worker_has_ended_is_not_lost() -> None:
    may_answer = asyncio.Event()
    began = asyncio.Event()

    async def late(leases: Sequence[str]) -> list[bool]:
        began.set()
        await may_answer.wait()
        return [False] * len(leases)

    keeper = LeaseKeeper(late, 0.01)
    async with asyncio.timeout(20):
        with keeper.keep(["a"]):
            await began.wait()
        may_answer.set()
        assert keeper._extending is not None
        await keeper._extending


async def test_who_is_cancelled_by_others_too_ends_cancelled() -> None:
    extending = Extending("a")
    keeper = LeaseKeeper(extending, 0.01)

    async def work() -> None:
        with keeper.keep(["a"]):
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)

    task = asyncio.create_task(work())
    await extending.beats.acquire()
    task.cancel()
    await asyncio.wait([task], timeout=20)
    assert task.cancelled()
