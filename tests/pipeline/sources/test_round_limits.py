"""Rounds that take too long: what was read is kept, and the rest comes later."""

import asyncio
import random

import pytest
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import gather
from pipeline.rounds.test_page_round import CITY, config, put_article, put_list
from support import ManualClock

from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import Source, SourceKind, SourceState
from syndicator.pipeline.sources import gather_step, round_result
from syndicator.pipeline.sources.gather_step import GatherStep
from syndicator.pipeline.sources.round_result import Outcome
from syndicator.store.store import Store


async def test_what_there_was_no_time_for_is_read_in_the_next_round(
    portal: Portal, service_of: OpenService, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_list(portal, 3, 2, 1)
    for number in (1, 2, 3):
        put_article(portal, number)
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        with monkeypatch.context() as patched:
            patched.setattr(round_result, "READING_TIME_S", -1.0)  # it is up before the first page
            (hurried,) = await gather(service)
        assert (hurried.round.new, hurried.reason) == (0, None)
        state = await service.store.sources.state(CITY)
        assert "articles left for the next round: 3" in state.warnings
        clock.advance(60)
        (second,) = await gather(service)
        assert second.round.new == 3


async def test_a_fault_of_many_pages_is_told_once_and_warnings_are_bounded() -> None:
    notes = round_result.new_notes()
    notes.warn("the list is odd", "the list is odd")
    for number in range(3):
        notes.warn_of_page(f"https://portal.example/{number}", "http_404")
    assert list(notes.warnings) == [
        "the list is odd",
        "3 article pages, such as https://portal.example/0: http_404",
    ]
    notes.warn(*(f"fault {number}" for number in range(round_result.MAX_WARNINGS)))
    assert len(notes.warnings) == round_result.MAX_WARNINGS + 1
    assert notes.warnings[-1] == "and 2 more"


class Endless:
    """A kind of round that never ends by itself."""

    def __init__(self) -> None:
        self.was_cancelled = False

    async def gather(self, source: Source, state: SourceState) -> Outcome:
        try:
            await asyncio.Event().wait()
        finally:
            self.was_cancelled = True
        return Outcome()


SLOW = Source(
    id=SourceId("slow"),
    title="Slow",
    kind=SourceKind.FEED,
    url="https://portal.example/rss",
    schedule=Every(interval_s=300),
)


async def step_of(store: Store, clock: ManualClock, kind: Endless) -> tuple[GatherStep, str]:
    """Return a step over one source, and the token of its lease."""
    step = GatherStep(store, {SLOW.id: SLOW}, {SourceKind.FEED: kind}, clock, random.Random(1))
    await step.enlist()
    token = await step.lease(SLOW.id)
    assert token is not None
    return step, token


async def test_a_round_without_end_is_ended(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = Endless()
    step, token = await step_of(store, clock, endless)
    monkeypatch.setattr(gather_step, "ROUND_DEADLINE_S", 0.02)
    report = await step.gather(SLOW, token)
    assert report is not None
    assert report.reason == "timeout"
    assert endless.was_cancelled
    state = await store.sources.state(SLOW.id)
    assert state.failure is not None
    assert state.failure.detail.startswith("the whole round took longer than")


async def test_a_round_whose_lease_was_lost_stops_and_settles_nothing(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather_step, "HEARTBEAT_S", 0.01)
    endless = Endless()
    step, token = await step_of(store, clock, endless)
    clock.advance(16)  # this process stood still, and another one took the source
    other = await step.lease(SLOW.id)
    assert other is not None
    before = await store.sources.state(SLOW.id)
    async with asyncio.timeout(20):
        assert await step.gather(SLOW, token) is None
    assert endless.was_cancelled
    assert await store.sources.state(SLOW.id) == before
    assert await store.sources.extend([(SLOW.id, other)], clock(), gather_step.LEASE) == [True]
