"""What is not delivered: lists of it, and single deliveries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from syndicator.model.clock import from_ms, to_ms
from syndicator.model.delivery import Delivery
from syndicator.model.event import Event
from syndicator.model.ids import EndpointId, EventId
from syndicator.model.ops.states import DeliveryStatus
from syndicator.model.ops.status import QueueCounts
from syndicator.store.connection import Repository, pairs
from syndicator.store.webhooks.event_records import event_records, parsed_event, read_event
from syndicator.store.webhooks.redelivery import read_tries


class Undelivered(Struct, frozen=True, kw_only=True):
    """A delivery that is not done, and how it stands."""

    delivery: Delivery
    status: DeliveryStatus
    """Of `UNDELIVERED`."""
    at: datetime
    """When it is due, when its lease ends, or when it died."""
    behind: EventId | None = None
    """The event of an older revision that is being sent, and that it waits for; of what `find_many` found."""


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
        records = await event_records(self._redis, keys, names)
        tries = await self._redis.call("HMGET", keys.tries(endpoint), *names)
        return [
            Undelivered(
                delivery=_delivery(endpoint, event, tried or b""),
                status=_status(name in owned, at_ms, gone, to_ms(now)),
                at=from_ms(at_ms),
            )
            for (name, at_ms, gone), record, tried in zip(places, records, tries, strict=True)
            if (event := read_event(EventId(name.decode()), record)) is not None
        ]

    async def newest_dead(self, endpoints: Sequence[EndpointId], limit: int) -> Sequence[Undelivered]:
        """List the dead of these endpoints that can be read, those that died last first."""
        keys = self._keys
        last = await self._redis.batch(
            [("ZREVRANGE", keys.dead(name), 0, 0, "WITHSCORES") for name in endpoints]
        )
        newest = sorted(
            ((float(row[1]), name) for name, row in zip(endpoints, last, strict=True) if row), reverse=True
        )
        names = [name for _, name in newest[:limit]]  # no other has any of the newest
        rows = await self._redis.batch(
            [("ZREVRANGE", keys.dead(name), 0, limit - 1, "WITHSCORES") for name in names]
        )
        dead = sorted(
            (
                (int(float(score)), name, event)
                for name, row in zip(names, rows, strict=True)
                for event, score in pairs(row)
            ),
            reverse=True,
        )[:limit]
        if not dead:
            return []
        records = await event_records(self._redis, keys, [event for _, _, event in dead])
        tries = await self._redis.batch([("HGET", keys.tries(name), event) for _, name, event in dead])
        return [
            Undelivered(
                delivery=_delivery(name, event, tried or b""), status=DeliveryStatus.DEAD, at=from_ms(at_ms)
            )
            for (at_ms, name, known), record, tried in zip(dead, records, tries, strict=True)
            if (event := read_event(EventId(known.decode()), record)) is not None
        ]

    async def find(self, endpoint: EndpointId, event: EventId, now: datetime) -> Undelivered | None:
        """Return one delivery, where it is not done."""
        (record,) = await event_records(self._redis, self._keys, [event])
        known = read_event(event, record)
        found = await self.find_many([endpoint], [known], now) if known else {}
        return found.get((endpoint, event))

    async def find_many(
        self, endpoints: Sequence[EndpointId], events: Sequence[Event], now: datetime
    ) -> Mapping[tuple[EndpointId, EventId], Undelivered]:
        """Return the deliveries of these events to these endpoints that are not done."""
        if not events:
            return {}
        keys, names = self._keys, [event.id for event in events]
        rows = await self._redis.batch(
            [
                command
                for one in endpoints
                for command in (
                    ("ZMSCORE", keys.queue(one), *names),
                    ("ZMSCORE", keys.dead(one), *names),
                    ("HMGET", keys.queue_owners(one), *names),
                    ("HMGET", keys.tries(one), *names),
                    ("HGETALL", keys.behind(one)),
                )
            ]
        )
        found: dict[tuple[EndpointId, EventId], Undelivered] = {}
        for number, endpoint in enumerate(endpoints):
            *of_events, behind = rows[5 * number : 5 * number + 5]
            older = {newer.decode(): EventId(one.decode()) for one, newer in pairs(behind)}
            for event, queued, dead, owner, tries in zip(events, *of_events, strict=True):
                score = dead if queued is None else queued
                if score is None:
                    continue
                at_ms = int(float(score))
                found[endpoint, event.id] = Undelivered(
                    delivery=_delivery(endpoint, event, tries or b""),
                    status=_status(owner is not None, at_ms, queued is None, to_ms(now)),
                    at=from_ms(at_ms),
                    behind=older.get(event.id),
                )
        return found


def read_delivery(endpoint: bytes, event: bytes, record: bytes, tries: bytes) -> Delivery:
    """Put together what queues, notes of tries and the log of events know of a delivery.

    Raises UnreadableRecord where the event is damaged, or of a newer version.
    """
    return _delivery(EndpointId(endpoint.decode()), parsed_event(EventId(event.decode()), record), tries)


def _delivery(endpoint: EndpointId, event: Event, tries: bytes) -> Delivery:
    number, reason, replayed = read_tries(tries)
    return Delivery(
        endpoint=endpoint,
        event=event,
        attempts=number,
        last_reason=reason,
        replayed=replayed,
    )


def _status(is_owned: bool, at_ms: int, is_dead: bool, now_ms: int) -> DeliveryStatus:
    if is_dead:
        return DeliveryStatus.DEAD
    if is_owned:
        return DeliveryStatus.IN_FLIGHT
    return DeliveryStatus.READY if at_ms <= now_ms else DeliveryStatus.DELAYED


def read_counts(found: Sequence[Any]) -> QueueCounts:
    """Return counts from the replies that `Deliveries.counts_of` asks for."""
    due, waiting, flying, dead, delivered, logged = found
    return QueueCounts(
        ready=due,
        in_flight=flying,
        delayed=max(waiting - due - flying, 0),
        dead=dead,
        delivered=int(delivered or 0),
        in_log=int(logged or 0),
    )
