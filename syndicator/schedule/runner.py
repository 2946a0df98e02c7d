"""Runs one step again and again: bounded, drained at the end, and never stopped by a fault of one job."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from syndicator.errors import StoreUnavailable
from syndicator.model.clock import Clock
from syndicator.observe.logs import get_logger
from syndicator.pipeline.steps import Job, JobReport, Step

LONGEST_SLEEP_S = 60.0
LONGEST_BACKOFF_S = 10.0
_TOGETHER_S = 0.01

log = get_logger(__name__)


class Runner:
    """take → run → sleep until something is due, or until `poke`.

    The same loop serves the service (until `stop`) and the command line and tests (`until_empty`).
    """

    def __init__(
        self,
        step: Step,
        *,
        capacity: int,
        clock: Clock,
        on_report: Callable[[JobReport], None],
    ) -> None:
        self.step = step
        self._capacity = capacity
        self._clock = clock
        self._on_report = on_report
        self._woken = asyncio.Event()
        self._stopping = False
        self._jobs: set[asyncio.Task[bool]] = set()
        self._outages = 0
        self._failures = 0
        self._held_until = 0.0
        self._released = asyncio.Event()
        self._poking: asyncio.TimerHandle | None = None

    def poke(self) -> None:
        """Look for work now."""
        self._woken.set()

    async def tick(self) -> None:
        """Poke: a coroutine, since APScheduler calls functions in a thread, where no event may be set."""
        self.poke()

    def stop(self) -> None:
        """Take no more work; what runs goes on until it is drained."""
        self._stopping = True
        self._released.set()
        self.poke()

    async def run(self, *, until_empty: bool = False) -> None:
        """Work until `stop`, or until there is nothing due and nothing running."""
        while True:
            await self._hold()
            if self._stopping:
                return
            self._woken.clear()
            try:
                taken = await self.step.take(self._capacity - len(self._jobs))
            except Exception as error:
                if until_empty:
                    raise
                await self._wait_out(error)
                continue
            if self._outages:
                log.info("step_resumed", step=self.step.name)
                self._outages = 0
            for job in taken.jobs:
                self._spawn(job)
            # A job that ended while we looked may have made room for what could not be taken.
            if until_empty and not self._jobs and not self._woken.is_set():
                return
            await self._sleep(None if until_empty else taken.next_due_at)

    async def idle(self) -> None:
        """Return once no job runs."""
        while self._jobs:
            await asyncio.wait(self._jobs)

    async def drain(self, deadline_s: float) -> None:
        """Let running jobs end; cancel those that do not by the deadline (their leases run out)."""
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=deadline_s)
        for job in self._jobs:
            job.cancel()
        if self._jobs:
            await asyncio.wait(self._jobs)

    def _spawn(self, job: Job) -> None:
        task = asyncio.create_task(self._do(job), name=self.step.name)
        self._jobs.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[bool]) -> None:
        self._jobs.discard(task)
        if not task.cancelled():
            self._count(worked=task.result())
        if 2 * len(self._jobs) <= self._capacity:
            self.poke()
        elif self._poking is None:  # what ends about now makes room together: one look for work serves all
            self._poking = asyncio.get_running_loop().call_later(_TOGETHER_S, self._poke_later)

    def _poke_later(self) -> None:
        self._poking = None
        self.poke()

    def _count(self, *, worked: bool) -> None:
        """Hold the next take back, ever longer, while jobs fail; one that works lets it go.

        Those that fail while it is held back, most often all by one outage, count as one.
        """
        now = asyncio.get_running_loop().time()
        if worked:
            self._failures = 0
            self._held_until = 0.0
            self._released.set()
        elif now >= self._held_until:
            self._held_until = now + _backoff_s(self._failures)
            self._failures += 1

    async def _do(self, job: Job) -> bool:
        """Run a job; return whether it ended without an error."""
        try:
            report = await job()
            if report is not None:
                self._on_report(report)
        except StoreUnavailable as error:
            log.warning("job_interrupted", step=self.step.name, reason=str(error))
            return False
        except Exception:  # as above: one job's fault is its own
            log.exception("job_crashed", step=self.step.name)
            return False
        return True

    async def _hold(self) -> None:
        """Wait while taking is held back: a poke does not end this, only a job that works, or `stop`."""
        while not self._stopping:
            left_s = self._held_until - asyncio.get_running_loop().time()
            if left_s <= 0:
                return
            self._released.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._released.wait()

    async def _wait_out(self, error: Exception) -> None:
        """Wait ever longer while a step cannot take work; say so once."""
        if not self._outages and isinstance(error, StoreUnavailable):
            log.warning("step_waiting_for_redis", step=self.step.name, reason=str(error))
        elif not self._outages:  # a bug: logged with its traceback, and tried again
            log.error("step_crashed", step=self.step.name, exc_info=error)
        pause_s = _backoff_s(self._outages)
        self._outages += 1
        await self._pause(pause_s)

    async def _sleep(self, next_due_at: datetime | None) -> None:
        wait_s = LONGEST_SLEEP_S
        if next_due_at is not None and len(self._jobs) < self._capacity:
            wait_s = min(max((next_due_at - self._clock()).total_seconds(), 0.0), wait_s)
        await self._pause(wait_s)

    async def _pause(self, wait_s: float) -> None:
        if self._stopping:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._woken.wait()


def _backoff_s(failures: int) -> float:
    """Return the pause after so many failures before this one: 0.2 s, doubled each time, up to 10 s."""
    return min(0.2 * 2.0 ** min(failures, 10), LONGEST_BACKOFF_S)
