"""A year of sources in seven zones, on a clock that jumps from one due time to the next.

Processes restart, are down for hours and die with claims; configurations change; operators pause and resume.
Every three days nothing of that happens for a day: that day is what was simulated at its beginning.
"""

import random
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import rss
from pipeline.sources.expected_runs import Expected, Plan, Span
from support import ManualClock

from syndicator.model.ids import SourceId
from syndicator.pipeline.sources.gather_step import LEASE, SourceReport
from syndicator.pipeline.sources.source_control import Choice
from syndicator.pipeline.steps import JobReport, Step, Taken
from syndicator.rules.sources.simulation.simulation import in_order
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.store.lease_owners import new_token

DAY = timedelta(hours=24)
HOUR_S = 3600


def utc(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=UTC)


PLANS = {
    "jakarta": Plan(
        zone="Asia/Jakarta", cron="30 5,17 * * *", active=("mon-sat 05:00-23:00",), country="ID", tag="east"
    ),
    "surabaya": Plan(zone="Asia/Jakarta", cron="0 6 * * *", country="ID", on_holidays=4 * HOUR_S, skips=True),
    "new-york": Plan(zone="America/New_York", cron="30 2 * * *", runs=(utc(3, 14, 12, 7), utc(8, 1, 0, 3))),
    "boston": Plan(zone="America/New_York", cron="*/20 1-2 * * sun", active=("00:30-02:45",)),
    "berlin": Plan(
        zone="Europe/Berlin",
        every_s=7 * HOUR_S,
        active=("mon-fri 22:00-02:30", "sat-sun 08:00-20:00"),
        country="DE",
        on_holidays=("10:00-12:00",),
        bursts=(Span(begin=utc(9, 26, 3), end=utc(9, 26, 4), every_s=600),),
    ),
    "santiago": Plan(
        zone="America/Santiago",
        cron="0 0 * * *",
        blackouts=(Span(begin=utc(5, 1), end=utc(5, 9, 6)), Span(begin=utc(9, 5, 3), end=utc(9, 5, 7))),
        runs=(utc(5, 3, 4),),
    ),
    "cairo": Plan(zone="Africa/Cairo", cron="15 0,23 * * thu,fri", skips=True, tag="east"),
    "giza": Plan(zone="Africa/Cairo", every_s=11 * HOUR_S, country="EG", active=("00:00-24:00",)),
    "sydney": Plan(
        zone="Australia/Sydney",
        every_s=13 * HOUR_S,
        active=("06:00-02:15",),
        bursts=(Span(begin=utc(4, 3, 17), end=utc(4, 3, 18), every_s=900),),
        tag="east",
    ),
    "lord-howe": Plan(zone="Australia/Lord_Howe", cron="15 2 * * *", jitter_s=600, tag="east"),
    "ned": Plan(zone="Australia/Lord_Howe", cron="*/10 1-2 * * sun", skips=True),
    "often": Plan(zone="Asia/Jakarta", every_s=5 * HOUR_S, skips=True),
}

EXACT = [name for name, plan in PLANS.items() if not (plan.active or plan.country or plan.jitter_s)]
"""Sources whose runs are never moved by chance."""


class Watched:
    """A step, and when it said that it is to be asked again."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self.name = step.name
        self.next_due_at: datetime | None = None

    async def take(self, room: int) -> Taken:
        taken = await self._step.take(room)
        self.next_due_at = taken.next_due_at
        return taken


class Processes:
    """One process after another over the same Redis, and what is expected of the sources."""

    def __init__(self, portal: Portal, open_service: OpenService, clock: ManualClock) -> None:
        self.service: Service
        self.ran: list[tuple[str, datetime]] = []
        self.expected = {name: Expected(name, plan, clock.now) for name, plan in PLANS.items()}
        self._portal = portal
        self._open_service = open_service
        self._clock = clock
        self._rng = random.Random(7)
        self._articles = dict.fromkeys(PLANS, 100)
        """Their `max_articles`: other numbers are other configurations."""
        self._opened = AsyncExitStack()

    async def start(self) -> None:
        """Start a process in place of the one that runs, which goes on until the other runs."""
        config = "".join(
            plan.toml(name, f"{self._portal.url}/rss", self._articles[name]) for name, plan in PLANS.items()
        )
        before, self._opened = self._opened, AsyncExitStack()
        self.service = await self._opened.enter_async_context(self._open_service(config))
        await before.aclose()

    async def stop(self) -> None:
        """End the process that runs."""
        await self._opened.aclose()

    async def work(self, until: datetime) -> None:
        """Gather what is due, whenever the step says that something is, until a time."""
        watched = Watched(self.service.gather_step)
        while True:
            reports: list[JobReport] = []
            runner = Runner(watched, capacity=8, clock=self._clock, on_report=reports.append)
            await runner.run(until_empty=True)
            for report in reports:
                assert isinstance(report, SourceReport)
                assert report.status != "failed"
                self.ran.append((report.source, self._clock.now))
                self.expected[report.source].ran(self._clock.now)
            assert watched.next_due_at is not None
            woken_at = watched.next_due_at + timedelta(seconds=self._rng.uniform(0, 0.05))
            if max(woken_at, self._clock.now) >= until:
                break
            self._clock.now = max(woken_at, self._clock.now)
        self._clock.now = until
        for one in self.expected.values():
            one.look(until)

    async def be_down(self, lasting: timedelta) -> None:
        await self.stop()
        self._clock.now += lasting
        await self.start()
        for one in self.expected.values():
            one.start(self._clock.now)

    async def change(self, names: Iterable[str]) -> None:
        for name in names:
            self._articles[name] = 300 - self._articles[name]
            self.expected[name].change(self._clock.now)
        await self.start()

    async def die_with_claims(self) -> None:
        """Have the next round claimed by a worker that then dies."""
        states = await self.service.store.sources.states([SourceId(name) for name in PLANS])
        await self.work(min(state.next_due_at for state in states if state.next_due_at))
        assert (await self.service.store.sources.claim(new_token(), self._clock.now, LEASE, 8)).items
        await self.start()

    async def rest(self, names: Iterable[str], choice: Choice, lasting: timedelta, *, resumed: bool) -> None:
        """Pause sources, restart meanwhile, and have the pause end or resume them."""
        paused = [self.expected[name] for name in names]
        end = self._clock.now + lasting
        await self.service.source_control.pause(choice, until=None if resumed else end)
        for one in paused:
            one.pause()
        await self.work(self._clock.now + lasting / 2)
        await self.start()
        await self.work(end)
        if resumed:
            await self.service.source_control.resume(choice)
        for one in paused:
            one.resume(end, named=resumed and bool(choice.sources))


async def happen(number: int, processes: Processes, rng: random.Random) -> None:
    """Have something happen to the processes or the sources."""
    east = [name for name, plan in PLANS.items() if plan.tag == "east"]
    one = rng.choice(list(PLANS))
    lasting = timedelta(hours=rng.uniform(1, 20))
    match number % 10:
        case 0:
            await processes.be_down(timedelta(seconds=5))
        case 1:
            await processes.rest(east, Choice(tag="east"), lasting, resumed=False)
        case 2 | 5 | 8:
            await processes.be_down(lasting)
        case 3:
            await processes.change([one])
        case 4:
            await processes.die_with_claims()
        case 6:
            await processes.rest([one], Choice(sources=(SourceId(one),)), lasting, resumed=True)
        case 7:
            await processes.change(PLANS)
        case 9:
            await processes.rest(list(PLANS), Choice(all=True), lasting, resumed=True)
    await processes.change([])  # read again, and nothing has changed


def apart(foretold: Sequence[tuple[str, datetime]], real: Sequence[tuple[str, datetime]]) -> list[float]:
    """Return by how many seconds the runs of a day differ from those that were simulated."""
    found: list[float] = []
    for chosen in EXACT:
        simulated, ran = ([at for name, at in runs if name == chosen] for runs in (foretold, real))
        found += [abs((one - other).total_seconds()) for one, other in zip(simulated, ran, strict=True)]
    return found


async def lived_through(
    days: int, begin: datetime, portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1)
    portal.etags["/rss"] = '"one"'
    clock.now, rng, differences = begin, random.Random(27), list[float]()
    processes = Processes(portal, service_of, clock)
    await processes.start()
    for number in range(days // 3):
        start = begin + 3 * number * DAY
        await processes.work(start + DAY * rng.random())
        await happen(number, processes, rng)
        await processes.work(start + 2 * DAY)
        simulated = await processes.service.schedule_preview.simulated(None, DAY)
        foretold = [(run.source, run.at) for run in in_order(simulated.runs)]
        done = len(processes.ran)
        await processes.work(start + 3 * DAY)
        differences += apart(foretold, processes.ran[done:])
    await processes.stop()
    late_s = sorted(late for one in processes.expected.values() for late in one.late_s)
    assert [fault for one in processes.expected.values() for fault in one.faults] == []
    assert len(late_s) == len(processes.ran) > 15 * days
    assert late_s[len(late_s) * 99 // 100] < 1
    assert len(differences) > 2 * days
    assert sum(difference > 1 for difference in differences) < len(differences) / 100


async def test_a_month_in_which_clocks_are_moved(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    await lived_through(30, utc(3, 6, 9, 30), portal, service_of, clock)


@pytest.mark.slow
@pytest.mark.timeout(600)  # half a minute of one processor
async def test_a_year(portal: Portal, service_of: OpenService, clock: ManualClock) -> None:
    await lived_through(366, utc(1, 1, 9, 30), portal, service_of, clock)
