"""Deliveries that are wanted again: by their own id, with all their attempts before them.

That one is sent again stands in the note of its tries, which goes where the delivery goes:
`ATTEMPTS REASON REPLAY@MS`, as in `0  resend@1762344000000`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from syndicator.model.clock import from_ms, to_ms
from syndicator.model.delivery import Replayed
from syndicator.model.event import Event
from syndicator.model.ids import EndpointId, EventId
from syndicator.rules.webhooks.supersession import is_urgent
from syndicator.store.connection import Command, Repository, Transaction
from syndicator.store.webhooks.handover import across

_AT_ONCE = 200


def tries_note(attempts: int, reason: str, replayed: Replayed | None) -> str:
    """Write how often a delivery was tried, and why the last attempt failed."""
    note = f"{attempts} {reason}"
    return note if replayed is None else f"{note} {replayed.id}@{to_ms(replayed.at)}"


def read_tries(note: bytes) -> tuple[int, str | None, Replayed | None]:
    """Read what `tries_note` wrote; of nothing, that nothing was tried."""
    number, reason, mark, *_ = [*note.decode("utf-8", "replace").split(" "), "", "", ""]
    name, _, at_ms = mark.partition("@")
    replayed = Replayed(id=name, at=from_ms(int(at_ms))) if at_ms.isdecimal() else None
    return int(number) if number.isdecimal() else 0, reason or None, replayed


class Requeuing(Repository):
    """Queues events of the log again."""

    async def requeue(self, endpoint: EndpointId, events: Sequence[EventId], now: datetime) -> int:
        """Queue events, as if for the first time; give how many were not queued.

        Dead ones leave the dead. What is in the queue already stays as it is.
        """
        if not events:
            return 0
        keys = self._keys
        members = [word for event in events for word in (to_ms(now), event)]
        added, *_ = await self._redis.batch(
            [
                ("ZADD", keys.queue(endpoint), "NX", *members),
                ("ZADD", keys.events_requeued(), *members),
                ("ZREM", keys.dead(endpoint), *events),
                ("HDEL", keys.tries(endpoint), *events),
                ("ZADD", keys.queues(keys.partitions.of(endpoint)), "LT", to_ms(now), endpoint),
            ]
        )
        return int(added)

    async def resend(
        self, endpoint: EndpointId, events: Sequence[Event], replayed: Replayed, now: datetime
    ) -> int:
        """Have events sent now, whether they wait, are dead or were delivered; give how many.

        What a worker has at this moment is left.
        """
        owners, queued = self._keys.queue_owners(endpoint), 0
        kept = to_ms(now)
        for part in (events[at : at + _AT_ONCE] for at in range(0, len(events), _AT_ONCE)):
            outlives = [word for event in part for word in (kept, event.id)]
            await self._redis.call("ZADD", self._keys.events_requeued(), *outlives)
            units = [
                Transaction(
                    expects=((owners, event.id, ""),),
                    writes=(*self._queued(endpoint, event, replayed, now), self._woken(endpoint, now)),
                )
                for event in part
            ]
            queued += sum(await self._redis.commit(units))
        return queued

    async def waiting(self, endpoint: EndpointId, events: Sequence[EventId]) -> list[bool]:
        if not events:
            return []
        scores = await self._redis.call("ZMSCORE", self._keys.queue(endpoint), *events)
        return [score is not None for score in scores]

    def writes(
        self, endpoint: EndpointId, events: Sequence[Event], replayed: Replayed, now: datetime, gap: timedelta
    ) -> list[Command]:
        """Spell the queueing of events one after the other, for a transaction that they are part of."""
        writes = list[Command]()
        for number, event in enumerate(events):
            due_at = now + number * gap
            writes.append(("ZADD", self._keys.events_requeued(), to_ms(due_at), event.id))
            writes += self._queued(endpoint, event, replayed, due_at)
        return across(self._keys, [*writes, self._woken(endpoint, now)]) if writes else []

    def _queued(
        self, endpoint: EndpointId, event: Event, replayed: Replayed, due_at: datetime
    ) -> list[Command]:
        keys, due_ms = self._keys, to_ms(due_at)
        queues = [keys.queue(endpoint), *([keys.urgent(endpoint)] if is_urgent(event) else [])]
        return [
            *(("ZADD", key, due_ms, event.id) for key in queues),
            ("ZREM", keys.dead(endpoint), event.id),
            ("HSET", keys.tries(endpoint), event.id, tries_note(0, "", replayed)),
        ]

    def _woken(self, endpoint: EndpointId, now: datetime) -> Command:
        return ("ZADD", self._keys.queues(self._keys.partitions.of(endpoint)), "LT", to_ms(now), endpoint)
