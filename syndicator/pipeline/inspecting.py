"""What became of deliveries, as owners of endpoints see it: what waits, what is dead, what was tried."""

import re
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.clock import Clock
from syndicator.model.endpoint import EndpointListed
from syndicator.model.ids import ArticleId, EndpointId, EventId
from syndicator.pipeline.listing import CursorError, Piece
from syndicator.pipeline.registering import Asker, NoEndpoint, Registering
from syndicator.store.attempts import AttemptQuery, LoggedAttempt
from syndicator.store.deliveries import Undelivered
from syndicator.store.store import Store

_AT_ONCE = 500

_CURSOR = re.compile(r"([a-z0-9][a-z0-9_-]{0,63}):(\d{1,7})", re.ASCII)
_POSITION = re.compile(r"\d{1,16}-\d{1,16}", re.ASCII)


class DeliveryLine(Struct, frozen=True, kw_only=True):
    """A delivery that has not ended well yet."""

    endpoint: EndpointId
    event: EventId
    type: str
    subject: str
    article: ArticleId | None
    revision: int
    status: str
    """`ready`, `delayed`, `in_flight` or `dead`."""
    attempts: int
    reason: str | None
    """Why the last attempt failed."""
    at: datetime
    """When it is due, when its lease ends, or when it was given up."""


class Inspecting:
    """Lists deliveries and attempts of the endpoints that somebody may see."""

    def __init__(self, store: Store, registering: Registering, clock: Clock) -> None:
        self._store = store
        self._registering = registering
        self._clock = clock

    async def deliveries(
        self, asker: Asker, endpoint: EndpointId | None, status: str | None, cursor: str | None, limit: int
    ) -> Piece[DeliveryLine]:
        """List what is not delivered, endpoint by endpoint: the first due first, then the dead.

        Raises NoEndpoint, CursorError.
        """
        names = [one.endpoint.id for one in await self._seen(asker, endpoint)]
        first, offset = _begun(cursor)
        found: list[DeliveryLine] = []
        for name in (name for name in names if name >= first):
            place = offset if name == first else 0
            while rows := (await self._undelivered(name, place))[:_AT_ONCE]:
                for row in rows:
                    if len(found) == limit:
                        return Piece(items=found, next=f"{name}:{place}")
                    place += 1
                    if status in {None, row.status}:
                        found.append(_line(row))
        return Piece(items=found)

    async def _undelivered(self, endpoint: EndpointId, skip: int) -> Sequence[Undelivered]:
        return await self._store.deliveries.undelivered(endpoint, _AT_ONCE, self._clock(), skip)

    async def attempts(
        self, asker: Asker, endpoint: EndpointId, query: AttemptQuery, cursor: str | None, limit: int
    ) -> Piece[LoggedAttempt]:
        """List what was tried of late at an endpoint, the newest first. Raises NoEndpoint, CursorError."""
        await self._seen(asker, endpoint)
        if cursor is not None and not _POSITION.fullmatch(cursor):
            raise CursorError("the cursor is none that was given out here: take the `next` of a list")
        found = await self._store.attempts.find(endpoint, replace(query, before=cursor), limit + 1)
        return Piece(items=found[:limit], next=found[limit - 1].position if len(found) > limit else None)

    async def _seen(self, asker: Asker, endpoint: EndpointId | None) -> Sequence[EndpointListed]:
        seen = [one for one in await self._registering.seen(asker) if endpoint in {None, one.endpoint.id}]
        if endpoint is not None and not seen:
            raise NoEndpoint(f"there is no endpoint {endpoint!r}")
        return seen


def _begun(cursor: str | None) -> tuple[str, int]:
    if cursor is None:
        return "", 0
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise CursorError("the cursor is none that was given out here: take the `next` of a list")
    return match[1], int(match[2])


def _line(one: Undelivered) -> DeliveryLine:
    delivery, event = one.delivery, one.delivery.event
    return DeliveryLine(
        endpoint=delivery.endpoint,
        event=event.id,
        type=event.type.value,
        subject=event.subject,
        article=event.article,
        revision=event.revision,
        status=one.status,
        attempts=delivery.attempts,
        reason=delivery.last_reason,
        at=one.at,
    )
