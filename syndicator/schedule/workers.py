"""All steps of one process: a runner each, and APScheduler's ticks that wake them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from syndicator.model.clock import Clock
from syndicator.pipeline.steps import JobReport, Step
from syndicator.schedule.runner import Runner

TICKS_S: Mapping[str, float] = {
    "gather": 1.0,
    "backfill": 1.0,
    "assign": 1.0,
    "publish": 1.0,
    "deliver": 0.5,
    "rank": 2.0,
    "sweep": 60.0,
    "offload": 60.0,
    "release": 1.0,
    "subscribe": 5.0,
    "hub": 0.5,
}
"""How often each step looks for work that nothing else woke it for: another process' work, mostly."""

CAPACITY: Mapping[str, int] = {
    "gather": 32,
    "backfill": 2,
    "assign": 1,
    "publish": 1,
    "deliver": 448,
    "rank": 1,
    "sweep": 1,
    "offload": 1,
    "release": 4,
    "subscribe": 4,
    "hub": 128,
}
"""Jobs of each step at once, in one process."""

WOKEN_BY_NEWS = ("publish", "deliver", "hub")


class Workers:
    """Runs the steps until `stop`, then drains them."""

    def __init__(self, steps: Sequence[Step], clock: Clock, on_report: Callable[[JobReport], None]) -> None:
        self._on_report = on_report
        self._runners = {
            step.name: Runner(step, capacity=CAPACITY[step.name], clock=clock, on_report=self._reported)
            for step in steps
        }
        self._tasks: list[asyncio.Task[None]] = []
        # In memory, and holding nothing but ticks: what is due lives in Redis. A tick only pokes, so
        # nothing of ours is cancelled when the scheduler shuts down.
        self._ticks = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Begin to work."""
        for name, runner in self._runners.items():
            self._tasks.append(asyncio.create_task(runner.run(), name=f"{name} runner"))
            self._ticks.add_job(runner.tick, IntervalTrigger(seconds=TICKS_S[name]), id=name)
        self._ticks.start()

    def retire(self) -> None:
        """Take no more work; what runs goes on."""
        if self._ticks.running:
            self._ticks.shutdown(wait=False)
        for runner in self._runners.values():
            runner.stop()

    async def idle(self, timeout_s: float) -> None:
        """Return once nothing runs any more after `retire`, or after the time-out."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(*self._tasks)
                await asyncio.gather(*(runner.idle() for runner in self._runners.values()))

    async def stop(self, deadline_s: float) -> None:
        """Take no more work, and let what runs end until the deadline."""
        self.retire()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + deadline_s
        if self._tasks:
            # A runner may be asking a Redis that hangs: runners and jobs share one deadline.
            _, late = await asyncio.wait(self._tasks, timeout=deadline_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        left_s = max(deadline - loop.time(), 0.0)
        await asyncio.gather(*(runner.drain(left_s) for runner in self._runners.values()))

    def _reported(self, report: JobReport) -> None:
        self._on_report(report)
        if report.brought_news:
            for name in WOKEN_BY_NEWS:
                if name in self._runners:
                    self._runners[name].poke()
