"""Leases of our hub's subscribers that something is to be said to, from all partitions."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import from_ms, to_ms
from syndicator.model.hub import Subscriber, SubscriberId
from syndicator.store.connection import Connection, Repository, Script, pairs
from syndicator.store.hub.records import confirmed, decoded, unconfirmed
from syndicator.store.keys.table import Keys
from syndicator.store.lease_owners import new_token
from syndicator.store.partitions.reach import Reach
from syndicator.store.partitions.rounds import Claimed, Rounds


class ClaimedSubscriber(Struct, frozen=True, kw_only=True):
    """A subscriber that this worker alone has until the lease ends."""

    id: SubscriberId
    host: str
    token: str
    until: datetime
    subscriber: Subscriber | None
    """None: it has left, and only its place in the queue is there."""
    changed_by: str
    """Token of its last change, as of the claim."""
    is_slow: bool
    """Whether the host has not answered yet, or its last answer did not come in time."""
    is_confirmed: bool
    """Whether it was claimed as a subscriber, and not to be asked back for the first time."""
    announced: str
    """Digest of the bytes that its topic announced last, as of the claim."""


class SubscriberOrder(Struct, frozen=True, kw_only=True):
    """Which subscribers are to be claimed."""

    now: datetime
    lease: timedelta
    room: int
    cap: int
    """Bounds what is on its way to one host."""
    slow_room: int
    """Bounds what is claimed of slow hosts."""
    is_confirmed: bool = True
    """False: those that are to be asked back for the first time."""


class SubscriberClaims(Repository):
    """Leases subscribers that are due."""

    _claim = Script("hub/claim")

    def __init__(self, connection: Connection, keys: Keys, reach: Reach) -> None:
        super().__init__(connection, keys)
        self._rounds = Rounds(keys.hub_partitions, reach)

    async def claim(self, order: SubscriberOrder) -> tuple[list[ClaimedSubscriber], datetime | None]:
        """Lease subscribers; return also when there will be more."""
        slow_left = order.slow_room

        async def ask(part: int, room: int) -> Claimed[ClaimedSubscriber]:
            nonlocal slow_left
            slow_room = _part_of(slow_left, room, order)
            slow_left -= slow_room
            claimed = await self._claimed(part, order, room, slow_room)
            slow_left += slow_room - sum(one.is_slow for one in claimed.rows)
            return claimed

        found = await self._rounds.claim(order.now, order.room, ask)
        return list(found.rows), None if found.next_ms < 0 else from_ms(found.next_ms)

    async def _claimed(
        self, part: int, order: SubscriberOrder, room: int, slow_room: int
    ) -> Claimed[ClaimedSubscriber]:
        lane = (confirmed if order.is_confirmed else unconfirmed)(self._keys, part)
        token = new_token()
        found, next_ms = await self._redis.run(
            self._claim, [lane.hosts, self._keys.hub_prompt(part)],
            to_ms(order.now), to_ms(order.now + order.lease), token, room, order.cap, slow_room,
            lane.queues, lane.owners_of,
        )  # fmt: skip
        names = [
            (host.decode(), SubscriberId(name.decode()), slow == 1)
            for host, name, slow in zip(found[::3], found[1::3], found[2::3], strict=True)
        ]
        rows = await self._loaded(part, names, token, order) if names else []
        return Claimed(rows=rows, next_ms=int(float(next_ms)))

    async def _loaded(
        self, part: int, names: Sequence[tuple[str, SubscriberId, bool]], token: str, order: SubscriberOrder
    ) -> list[ClaimedSubscriber]:
        keys = self._keys
        topics, *records = await self._redis.batch(
            [
                ("HGETALL", keys.hub_announced(part)),
                *(("HMGET", keys.hub_subscriber(part, name), "record", "token") for _, name, _ in names),
            ]
        )
        fields = {topic.decode(): digest.decode() for topic, digest in pairs(topics)}
        claimed = []
        for (host, name, is_slow), (record, changed_by) in zip(names, records, strict=True):
            subscriber = decoded(record)
            claimed.append(
                ClaimedSubscriber(
                    id=name,
                    host=host,
                    token=token,
                    until=order.now + order.lease,
                    is_slow=is_slow,
                    is_confirmed=order.is_confirmed,
                    subscriber=subscriber,
                    changed_by=changed_by.decode() if changed_by else "",
                    announced=fields.get(subscriber.topic, "") if subscriber else "",
                )
            )
        return claimed


def _part_of(slow_left: int, room: int, order: SubscriberOrder) -> int:
    """Return how many subscribers of slow hosts a partition gives that has some of the room."""
    if room == order.room:
        return slow_left
    return min(slow_left, max(order.slow_room * room // order.room, 1))
