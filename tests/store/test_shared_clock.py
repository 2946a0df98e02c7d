"""The clock of all processes: after a pause, a jump, or beside a Redis whose clock is wrong."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from support import NOON, until

from syndicator.model.clock import system_clock, to_ms
from syndicator.store import shared_clock
from syndicator.store.shared_clock import SharedClock, redis_time, time_at_start
from syndicator.store.store import Store

SECOND = timedelta(seconds=1)


class World:
    """Redis' clock, this machine's clock and its counter, each moved by the test."""

    def __init__(self, there: datetime = NOON) -> None:
        self.there, self.own, self.counter_s = there, NOON, 100.0
        self.clock = SharedClock(self.there, self.counter_s, lambda: self.counter_s, lambda: self.own)

    def passes(self, seconds: float) -> None:
        self.there += seconds * SECOND
        self.own += seconds * SECOND
        self.counter_s += seconds

    def read(self, *, is_another: bool = False) -> float:
        return self.clock.follow(self.there, self.counter_s, is_another=is_another)


def test_it_goes_on_between_readings() -> None:
    world = World()
    world.passes(30)
    assert world.clock() == NOON + 30 * SECOND
    assert world.read() == 0
    assert world.clock.is_confirmed()


def test_after_a_pause_it_agrees_at_once_and_nothing_is_removed_for_an_hour() -> None:
    world = World()
    world.there += 3600 * SECOND  # the machine was paused; its own clock is set by its host
    world.own = world.there
    assert world.read() == 3600
    assert world.clock() == world.there
    assert not world.clock.is_confirmed()
    world.passes(3601)
    assert world.read() == 0
    assert world.clock.is_confirmed()


def test_it_never_goes_back_and_agrees_after_a_while() -> None:
    world = World()
    world.there -= 60 * SECOND
    before = world.clock()
    assert world.read() == -60
    assert world.clock() == before
    told = [before]
    for _ in range(30):
        world.passes(10)
        world.read()
        told.append(world.clock())
        assert told[-1] > told[-2]
    assert told[3] == before + 15 * SECOND
    assert world.clock() == world.there
    world.passes(7)
    assert world.clock() == world.there


def test_where_another_redis_is_ahead_time_does_not_jump_and_agrees_after_a_while() -> None:
    world = World()
    world.there += 60 * SECOND
    assert world.read(is_another=True) == 60
    assert world.clock() == NOON
    told = [world.clock()]
    for _ in range(12):
        world.passes(10)
        world.read()
        told.append(world.clock())
    assert [(later - one).total_seconds() for one, later in pairwise(told)] == [15] * 12
    assert world.clock() == world.there
    world.passes(10)
    assert world.clock() == world.there


def test_a_pause_while_it_catches_up_is_made_up_for_at_once() -> None:
    world = World()
    world.there += 60 * SECOND
    world.read(is_another=True)
    world.passes(20)
    world.there += 300 * SECOND  # this machine was paused
    world.read()
    assert world.clock() == world.there - 50 * SECOND
    world.passes(100)
    assert world.clock() == world.there


def test_processes_that_read_ten_seconds_apart_differ_by_five() -> None:
    early, late = World(), World()
    for world in (early, late):
        world.there += 60 * SECOND
    early.read(is_another=True)
    for world in (early, late):
        world.passes(10)
    assert early.clock() - late.clock() == 5 * SECOND
    late.read(is_another=True)
    for world in (early, late):
        world.passes(60)
    assert early.clock() - late.clock() == 5 * SECOND
    for world in (early, late):
        world.passes(60)
    assert early.clock() == late.clock() == early.there


def test_another_redis_that_is_days_ahead_is_followed_at_once_but_for_a_day() -> None:
    world = World()
    world.there += timedelta(days=3)
    world.read(is_another=True)
    assert world.clock() == world.there - timedelta(days=1)


def test_beside_a_redis_that_is_days_ahead_nothing_is_removed() -> None:
    world = World(there=NOON + timedelta(days=3))
    assert world.clock() == NOON + timedelta(days=3), "all processes still agree with each other"
    assert not world.clock.is_confirmed()
    world.passes(7200)
    world.read()
    assert not world.clock.is_confirmed()
    world.own = world.there
    assert world.clock.is_confirmed()


def test_a_time_that_was_wrong_for_less_than_an_hour_removed_nothing() -> None:
    world = World()
    for moved in (world.there, world.own):
        assert moved == NOON
    world.there += timedelta(days=400)
    world.own += timedelta(days=400)  # one machine, whose clock was set wrong: both agree
    world.read()
    confirmed = []
    for _ in range(50):
        world.passes(60)
        world.read()
        confirmed.append(world.clock.is_confirmed())
    world.there -= timedelta(days=400)
    world.own -= timedelta(days=400)
    world.read()
    confirmed.append(world.clock.is_confirmed())
    assert not any(confirmed)


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("written", "begins"),
    [
        (None, NOON),
        ((NOON - HOUR, NOON - HOUR), NOON),  # as it always is
        ((NOON + HOUR, NOON + HOUR), NOON + HOUR),  # Redis' clock was set back since
        ((NOON + HOUR, NOON - 20 * SECOND), NOON + HOUR + 10 * SECOND),  # before that
        ((NOON + timedelta(days=30), NOON), NOON),  # too far
        (
            (NOON - 80 * SECOND, NOON - 20 * SECOND),
            NOON - 50 * SECOND,
        ),  # another Redis took over, which is ahead
        ((NOON - 19 * HOUR - 60 * SECOND, NOON - 19 * HOUR), NOON),
    ],
)
def test_a_start_goes_on_from_the_time_of_processes_before_it(
    written: tuple[datetime, datetime] | None, begins: datetime
) -> None:
    assert time_at_start(NOON, written) == begins


@pytest.fixture
async def clock(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SharedClock]:
    monkeypatch.setattr(shared_clock, "READ_INTERVAL_S", 0.05)
    async with store.clock() as opened:
        yield opened


async def off_by_s(clock: SharedClock, store: Store) -> float:
    return abs((clock() - await redis_time(store.connection)).total_seconds())


async def test_it_is_that_of_redis(clock: SharedClock, store: Store) -> None:
    assert await off_by_s(clock, store) < 5
    assert clock.is_confirmed()


async def test_a_process_that_was_paused_finds_the_time_of_redis_again(
    clock: SharedClock, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    counter = time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda which: counter(which) - 60)  # it stood still so long
    await until(lambda: off_by_s(clock, store), lambda found: found <= 5)
    assert not clock.is_confirmed()
    assert "clock_jumped" in capsys.readouterr().out


async def test_a_process_that_starts_agrees_with_those_that_are_ahead_of_redis(
    clock: SharedClock, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    counter = time.clock_gettime
    monkeypatch.setattr(
        time, "clock_gettime", lambda which: counter(which) + 3600
    )  # as if Redis were set back
    async with asyncio.timeout(20):
        while True:
            async with store.clock() as other:
                if abs(other() - clock()) < 60 * SECOND:
                    break
            await asyncio.sleep(0.02)
    assert await off_by_s(other, store) > 3000
    assert not other.is_confirmed()
    await asyncio.sleep(0.5)
    assert capsys.readouterr().out.count("clock_jumped") == 2, "once by each, however long it lasts"


async def test_a_start_after_a_time_that_was_days_ahead_goes_on_from_redis_and_removes_nothing(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    there = await redis_time(store.connection)
    wrong = to_ms(there + timedelta(days=3))
    await store.connection.call("SET", store.stories._keys.clock(), f"{wrong} {wrong}")
    async with store.clock() as clock:
        assert await off_by_s(clock, store) < 60
        assert not clock.is_confirmed()
    told = capsys.readouterr().out
    assert told.count("clock_jumped") == 1
    assert "more than a day ahead" in told


async def test_a_start_beside_a_clock_that_is_wrong_is_warned_of(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shared_clock, "system_clock", lambda: system_clock() - timedelta(days=2))
    async with store.clock() as clock:
        assert not clock.is_confirmed()
    assert "clocks_disagree" in capsys.readouterr().out
