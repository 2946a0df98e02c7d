"""Whatever fails in a call that many share, all who wait for it hear of it."""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime

import pytest
from support import ManualClock

from syndicator.pipeline.fresh_reads import FreshReads
from syndicator.pipeline.sources.request_slots import RequestSlots
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
    async with asyncio.timeout(10):
        told = await asyncio.gather(*map(reads.get, "abc"), return_exceptions=True)
        assert {type(one) for one in told} <= {ValueError, KeyError}
        assert await asyncio.gather(*map(reads.get, "abc")) == [1, 1, 1]


async def test_those_who_want_a_turn_hear_of_a_fault_and_the_next_ones_get_theirs(
    store: Store, clock: ManualClock
) -> None:
    is_broken = True

    def sometimes() -> datetime:
        if is_broken:
            raise ValueError("no time")
        return clock()

    slots = RequestSlots(store.request_slots, sometimes, random.Random(1))
    async with asyncio.timeout(10):
        told = await asyncio.gather(
            *(slots.take(f"https://{one}.example", 1) for one in "abc"), return_exceptions=True
        )
        assert {type(one) for one in told} == {ValueError}
        is_broken = False
        assert len(await asyncio.gather(*(slots.take(f"https://{one}.example", 1) for one in "def"))) == 3
        await slots.close()
