"""The loop that everything runs in: bounded, woken, drained, and stopped by nobody's fault."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from support import until

from syndicator.errors import StoreUnavailable
from syndicator.model.clock import system_clock
from syndicator.pipeline.steps import JobReport, Taken
from syndicator.schedule.runner import Runner
from syndicator.schedule.workers import Workers


class Counting:
    """A step with a number of pieces of work."""

    name = "deliver"

    def __init__(self, left: int, work: Callable[[], Awaitable[None]] | None = None) -> None:
        self.left = left
        self.done = 0
        self.running = 0
        self.most_running = 0
        self.faults: list[Exception] = []
        self.taken = asyncio.Event()
        self._work = work

    async def take(self, room: int) -> Taken:
        if self.faults:
            raise self.faults.pop()
        count = min(self.left, room)
        self.left -= count
        if count:
            self.taken.set()
        return Taken(jobs=(self._job,) * count)

    async def _job(self) -> JobReport:
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            await (self._work() if self._work else asyncio.sleep(0))
            self.done += 1
        finally:
            self.running -= 1
        return JobReport(step=self.name, event="done")


def runner(step: Counting, capacity: int = 3) -> Runner:
    return Runner(step, capacity=capacity, clock=system_clock, on_report=lambda _: None)


async def test_it_works_until_there_is_nothing_left_never_too_much_at_once() -> None:
    step = Counting(20)
    await runner(step).run(until_empty=True)
    assert (step.done, step.most_running) == (20, 3)


async def test_one_broken_job_costs_the_others_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter(range(5))

    async def work() -> None:
        if next(times) == 2:
            raise ValueError("a fault of ours")

    step = Counting(5, work)
    await runner(step).run(until_empty=True)
    assert step.done == 4


async def test_redis_away_is_waited_out() -> None:
    step = Counting(2)
    step.faults = [StoreUnavailable("away"), StoreUnavailable("away")]
    running = runner(step)
    task = asyncio.create_task(running.run())
    await until(lambda: step.done >= 2)
    running.stop()
    await task


async def test_the_command_line_hears_of_redis_away() -> None:
    step = Counting(2)
    step.faults = [StoreUnavailable("away")]
    with pytest.raises(StoreUnavailable):
        await runner(step).run(until_empty=True)


async def test_stopping_drains_what_runs_and_takes_no_more() -> None:
    gate = asyncio.Event()

    async def work() -> None:
        await gate.wait()

    step = Counting(10, work)
    running = runner(step, capacity=2)
    task = asyncio.create_task(running.run())
    await step.taken.wait()
    await asyncio.sleep(0)
    running.stop()
    gate.set()
    await task
    await running.drain(5)
    assert (step.done, step.left) == (2, 8)


async def test_what_does_not_end_by_the_deadline_is_cancelled() -> None:
    async def work() -> None:
        await asyncio.sleep(60)

    step = Counting(1, work)
    running = runner(step)
    task = asyncio.create_task(running.run())
    await step.taken.wait()
    running.stop()
    await task
    await running.drain(0.05)
    assert (step.done, step.running) == (0, 0)


async def test_it_sleeps_exactly_until_something_is_due() -> None:
    class Due(Counting):
        async def take(self, room: int) -> Taken:
            if self.done == 0:
                self.done = 1
                return Taken(next_due_at=system_clock() + timedelta(seconds=0.2))
            self.taken.set()
            return Taken()

    step = Due(0)
    began = asyncio.get_running_loop().time()
    running = runner(step)
    task = asyncio.create_task(running.run())
    await asyncio.wait_for(step.taken.wait(), 10)
    assert asyncio.get_running_loop().time() - began >= 0.19
    running.stop()
    await task


async def test_ticks_wake_a_sleeping_step() -> None:
    step = Counting(0)
    workers = Workers([step], system_clock, lambda _: None)
    workers.start()
    try:
        await asyncio.sleep(0)
        step.left = 1
        await asyncio.wait_for(step.taken.wait(), 10)
    finally:
        await workers.stop(1)
    assert step.done == 1


async def test_a_step_whose_jobs_fail_is_not_asked_again_at_once() -> None:
    """Neither the end of the job nor any poke may turn a fault into a busy loop."""
    takes: list[float] = []

    class Failing(Counting):
        async def take(self, room: int) -> Taken:
            if not room:
                return Taken()
            takes.append(asyncio.get_running_loop().time())
            return Taken(jobs=(self._job,))

    async def work() -> None:
        raise StoreUnavailable("refuses writes")

    running = runner(Failing(0, work), capacity=1)
    task = asyncio.create_task(running.run())
    async with asyncio.timeout(20):
        while len(takes) < 4:
            running.poke()
            await asyncio.sleep(0.01)
    running.stop()
    await asyncio.wait_for(task, 5)
    pauses = [later - earlier for earlier, later in pairwise(takes)]
    assert pauses[0] >= 0.19
    assert pauses[1] >= 0.39
    assert pauses[2] >= 0.79


async def test_a_job_that_works_ends_the_pause_after_one_that_failed() -> None:
    gate = asyncio.Event()
    order = iter(range(10))

    async def work() -> None:
        if next(order) == 0:
            raise ValueError("a fault of ours")
        await gate.wait()

    step = Counting(2, work)
    running = runner(step, capacity=2)
    running._failures = 6  # the next pause would be ten seconds
    task = asyncio.create_task(running.run())
    async with asyncio.timeout(9):
        await step.taken.wait()
        await until(lambda: running._failures >= 7)
        step.left = 1
        gate.set()
        await until(lambda: step.done >= 2)
    running.stop()
    await task


async def test_many_jobs_that_fail_by_one_outage_hold_work_up_no_longer_than_one() -> None:
    fails = True

    async def work() -> None:
        if fails:
            raise StoreUnavailable("away")

    step = Counting(40, work)
    running = runner(step, capacity=32)
    task = asyncio.create_task(running.run())
    await step.taken.wait()
    await asyncio.sleep(0)
    fails = False
    await until(lambda: step.done >= 8)
    running.stop()
    await task


async def test_a_step_that_hangs_in_taking_ends_by_the_deadline() -> None:
    class Hanging(Counting):
        async def take(self, room: int) -> Taken:
            self.taken.set()
            await asyncio.sleep(60)
            return Taken()

    step = Hanging(0)
    workers = Workers([step], system_clock, lambda _: None)
    workers.start()
    await step.taken.wait()
    async with asyncio.timeout(30):
        await workers.stop(0.2)


async def test_ticks_wake_a_runner_on_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    woken_in: set[int] = set()
    ticked = asyncio.Event()

    class Noting(asyncio.Event):
        def set(self) -> None:
            woken_in.add(threading.get_ident())
            super().set()
            ticked.set()

    monkeypatch.setattr("syndicator.schedule.workers.TICKS_S", {"deliver": 0.05})
    workers = Workers([Counting(0)], system_clock, lambda _: None)
    workers._runners["deliver"]._woken = Noting()
    workers.start()
    async with asyncio.timeout(30):
        await ticked.wait()
    await workers.stop(1)
    assert woken_in == {threading.get_ident()}
