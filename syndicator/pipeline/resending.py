"""What was sent before, or given up, sent once more: under the same id."""

from collections.abc import Sequence

from msgspec import Struct

from syndicator.model.clock import Clock
from syndicator.model.delivery import Endpoint
from syndicator.model.event import Event
from syndicator.model.ids import EndpointId, EventId
from syndicator.pipeline.registering import Asker, EndpointRefused, Registering
from syndicator.rules.retry import is_expired
from syndicator.store.attempts import AttemptQuery
from syndicator.store.store import Store

MOST_AT_ONCE = 1000


class Resent(Struct, frozen=True, kw_only=True):
    """What was queued again."""

    ok: bool = True
    queued: int
    too_old: int = 0
    """Older than the endpoint's `max_age`: they would not be sent."""


class Resending:
    """Queues again what an endpoint was sent before. Nothing else: not all events are for everybody."""

    def __init__(self, store: Store, registering: Registering, clock: Clock) -> None:
        self._store = store
        self._registering = registering
        self._clock = clock

    async def one(self, asker: Asker, endpoint: EndpointId, event: EventId) -> Resent:
        """Send one event again that this endpoint was sent of late. Raises NoEndpoint, EndpointRefused."""
        found = await self._registering.working(asker, endpoint)
        known = await self._store.attempts.find(endpoint, AttemptQuery(event=event), 1)
        kept = await self._store.events.get(event)
        if not known or kept is None:
            raise EndpointRefused("it was not sent to this endpoint of late")
        return await self._queue(found, [kept])

    async def dead(self, asker: Asker, endpoint: EndpointId) -> Resent:
        """Send what was given up again, up to 1,000 events, the last first.

        Raises NoEndpoint, EndpointRefused.
        """
        found = await self._registering.working(asker, endpoint)
        kept = await self._store.deliveries.undelivered(endpoint, MOST_AT_ONCE, self._clock())
        return await self._queue(found, [one.delivery.event for one in kept if one.status == "dead"])

    async def _queue(self, endpoint: Endpoint, events: Sequence[Event]) -> Resent:
        now = self._clock()
        fresh = [event.id for event in events if not is_expired(endpoint.retry, event, now)]
        queued = await self._store.deliveries.requeue(endpoint.id, fresh, now)
        return Resent(queued=queued, too_old=len(events) - len(fresh))
