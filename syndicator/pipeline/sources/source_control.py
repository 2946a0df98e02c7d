"""Pauses and resumes sources on behalf of operators."""

from datetime import timedelta

from msgspec.structs import replace

from syndicator.model.clock import Clock
from syndicator.model.ids import SourceId
from syndicator.rules.sources.cadence import resting
from syndicator.rules.sources.schedule_times import Due
from syndicator.store.lease_owners import new_token
from syndicator.store.store import Store

LEASE = timedelta(seconds=15)


class SourceControl:
    """Changes the state of a source while holding its lease."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def pause(self, source: SourceId) -> bool:
        """Pause a source until it is resumed; return False while a worker holds its lease."""
        return await self._steer(source, paused=True)

    async def resume(self, source: SourceId) -> bool:
        """Make a source due now, also one that was stopped because it is gone (410); False as in `pause`."""
        return await self._steer(source, paused=False)

    async def _steer(self, source: SourceId, *, paused: bool) -> bool:
        now, token = self._clock(), new_token()
        if not await self._store.sources.lease(source, token, now, LEASE):
            return False
        state = await self._store.sources.state(source)
        due = resting(source, now) if paused else Due(at=now, because="resumed by an operator")
        state = replace(
            state,
            paused=paused,
            stopped=state.stopped if paused else None,
            next_due_at=due.at,
            due_because=due.because,
        )
        done = await self._store.sources.settle(source, token, state)
        if done:
            await self._store.audit.append("source.paused" if paused else "source.resumed", source)
        return done
