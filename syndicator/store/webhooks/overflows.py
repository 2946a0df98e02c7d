"""Events that wait in the log, because the queue of their endpoint is full, and how far each was read."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.clock import from_ms, to_ms
from syndicator.model.endpoint import Overflow
from syndicator.model.event import Event
from syndicator.model.ids import EndpointId, EventId
from syndicator.store.codec import pack
from syndicator.store.connection import Connection, Repository, Script, Transaction
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import VERSION
from syndicator.store.partitions.reach import Reach
from syndicator.store.webhooks.attempts import KEPT_ATTEMPTS
from syndicator.store.webhooks.queuing import Queued

CHANGES = "changes"
"""Field of an endpoint's standing: its changes that its partition knows of, where there are several."""
MOST_AT_ONCE = 100
"""Endpoints that are refilled in one look."""


class Refill(Struct, frozen=True, kw_only=True):
    """What follows from a part of the log for one endpoint, in one step with its position."""

    endpoint: EndpointId
    version: str
    """Of the directory by which events were chosen."""
    changes: str
    """What `Overflows.changes` returned before that was read."""
    read: Overflow
    """The position that was read, and how many events were behind it."""
    reached: str
    """The position that is read next."""
    since: datetime
    """When the last event before it happened."""
    is_end: bool
    """Whether the log ends there."""
    queued: Sequence[Queued] = ()
    superseded: Sequence[tuple[Event, EventId]] = ()
    """Events that are closed without a delivery, each with the newer one that is sent in its place."""
    gone: int = 0
    """Number of events whose article is withdrawn or not kept any more, and of those queued already."""
    dropped: int = 0
    """Number of events that waited for longer than the endpoint allows."""


class Overflows(Repository):
    """Refills the queues of endpoints."""

    def __init__(self, connection: Connection, keys: Keys, reach: Reach) -> None:
        super().__init__(connection, keys)
        self._reach = reach
        self._refill = Script("webhooks/attempt_log", "webhooks/queuing", "webhooks/refill")

    async def due(self, now: datetime) -> list[EndpointId]:
        """Return the endpoints whose queues are to be refilled now."""

        async def ask(partition: int) -> list[bytes]:
            key = self._keys.refills(partition)
            command = ("ZRANGEBYSCORE", key, "-inf", to_ms(now), "LIMIT", 0, MOST_AT_ONCE)
            return await self._redis.call(*command)  # type: ignore[no-any-return]

        found = await self._reach.each(ask)
        return [EndpointId(name.decode()) for names in found.values() for name in names]

    async def changes(self, endpoint: EndpointId) -> str:
        """Return what tells of a change of an endpoint that the version of the directory cannot: "" is none.

        Where there are several partitions, the directory is in another slot than the queue. So each change
        is handed over to the partition of its endpoint, which counts it. To be read before the directory.
        """
        if self._keys.partitions.is_one:
            return ""
        found = await self._redis.call("HGET", self._keys.standing(endpoint), CHANGES)
        return found.decode() if found else ""

    async def logged(self, endpoint: EndpointId) -> str:
        """Return how far the log may be read for an endpoint: what comes then is not handed over yet.

        It would be queued by the refill, and again when it is handed over.
        """
        partitions = self._keys.partitions
        if partitions.is_one:
            return "+"
        key = self._keys.partition_cursors(partitions.of(endpoint))
        found = await self._redis.call("HGET", key, "logged")
        return found.decode() if found else "+"

    async def refill(self, step: Refill, due_at: datetime, now: datetime) -> bool:
        """Queue what a part of the log brings, and write how far the log was read.

        False: another worker was first, or the endpoint has changed; nothing was written. With several
        partitions, a change that was not handed over yet counts as made after the refill.
        """
        keys, name = self._keys, step.endpoint
        partition = keys.partitions.of(name)
        superseded = [(event.id, event.subject, event.type.value, newer) for event, newer in step.superseded]
        queued = [one.words() for one in step.queued]
        passed = len(queued) + len(superseded) + step.gone + step.dropped
        directory, field, version = keys.endpoints_changed(), VERSION, step.version
        if not keys.partitions.is_one:  # the directory is in another slot
            directory, field, version = keys.standing(name), CHANGES, step.changes
        words = (
            name, version, step.read.position, str(step.read.events), step.reached, to_ms(step.since),
            passed, step.dropped, step.is_end, to_ms(due_at), queued, superseded,
        )  # fmt: skip
        written = await self._redis.run(
            self._refill,
            [
                keys.standing(name), directory, keys.queues(partition),
                keys.refills(partition),
            ],
            keys.partitions.prefix(partition), to_ms(now), KEPT_ATTEMPTS, pack(words), field,
        )  # fmt: skip
        return bool(written)

    async def put_off(self, endpoint: EndpointId, until: datetime) -> None:
        """Look at an endpoint again then."""
        await self._redis.call("ZADD", self._refills(endpoint), "XX", to_ms(until), endpoint)

    async def enlist(self, endpoints: Sequence[EndpointId], now: datetime) -> None:
        """Have the queues of these endpoints refilled, where that is not planned already."""
        await self._redis.batch([("ZADD", self._refills(name), "NX", to_ms(now), name) for name in endpoints])

    async def forget(self, endpoint: EndpointId) -> None:
        """Refill the queue of an endpoint no more, where nothing waits in the log for it."""
        expects = ((self._keys.standing(endpoint), "overflow_position", ""),)
        writes = (("ZREM", self._refills(endpoint), endpoint),)
        await self._redis.commit([Transaction(expects=expects, writes=writes)])

    def _refills(self, endpoint: EndpointId) -> str:
        return self._keys.refills(self._keys.partitions.of(endpoint))


def read_overflow(standing: Mapping[str, str]) -> Overflow | None:
    """Return what waits in the log, by the fields of an endpoint's standing."""
    if "overflow_position" not in standing:
        return None
    return Overflow(
        position=standing["overflow_position"],
        since=from_ms(int(standing.get("overflow_since_ms", 0))),
        events=int(standing.get("overflow_events", 0)),
    )
