"""Claims from all partitions of endpoints at once, each getting an equal part of the room."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.model.ids import EndpointId
from syndicator.store.connection import Connection, Repository, Script
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import VERSION
from syndicator.store.partitions.reach import Reach
from syndicator.store.partitions.rounds import Claimed, Rounds
from syndicator.store.webhooks.attempts import KEPT_ATTEMPTS
from syndicator.store.webhooks.event_records import event_records
from syndicator.store.webhooks.handover import Handover


class Shares(Struct, frozen=True, kw_only=True):
    """How many deliveries of an endpoint may be claimed."""

    each: int
    of: Mapping[EndpointId, int] = {}
    """How many of some instead."""


ALL = Shares(each=1_000_000)
"""As many as are due."""


class ClaimOrder(Struct, frozen=True, kw_only=True):
    """What is to be claimed."""

    now: datetime
    lease: timedelta
    limit: int
    others: Collection[EndpointId]
    shares: Shares
    after_queuing: bool

    def words(self, claimed: Mapping[EndpointId, int]) -> list[str | int]:
        """Return bounds as `lua/webhooks/claim.lua` reads them; `claimed`: how many came already."""
        each, bounds = self.shares.each, dict(self.shares.of)
        for name, count in claimed.items():
            bounds[name] = max(bounds.get(name, each) - count, 0)
        bounds |= dict.fromkeys(self.others, 0)
        return [each, *(word for pair in sorted(bounds.items()) for word in pair)]


class ClaimReply(Struct, frozen=True, kw_only=True):
    """What a claim brought."""

    found: Sequence[tuple[bytes, bytes, bytes | None, bytes, str]] = ()
    """Of each delivery: endpoint, event id, event (None: there is none any more), tries, and token."""
    next_ms: int = -1
    waiting: int = 0
    """Events in the outbox, and partitions that have steps to do."""
    version: bytes = b""
    """Of the directory."""
    replay_ms: int = -1
    lost: Sequence[tuple[bytes, bytes]] = ()
    """Endpoint and event id of what was taken out because there is no such event."""


class PartitionClaims(Repository):
    """Leases deliveries of several partitions."""

    _claim = Script("webhooks/attempt_log", "webhooks/event_records", "webhooks/claim")

    def __init__(self, connection: Connection, keys: Keys, handover: Handover, reach: Reach) -> None:
        super().__init__(connection, keys)
        self._handover = handover
        self._reach = reach
        self._claims = Rounds(keys.partitions, reach)

    async def claim(self, order: ClaimOrder, token: Callable[[], str]) -> ClaimReply:
        """Lease due deliveries; `token` makes a new one for each call of a partition."""
        keys, now_ms = self._keys, to_ms(order.now)
        outbox, version, replays, *steps = await self._redis.batch(
            [
                ("XLEN", keys.outbox()),
                ("HGET", keys.endpoints_changed(), VERSION),
                ("ZRANGE", keys.replays_due(), 0, 0, "WITHSCORES"),
                *self._handover.firsts(),
            ]
        )
        undone = 0 if outbox else await self._undone(steps)
        state = ClaimReply(
            next_ms=now_ms,
            waiting=outbox + undone,
            version=version or b"",
            replay_ms=int(float(replays[1])) if replays else -1,
        )
        is_replay_due = 0 <= state.replay_ms <= now_ms
        if order.after_queuing and (state.waiting or is_replay_due):
            return state
        claimed = await self._rounds(order, token)
        replay_ms = min((at for at in (state.replay_ms, claimed.refill_ms) if at >= 0), default=-1)
        records = await self._records([row[1] for row in claimed.rows])
        return ClaimReply(
            found=[(row[0], row[1], records.get(row[1]), row[3], row[4]) for row in claimed.rows],
            next_ms=claimed.next_ms,
            waiting=state.waiting,
            version=state.version,
            replay_ms=replay_ms,
        )

    async def _undone(self, steps: Sequence[Sequence[Any]]) -> int:
        """Count the partitions that have steps to do; `steps`: the first of each that may be one."""
        firsts = {partition: rows[0][0].decode() for partition, rows in enumerate(steps) if rows}
        if not firsts:
            return 0
        found = await self._reach.each(
            lambda partition: self._handover.has_step(partition, firsts[partition]), firsts
        )
        return sum(found.values())

    async def _rounds(self, order: ClaimOrder, token: Callable[[], str]) -> Claimed[Any]:
        counts = Counter[EndpointId]()

        async def ask(partition: int, room: int) -> Claimed[Any]:
            mine = token()
            rows, next_ms, _, _, _, refill_ms = await self._redis.run(
                self._claim, [self._keys.queues(partition), self._keys.refills(partition)],
                self._keys.partitions.prefix(partition),
                to_ms(order.now), to_ms(order.now + order.lease), mine, room, KEPT_ATTEMPTS, 0,
                *order.words(counts),
            )  # fmt: skip
            counts.update(EndpointId(row[0].decode()) for row in rows)
            return Claimed(
                rows=[[*row, mine] for row in rows],
                next_ms=int(float(next_ms)),
                refill_ms=int(float(refill_ms)),
            )

        return await self._claims.claim(order.now, order.limit, ask)

    async def _records(self, names: Sequence[bytes]) -> dict[bytes, bytes | None]:
        wanted = list(dict.fromkeys(names))
        found = await event_records(self._redis, self._keys, wanted)
        return dict(zip(wanted, found, strict=True))
