"""Counters of delays in Redis: in place, by day and class of length, in bounded memory."""

import random

import pytest
from support import ManualClock

from syndicator.model.ids import SourceId
from syndicator.model.source import SourceState
from syndicator.model.sources.freshness import Delay, DelayNotes, Stage, StageDelays
from syndicator.store.keys.table import Keys
from syndicator.store.sources.article_delays import BOUNDS_S, delay_writes
from syndicator.store.store import Store

CITY = SourceId("city")
TODAY = 20_762


async def count(
    store: Store, day: int, *seconds: float, stage: Stage = Stage.SHOWN, cleared: range = range(0)
) -> None:
    delays = tuple(Delay(stage=stage, seconds=one) for one in seconds)
    notes = DelayNotes(day=day, delays=delays, cleared=cleared)
    await store.connection.batch(delay_writes(Keys(store.again.namespace), CITY, notes))


async def test_delays_are_summed_up_by_stage(store: Store) -> None:
    await count(store, TODAY, *[20] * 10, *[500] * 9, 4000, cleared=range(TODAY + 2))
    await count(store, TODAY - 1, 5, stage=Stage.SEEN)
    await count(store, TODAY, 90_000, stage=Stage.PUSHED)
    assert await store.article_delays.read(CITY, range(TODAY - 29, TODAY + 1)) == {
        Stage.SEEN: StageDelays(articles=1, median_s=15, p95_s=15),
        Stage.SHOWN: StageDelays(articles=20, median_s=30, p95_s=600),
        Stage.PUSHED: StageDelays(articles=1, median_s=None, p95_s=None),
    }
    assert await store.article_delays.read(SourceId("nobody"), range(TODAY, TODAY + 1)) == {}


@pytest.mark.parametrize("place", range(len(BOUNDS_S)))
async def test_a_bound_belongs_to_its_class(store: Store, place: int) -> None:
    bound = BOUNDS_S[place]
    await count(store, TODAY, bound)
    found = await store.article_delays.read(CITY, range(TODAY, TODAY + 1))
    assert found[Stage.SHOWN].median_s == bound


async def test_years_of_days_take_bounded_memory_and_days_do_not_mix(store: Store) -> None:
    rng, cleared_until = random.Random(1), 0
    for day in range(TODAY, TODAY + 400, 1):
        await count(store, day, rng.choice((10, 100, 1000)), cleared=range(cleared_until + 1, day + 2))
        cleared_until = day + 1
    key = Keys(store.again.namespace).delays(CITY)
    assert await store.connection.call("MEMORY", "USAGE", key) < 4096
    found = await store.article_delays.read(CITY, range(day - 29, day + 1))
    assert found[Stage.SHOWN].articles == 30


async def test_a_source_that_comes_back_after_months_begins_at_zero(store: Store) -> None:
    await count(store, TODAY, 10, cleared=range(TODAY + 2))
    back = TODAY + 96  # the same place in the ring
    await count(store, back, 10, 10, cleared=range(TODAY + 2, back + 2))
    found = await store.article_delays.read(CITY, range(back - 29, back + 1))
    assert found[Stage.SHOWN].articles == 2


async def test_counters_stop_at_their_highest_value(store: Store) -> None:
    for _ in range(7):
        await count(store, TODAY, *[10] * 10_000)
    assert (await store.article_delays.read(CITY, range(TODAY, TODAY + 1)))[Stage.SHOWN].articles == 65_535


async def test_who_lost_the_lease_counts_nothing(store: Store, clock: ManualClock) -> None:
    await store.sources.enlist([CITY], [], clock())
    notes = DelayNotes(day=TODAY, delays=(Delay(stage=Stage.SEEN, seconds=1),))
    assert not await store.sources.settle(CITY, "another's", SourceState(), delays=notes)
    assert await store.article_delays.read(CITY, range(TODAY, TODAY + 1)) == {}
