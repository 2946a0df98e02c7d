"""Puts events into the queues of endpoints, in one step with the cursor of the outbox."""

from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.model.ids import EndpointId, EventId
from syndicator.store.codec import pack
from syndicator.store.connection import Repository, Script
from syndicator.store.outbox import OutboxEntry
from syndicator.store.webhooks.attempts import KEPT_ATTEMPTS

MOST_QUEUED = 10_000
"""Deliveries that the queue of one endpoint takes: what comes then waits in the log of events."""

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

    def words(self) -> tuple[object, ...]:
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


class Queuing(Repository):
    """Writes to the queues of all endpoints."""

    _queue = Script("webhooks/attempt_log", "webhooks/queuing", "webhooks/queue")

    async def fan_out(self, intent: FanOut, now: datetime) -> bool:
        """Queue deliveries, close what they supersede and move the outbox' cursor, in one step.

        False: another worker was there first, or the directory has changed; nothing was written.
        """
        keys = self._keys
        words: list[bytes] = []
        events: list[str | int] = []
        for entry in intent.entries:
            words.append(entry.record)
            events += [entry.event.id, 5 + len(words)]
        last = intent.entries[-1].position
        reached, is_done = intent.read.partition(" ")[0], intent.done_for is None
        done, up_to = (last, _following(last)) if is_done else (f"{reached} {intent.done_for}", "")
        queued = [one.words() for one in intent.queued]
        cancelled = [(one.endpoint, one.event, _flat(one.older)) for one in intent.cancelled]
        queuing = pack((intent.read, done, intent.version, up_to, events, queued, cancelled))
        written, _ = await self._redis.run(
            self._queue,
            [
                keys.cursors(), keys.endpoints_changed(), keys.outbox(), keys.events(), keys.events_log(),
                keys.queues(0), keys.refills(0),
            ],
            keys.partitions.prefix(0), to_ms(now), KEPT_ATTEMPTS, MOST_QUEUED, queuing, *words,
        )  # fmt: skip
        return bool(written)


def _following(position: str) -> str:
    milliseconds, sequence = position.split("-")
    return f"{milliseconds}-{int(sequence) + 1}"


def _flat(older: Older) -> list[str]:
    return [word for one in older for word in one]
