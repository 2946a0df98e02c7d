"""When sources will run, from what is known of them now."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.errors import SyndicatorError
from syndicator.model.clock import Clock
from syndicator.model.ids import SourceId
from syndicator.model.source import Source
from syndicator.rules.sources.schedule_load import ScheduleLoad, load_of
from syndicator.rules.sources.simulation import SourceRuns, simulate
from syndicator.store.store import Store

LONGEST = timedelta(days=31)
FARTHEST = timedelta(days=3650)
"""How far from now it may begin."""
MOST_SOURCE_DAYS = 200_000
"""Sources times days: a minute of work."""


class ScheduleRefused(SyndicatorError):
    """A time that cannot be simulated; the message gives the reason."""


class SimulatedSchedule(Struct, frozen=True, kw_only=True):
    """The runs of a time, and the load that they bring."""

    runs: Mapping[SourceId, SourceRuns]
    load: ScheduleLoad


class SchedulePreview:
    """Simulates the schedules of the configured sources."""

    def __init__(self, store: Store, sources: Mapping[SourceId, Source], clock: Clock) -> None:
        self._store = store
        self._sources = sources
        self._clock = clock

    async def simulated(
        self, since: datetime | None, lasting: timedelta, only: Sequence[SourceId] = ()
    ) -> SimulatedSchedule:
        """Simulate a time: from now where `since` is None; of all sources where `only` names none.

        Raises ScheduleRefused where it is longer than `LONGEST`, or too much work.
        """
        since = since or self._clock()
        chosen = {name: self._sources[name] for name in only or self._sources}
        if not timedelta() < lasting <= LONGEST:
            raise ScheduleRefused(f"a time of up to {LONGEST.days} days can be simulated")
        if len(chosen) * lasting / timedelta(days=1) > MOST_SOURCE_DAYS:
            raise ScheduleRefused(
                f"{len(chosen):,} sources are too many for so long a time: name some of them"
            )
        if abs(since - self._clock()) > FARTHEST:
            raise ScheduleRefused(f"a time within {FARTHEST.days // 365} years of now can be simulated")
        names = list(chosen)
        states = await self._store.sources.states(names)
        pauses = await self._store.sources.pauses.resting(
            [(name, chosen[name]) for name in names], self._clock()
        )

        def simulate_all() -> SimulatedSchedule:
            rng = random.Random()
            until = since + lasting
            runs = {
                name: simulate(chosen[name], state, pause, since=since, until=until, rng=rng)
                for name, state, pause in zip(names, states, pauses, strict=True)
            }
            return SimulatedSchedule(runs=runs, load=load_of(chosen, runs, since, until))

        return await asyncio.to_thread(simulate_all)
