"""When sources will run, from what is known of them now."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct

from syndicator.errors import SyndicatorError
from syndicator.model.clock import Clock
from syndicator.model.ids import SourceId
from syndicator.model.source import Source
from syndicator.rules.sources.rests import rested
from syndicator.rules.sources.simulation.schedule_load import ScheduleLoad, load_of
from syndicator.rules.sources.simulation.simulation import SourceRuns, simulate
from syndicator.store.store import Store

LONGEST = timedelta(days=31)
FARTHEST = timedelta(days=3650)
"""How far from now it may begin."""
MOST_SOURCE_DAYS = 200_000
"""Sources times days: a minute of work."""


class Refusal(StrEnum):
    """Why a time cannot be simulated."""

    LONG = "long"
    FAR = "far"
    MANY = "many"
    """Too many sources for so long a time."""


class ScheduleRefused(SyndicatorError):
    """A time that cannot be simulated; the message gives the reason."""

    def __init__(self, why: Refusal, message: str) -> None:
        super().__init__(message)
        self.why = why


class SimulatedSchedule(Struct, frozen=True, kw_only=True):
    """The runs of a time, and the load that they bring."""

    runs: Mapping[SourceId, SourceRuns]
    load: ScheduleLoad


class SchedulePreview:
    """Simulates the schedules of the configured sources."""

    def __init__(self, store: Store, sources: Mapping[SourceId, Source], clock: Clock, timezone: str) -> None:
        """`timezone`: of the site, whose full hours are counted."""
        self._store = store
        self.sources = sources
        self._clock = clock
        self._zone = ZoneInfo(timezone)
        self._turn = asyncio.Lock()

    async def simulated(
        self,
        since: datetime | None,
        lasting: timedelta,
        only: Sequence[SourceId] = (),
    ) -> SimulatedSchedule:
        """Simulate a time: from now where `since` is None; of all sources where `only` names none.

        Raises ScheduleRefused where it is longer than `LONGEST`, farther than `FARTHEST`, or too much work.
        """
        now = self._clock()
        since = since or now
        chosen = {name: self.sources[name] for name in only or self.sources}
        if not timedelta() < lasting <= LONGEST:
            raise ScheduleRefused(Refusal.LONG, f"a time of up to {LONGEST.days} days can be simulated")
        if abs(since - now) > FARTHEST:
            raise ScheduleRefused(
                Refusal.FAR, f"a time within {FARTHEST.days // 365} years of now can be simulated"
            )
        if len(chosen) * lasting / timedelta(days=1) > MOST_SOURCE_DAYS:
            raise ScheduleRefused(
                Refusal.MANY, f"{len(chosen):,} sources are too many for so long a time: name some of them"
            )
        since, names = since.astimezone(UTC), list(chosen)
        pauses = await self._store.sources.pauses.resting([(name, chosen[name]) for name in names], now)
        states = [
            state if pause else rested(state, None, now)
            for state, pause in zip(await self._store.sources.states(names), pauses, strict=True)
        ]

        def simulate_all() -> SimulatedSchedule:
            rng = random.Random()
            until = since + lasting
            known = zip(chosen.values(), states, pauses, strict=True)
            runs = simulate(known, since=since, until=until, rng=rng, now=now)
            return SimulatedSchedule(runs=runs, load=load_of(chosen, runs, since, until, self._zone))

        async with self._turn:  # one at a time: what else this process does needs the processor, too
            return await asyncio.to_thread(simulate_all)
