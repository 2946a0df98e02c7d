"""Our hub's subscribers: records, the version that each topic announced, and queues for each host.

Written by workers and by the web at once: every change is made on what was read, or anew. A subscriber stands
in its host's queue once, however much happens: it is sent what is new when it is claimed.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.errors import StoreError, SyndicatorError
from syndicator.model.clock import from_ms, to_ms
from syndicator.model.hub import HubCounts, HubPolicy, Subscriber, SubscriberId, TopicName
from syndicator.store.access.secret_encryption import Sealer
from syndicator.store.connection import Command, Connection, Repository, Script, Transaction, pairs
from syndicator.store.hub.records import LaneKeys, confirmed, decoded, unconfirmed, written
from syndicator.store.keys.table import Keys
from syndicator.store.lease_owners import is_dead, new_token

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


class SettledSubscriber(Struct, frozen=True, kw_only=True):
    """What a subscriber is after its turn, and when it has another."""

    subscriber: Subscriber | None
    due_at: datetime | None = None


class HubSubscribers(Repository):
    """The subscribers of all topics."""

    def __init__(self, connection: Connection, keys: Keys, sealer: Sealer) -> None:
        super().__init__(connection, keys)
        self._sealer = sealer
        self._claim = Script("hub/claim")
        self._confirmed, self._unconfirmed = confirmed(keys), unconfirmed(keys)

    def seal(self, known: Subscriber, secret: str) -> bytes:
        """Return a subscriber's secret as it is stored; empty where there is none. Raises SealError."""
        return self._sealer.seal(known.id, secret.encode()) if secret else b""

    def secret_of(self, known: Subscriber) -> str:
        """Return the secret to sign with; empty where there is none. Raises SealError."""
        sealed = known.lease.sealed if known.lease else b""
        return self._sealer.open(known.id, sealed).decode() if sealed else ""

    async def get(self, subscriber: SubscriberId) -> Subscriber | None:
        return (await self._read(subscriber))[0]

    async def newest(self, limit: int) -> list[Subscriber]:
        """List subscribers, those that end last first; `limit` 0 is all."""
        names = await self._redis.call("ZREVRANGE", self._keys.hub_ends(), 0, limit - 1)
        found = await self._redis.batch(
            [("HGET", self._keys.hub_subscriber(SubscriberId(name.decode())), "record") for name in names]
        )
        return [one for record in found if (one := decoded(record)) is not None]

    async def count(self) -> int:
        """Count all subscribers, also those that have not confirmed."""
        return int(await self._redis.call("ZCARD", self._keys.hub_ends()))

    async def count_of(self, host: str) -> int:
        return int(await self._redis.call("SCARD", self._keys.hub_host(host)))

    async def counts(self, now: datetime) -> HubCounts:
        """Return how many there are and how many wait; of those that have confirmed, since when."""
        waiting, since = 0, list[int]()
        for lane in (self._confirmed, self._unconfirmed):
            hosts = pairs(await self._redis.call("ZRANGE", lane.hosts, 0, -1, "WITHSCORES"))
            waiting += sum(
                await self._redis.batch([("ZCARD", lane.queue(host.decode())) for host, _ in hosts])
            )
            if lane is self._confirmed:
                since += [int(float(at_ms)) for _, at_ms in hosts]
        oldest = min(since, default=None)
        return HubCounts(
            subscriptions=await self.count(),
            pending=waiting,
            oldest_due_at=from_ms(oldest) if oldest is not None and oldest <= to_ms(now) else None,
        )

    async def check_room(self, host: str, policy: HubPolicy) -> None:
        """Raise NoRoom where no further subscriber of a host would be taken."""
        if await self.count_of(host) >= policy.max_per_host:
            raise NoRoom(of_host=True)
        is_full = await self.count() >= policy.max_subscriptions
        if is_full and not await self._redis.call("ZCARD", self._keys.hub_unconfirmed()):
            raise NoRoom(of_host=False)

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
        keys, token = self._keys, uuid.uuid4().hex
        for _ in range(_TRIES):
            before, found = await self._read(known.id)
            if found == token:
                return before  # it was written: only the answer was lost
            after = change(before)
            lane, host = self._lane(before or after or known), (before or known).host
            owner, announced = await self._owner(lane, host, known.id), await self._announced(known.topic)
            writes = written(self._keys, before, after, token, topic_digest)
            # Its worker looks at what it asks for when it settles: a lease is never cut short.
            if after is not None and not owner and (after.asked or after.sent != (announced or topic_digest)):
                is_ahead = lane is self._unconfirmed and await self._is_prompt(host)
                writes.append(lane.queued(host, [known.id], now, "LT"))
                writes.append(lane.woken([host], now - AHEAD if is_ahead else now))
            unit = Transaction(
                expects=(
                    (keys.hub_subscriber(known.id), "token", found),
                    (lane.owners(host), known.id, owner),
                    (keys.hub_topics(), known.topic, announced),
                ),
                writes=tuple(writes),
                bounds=self._bounds(host, policy) if before is None and policy else (),
            )
            if (await self._redis.commit([unit]))[0]:
                return after
            if unit.bounds and policy:
                await self._make_room(host, policy)
        raise StoreError("a subscriber of the hub changes faster than it can be changed")

    def _bounds(self, host: str, policy: HubPolicy) -> tuple[tuple[str, str, int], ...]:
        return (
            ("SCARD", self._keys.hub_host(host), policy.max_per_host),
            ("ZCARD", self._keys.hub_ends(), policy.max_subscriptions),
        )

    async def _make_room(self, host: str, policy: HubPolicy) -> None:
        """Have the oldest that never confirmed give way where the hub is full; raises NoRoom."""
        await self.check_room(host, policy)
        if await self.count() >= policy.max_subscriptions:
            oldest = await self._redis.call("ZRANGE", self._keys.hub_unconfirmed(), 0, 0)
            for name in oldest:
                await self._forget(SubscriberId(name.decode()))

    async def enlist(self, now: datetime) -> None:
        """Have due at once what a process of this machine had leased when it was killed."""
        for lane in (self._confirmed, self._unconfirmed):
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

    async def claim(
        self,
        *,
        now: datetime,
        lease: timedelta,
        room: int,
        cap: int,
        slow_room: int,
        is_confirmed: bool = True,
    ) -> tuple[list[ClaimedSubscriber], datetime | None]:
        """Lease subscribers that are due; return also when there will be more.

        `cap` bounds what is on its way to one host, `slow_room` what is claimed of slow hosts. Those that
        have not confirmed are to be asked back for the first time.
        """
        lane = self._confirmed if is_confirmed else self._unconfirmed
        token = new_token()
        found, next_ms = await self._redis.run(
            self._claim, [lane.hosts, self._keys.hub_prompt()],
            to_ms(now), to_ms(now + lease), token, room, cap, slow_room,
            lane.queues, lane.owners_of,
        )  # fmt: skip
        names = [
            (host.decode(), SubscriberId(name.decode()), slow == 1)
            for host, name, slow in zip(found[::3], found[1::3], found[2::3], strict=True)
        ]
        claimed = await self._loaded(names, token, now + lease, is_confirmed=is_confirmed) if names else []
        return claimed, None if int(float(next_ms)) < 0 else from_ms(int(float(next_ms)))

    async def _loaded(
        self,
        names: Sequence[tuple[str, SubscriberId, bool]],
        token: str,
        until: datetime,
        *,
        is_confirmed: bool,
    ) -> list[ClaimedSubscriber]:
        keys = self._keys
        topics, *records = await self._redis.batch(
            [
                ("HGETALL", keys.hub_topics()),
                *(("HMGET", keys.hub_subscriber(name), "record", "token") for _, name, _ in names),
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
                    until=until,
                    is_slow=is_slow,
                    is_confirmed=is_confirmed,
                    subscriber=subscriber,
                    changed_by=changed_by.decode() if changed_by else "",
                    announced=fields.get(subscriber.topic, "") if subscriber else "",
                )
            )
        return claimed

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
        """
        keys, token, host = self._keys, uuid.uuid4().hex, claimed.host
        lane = self._confirmed if claimed.is_confirmed else self._unconfirmed
        topic = claimed.subscriber.topic if claimed.subscriber else TopicName("")
        before, found, announced = claimed.subscriber, claimed.changed_by, claimed.announced
        for _ in range(_TRIES):
            after = change(before, announced or topic_digest)
            writes = written(self._keys, before, after.subscriber, token, topic_digest)
            is_ahead = lane is self._unconfirmed and is_slow is False
            writes += [*lane.left(host, claimed.id), lane.woken([host], now - AHEAD if is_ahead else now)]
            if after.subscriber is not None and after.due_at is not None:
                onward = self._lane(after.subscriber)
                writes += [onward.queued(host, [claimed.id], after.due_at, "LT"), onward.woken([host], now)]
            if is_slow:
                writes.append(("ZREM", keys.hub_prompt(), host))
            elif is_slow is not None and after.subscriber is not None:
                writes.append(("ZADD", keys.hub_prompt(), to_ms(now), host))
            expects = (
                (lane.owners(host), str(claimed.id), claimed.token),
                (keys.hub_subscriber(claimed.id), "token", found),
                (keys.hub_topics(), str(topic), announced),
            )
            if await self._commit(expects=expects, writes=writes):
                return True
            if await self._owner(lane, host, claimed.id) != claimed.token:
                return False
            before, found = await self._read(claimed.id)
            announced = await self._announced(topic)
        raise StoreError("a subscriber of the hub changes faster than it can be settled")

    async def sweep(self, now: datetime, limit: int) -> int:
        """Forget subscribers whose time is over."""
        names = await self._redis.call(
            "ZRANGEBYSCORE", self._keys.hub_ends(), "-inf", to_ms(now), "LIMIT", 0, limit
        )
        gone = sum([await self._forget(SubscriberId(name.decode())) for name in names])
        prompt = self._keys.hub_prompt()
        await self._redis.batch(
            [
                ("ZREMRANGEBYSCORE", prompt, "-inf", to_ms(now - PROMPT_KEPT)),
                ("ZREMRANGEBYRANK", prompt, 0, -MOST_PROMPT - 1),
            ]
        )
        return gone

    async def _forget(self, subscriber: SubscriberId) -> bool:
        """Remove a subscriber and its place in the queues, unless it changes meanwhile."""
        before, found = await self._read(subscriber)
        if before is None:
            gone_or_damaged: list[Command] = [
                ("ZREM", self._keys.hub_ends(), subscriber),
                ("ZREM", self._keys.hub_unconfirmed(), subscriber),
                ("UNLINK", self._keys.hub_subscriber(subscriber)),
            ]
            await self._redis.batch(gone_or_damaged)
            return False
        writes = [
            *written(self._keys, before, None, "", ""),
            *self._confirmed.left(before.host, subscriber),
            *self._unconfirmed.left(before.host, subscriber),
        ]
        expects = ((self._keys.hub_subscriber(subscriber), "token", found),)
        return await self._commit(expects=expects, writes=writes)

    async def _read(self, subscriber: SubscriberId) -> tuple[Subscriber | None, str]:
        """Return a subscriber and the token of its last change, "" where there is none."""
        key = self._keys.hub_subscriber(subscriber)
        record, token = await self._redis.call("HMGET", key, "record", "token")
        return decoded(record), token.decode() if token else ""

    def _lane(self, one: Subscriber) -> LaneKeys:
        return self._confirmed if one.lease else self._unconfirmed

    async def _owner(self, lane: LaneKeys, host: str, subscriber: SubscriberId) -> str:
        found = await self._redis.call("HGET", lane.owners(host), subscriber)
        return found.decode() if found else ""

    async def _is_prompt(self, host: str) -> bool:
        return await self._redis.call("ZSCORE", self._keys.hub_prompt(), host) is not None

    async def _announced(self, topic: TopicName) -> str:
        found = await self._redis.call("HGET", self._keys.hub_topics(), topic)
        return found.decode() if found else ""
