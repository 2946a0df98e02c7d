"""Claims from all partitions of endpoints at once, each getting an equal part of the room."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.store.connection import Connection, Repository, Script
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import VERSION
from syndicator.store.partitions.reach import Reach
from syndicator.store.webhooks.attempts import KEPT_ATTEMPTS
from syndicator.store.webhooks.event_records import event_records
from syndicator.store.webhooks.handover import Handover

_LOOK_AGAIN = timedelta(seconds=1)
"""After a claim that not all partitions answered."""
_MOST_ROUNDS = 4
_AWAY = -1
"""In place of the numbers of the partitions that were not asked, or did not answer."""


class ClaimOrder(Struct, frozen=True, kw_only=True):
    """What is to be claimed."""

    now: datetime
    lease: timedelta
    limit: int
    others: Collection[str]
    after_queuing: bool


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
        self._first = 0

    async def claim(self, order: ClaimOrder, token: Callable[[], str]) -> ClaimReply:
        """Lease due deliveries; `token` makes a new one for each round."""
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
        found, next_ms, refill_ms = await self._rounds(order, token)
        replay_ms = min((at for at in (state.replay_ms, refill_ms) if at >= 0), default=-1)
        records = await self._records([row[1] for row in found])
        return ClaimReply(
            found=[(row[0], row[1], records.get(row[1]), row[3], row[4]) for row in found],
            next_ms=next_ms,
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

    async def _rounds(self, order: ClaimOrder, token: Callable[[], str]) -> tuple[list[Any], int, int]:
        """Claim an equal part from each; then what is left of the room from those that have more."""
        count = self._keys.partitions.count
        self._first = (self._first + 1) % count
        asked = [(self._first + place) % count for place in range(count)]
        found, nexts, refills = list[Any](), dict[int, int](), dict[int, int]()
        for _ in range(_MOST_ROUNDS):
            shares = _shares(asked, order.limit - len(found))
            if not shares:
                break
            answers = await self._round(order, token(), shares)
            found += [row for rows, *_ in answers.values() for row in rows]
            nexts |= {partition: next_ms for partition, (_, next_ms, _) in answers.items()}
            refills |= {partition: refill_ms for partition, (_, _, refill_ms) in answers.items()}
            if len(answers) < len(shares):
                nexts[_AWAY] = to_ms(order.now + _LOOK_AGAIN)
            have_more = [one for one, (rows, *_) in answers.items() if len(rows) == shares[one]]
            asked = [*(one for one in asked if one not in shares), *have_more]
        if any(one not in nexts for one in asked):  # there was no room to look at all of them
            nexts[_AWAY] = to_ms(order.now)
        return found, _first(nexts), _first(refills)

    async def _round(
        self, order: ClaimOrder, token: str, shares: Mapping[int, int]
    ) -> dict[int, tuple[list[Any], int, int]]:
        async def ask(partition: int) -> tuple[list[Any], int, int]:
            rows, next_ms, _, _, _, refill_ms = await self._redis.run(
                self._claim, [self._keys.queues(partition), self._keys.refills(partition)],
                self._keys.partitions.prefix(partition),
                to_ms(order.now), to_ms(order.now + order.lease), token, shares[partition], KEPT_ATTEMPTS, 0,
                *sorted(order.others),
            )  # fmt: skip
            return [[*row, token] for row in rows], int(float(next_ms)), int(float(refill_ms))

        return await self._reach.each(ask, shares)

    async def _records(self, names: Sequence[bytes]) -> dict[bytes, bytes | None]:
        wanted = list(dict.fromkeys(names))
        found = await event_records(self._redis, self._keys, wanted)
        return dict(zip(wanted, found, strict=True))


def _first(times: Mapping[int, int]) -> int:
    return min((at for at in times.values() if at >= 0), default=-1)


def _shares(partitions: Sequence[int], room: int) -> dict[int, int]:
    """Divide room among partitions; those without any are left out."""
    count = max(len(partitions), 1)
    shares = {
        partition: room // count + (1 if place < room % count else 0)
        for place, partition in enumerate(partitions)
    }
    return {partition: share for partition, share in shares.items() if share > 0}
