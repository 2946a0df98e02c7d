"""Our hub's subscribers: records, the version that each topic announced, and queues for each host.

All keys of a subscriber are in the partition of its host, so each change is one step. Written by workers and
by the web at once: every change is made on what was read, or anew. A subscriber stands
in its host's queue once, however much happens: it is sent what is new when it is claimed.
"""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.errors import StoreError, SyndicatorError
from syndicator.model.clock import from_ms, to_ms
from syndicator.model.hub import HubCounts, HubPolicy, Subscriber, SubscriberId, TopicName
from syndicator.store.access.secret_encryption import Sealer
from syndicator.store.connection import Command, Connection, Repository, Transaction, pairs
from syndicator.store.hub.claims import ClaimedSubscriber, SubscriberClaims, SubscriberOrder
from syndicator.store.hub.records import LaneKeys, confirmed, decoded, unconfirmed, written
from syndicator.store.keys.table import Keys
from syndicator.store.lease_owners import is_dead
from syndicator.store.partitions.reach import Reach

PROMPT_KEPT = timedelta(days=7)
AHEAD = timedelta(hours=1)
"""New subscribers of hosts that answer in time come before those of others by as much: none waits longer."""
MOST_PROMPT = 100_000
"""Hosts whose last answer came in time: of more, those that answered last are kept."""

_TRIES = 50
"""Of one change: each that fails means that another one was made."""

Change = Callable[[Subscriber | None], Subscriber | None]


class NoRoom(SyndicatorError):
    """Another subscriber would be one too many: of its host (`of_host`), or in all."""

    def __init__(self, *, of_host: bool) -> None:
        super().__init__("too many subscribers of this host" if of_host else "too many subscribers")
        self.of_host = of_host


class SettledSubscriber(Struct, frozen=True, kw_only=True):
    """What a subscriber is after its turn, and when it has another."""

    subscriber: Subscriber | None
    due_at: datetime | None = None


class HubSubscribers(Repository):
    """The subscribers of all topics, each in the partition of its host."""

    def __init__(self, connection: Connection, keys: Keys, sealer: Sealer, reach: Reach) -> None:
        super().__init__(connection, keys)
        self._sealer = sealer
        self._reach = reach
        self._parts = keys.hub_partitions
        self._claims = SubscriberClaims(connection, keys, reach)
        self._counted = dict[int, int]()
        """How many subscribers each partition had when it answered last."""

    def seal(self, known: Subscriber, secret: str) -> bytes:
        """Return a subscriber's secret as it is stored; empty where there is none. Raises SealError."""
        return self._sealer.seal(known.id, secret.encode()) if secret else b""

    def secret_of(self, known: Subscriber) -> str:
        """Return the secret to sign with; empty where there is none. Raises SealError."""
        sealed = known.lease.sealed if known.lease else b""
        return self._sealer.open(known.id, sealed).decode() if sealed else ""

    async def get(self, known: Subscriber) -> Subscriber | None:
        """Return a subscriber as it is stored; `known` names it and its host."""
        return (await self._read(self._parts.of(known.host), known.id))[0]

    async def find(self, subscriber: SubscriberId) -> Subscriber | None:
        """Return the subscriber of an id; all partitions that answer are asked."""
        found = await self._reach.each(lambda part: self._read(part, subscriber))
        return next((one for one, _ in found.values() if one is not None), None)

    async def newest(self, limit: int) -> list[Subscriber]:
        """List subscribers, those that end last first; `limit` 0 is all."""

        async def names_of(part: int) -> list[tuple[bytes, bytes]]:
            ends = self._keys.hub_ends(part)
            return pairs(await self._redis.call("ZREVRANGE", ends, 0, limit - 1, "WITHSCORES"))

        listed = await self._reach.each(names_of)
        names = [(part, name, float(ends)) for part, rows in listed.items() for name, ends in rows]
        if len(listed) > 1:
            names = sorted(names, key=lambda row: row[2], reverse=True)[: limit or None]
        found = await self._redis.batch(
            [
                ("HGET", self._keys.hub_subscriber(part, SubscriberId(name.decode())), "record")
                for part, name, _ in names
            ]
        )
        return [one for record in found if (one := decoded(record)) is not None]

    async def count(self) -> int:
        """Count all subscribers, also those that have not confirmed."""
        await self._count()
        return sum(self._counted.values())

    async def _count(self) -> None:
        self._counted |= await self._reach.each(
            lambda part: self._redis.call("ZCARD", self._keys.hub_ends(part))
        )

    async def count_of(self, host: str) -> int:
        return int(await self._redis.call("SCARD", self._keys.hub_host(host)))

    async def counts(self, now: datetime) -> HubCounts:
        """Return how many there are and how many wait; of those that have confirmed, since when."""
        found = (await self._reach.each(self._waiting)).values()
        oldest = min((since for _, since in found if since is not None), default=None)
        return HubCounts(
            subscriptions=await self.count(),
            pending=sum(waiting for waiting, _ in found),
            oldest_due_at=from_ms(oldest) if oldest is not None and oldest <= to_ms(now) else None,
        )

    async def _waiting(self, part: int) -> tuple[int, int | None]:
        """Return how many wait in a partition; of those that have confirmed, since when."""
        waiting, since = 0, list[int]()
        for lane in self._lanes(part):
            hosts = pairs(await self._redis.call("ZRANGE", lane.hosts, 0, -1, "WITHSCORES"))
            waiting += sum(
                await self._redis.batch([("ZCARD", lane.queue(host.decode())) for host, _ in hosts])
            )
            if lane.hosts == self._keys.hub_hosts(part):
                since += [int(float(at_ms)) for _, at_ms in hosts]
        return waiting, min(since, default=None)

    def _lanes(self, part: int) -> tuple[LaneKeys, LaneKeys]:
        return confirmed(self._keys, part), unconfirmed(self._keys, part)

    async def check_room(self, host: str, policy: HubPolicy) -> None:
        """Raise NoRoom where no further subscriber of a host would be taken."""
        if await self.count_of(host) >= policy.max_per_host:
            raise NoRoom(of_host=True)
        is_full = await self.count() >= policy.max_subscriptions
        if is_full and await self._oldest_unconfirmed() is None:
            raise NoRoom(of_host=False)

    async def _oldest_unconfirmed(self) -> tuple[int, SubscriberId] | None:
        """Return the one that asked first of those that never confirmed, with its partition."""
        firsts = await self._reach.each(
            lambda part: self._redis.call("ZRANGE", self._keys.hub_unconfirmed(part), 0, 0, "WITHSCORES")
        )
        rows = [(float(row[1]), part, SubscriberId(row[0].decode())) for part, row in firsts.items() if row]
        return min(rows)[1:] if rows else None

    async def update(
        self,
        known: Subscriber,
        change: Change,
        *,
        now: datetime,
        topic_digest: str = "",
        policy: HubPolicy | None = None,
    ) -> Subscriber | None:
        """Change a subscriber, and have it attended to at once where it asks for or lacks something.

        `known` names it. `change` may be called several times, with what others made of it meanwhile.
        `topic_digest` is the digest of a topic that had no subscriber before. `policy` bounds how many there
        may be, of one host and in all: where that is reached, the oldest that never confirmed gives way to a
        new one, or NoRoom is raised.
        """
        keys, token, part = self._keys, uuid.uuid4().hex, self._parts.of(known.host)
        for _ in range(_TRIES):
            before, found = await self._read(part, known.id)
            if found == token:
                return before  # it was written: only the answer was lost
            after = change(before)
            lane, host = self._lane(before or after or known), (before or known).host
            owner = await self._owner(lane, host, known.id)
            announced = await self._announced(part, known.topic)
            if not announced:
                topic_digest = await self._first_announced(known.topic, topic_digest)
            writes = written(self._keys, before, after, token, topic_digest)
            # Its worker looks at what it asks for when it settles: a lease is never cut short.
            if after is not None and not owner and (after.asked or after.sent != (announced or topic_digest)):
                is_ahead = not (before or after).lease and await self._is_prompt(part, host)
                writes.append(lane.queued(host, [known.id], now, "LT"))
                writes.append(lane.woken([host], now - AHEAD if is_ahead else now))
            unit = Transaction(
                expects=(
                    (keys.hub_subscriber(part, known.id), "token", found),
                    (lane.owners(host), known.id, owner),
                    (keys.hub_announced(part), known.topic, announced),
                ),
                writes=tuple(writes),
                bounds=await self._bounds(host, policy) if before is None and policy else (),
            )
            if (await self._redis.commit([unit]))[0]:
                return after
            if unit.bounds and policy:
                await self._make_room(host, policy)
        raise StoreError("a subscriber of the hub changes faster than it can be changed")

    async def _bounds(self, host: str, policy: HubPolicy) -> tuple[tuple[str, str, int], ...]:
        """Return what must hold for another subscriber.

        Of several partitions the others are counted before: as many more may come as are written at once.
        """
        part = self._parts.of(host)
        if not self._parts.is_one:
            await self._count()
        others = sum(count for number, count in self._counted.items() if number != part)
        return (
            ("SCARD", self._keys.hub_host(host), policy.max_per_host),
            ("ZCARD", self._keys.hub_ends(part), policy.max_subscriptions - others),
        )

    async def _make_room(self, host: str, policy: HubPolicy) -> None:
        """Have the oldest that never confirmed give way where the hub is full; raises NoRoom."""
        await self.check_room(host, policy)
        if await self.count() >= policy.max_subscriptions and (oldest := await self._oldest_unconfirmed()):
            await self._forget(*oldest)

    async def enlist(self, now: datetime) -> None:
        """Have due at once what a process of this machine had leased when it was killed."""
        await self._reach.each(lambda part: self._enlist(part, now))

    async def _enlist(self, part: int, now: datetime) -> None:
        for lane in self._lanes(part):
            hosts = [name.decode() for name in await self._redis.call("ZRANGE", lane.hosts, 0, -1)]
            owned = await self._redis.batch([("HGETALL", lane.owners(host)) for host in hosts])
            await self._redis.commit(
                [
                    Transaction(
                        expects=((lane.owners(host), name.decode(), token.decode()),),
                        writes=(
                            ("HDEL", lane.owners(host), name.decode()),
                            ("ZADD", lane.queue(host), "XX", to_ms(now), name.decode()),
                            lane.woken([host], now),
                        ),
                    )
                    for host, row in zip(hosts, owned, strict=True)
                    for name, token in pairs(row)
                    if is_dead(token.decode())
                ]
            )

    async def claim(self, order: SubscriberOrder) -> tuple[list[ClaimedSubscriber], datetime | None]:
        """Lease subscribers that are due, of all partitions that answer; return also when more will be."""
        return await self._claims.claim(order)

    async def settle(
        self,
        claimed: ClaimedSubscriber,
        change: Callable[[Subscriber | None, str], SettledSubscriber],
        *,
        now: datetime,
        topic_digest: str = "",
        is_slow: bool | None = None,
    ) -> bool:
        """Store the result of a subscriber's turn; return False when the lease was lost meanwhile.

        `change` is given the subscriber as it is now and the digest that its topic announced last; it may be
        called several times. `is_slow` says whether the host's answer came too late; None: nothing is known.
        One of several partitions that does not answer is left alone: the lease runs out there.
        """
        settled = await self._reach.ask(
            claimed.host,
            lambda: self._settle(claimed, change, now=now, topic_digest=topic_digest, is_slow=is_slow),
        )
        return bool(settled)

    async def _settle(
        self,
        claimed: ClaimedSubscriber,
        change: Callable[[Subscriber | None, str], SettledSubscriber],
        *,
        now: datetime,
        topic_digest: str,
        is_slow: bool | None,
    ) -> bool:
        keys, token, host = self._keys, uuid.uuid4().hex, claimed.host
        part = self._parts.of(host)
        lane = (confirmed if claimed.is_confirmed else unconfirmed)(keys, part)
        topic = claimed.subscriber.topic if claimed.subscriber else TopicName("")
        before, found, announced = claimed.subscriber, claimed.changed_by, claimed.announced
        for _ in range(_TRIES):
            if not announced:
                topic_digest = await self._first_announced(topic, topic_digest)
            after = change(before, announced or topic_digest)
            writes = written(self._keys, before, after.subscriber, token, topic_digest)
            is_ahead = not claimed.is_confirmed and is_slow is False
            writes += [*lane.left(host, claimed.id), lane.woken([host], now - AHEAD if is_ahead else now)]
            if after.subscriber is not None and after.due_at is not None:
                onward = self._lane(after.subscriber)
                writes += [onward.queued(host, [claimed.id], after.due_at, "LT"), onward.woken([host], now)]
            if is_slow:
                writes.append(("ZREM", keys.hub_prompt(part), host))
            elif is_slow is not None and after.subscriber is not None:
                writes.append(("ZADD", keys.hub_prompt(part), to_ms(now), host))
            expects = (
                (lane.owners(host), str(claimed.id), claimed.token),
                (keys.hub_subscriber(part, claimed.id), "token", found),
                (keys.hub_announced(part), str(topic), announced),
            )
            if await self._commit(expects=expects, writes=writes):
                return True
            if await self._owner(lane, host, claimed.id) != claimed.token:
                return False
            before, found = await self._read(part, claimed.id)
            announced = await self._announced(part, topic)
        raise StoreError("a subscriber of the hub changes faster than it can be settled")

    async def sweep(self, now: datetime, limit: int) -> int:
        """Forget subscribers whose time is over, of each partition so many at most."""
        return sum((await self._reach.each(lambda part: self._sweep(part, now, limit))).values())

    async def _sweep(self, part: int, now: datetime, limit: int) -> int:
        names = await self._redis.call(
            "ZRANGEBYSCORE", self._keys.hub_ends(part), "-inf", to_ms(now), "LIMIT", 0, limit
        )
        gone = sum([await self._forget(part, SubscriberId(name.decode())) for name in names])
        prompt = self._keys.hub_prompt(part)
        await self._redis.batch(
            [
                ("ZREMRANGEBYSCORE", prompt, "-inf", to_ms(now - PROMPT_KEPT)),
                ("ZREMRANGEBYRANK", prompt, 0, -MOST_PROMPT - 1),
            ]
        )
        return gone

    async def _forget(self, part: int, subscriber: SubscriberId) -> bool:
        """Remove a subscriber and its place in the queues, unless it changes meanwhile."""
        before, found = await self._read(part, subscriber)
        if before is None:
            gone_or_damaged: list[Command] = [
                ("ZREM", self._keys.hub_ends(part), subscriber),
                ("ZREM", self._keys.hub_unconfirmed(part), subscriber),
                ("UNLINK", self._keys.hub_subscriber(part, subscriber)),
            ]
            await self._redis.batch(gone_or_damaged)
            return False
        writes = [
            *written(self._keys, before, None, "", ""),
            *(word for lane in self._lanes(part) for word in lane.left(before.host, subscriber)),
        ]
        expects = ((self._keys.hub_subscriber(part, subscriber), "token", found),)
        return await self._commit(expects=expects, writes=writes)

    async def _read(self, part: int, subscriber: SubscriberId) -> tuple[Subscriber | None, str]:
        """Return a subscriber and the token of its last change, "" where there is none."""
        key = self._keys.hub_subscriber(part, subscriber)
        record, token = await self._redis.call("HMGET", key, "record", "token")
        return decoded(record), token.decode() if token else ""

    def _lane(self, one: Subscriber) -> LaneKeys:
        return (confirmed if one.lease else unconfirmed)(self._keys, self._parts.of(one.host))

    async def _owner(self, lane: LaneKeys, host: str, subscriber: SubscriberId) -> str:
        found = await self._redis.call("HGET", lane.owners(host), subscriber)
        return found.decode() if found else ""

    async def _is_prompt(self, part: int, host: str) -> bool:
        return await self._redis.call("ZSCORE", self._keys.hub_prompt(part), host) is not None

    async def _announced(self, part: int, topic: TopicName) -> str:
        found = await self._redis.call("HGET", self._keys.hub_announced(part), topic)
        return found.decode() if found else ""

    async def _first_announced(self, topic: TopicName, digest: str) -> str:
        """Return what the first subscriber of a topic in its partition finds announced.

        With several partitions the topic has to be known to the namespace before: others may announce it.
        """
        if self._parts.is_one or not digest:
            return digest
        topics = self._keys.hub_topics()
        _, found = await self._redis.batch([("HSETNX", topics, topic, digest), ("HGET", topics, topic)])
        return str(found.decode())
