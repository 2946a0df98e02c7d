"""Deliveries on their way: a queue per endpoint, leases, results of attempts, the dead.

A queue holds ids of events and nothing else; what failed has a note of its tries beside it. Everything that
must happen together is one script; what many tasks settle at one moment goes in one call.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from msgspec import Struct

from syndicator.errors import UnreadableRecord
from syndicator.model.clock import from_ms, to_ms
from syndicator.model.delivery import Dead, Delivered, Delivery, DeliveryOutcome, RetryAt
from syndicator.model.ids import EndpointId, EventId
from syndicator.model.ops.states import AttemptResult
from syndicator.model.ops.status import QueueCounts
from syndicator.store.batching import Batcher
from syndicator.store.codec import pack, pack_for_lua
from syndicator.store.connection import Command, Connection, Repository, Script, pairs, pieces
from syndicator.store.keys.partitions import grouped
from syndicator.store.keys.table import Keys
from syndicator.store.lease_owners import is_dead, new_token
from syndicator.store.partitions.reach import Reach
from syndicator.store.webhooks.attempts import KEPT_ATTEMPTS
from syndicator.store.webhooks.backlog import read_counts, read_delivery
from syndicator.store.webhooks.handover import Handover
from syndicator.store.webhooks.partition_claims import ALL, ClaimOrder, ClaimReply, PartitionClaims, Shares
from syndicator.store.webhooks.redelivery import tries_note
from syndicator.store.webhooks.unreadable_deliveries import (
    PUT_OFF,
    UNREADABLE,
    UnreadableDelivery,
    put_off_words,
    unreadable_delivery,
)

KEPT_DEAD = timedelta(days=14)

_SWEPT = 1000
_SETTLED_TOGETHER = 256
"""About 2 ms of Redis' time."""


class Leased(Struct, frozen=True, kw_only=True):
    """A delivery that this worker alone has until the lease ends."""

    delivery: Delivery
    token: str
    until: datetime
    """When the lease ends, unless it is lengthened or was settled before."""


class ClaimedDeliveries(Struct, frozen=True, kw_only=True):
    """What a claim brought."""

    leased: tuple[Leased, ...] = ()
    next_due_at: datetime | None = None
    """When the next delivery of any queue is due."""
    lost: tuple[tuple[EndpointId, EventId], ...] = ()
    """Deliveries whose event no longer exists; they were removed from their queue."""
    unreadable: tuple[UnreadableDelivery, ...] = ()
    """Due deliveries that this version cannot decode; postponed, so that they do not block others."""
    unfanned: int = 0
    """Number of events in the outbox that are not yet fanned out."""
    version: str = ""
    """Version of the directory of endpoints."""
    replay_due_at: datetime | None = None
    """When the next replay is to be continued, or a queue refilled; None where there is none."""


class SettledDeliveries(Struct, frozen=True, kw_only=True):
    """What settling did."""

    written: bool
    """False: the lease was lost meanwhile."""
    recovered: bool = False
    """It was the endpoint's first success after failures."""


class Deliveries(Repository):
    """Queues of all endpoints."""

    def __init__(
        self, connection: Connection, keys: Keys, handover: Handover | None = None, reach: Reach | None = None
    ) -> None:
        super().__init__(connection, keys)
        self._reach = reach or Reach(connection, keys.partitions)
        self._handover = handover or Handover(connection, keys)
        self._partitioned = PartitionClaims(connection, keys, self._handover, self._reach)
        self._claim = Script("webhooks/attempt_log", "webhooks/event_records", "webhooks/claim")
        self._settle = Script("webhooks/attempt_log", "webhooks/settle")
        self._extend = Script("webhooks/extend")
        self._results = {
            partition: Batcher(partial(self._settled_at, partition), _SETTLED_TOGETHER)
            for partition in keys.partitions.all
        }
        self._worker = new_token()
        self._claims = count()

    async def enlist(self, endpoints: Iterable[EndpointId], now: datetime) -> None:
        """Look at the queue of each of these endpoints now, whatever was noted before.

        Deliveries that a process of this machine had leased when it was killed are due at once.
        """
        names, now_ms = list(endpoints), to_ms(now)

        async def place(partition: int) -> None:
            key = self._keys.queues(partition)
            await self._redis.batch([("ZADD", key, now_ms, name) for name in parts[partition]])

        parts = grouped(names, self._keys.partitions.of)
        await self._reach.each(place, parts)
        await self._free(names, lambda _, token: is_dead(token), now)

    async def free_lost(
        self,
        endpoints: Iterable[EndpointId],
        under_way: Collection[tuple[EndpointId, EventId]],
        now: datetime,
    ) -> int:
        """Make due at once what was claimed here and is not under way; return how much that was.

        The reply of a claim can be lost, and a Redis that is restarted can have forgotten that a delivery was
        settled: until the lease ends, it would take up the place of another one.
        """
        own = f"{self._worker}."
        return await self._free(
            list(endpoints), lambda one, token: token.startswith(own) and one not in under_way, now
        )

    async def _free(
        self,
        names: Sequence[EndpointId],
        is_lost: Callable[[tuple[EndpointId, EventId], str], bool],
        now: datetime,
    ) -> int:
        async def owned(partition: int) -> list[Any]:
            keys = [self._keys.queue_owners(name) for name in parts[partition]]
            return await self._redis.batch([("HGETALL", key) for key in keys])

        parts = grouped(names, self._keys.partitions.of)
        found = await self._reach.each(owned, parts)
        left = [
            (endpoint, event.decode(), token.decode(), "release", 0, "", "", "", 0, "", 0)
            for partition, rows in found.items()
            for endpoint, row in zip(parts[partition], rows, strict=True)
            for event, token in pairs(row)
            if is_lost((endpoint, EventId(event.decode())), token.decode())
        ]
        await self._end_all(left, now)
        return len(left)

    async def claim(
        self,
        now: datetime,
        lease: timedelta,
        limit: int,
        *,
        others: Collection[EndpointId] = (),
        shares: Shares = ALL,
        after_queuing: bool = False,
    ) -> ClaimedDeliveries:
        """Lease due deliveries, fairly over all endpoints; return also when there will be more.

        `others` are left alone: another process can send to them. Of one endpoint comes its share.
        `after_queuing`: nothing while events wait for their fan-out, for one of them may go ahead of all, or
        a replay or refill is due.
        """
        keys, until = self._keys, now + lease
        order = ClaimOrder(
            now=now, lease=lease, limit=limit, others=others, shares=shares, after_queuing=after_queuing
        )
        if not keys.partitions.is_one:
            reply = await self._partitioned.claim(order, self._token)
            return await self._read(reply, until, now)
        token = self._token()
        found, next_ms, lost, unfanned, version, replay = await self._redis.run(
            self._claim,
            [
                keys.queues(0), keys.events(), keys.outbox(), keys.endpoints_changed(), keys.replays_due(),
                keys.refills(0),
            ],
            keys.partitions.prefix(0), to_ms(now), to_ms(until), token, limit, KEPT_ATTEMPTS,
            int(after_queuing), *order.words({}),
        )  # fmt: skip
        reply = ClaimReply(
            found=[(*row, token) for row in found],
            lost=[(name, event) for name, event in lost],
            next_ms=int(float(next_ms)),
            waiting=unfanned,
            version=version,
            replay_ms=int(float(replay)),
        )
        return await self._read(reply, until, now)

    async def _read(self, reply: ClaimReply, until: datetime, now: datetime) -> ClaimedDeliveries:
        """Read what was claimed; end the leases of what cannot be sent from here."""
        leased: list[Leased] = []
        unreadable: list[UnreadableDelivery] = []
        ended: list[Sequence[object]] = []
        lost = list(reply.lost)
        for name, event, record, tries, token in reply.found:
            if record is None:
                lost.append((name, event))
                ended.append((name.decode(), event.decode(), token, "lost", 0, "", "", "", 0, "", 0))
                continue
            try:
                delivery = read_delivery(name, event, record, tries)
                leased.append(Leased(delivery=delivery, token=token, until=until))
            except UnreadableRecord as error:
                unreadable.append(unreadable_delivery(name, event, tries, str(error)))
                ended.append(put_off_words(name, event, token, tries, now))
        await self._end_all(ended, now)
        return ClaimedDeliveries(
            leased=tuple(leased),
            unreadable=tuple(unreadable),
            next_due_at=_moment(reply.next_ms),
            lost=tuple((EndpointId(name.decode()), EventId(event.decode())) for name, event in lost),
            unfanned=reply.waiting,
            version=reply.version.decode(),
            replay_due_at=_moment(reply.replay_ms),
        )

    async def _end_all(self, rows: Sequence[Sequence[Any]], now: datetime) -> None:
        """End many leases, of all partitions that answer."""
        parts = grouped(rows, lambda row: self._keys.partitions.of(row[0]))

        async def end(partition: int) -> None:
            for part in pieces(parts[partition], _SETTLED_TOGETHER):
                await self._settled(partition, part, now)

        await self._reach.each(end, parts)

    def _token(self) -> str:
        return f"{self._worker}.{next(self._claims)}"

    async def extend(self, leased: Sequence[Leased], until: datetime) -> list[bool]:
        """Extend leases; False for those that were lost."""
        keys = self._keys
        places = grouped(range(len(leased)), lambda at: keys.partitions.of(leased[at].delivery.endpoint))

        async def extend(partition: int) -> list[int]:
            prefix, reply = keys.partitions.prefix(partition), list[int]()
            for part in pieces(places[partition], _SETTLED_TOGETHER):
                some = [leased[at] for at in part]
                rows = [(one.delivery.endpoint, one.delivery.event.id, one.token) for one in some]
                names = [keys.queues(partition)]
                reply += await self._redis.run(self._extend, names, prefix, to_ms(until), pack(rows))
            return reply

        held = [True] * len(leased)  # also of those whose partition does not answer: nothing is known of them
        for partition, reply in (await self._reach.each(extend, places)).items():
            for at, one in zip(places[partition], reply, strict=True):
                held[at] = one == 1
        return held

    async def release(self, leased: Leased, now: datetime) -> bool:
        """End a lease without an attempt: the delivery is due again now. False if the lease was lost."""
        return (await self._ended(leased, _settlement(leased, "release", 0, "", 0, attempt=0), now)).written

    async def put_off(self, leased: Leased, now: datetime) -> bool:
        """End the lease of a delivery that this version cannot decode, and postpone it by `PUT_OFF`.

        It does not count as an attempt. A worker of a newer version can send it later. Return False if the
        lease was lost.
        """
        due_ms, attempts = to_ms(now + PUT_OFF), leased.delivery.attempts
        settlement = _settlement(leased, "put_off", due_ms, UNREADABLE, 0, attempt=attempts)
        return (await self._ended(leased, settlement, now)).written

    async def settle(
        self, leased: Leased, outcome: DeliveryOutcome, now: datetime, also: Command = ()
    ) -> SettledDeliveries:
        """Store the result of an attempt; where it was delivered, `also` is done in the same step."""
        match outcome:
            case Delivered(status=status, duration_ms=took_ms):
                settlement = _settlement(leased, AttemptResult.DELIVERED, 0, str(status), took_ms)
            case RetryAt(at=at, reason=reason, duration_ms=took_ms):
                settlement = _settlement(leased, AttemptResult.RETRY, to_ms(at), reason, took_ms)
            case Dead(reason=reason, duration_ms=took_ms):
                attempt = leased.delivery.attempts + (1 if outcome.was_tried else 0)
                settlement = _settlement(leased, AttemptResult.DEAD, 0, reason, took_ms, attempt=attempt)
        partition = self._keys.partitions.of(leased.delivery.endpoint)
        ending = self._handover.returned(partition, also) if isinstance(outcome, Delivered) else ()
        return await self._ended(leased, [*settlement, outcome.answer, ending], now)

    async def _ended(self, leased: Leased, settlement: list[object], now: datetime) -> SettledDeliveries:
        partition = self._keys.partitions.of(leased.delivery.endpoint)
        return await self._results[partition].ask((settlement, now))

    async def _settled_at(
        self, partition: int, rows: Sequence[tuple[list[object], datetime]]
    ) -> list[SettledDeliveries]:
        return await self._settled(partition, [one for one, _ in rows], max(at for _, at in rows))

    async def _settled(
        self, partition: int, rows: Sequence[Sequence[object]], now: datetime
    ) -> list[SettledDeliveries]:
        keys = self._keys
        reply = await self._redis.run(
            self._settle, [keys.queues(partition), keys.delivered(partition)],
            keys.partitions.prefix(partition), to_ms(now), KEPT_ATTEMPTS, pack_for_lua(rows),
        )  # fmt: skip
        return [SettledDeliveries(written=code > 0, recovered=code > 1) for code in reply]

    async def counts(self, endpoint: EndpointId, now: datetime) -> QueueCounts:
        """Count the deliveries of an endpoint by how they stand."""
        return (await self.counts_of([endpoint], now))[endpoint]

    async def counts_of(
        self, endpoints: Sequence[EndpointId], now: datetime
    ) -> Mapping[EndpointId, QueueCounts]:
        commands: list[Command] = []
        for endpoint in endpoints:
            queue = self._keys.queue(endpoint)
            commands += [
                ("ZCOUNT", queue, "-inf", to_ms(now)),
                ("ZCARD", queue),
                ("HLEN", self._keys.queue_owners(endpoint)),
                ("ZCARD", self._keys.dead(endpoint)),
                ("HGET", self._keys.delivered(self._keys.partitions.of(endpoint)), endpoint),
                ("HGET", self._keys.standing(endpoint), "overflow_events"),
            ]
        found = await self._redis.batch(commands)
        return {name: read_counts(found[6 * at : 6 * at + 6]) for at, name in enumerate(endpoints)}

    async def first_due(self, endpoints: Sequence[EndpointId]) -> Mapping[EndpointId, datetime]:
        """Return when what is due first of each endpoint became due, or becomes so; nothing waits, none.

        What waits in the log counts from when it happened.
        """
        keys = self._keys
        rows = await self._redis.batch(
            [("ZRANGE", keys.queue(name), 0, 0, "WITHSCORES") for name in endpoints]
            + [("HGET", keys.standing(name), "overflow_since_ms") for name in endpoints]
        )
        queued, logged = rows[: len(endpoints)], rows[len(endpoints) :]
        found = {
            name: [*map(float, row[1:]), *([float(since)] if since else [])]
            for name, row, since in zip(endpoints, queued, logged, strict=True)
        }
        return {name: from_ms(int(min(times))) for name, times in found.items() if times}

    async def sweep(self, endpoint: EndpointId, now: datetime) -> int:
        """Forget the deliveries that have been dead for two weeks."""
        key, bound = self._keys.dead(endpoint), to_ms(now - KEPT_DEAD)
        names = await self._redis.call("ZRANGEBYSCORE", key, "-inf", bound, "LIMIT", 0, _SWEPT)
        if names:
            await self._redis.batch([("HDEL", self._keys.tries(endpoint), *names), ("ZREM", key, *names)])
        return len(names)

    async def shed(self, endpoint: EndpointId, oldest: datetime) -> int:
        """Let fall off what became due before `oldest`; return how many.

        What a worker has is left, and so is what is urgent.
        """
        keys = self._keys
        queue, bound = keys.queue(endpoint), f"({to_ms(oldest)}"
        names, owned, urgent = await self._redis.batch(
            [
                ("ZRANGEBYSCORE", queue, "-inf", bound, "LIMIT", 0, _SWEPT),
                ("HKEYS", keys.queue_owners(endpoint)),
                ("ZRANGE", keys.urgent(endpoint), 0, -1),
            ]
        )
        kept = {*owned, *urgent}
        names = [name for name in names if name not in kept]
        if not names:
            return 0
        removed, *_ = await self._redis.batch(
            [
                ("ZREM", queue, *names),
                ("HDEL", keys.tries(endpoint), *names),
                ("HINCRBY", keys.standing(endpoint), "fell_off", len(names)),
            ]
        )
        return int(removed)


def _moment(due_ms: int) -> datetime | None:
    """Read a due time of a reply; -1 stands for none."""
    return from_ms(due_ms) if due_ms >= 0 else None


def _settlement(
    leased: Leased, verb: str, due_ms: int, reason: str, duration_ms: int, *, attempt: int | None = None
) -> list[object]:
    """Return the result of a delivery as `webhooks/settle.lua` reads it."""
    delivery, event = leased.delivery, leased.delivery.event
    number = delivery.attempts + 1 if attempt is None else attempt
    note = tries_note(number, reason, delivery.replayed)
    return [
        delivery.endpoint, event.id, leased.token, verb, due_ms, note, event.subject,
        event.type.value, number, reason, duration_ms,
    ]  # fmt: skip
