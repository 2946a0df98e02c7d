"""Whatever fails in a call that many share, all who wait for it hear of it."""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime

import pytest
from support import ManualClock

from syndicator.pipeline.fresh_reads import FreshReads
from syndicator.pipeline.sources.request_slots import RequestSlots
from syndicator.store.sources.request_slots import HeldSlot
from syndicator.store.store import Store


@pytest.mark.parametrize("found", [None, {}])
async def test_readers_hear_of_a_fault_and_the_next_read_works(found: dict[str, int] | None) -> None:
    faults = [found]

    async def read(keys: Sequence[str]) -> dict[str, int]:
        if not faults:
            return dict.fromkeys(keys, 1)
        if (fault := faults.pop()) is None:
            raise ValueError("not what was expected")
        return fault

    reads = FreshReads(read)
    async with asyncio.timeout(30):
        told = await asyncio.gather(*map(reads.get, "abc"), return_exceptions=True)
        assert {type(one) for one in told} <= {ValueError, KeyError}
        assert await asyncio.gather(*map(reads.get, "abc")) == [1, 1, 1]


async def test_a_reader_that_leaves_keeps_no_other_waiting() -> None:
    may_end = asyncio.Event()

    async def read(keys: Sequence[str]) -> dict[str, int]:
        await may_end.wait()
        return dict.fromkeys(keys, 1)

    reads = FreshReads(read)
    staying, leaver = (asyncio.create_task(reads.get(key)) for key in "ab")
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.wait([leaver])
    may_end.set()
    async with asyncio.timeout(30):
        assert await staying == 1
    assert leaver.cancelled()


async def test_a_turn_comes_back_that_nobody_waits_for_any_more(store: Store, clock: ManualClock) -> None:
    slots = RequestSlots(store.request_slots, clock, random.Random(1))
    leaver = asyncio.create_task(slots.take("https://a.example", 1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # it is asked for
    leaver.cancel()
    await asyncio.wait([leaver])
    async with asyncio.timeout(30):
        slot = await slots.take("https://a.example", 1)
    assert isinstance(slot, HeldSlot)
    await slots.close()
    other = RequestSlots(store.request_slots, clock, random.Random(2))
    assert isinstance(await other.take("https://a.example", 1, patient=False), HeldSlot)
    await other.close()


async def test_those_who_want_a_turn_hear_of_a_fault_and_the_next_ones_get_theirs(
    store: Store, clock: ManualClock
) -> None:
    is_broken = True

    def sometimes() -> datetime:
        if is_broken:
            raise ValueError("no time")
        return clock()

    slots = RequestSlots(store.request_slots, sometimes, random.Random(1))
    async with asyncio.timeout(30):
        told = await asyncio.gather(
            *(slots.take(f"https://{one}.example", 1) for one in "abc"), return_exceptions=True
        )
        assert {type(one) for one in told} == {ValueError}
        is_broken = False
        assert len(await asyncio.gather(*(slots.take(f"https://{one}.example", 1) for one in "def"))) == 3
        await slots.close()
