"""Deliveries on their way: a queue per endpoint, leases, attempts, the dead."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import from_ms, to_ms
from syndicator.model.delivery import Dead, Delivered, Delivery, DeliveryOutcome, RetryAt
from syndicator.model.event import EventType
from syndicator.model.ids import EndpointId, EventId
from syndicator.model.status import QueueCounts
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Connection, Script, Unit, pairs
from syndicator.store.endpoints import VERSION
from syndicator.store.keys import Keys
from syndicator.store.owners import is_dead, new_token

KEPT_ATTEMPTS = 1000
KEPT_DEAD = timedelta(days=14)
AHEAD = timedelta(days=30)
"""So much earlier a withdrawal is due than what came with it: ahead of all that is late."""


class Leased(Struct, frozen=True, kw_only=True):
    """A delivery that this worker alone has until the lease ends."""

    delivery: Delivery
    token: str
    until: datetime
    """When the lease ends, unless it was settled before."""


class Undelivered(Struct, frozen=True, kw_only=True):
    """A delivery that is not done, and how it stands."""

    delivery: Delivery
    status: str
    """`ready`, `delayed`, `in_flight` or `dead`."""
    at: datetime
    """When it is due, when its lease ends, or when it was given up."""


class Deliveries:
    """Queues of the configured endpoints."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys
        self._claim = Script("claim")

    async def fan_out(
        self,
        deliveries: Sequence[Delivery],
        *,
        read: str,
        done: str,
        version: str,
        now: datetime,
        cancelled: Sequence[tuple[EndpointId, EventId]] = (),
    ) -> bool:
        """Queue deliveries and move the outbox' cursor from `read` to `done`, in one step.

        `version` is that of the directory by which they were chosen. A withdrawal stands ahead of all that
        waits. What is `cancelled` is not sent, nor kept among the dead.
        False: another worker was there first, or the directory has changed; nothing was written.
        """
        keys, now_ms = self._keys, to_ms(now)
        writes: list[Command] = self._cancelling(cancelled)
        for delivery in deliveries:
            endpoint, event = delivery.endpoint, delivery.event.id
            ahead = delivery.event.type is EventType.ARTICLE_WITHDRAWN
            due_ms = to_ms(now - AHEAD) if ahead else now_ms
            writes.append(("SET", keys.delivery(endpoint, event), pack(delivery)))
            writes.append(("ZADD", keys.queue(endpoint), "NX", due_ms, event))
        writes += [
            ("ZADD", keys.queues(), "LT", now_ms, endpoint)
            for endpoint in sorted({delivery.endpoint for delivery in deliveries})
        ]
        writes.append(("HSET", keys.cursors(), "fan-out", done))
        writes.append(("XTRIM", keys.outbox(), "MINID", _following(done)))
        relied_on = ((keys.cursors(), "fan-out", read), (keys.endpoints_changed(), VERSION, version))
        unit = Unit(expects=relied_on, writes=tuple(writes))
        return (await self._redis.commit([unit]))[0]

    def _cancelling(self, cancelled: Sequence[tuple[EndpointId, EventId]]) -> list[Command]:
        """Forget deliveries. One that is under way may still arrive: nobody tries it again."""
        keys = self._keys
        by_endpoint: dict[EndpointId, list[EventId]] = {}
        for endpoint, event in cancelled:
            by_endpoint.setdefault(endpoint, []).append(event)
        writes: list[Command] = []
        for endpoint, events in by_endpoint.items():
            for part in (events[at : at + 500] for at in range(0, len(events), 500)):
                writes.append(("ZREM", keys.queue(endpoint), *part))
                writes.append(("ZREM", keys.dead(endpoint), *part))
                writes.append(("HDEL", keys.queue_owners(endpoint), *part))
                writes.append(("UNLINK", *(keys.delivery(endpoint, event) for event in part)))
        return writes

    async def enlist(self, endpoints: Iterable[EndpointId], now: datetime) -> None:
        """Look at the queue of each of these endpoints now, whatever was noted before.

        Deliveries that a process of this machine had leased when it was killed are due at once.
        """
        names, now_ms = list(endpoints), to_ms(now)
        await self._redis.batch([("ZADD", self._keys.queues(), now_ms, endpoint) for endpoint in names])
        owned = await self._redis.batch([("HGETALL", self._keys.queue_owners(name)) for name in names])
        await self._redis.commit(
            [
                self._released(endpoint, event.decode(), token.decode(), now_ms)
                for endpoint, row in zip(names, owned, strict=True)
                for event, token in pairs(row)
                if is_dead(token.decode())
            ]
        )

    async def claim(
        self, caps: Mapping[EndpointId, int], now: datetime, lease: timedelta, limit: int
    ) -> list[Leased]:
        """Lease due deliveries of endpoints that want attention; `caps` bounds each one's share in flight.

        Endpoints that are not in `caps` are left alone: another process may know them.
        """
        wanted = await self._wanted(caps)
        leased: list[Leased] = []
        for at_ms, endpoint in sorted((at_ms, endpoint) for endpoint, at_ms in wanted.items()):
            room = limit - len(leased)
            if room and at_ms <= to_ms(now):
                leased += await self._claim_from(endpoint, caps[endpoint], room, now, lease)
        return leased

    async def release(self, leased: Leased, now: datetime) -> bool:
        """Give a lease back with nothing done: the delivery is due now; False when the lease was lost."""
        endpoint, event = leased.delivery.endpoint, leased.delivery.event.id
        given_back = await self._redis.commit([self._released(endpoint, event, leased.token, to_ms(now))])
        return given_back[0]

    async def settle(self, leased: Leased, outcome: DeliveryOutcome, now: datetime) -> bool:
        """Keep what became of an attempt; False when the lease was lost meanwhile."""
        delivery, keys = leased.delivery, self._keys
        endpoint, event = delivery.endpoint, delivery.event.id
        owners = keys.queue_owners(endpoint)
        writes: list[Command] = [("HDEL", owners, event), ("ZADD", keys.queues(), "LT", to_ms(now), endpoint)]
        match outcome:
            case Delivered():
                writes.append(("ZREM", keys.queue(endpoint), event))
                writes.append(("DEL", keys.delivery(endpoint, event)))
                writes.append(("HINCRBY", keys.delivered(), endpoint, 1))
                result = f"delivered {outcome.status}"
            case RetryAt(at=at, reason=reason):
                writes.append(("ZADD", keys.queue(endpoint), "XX", to_ms(at), event))
                writes.append(("SET", keys.delivery(endpoint, event), pack(_attempted(delivery, reason))))
                result = reason
            case Dead(reason=reason):
                writes.append(("ZREM", keys.queue(endpoint), event))
                writes.append(("ZADD", keys.dead(endpoint), to_ms(now), event))
                writes.append(("SET", keys.delivery(endpoint, event), pack(_attempted(delivery, reason))))
                result = f"dead {reason}"
        writes.append(
            (
                "XADD", keys.attempts(endpoint), "MAXLEN", "~", KEPT_ATTEMPTS, "*", "event", event,
                "attempt", delivery.attempts + 1, "result", result, "duration_ms", outcome.duration_ms,
            )
        )  # fmt: skip
        unit = Unit(expects=((owners, event, leased.token),), writes=tuple(writes))
        return (await self._redis.commit([unit]))[0]

    async def next_due_at(self, endpoints: Collection[EndpointId]) -> datetime | None:
        """Say when a queue of these endpoints wants attention next."""
        wanted = await self._wanted(endpoints)
        return from_ms(min(wanted.values())) if wanted else None

    async def counts(self, endpoint: EndpointId, now: datetime) -> QueueCounts:
        """Count the deliveries of an endpoint by how they stand."""
        queue = self._keys.queue(endpoint)
        due, waiting, flying, dead, delivered = await self._redis.batch(
            [
                ("ZCOUNT", queue, "-inf", to_ms(now)),
                ("ZCARD", queue),
                ("HLEN", self._keys.queue_owners(endpoint)),
                ("ZCARD", self._keys.dead(endpoint)),
                ("HGET", self._keys.delivered(), endpoint),
            ]
        )
        return QueueCounts(
            ready=due,
            in_flight=flying,
            delayed=max(waiting - due - flying, 0),
            dead=dead,
            delivered=int(delivered or 0),
        )

    async def undelivered(self, endpoint: EndpointId, limit: int, now: datetime) -> list[Undelivered]:
        """List what is not delivered, the first due first, then the dead; `limit` 0 is all."""
        keys = self._keys
        waiting, dead, owned = await self._redis.batch(
            [
                ("ZRANGE", keys.queue(endpoint), 0, limit - 1, "WITHSCORES"),
                ("ZREVRANGE", keys.dead(endpoint), 0, limit - 1, "WITHSCORES"),
                ("HKEYS", keys.queue_owners(endpoint)),
            ]
        )
        places = [(name, int(score), False) for name, score in pairs(waiting)]
        places += [(name, int(score), True) for name, score in pairs(dead)]
        events = [EventId(name.decode()) for name, _, _ in places]
        records = await self._redis.batch([("GET", keys.delivery(endpoint, event)) for event in events])
        return [
            Undelivered(
                delivery=delivery,
                status=_standing(name in owned, at_ms, gone, to_ms(now)),
                at=max(from_ms(at_ms), delivery.event.at),  # a withdrawal is due ahead of its own time
            )
            for (name, at_ms, gone), record in zip(places, records, strict=True)
            if record
            for delivery in (unpack(record, Delivery),)
        ]

    async def last_failure(self, endpoint: EndpointId) -> str | None:
        """Say why the newest attempt failed, if it did."""
        rows = await self._redis.call("XREVRANGE", self._keys.attempts(endpoint), "+", "-", "COUNT", 1)
        if not rows:
            return None
        fields = rows[0][1]
        result: str = dict(pairs(fields))[b"result"].decode()
        return None if result.startswith("delivered") else result

    async def sweep(self, endpoint: EndpointId, now: datetime) -> int:
        """Forget the deliveries that have been dead for two weeks."""
        bound = to_ms(now - KEPT_DEAD)
        key = self._keys.dead(endpoint)
        names = await self._redis.call("ZRANGEBYSCORE", key, "-inf", bound, "LIMIT", 0, 1000)
        if names:
            records = (self._keys.delivery(endpoint, EventId(name.decode())) for name in names)
            await self._redis.batch([("DEL", *records), ("ZREM", key, *names)])
        return len(names)

    async def _wanted(self, endpoints: Collection[EndpointId]) -> dict[EndpointId, int]:
        """Say when each queue wants attention, ms; those that want none are left out."""
        if not endpoints:
            return {}
        found = await self._redis.call("ZMSCORE", self._keys.queues(), *endpoints)
        return {
            endpoint: int(float(at_ms))
            for endpoint, at_ms in zip(endpoints, found, strict=True)
            if at_ms is not None
        }

    def _released(self, endpoint: EndpointId, event: str, token: str, now_ms: int) -> Unit:
        owners = self._keys.queue_owners(endpoint)
        return Unit(
            expects=((owners, event, token),),
            writes=(
                ("ZADD", self._keys.queue(endpoint), "XX", now_ms, event),
                ("HDEL", owners, event),
                ("ZADD", self._keys.queues(), "LT", now_ms, endpoint),
            ),
        )

    async def _claim_from(
        self, endpoint: EndpointId, cap: int, room: int, now: datetime, lease: timedelta
    ) -> list[Leased]:
        keys, token = self._keys, new_token()
        items, _ = await self._redis.run(
            self._claim,
            [keys.queue(endpoint), keys.queue_owners(endpoint), keys.queues()],
            to_ms(now), to_ms(now + lease), token, room, cap, endpoint,
        )  # fmt: skip
        if not items:
            return []
        records = await self._redis.call(
            "MGET", *(keys.delivery(endpoint, EventId(item.decode())) for item in items)
        )
        return [
            Leased(delivery=unpack(record, Delivery), token=token, until=now + lease)
            for record in records
            if record is not None
        ]


def _attempted(delivery: Delivery, reason: str) -> Delivery:
    return Delivery(
        endpoint=delivery.endpoint,
        event=delivery.event,
        attempts=delivery.attempts + 1,
        last_reason=reason,
    )


def _standing(is_owned: bool, at_ms: int, is_dead: bool, now_ms: int) -> str:
    if is_dead:
        return "dead"
    if is_owned:
        return "in_flight"
    return "ready" if at_ms <= now_ms else "delayed"


def _following(position: str) -> str:
    milliseconds, sequence = position.split("-")
    return f"{milliseconds}-{int(sequence) + 1}"
