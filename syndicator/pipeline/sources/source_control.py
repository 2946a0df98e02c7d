"""What operators tell a source to do: rest, go on, come now."""

from datetime import timedelta

from msgspec.structs import replace

from syndicator.model.clock import Clock
from syndicator.model.ids import SourceId
from syndicator.rules.sources.cadence import Due, resting
from syndicator.store.lease_owners import new_token
from syndicator.store.store import Store

LEASE = timedelta(seconds=15)


class SourceControl:
    """Changes what is remembered of a source, as its only worker for that moment."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def pause(self, source: SourceId) -> bool:
        """Ask it nothing more until it is resumed; False while a worker has it."""
        return await self._steer(source, paused=True)

    async def resume(self, source: SourceId) -> bool:
        """Ask it now, and go on; also a source that was stopped because it is gone (410)."""
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
        return await self._store.sources.settle(source, token, state)
