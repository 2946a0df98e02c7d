"""Puts events into the queues of endpoints, in one step with the cursor of the outbox."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.model.ids import EndpointId, EventId
from syndicator.store.codec import pack
from syndicator.store.connection import Connection, Repository, Script
from syndicator.store.keys.partitions import grouped
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import OutboxEntry
from syndicator.store.partitions.reach import Reach
from syndicator.store.webhooks import handover
from syndicator.store.webhooks.attempts import KEPT_ATTEMPTS
from syndicator.store.webhooks.event_records import stored_event
from syndicator.store.webhooks.handover import QUEUE, Handover, step_of

Row = tuple[EndpointId, *tuple[object, ...]]
"""What is queued for an endpoint, as scripts read it."""

_HEAD = 2
"""Arguments of `lua/webhooks/hand_over.lua` before the records of events."""


Older = tuple[tuple[EventId, str, str], ...]


class Queued(Struct, frozen=True, kw_only=True):
    """An event to be queued for an endpoint."""

    endpoint: EndpointId
    event: EventId
    due_at: datetime
    urgent: bool = False
    """Goes ahead of all others."""
    hold: timedelta = timedelta()
    """How long it may wait for a delivery of an older revision that is being sent right now."""
    older: Older = ()
    """Ids, subjects and types of events that it supersedes there."""

    def words(self) -> Row:
        """Return it as `lua/webhooks/queuing.lua` reads it."""
        hold_ms = self.hold // timedelta(milliseconds=1)
        return self.endpoint, self.event, to_ms(self.due_at), self.urgent, hold_ms, _flat(self.older)


class FanOut(Struct, frozen=True, kw_only=True):
    """What follows from the next events of the outbox, in one step with its cursor."""

    read: str
    """Where the cursor must stand."""
    version: str
    """Of the directory by which endpoints were chosen."""
    entries: tuple[OutboxEntry, ...]
    """The next events; one alone where it is fanned out in parts."""
    done_for: EndpointId | None = None
    """Where there are more: the last endpoint, by name, for which the event is done; the cursor says so."""
    queued: tuple[Queued, ...] = ()
    cancelled: tuple[Queued, ...] = ()
    """Of these only the older events are taken out; nothing is queued."""


class _Step(Struct, frozen=True, kw_only=True):
    """What a partition is to do."""

    whole: bytes
    urgent: bytes
    """The part that is never left in the log; empty where there is none."""
    others: Sequence[object]
    """Endpoint and event id of each of the others, in their order."""


class Queuing(Repository):
    """Writes to the queues of all endpoints."""

    _queue = Script(*QUEUE)
    _handing = Script("webhooks/event_records", "webhooks/hand_over")

    def __init__(
        self, connection: Connection, keys: Keys, steps: Handover | None = None, reach: Reach | None = None
    ) -> None:
        super().__init__(connection, keys)
        self._handover = steps or Handover(connection, keys)
        self._reach = reach or Reach(connection, keys.partitions)

    async def take_over(self, now: datetime) -> None:
        """Have all partitions that answer do what was handed over to them."""
        if not self._keys.partitions.is_one:
            await self._reach.each(lambda partition: self._handover.run(partition, now))

    async def sweep(self, now: datetime) -> None:
        """Forget what partitions did a while ago."""
        if not self._keys.partitions.is_one:
            await self._reach.each(lambda partition: self._handover.sweep(partition, now))

    async def fan_out(self, intent: FanOut, now: datetime) -> bool:
        """Queue deliveries, close what they supersede and move the outbox' cursor, in one step.

        False: another worker was there first, or the directory has changed; nothing was written.
        """
        keys = self._keys
        words: list[bytes] = []
        head = 5 if keys.partitions.is_one else _HEAD
        events: list[str | int] = []
        for entry in intent.entries:
            words.append(stored_event(entry.event, entry.record))
            events += [entry.event.id, head + len(words)]
        last = intent.entries[-1].position
        reached, is_done = intent.read.partition(" ")[0], intent.done_for is None
        done, up_to = (last, _following(last)) if is_done else (f"{reached} {intent.done_for}", "")
        queued = [one.words() for one in intent.queued]
        cancelled: list[Row] = [(one.endpoint, one.event, _flat(one.older)) for one in intent.cancelled]
        if not keys.partitions.is_one:
            return await self._hand_over(
                (intent.read, done, intent.version, up_to, events), words, self._steps(queued, cancelled)
            )
        queuing = pack((intent.read, done, intent.version, up_to, events, queued, cancelled))
        written, _ = await self._redis.run(
            self._queue,
            [
                keys.cursors(), keys.endpoints_changed(), keys.outbox(), keys.events(), keys.events_log(),
                keys.queues(0), keys.refills(0),
            ],
            keys.partitions.prefix(0), to_ms(now), KEPT_ATTEMPTS, handover.MOST_QUEUED, queuing, *words,
        )  # fmt: skip
        return bool(written)

    async def _hand_over(
        self, intent: Sequence[object], records: Sequence[bytes], steps: Mapping[int, _Step]
    ) -> bool:
        keys = self._keys
        names = [
            keys.cursors(), keys.endpoints_changed(), keys.outbox(), keys.events(), keys.events_log(),
            *map(keys.handover, steps),
        ]  # fmt: skip
        *head, events = intent
        words, places = list(records), list[tuple[int, int, Sequence[object]]]()
        for step in steps.values():
            words.append(step.whole)
            number = _HEAD + len(words)
            if step.urgent:
                words.append(step.urgent)
            places.append((number, number + 1 if step.urgent else 0, step.others))
        note = pack((*head, events, places))
        return bool(await self._redis.run(self._handing, names, note, handover.MOST_HANDED_BYTES, *words))

    def _steps(self, queued: Sequence[Row], cancelled: Sequence[Row]) -> Mapping[int, _Step]:
        """Return what each partition is to do."""

        def partition(row: Row) -> int:
            return self._keys.partitions.of(row[0])

        parts, closed = grouped(queued, partition), grouped(cancelled, partition)
        return {one: _step(parts.get(one, []), closed.get(one, [])) for one in sorted({*parts, *closed})}


def _step(queued: Sequence[Sequence[object]], cancelled: Sequence[Row]) -> _Step:
    urgent = [row for row in queued if row[3]]
    return _Step(
        whole=step_of(queued, cancelled, []),
        urgent=step_of(urgent, cancelled, []) if urgent or cancelled else b"",
        others=[word for row in queued if not row[3] for word in row[:2]],
    )


def _following(position: str) -> str:
    milliseconds, sequence = position.split("-")
    return f"{milliseconds}-{int(sequence) + 1}"


def _flat(older: Older) -> list[str]:
    return [word for one in older for word in one]
