"""Sends events again, with the same ids: delivered, waiting or dead ones."""

from collections.abc import Sequence

from msgspec import Struct

from syndicator.errors import EndpointRefused
from syndicator.model.clock import Clock
from syndicator.model.delivery import RESENT, Replayed
from syndicator.model.event import Event, EventType
from syndicator.model.ids import ArticleId, EndpointId, EventId
from syndicator.model.ops.states import DeliveryStatus
from syndicator.pipeline.webhooks.endpoint_views import Asker
from syndicator.pipeline.webhooks.registration import EndpointRegistration
from syndicator.store.store import Store
from syndicator.store.webhooks.attempts import AttemptQuery

MOST_AT_ONCE = 1000


class Resent(Struct, frozen=True, kw_only=True):
    """What was queued again."""

    ok: bool = True
    queued: int
    gone: int = 0
    """Of articles that are withdrawn or not kept any more: there is nothing to send."""


class Redelivery:
    """Queues events again for an endpoint, but only events that it was meant to receive."""

    def __init__(self, store: Store, registration: EndpointRegistration, clock: Clock) -> None:
        self._store = store
        self._registration = registration
        self._clock = clock

    async def one(self, asker: Asker, endpoint: EndpointId, event: EventId) -> Resent:
        """Queue a recent or waiting event of an endpoint again, due now and with all attempts.

        Raises NoEndpoint, EndpointRefused.
        """
        await self._registration.working(asker, endpoint)
        kept = await self._store.events.get(event)
        if kept is None or not await self._is_theirs(endpoint, event):
            raise EndpointRefused("it was not sent to this endpoint of late")
        resent = await self._queue(endpoint, [kept])
        if resent.queued:
            await self._store.audit.append("delivery.resent", endpoint, after={"event": event})
        if resent.gone:
            raise EndpointRefused("its article is withdrawn or not kept any more: there is nothing to send")
        if not resent.queued:
            raise EndpointRefused("it is on its way just now: see what comes of that")
        return resent

    async def dead(self, asker: Asker, endpoint: EndpointId) -> Resent:
        """Queue dead deliveries of an endpoint again, newest first, up to MOST_AT_ONCE.

        Raises NoEndpoint, EndpointRefused.
        """
        await self._registration.working(asker, endpoint)
        kept = await self._store.backlog.list(endpoint, MOST_AT_ONCE, self._clock())
        dead = [entry.delivery.event for entry in kept if entry.status is DeliveryStatus.DEAD]
        resent = await self._queue(endpoint, dead)
        if resent.queued:
            await self._store.audit.append("delivery.resent", endpoint, after={"dead": resent.queued})
        return resent

    async def _queue(self, endpoint: EndpointId, events: Sequence[Event]) -> Resent:
        now = self._clock()
        gone = await gone_of(self._store, events)
        left = [event for event in events if event.id not in gone]
        queued = await self._store.requeuing.resend(endpoint, left, Replayed(id=RESENT, at=now), now)
        return Resent(queued=queued, gone=len(gone))

    async def _is_theirs(self, endpoint: EndpointId, event: EventId) -> bool:
        if await self._store.backlog.find(endpoint, event, self._clock()) is not None:
            return True
        return bool(await self._store.attempts.find(endpoint, AttemptQuery(event=event), 1))


async def gone_of(store: Store, events: Sequence[Event]) -> frozenset[EventId]:
    """Return the events that have nothing to send because their article is withdrawn or deleted.

    A withdrawal can be sent while it is in force.
    """
    fields = {event.id: event for event in events if event.article is not None}
    gone = [event for event in fields.values() if event.type is EventType.ARTICLE_WITHDRAWN]
    withdrawn = await store.withdrawals.get_many([ArticleId(event.subject) for event in gone])
    left = [event for event in fields.values() if event.type is not EventType.ARTICLE_WITHDRAWN]
    heads = await store.articles.get_many([ArticleId(event.article or "") for event in left], bodies=False)
    there = zip((*gone, *left), (*withdrawn, *heads), strict=True)
    return frozenset(event.id for event, found in there if found is None)
