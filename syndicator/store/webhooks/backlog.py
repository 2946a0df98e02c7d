"""What is not delivered: lists of it, and single deliveries."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.clock import from_ms, to_ms
from syndicator.model.delivery import Delivery
from syndicator.model.event import Event
from syndicator.model.ids import EndpointId, EventId
from syndicator.store.codec import unpack
from syndicator.store.connection import Repository, pairs
from syndicator.store.webhooks.event_log import read_event
from syndicator.store.webhooks.redelivery import read_tries


class Undelivered(Struct, frozen=True, kw_only=True):
    """A delivery that is not done, and how it stands."""

    delivery: Delivery
    status: str
    """`ready`, `delayed`, `in_flight` or `dead`."""
    at: datetime
    """When it is due, when its lease ends, or when it was given up."""


class Backlog(Repository):
    """Reads the queues and the dead of endpoints."""

    async def list(
        self, endpoint: EndpointId, limit: int, now: datetime, skip: int = 0
    ) -> Sequence[Undelivered]:
        """List what is not delivered, the first due first, then the dead; `limit` 0 is all.

        `skip` leaves out so many; up to `limit` of what waits and as many of the dead are given. What cannot
        be read is left out: the doctor shows it.
        """
        keys = self._keys
        waits = int(await self._redis.call("ZCARD", keys.queue(endpoint))) if skip else 0
        first, dead_first = min(skip, waits), max(skip - waits, 0)
        waiting, dead, owned = await self._redis.batch(
            [
                ("ZRANGE", keys.queue(endpoint), first, first + limit - 1 if limit else -1, "WITHSCORES"),
                ("ZREVRANGE", keys.dead(endpoint), dead_first, dead_first + limit - 1 if limit else -1,
                 "WITHSCORES"),
                ("HKEYS", keys.queue_owners(endpoint)),
            ]
        )  # fmt: skip
        places = [(name, int(float(score)), False) for name, score in pairs(waiting)]
        places += [(name, int(float(score)), True) for name, score in pairs(dead)]
        if not places:
            return []
        names = [name for name, _, _ in places]
        records, tries = await self._redis.batch(
            [("HMGET", keys.events(), *names), ("HMGET", keys.tries(endpoint), *names)]
        )
        return [
            Undelivered(
                delivery=_delivery(endpoint, event, tried or b""),
                status=_status(name in owned, at_ms, gone, to_ms(now)),
                at=from_ms(at_ms),
            )
            for (name, at_ms, gone), record, tried in zip(places, records, tries, strict=True)
            if record and (event := read_event(record)) is not None
        ]

    async def find(self, endpoint: EndpointId, event: EventId, now: datetime) -> Undelivered | None:
        """Return one delivery, where it is not done."""
        keys = self._keys
        at_ms, dead_ms, owner, record, tries = await self._redis.batch(
            [
                ("ZSCORE", keys.queue(endpoint), event),
                ("ZSCORE", keys.dead(endpoint), event),
                ("HGET", keys.queue_owners(endpoint), event),
                ("HGET", keys.events(), event),
                ("HGET", keys.tries(endpoint), event),
            ]
        )
        score = dead_ms if at_ms is None else at_ms
        event_found = read_event(record) if record else None
        if score is None or event_found is None:
            return None
        place = int(float(score))
        return Undelivered(
            delivery=_delivery(endpoint, event_found, tries or b""),
            status=_status(owner is not None, place, at_ms is None, to_ms(now)),
            at=from_ms(place),
        )


def read_delivery(endpoint: bytes, record: bytes, tries: bytes) -> Delivery:
    """Put together what queues, notes of tries and the log of events know of a delivery.

    Raises UnreadableRecord where the event is damaged, or of a newer version.
    """
    return _delivery(EndpointId(endpoint.decode()), unpack(record, Event), tries)


def _delivery(endpoint: EndpointId, event: Event, tries: bytes) -> Delivery:
    number, reason, replayed = read_tries(tries)
    return Delivery(
        endpoint=endpoint,
        event=event,
        attempts=number,
        last_reason=reason,
        replayed=replayed,
    )


def _status(is_owned: bool, at_ms: int, is_dead: bool, now_ms: int) -> str:
    if is_dead:
        return "dead"
    if is_owned:
        return "in_flight"
    return "ready" if at_ms <= now_ms else "delayed"
