"""How thousands of sources stand: counted for all, listed page by page, the worst first."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from support import NOON, ManualClock

from syndicator.model.ids import SourceId
from syndicator.model.ops.states import SourceStanding
from syndicator.model.schedule import Every
from syndicator.model.source import Failure, Source, SourceKind, SourceState
from syndicator.pipeline.ops.source_standings import REREAD, StandingCursor, Standings
from syndicator.store.store import Store

MANY = 2 * REREAD + 100
DAY = timedelta(days=1)
FINE = SourceState(last_success_at=NOON, next_due_at=NOON + DAY)
FAILED = replace(FINE, failures=2, failure=Failure(reason="dns", detail="", at=NOON))


def sources(count: int = MANY) -> list[Source]:
    return [
        Source(
            id=SourceId(f"portal-{number}"),
            title="Portal",
            kind=SourceKind.FEED,
            url="https://portal.example/rss",
            schedule=Every(interval_s=300),
        )
        for number in range(count)
    ]


async def settle(store: Store, number: int, state: SourceState) -> None:
    name = SourceId(f"portal-{number}")
    assert await store.sources.lease(name, "me", NOON, timedelta(seconds=15))
    assert await store.sources.settle(name, "me", state)


@pytest.fixture
async def standings(store: Store, clock: ManualClock) -> Standings:
    await store.sources.enlist([one.id for one in sources()], [], clock())
    await store.sources.claim("me", NOON, timedelta(seconds=15), MANY)
    for number in (3, 1500, 2050):
        await settle_leased(store, number, FAILED)
    for number in (7, 8, 2099):
        await settle_leased(store, number, FINE)
    return Standings(store.sources, sources(), clock, fresh_s=0.0)


async def settle_leased(store: Store, number: int, state: SourceState) -> None:
    assert await store.sources.settle(SourceId(f"portal-{number}"), "me", state)


async def test_the_worst_come_first_and_all_are_counted(standings: Standings) -> None:
    page = await standings.page(None, 5)
    assert page.sources == ["portal-3", "portal-1500", "portal-2050", "portal-0", "portal-1"]
    assert page.counts == {SourceStanding.FAILING: 3, SourceStanding.NEW: MANY - 6, SourceStanding.OK: 3}
    assert list(page.counts) == [SourceStanding.FAILING, SourceStanding.NEW, SourceStanding.OK]


async def test_pages_hold_each_source_once(standings: Standings) -> None:
    found: list[SourceId] = []
    page = await standings.page(None, 400)
    found += page.sources
    while page.next:
        page = await standings.page(page.next, 400)
        found += page.sources
    assert sorted(found) == sorted(one.id for one in sources())


async def test_a_page_begins_at_a_standing_or_a_source(standings: Standings) -> None:
    fine = await standings.page(StandingCursor(standing=SourceStanding.OK), 2)
    assert fine.sources == ["portal-7", "portal-8"]
    assert fine.next == StandingCursor(standing=SourceStanding.OK, source=SourceId("portal-2099"))
    assert (await standings.page(fine.next, 9)).sources == ["portal-2099"]
    unknown = await standings.page(
        StandingCursor(standing=SourceStanding.FAILING, source=SourceId("gone")), 1
    )
    assert unknown.sources == ["portal-3"], "a source that has left: from the first of its standing on"


async def test_what_a_round_settles_and_what_time_brings_shows(
    standings: Standings, store: Store, clock: ManualClock
) -> None:
    await standings.page(None, 1)
    await settle_leased(store, 1999, replace(FAILED, next_due_at=NOON + 2 * DAY))
    assert (await standings.page(None, 3)).sources == ["portal-3", "portal-1500", "portal-1999"]
    clock.advance((DAY + timedelta(minutes=3)).total_seconds())
    late = await standings.page(StandingCursor(standing=SourceStanding.LATE), 9)
    assert late.sources[:3] == ["portal-7", "portal-8", "portal-2099"]
    assert late.counts[SourceStanding.LATE] == 3


async def test_a_state_that_is_settled_with_the_same_due_time_shows_after_some_refreshes(
    standings: Standings, store: Store
) -> None:
    await standings.page(None, 1)
    await settle(store, 1500, FINE)
    counts = [(await standings.page(None, 1)).counts[SourceStanding.FAILING] for _ in range(3)]
    assert counts[-1] == 2


async def test_few_sources_are_as_of_the_call(store: Store, clock: ManualClock) -> None:
    few = sources(3)
    standings = Standings(store.sources, few, clock)
    await store.sources.enlist([one.id for one in few], [], clock())
    assert (await standings.page(None, 9)).counts == {SourceStanding.NEW: 3}
    for state, expected in ((FAILED, "failing"), (FINE, "ok"), (FAILED, "failing")):
        await settle(store, 1, state)
        page = await standings.page(None, 9)
        assert set(page.counts) == {expected, "new"}
        assert page.next is None


async def test_it_is_kept_up_while_nobody_asks(store: Store, clock: ManualClock) -> None:
    await store.sources.enlist([one.id for one in sources()], [], clock())
    standings = Standings(store.sources, sources(), clock, fresh_s=3600)
    async with standings.keeping_up():
        await settle(store, 7, FAILED)
        counts = (await standings.page(None, 1)).counts
        assert counts == {SourceStanding.NEW: MANY}, "all were read before the first request"
    assert (await Standings(store.sources, [], clock).page(None, 1)).counts == {}
