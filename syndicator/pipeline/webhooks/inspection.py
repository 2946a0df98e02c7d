"""Lists deliveries and attempts for owners of endpoints and for operators."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import NoEndpoint, PushError, SyndicatorError
from syndicator.model.clock import Clock
from syndicator.model.endpoint import EndpointListed
from syndicator.model.event import Event
from syndicator.model.ids import ArticleId, EndpointId, EventId
from syndicator.model.ops.states import AttemptResult, DeliveryStatus
from syndicator.pipeline.feeds.pagination import CursorError, ListPage
from syndicator.pipeline.webhooks.endpoint_views import Asker
from syndicator.pipeline.webhooks.payloads import Payloads
from syndicator.pipeline.webhooks.registration import HIDDEN, EndpointRegistration
from syndicator.push.alerts.messages import plain_text
from syndicator.push.signing import signed_headers
from syndicator.store.store import Store
from syndicator.store.webhooks.attempts import AttemptQuery, LoggedAttempt
from syndicator.store.webhooks.backlog import Undelivered

ENDED = (DeliveryStatus.DELIVERED, DeliveryStatus.SUPERSEDED)
"""Statuses in the log of attempts, which holds the newest 5 000 of each endpoint."""

_AT_ONCE = 500
_SHOWN_ATTEMPTS = 100

_CURSOR = re.compile(r"([a-z0-9][a-z0-9_-]{0,63}):(\d{1,7})", re.ASCII)
_ENDED_CURSOR = re.compile(r"([a-z0-9][a-z0-9_-]{0,63}):([1-9]\d{0,15}-\d{1,16})", re.ASCII)
_POSITION = re.compile(r"[1-9]\d{0,15}-\d{1,16}", re.ASCII)


class NoDelivery(SyndicatorError):
    """There is no delivery of such an event to the endpoint, or none is recorded any more."""


class DeliveryQuery(Struct, frozen=True, kw_only=True):
    """Which deliveries are asked for; None takes all."""

    endpoint: EndpointId | None = None
    event: EventId | None = None
    article: ArticleId | None = None
    status: DeliveryStatus | None = None
    """None: all that is not delivered."""
    since: datetime | None = None
    """The event happened then or later."""
    until: datetime | None = None
    """The event happened before then."""


class DeliveryLine(Struct, frozen=True, kw_only=True):
    """A delivery, and how it stands."""

    endpoint: EndpointId
    event: EventId
    type: str
    subject: str
    article: ArticleId | None
    revision: int
    happened_at: datetime
    status: DeliveryStatus
    attempts: int
    reason: str | None
    """Why the last attempt failed; of what was delivered the status; or the event that superseded it."""
    at: datetime
    """When it is due, when its lease ends, or when it died, was delivered or superseded."""
    replay: str | None = None
    """The replay that wants it again, or `resend`; of what is not delivered yet."""


class DeliveryShown(Struct, frozen=True, kw_only=True):
    """A delivery with all that was tried."""

    delivery: DeliveryLine
    attempts: Sequence[LoggedAttempt]
    """The newest first, 100 at most."""


class DeliveryRequest(Struct, frozen=True, kw_only=True):
    """What goes to an endpoint for one event, as it would be sent now."""

    headers: Sequence[tuple[str, str]]
    """Values of the endpoint's own headers, and signatures, are hidden. Of alerts there are none."""
    body: str


class DeliveryInspection:
    """Lists deliveries and attempts of the endpoints that the asker may see."""

    def __init__(
        self, store: Store, registration: EndpointRegistration, payloads: Payloads, clock: Clock
    ) -> None:
        self._store = store
        self._registration = registration
        self._payloads = payloads
        self._clock = clock

    async def deliveries(
        self, asker: Asker, query: DeliveryQuery, cursor: str | None, limit: int
    ) -> ListPage[DeliveryLine]:
        """List deliveries, endpoint by endpoint: the first due first, then the dead; ended ones by their end.

        Raises NoEndpoint, CursorError.
        """
        names = [one.endpoint.id for one in await self._seen(asker, query.endpoint)]
        if query.status in ENDED:
            return await self._ended(names, query, cursor, limit)
        if query.event is not None:
            found = [line for name in names if (line := await self._waiting(name, query.event)) is not None]
            return ListPage(items=[line for line in found if _takes(query, line)])
        return await self._undelivered(names, query, cursor, limit)

    async def show(self, asker: Asker, endpoint: EndpointId, event: EventId) -> DeliveryShown:
        """Show one delivery with its attempts. Raises NoEndpoint, NoDelivery."""
        await self._seen(asker, endpoint)
        attempts = await self._store.attempts.find(endpoint, AttemptQuery(event=event), _SHOWN_ATTEMPTS)
        line = await self._waiting(endpoint, event)
        result = await self._store.events.get(event)
        if line is None and attempts and result is not None:
            line = _ended_line(attempts[0], result)
        if line is None:
            raise NoDelivery(f"nothing is known of a delivery of {event!r} to {endpoint!r}")
        return DeliveryShown(delivery=line, attempts=attempts)

    async def request(self, asker: Asker, endpoint: EndpointId, event: EventId) -> DeliveryRequest | None:
        """Return what an endpoint is sent for an event; None where nothing is left to send, or nothing signs.

        Raises NoEndpoint.
        """
        (listed,) = await self._seen(asker, endpoint)
        found = await self._store.events.get(event)
        if found is None:
            return None
        if listed.endpoint.alert is not None:
            return DeliveryRequest(headers=[], body=plain_text(self._payloads.message([found])))
        prepared = (await self._payloads.prepare([found]))[event]
        if prepared.is_gone:
            return None
        body = self._payloads.body(prepared, listed.endpoint.payload)
        try:
            theirs, ours = signed_headers(listed.endpoint, event, body, self._clock())
        except PushError:
            return None
        signatures = ours["webhook-signature"].split(" ")
        shown = [f"{one.partition(',')[0]},{HIDDEN}" for one in signatures]
        return DeliveryRequest(
            headers=[
                *({**ours, "webhook-signature": " ".join(shown)}).items(),
                *((name, HIDDEN) for name in theirs),
            ],
            body=body.decode(),
        )

    async def attempts(
        self, asker: Asker, endpoint: EndpointId, query: AttemptQuery, cursor: str | None, limit: int
    ) -> ListPage[LoggedAttempt]:
        """List what was tried of late at an endpoint, the newest first. Raises NoEndpoint, CursorError."""
        await self._seen(asker, endpoint)
        if cursor is not None and not _POSITION.fullmatch(cursor):
            raise _strange_cursor()
        found = await self._store.attempts.find(endpoint, replace(query, before=cursor), limit + 1)
        return ListPage(items=found[:limit], next=found[limit - 1].position if len(found) > limit else None)

    async def _waiting(self, endpoint: EndpointId, event: EventId) -> DeliveryLine | None:
        found = await self._store.backlog.find(endpoint, event, self._clock())
        return _line(found) if found else None

    async def _undelivered(
        self, names: Sequence[EndpointId], query: DeliveryQuery, cursor: str | None, limit: int
    ) -> ListPage[DeliveryLine]:
        first, begun = _begun(cursor, _CURSOR.fullmatch)
        found: list[DeliveryLine] = []
        for name in (name for name in names if name >= first):
            place = int(begun or 0) if name == first else 0
            while rows := (await self._rows(name, place))[:_AT_ONCE]:
                for row in rows:
                    if len(found) == limit:
                        return ListPage(items=found, next=f"{name}:{place}")
                    place += 1
                    if _takes(query, line := _line(row)):
                        found.append(line)
        return ListPage(items=found)

    async def _ended(
        self, names: Sequence[EndpointId], query: DeliveryQuery, cursor: str | None, limit: int
    ) -> ListPage[DeliveryLine]:
        first, begun = _begun(cursor, _ENDED_CURSOR.fullmatch)
        found: list[DeliveryLine] = []
        for name in (name for name in names if name >= first):
            before = begun if name == first else None
            result = AttemptResult(query.status) if query.status else None
            wanted = AttemptQuery(event=query.event, result=result, since=query.since)
            while True:
                rows = await self._store.attempts.find(name, replace(wanted, before=before), _AT_ONCE)
                events = await self._store.events.get_many([row.event for row in rows])
                for row, event in zip(rows, events, strict=True):
                    if event is None or not _takes(query, line := _ended_line(row, event)):
                        before = row.position
                        continue
                    if len(found) == limit:
                        return ListPage(items=found, next=f"{name}:{before or '9999999999999999-0'}")
                    found.append(line)
                    before = row.position
                if len(rows) < _AT_ONCE:
                    break
        return ListPage(items=found)

    async def _rows(self, endpoint: EndpointId, skip: int) -> Sequence[Undelivered]:
        return await self._store.backlog.list(endpoint, _AT_ONCE, self._clock(), skip)

    async def _seen(self, asker: Asker, endpoint: EndpointId | None) -> Sequence[EndpointListed]:
        seen = [one for one in await self._registration.seen(asker) if endpoint in {None, one.endpoint.id}]
        if endpoint is not None and not seen:
            raise NoEndpoint(f"there is no endpoint {endpoint!r}")
        return seen


def _begun(cursor: str | None, matched: Callable[[str], re.Match[str] | None]) -> tuple[str, str | None]:
    if cursor is None:
        return "", None
    match = matched(cursor)
    if match is None:
        raise _strange_cursor()
    return match[1], match[2]


def _strange_cursor() -> CursorError:
    return CursorError("the cursor was not given out here: take the `next` of a list")


def _takes(query: DeliveryQuery, line: DeliveryLine) -> bool:
    return (
        query.status in {None, line.status}
        and query.event in {None, line.event}
        and query.article in {None, line.article}
        and (query.since is None or line.happened_at >= query.since)
        and (query.until is None or line.happened_at < query.until)
    )


def _line(one: Undelivered) -> DeliveryLine:
    delivery, event = one.delivery, one.delivery.event
    return DeliveryLine(
        endpoint=delivery.endpoint,
        event=event.id,
        type=event.type.value,
        subject=event.subject,
        article=event.article,
        revision=event.revision,
        happened_at=event.at,
        status=one.status,
        attempts=delivery.attempts,
        reason=delivery.last_reason,
        at=one.at,
        replay=delivery.replayed.id if delivery.replayed else None,
    )


def _ended_line(attempt: LoggedAttempt, event: Event) -> DeliveryLine:
    return DeliveryLine(
        endpoint=attempt.endpoint,
        event=event.id,
        type=event.type.value,
        subject=event.subject,
        article=event.article,
        revision=event.revision,
        happened_at=event.at,
        status=DeliveryStatus(attempt.result),
        attempts=attempt.attempt,
        reason=attempt.reason,
        at=attempt.at,
    )
