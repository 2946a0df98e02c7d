"""Steps that partitions of endpoints are to do, in streams in the slot of the namespace.

fan-out, registering, pausing ──▶ stream (namespace) ──▶ effect and cursor (partition), in one step

What follows from a step in the slot of the namespace is written there with it. A partition does each step
once: its cursor lies in its own slot, and is written by the script that does the step. So nothing is lost or
doubled, wherever a process dies. A partition whose node is away does its steps once that is back. Where too
many wait, fan-out leaves events in the log, and tells the partition of them when it has done its steps: its
queues are then refilled from there.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from syndicator.model.clock import to_ms
from syndicator.store.codec import pack, pack_for_lua, unpack_from_lua
from syndicator.store.connection import Command, Connection, Repository, Script
from syndicator.store.keys.table import Keys
from syndicator.store.servers.route import never_there
from syndicator.store.webhooks.attempts import KEPT_ATTEMPTS

KEPT_STEPS = timedelta(minutes=1)
"""After they were done: a node that takes over from another one may not have the last of them."""

QUEUE = ("webhooks/attempt_log", "webhooks/queuing", "webhooks/event_records", "webhooks/queue")
"""The files of the script that queues."""

MOST_QUEUED = 10_000
"""Deliveries that the queue of one endpoint takes: what comes then waits in the log of events."""

MOST_HANDED_BYTES = 64 * 1024 * 1024
"""What may wait for one partition, and what it did in the last minute: about a million deliveries."""

_PAGE = 50
_NOTHING = b"\x80"
"""An empty map: steps that queue nothing name no positions."""


def across(keys: Keys, writes: Iterable[Command]) -> list[Command]:
    """Return writes for one transaction in the slot of the namespace: those of partitions are handed over."""
    if keys.partitions.is_one:
        return list(writes)
    own: list[Command] = []
    handed: dict[int, list[Command]] = {}
    for write in writes:
        partition = keys.partitions.of_key(str(write[1]))
        (own if partition is None else handed.setdefault(partition, [])).append(write)
    return [
        *own,
        *(
            ("XADD", keys.handover(partition), "*", "step", step_of([], [], found))
            for partition, found in handed.items()
        ),
    ]


def step_of(queued: Sequence[object], cancelled: Sequence[object], writes: Sequence[Command]) -> bytes:
    """Return a step as `lua/webhooks/queue.lua` reads it."""
    return pack_for_lua((queued, cancelled, writes))


class Handover(Repository):
    """Has partitions do their steps. With one partition there are none."""

    _queue = Script(*QUEUE)
    _left = Script("webhooks/hand_over_left")

    def __init__(self, connection: Connection, keys: Keys) -> None:
        super().__init__(connection, keys)
        self._reached = dict[int, str]()
        """How far partitions were when they were last heard of; they may be further."""

    def firsts(self) -> list[Command]:
        """Return commands that read the first step of each partition that may be undone."""
        return [self._steps(partition, 1) for partition in self._keys.partitions.all]

    async def has_step(self, partition: int, first: str) -> bool:
        """Return whether a partition did not do a step yet that may be undone."""
        cursor = self._reached[partition] = await self._cursor(partition)
        return parts_of(first) > parts_of(cursor)

    async def run(self, partition: int, now: datetime) -> None:
        """Have a partition do all steps that wait for it."""
        if self._keys.partitions.is_one:
            return
        left = self._keys.left_in_log(partition)
        while True:
            rows, is_left = await self._redis.batch([self._steps(partition, _PAGE), ("EXISTS", left)])
            if not rows and not (is_left and await self.tell_of_left(partition, self._keys)):
                return
            for position, (_, step, *named) in rows:
                places = named[1] if named else _NOTHING
                if not await self._do(partition, position.decode(), (step, places), now):
                    self._reached[partition] = await self._cursor(partition)  # another worker was first
                    break

    async def tell_of_left(self, partition: int, named: Keys) -> bool:
        """Hand over which events were left in the log; False where none were.

        `named`: the keys of the partition as steps name them.
        """
        keys = self._keys
        names = [
            keys.handover(partition), keys.left_in_log(partition), keys.endpoints(), keys.events_log(),
        ]  # fmt: skip
        prefix = named.partitions.prefix(partition)
        return bool(await self._redis.run(self._left, names, prefix, named.refills(partition)))

    def returned(self, partition: int, write: Command) -> Command:
        """Return the command by which a partition has a write done in the slot of the namespace."""
        if self._keys.partitions.is_one or not write:
            return write
        return ("XADD", self._keys.effects(partition), "*", "write", pack_for_lua(write))

    async def sweep(self, partition: int, now: datetime) -> None:
        """Do what a partition returned to the namespace, and forget its steps that were done a while ago."""
        await self._bring_back(partition)
        # Where a node took over that had not heard of the last steps, they are done again.
        cursor = self._reached[partition] = await self._cursor(partition)
        bound_ms = min(parts_of(cursor)[0], to_ms(now - KEPT_STEPS))
        if bound_ms > 0:
            await self._redis.call("XTRIM", self._keys.handover(partition), "MINID", bound_ms)

    async def _bring_back(self, partition: int) -> None:
        keys, field = self._keys, f"effects:{partition:02}"
        while True:
            found = await self._redis.call("HGET", keys.cursors(), field)
            begin = f"({found.decode()}" if found else "-"
            rows = await self._redis.call("XRANGE", keys.effects(partition), begin, "+", "COUNT", _PAGE)
            if not rows:
                return
            done = rows[-1][0].decode()
            writes = [unpack_from_lua(fields[1]) for _, fields in rows]
            await self._commit(
                expects=((keys.cursors(), field, found.decode() if found else ""),),
                writes=(*writes, ("HSET", keys.cursors(), field, done)),
            )
            await self._redis.call("XTRIM", keys.effects(partition), "MINID", done)

    def _steps(self, partition: int, limit: int) -> Command:
        reached = self._reached.get(partition, "")
        begin = f"({reached}" if reached else "-"
        return ("XRANGE", self._keys.handover(partition), begin, "+", "COUNT", limit)

    async def _do(self, partition: int, position: str, step: tuple[bytes, bytes], now: datetime) -> bool:
        read = self._reached.get(partition, "")
        if written := await self._queued(
            partition, self._keys.partition_cursors(partition), (read, position), step, now
        ):
            self._reached[partition] = position
        return written

    async def carry_out(self, partition: int, step: Sequence[bytes], now: datetime) -> None:
        """Have a partition do a step that no cursor counts, while nobody else works on the namespace.

        `step`: as `step_of` gives it, then positions of events, where it has any.
        """
        cursors = f"{self._keys.partitions.prefix(partition)}restored"
        work, places = (*step, _NOTHING)[:2]
        await self._queued(partition, cursors, ("", ""), (work, places), now)
        await self._redis.call("UNLINK", cursors)

    async def _queued(
        self, partition: int, cursors: str, moved: tuple[str, str], step: tuple[bytes, bytes], now: datetime
    ) -> bool:
        """Do a step if the cursor stands at the first of two positions, and move it to the other."""
        keys, prefix = self._keys, self._keys.partitions.prefix(partition)
        intent = pack((*moved, "", "", (), (), (), 6))
        none = never_there(prefix)  # in place of what only the namespace has
        names = [cursors, none, none, none, none, keys.queues(partition), keys.refills(partition)]
        written, _ = await self._redis.run(
            self._queue, names, prefix, to_ms(now), KEPT_ATTEMPTS, MOST_QUEUED, intent, *step
        )
        return bool(written)

    async def _cursor(self, partition: int) -> str:
        found = await self._redis.call("HGET", self._keys.partition_cursors(partition), "fan-out")
        return found.decode() if found else ""


def parts_of(position: str) -> tuple[int, int]:
    """Return time and number of a position of a stream; "" is before all others."""
    at_ms, _, number = position.partition("-")
    return int(at_ms or 0), int(number or 0)
