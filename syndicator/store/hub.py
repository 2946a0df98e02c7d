"""Our hub's subscribers: records, what each topic's subscribers are told of, and a queue for each host.

Written by workers and by the web at once: every change is made on what was read, or anew. A subscriber stands
in its host's queue once, however much happens: what it is told is what is new when its turn comes.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.errors import StoreError
from syndicator.model.clock import from_ms, to_ms
from syndicator.model.hub import HubCounts, Subscriber, SubscriberId, TopicName
from syndicator.observe.logs import get_logger
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Connection, Script, Unit, pairs
from syndicator.store.hub_topics import queued
from syndicator.store.keys import Keys
from syndicator.store.owners import is_dead, new_token
from syndicator.store.sealing import Sealer

UNCONFIRMED_KEPT = timedelta(hours=1)
"""After it asked: longer than it is asked back."""

SLOW_KEPT = timedelta(days=1)

log = get_logger(__name__)

_TRIES = 50
"""Of one change: each that fails means that another one was made."""

Change = Callable[[Subscriber | None], Subscriber | None]


class Claimed(Struct, frozen=True, kw_only=True):
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
    """Whether the host's last answer did not come in time."""
    told: str
    """Digest that its topic's subscribers were told of, as of the claim."""


class Settled(Struct, frozen=True, kw_only=True):
    """What a subscriber is after its turn, and when it has another."""

    subscriber: Subscriber | None
    due_at: datetime | None = None


class HubSubscribers:
    """The subscribers of all topics."""

    def __init__(self, connection: Connection, keys: Keys, sealer: Sealer) -> None:
        self._redis = connection
        self._keys = keys
        self._sealer = sealer
        self._claim = Script("hub_claim")

    def seal(self, known: Subscriber, secret: str) -> bytes:
        """Give a subscriber's secret as it is stored; empty where there is none. Raises SealError."""
        return self._sealer.seal(known.id, secret.encode()) if secret else b""

    def secret_of(self, known: Subscriber) -> str:
        """Give the secret to sign with; empty where there is none. Raises SealError."""
        sealed = known.lease.sealed if known.lease else b""
        return self._sealer.open(known.id, sealed).decode() if sealed else ""

    async def get(self, subscriber: SubscriberId) -> Subscriber | None:
        """Give one subscriber."""
        return (await self._read(subscriber))[0]

    async def newest(self, limit: int) -> list[Subscriber]:
        """List subscribers, those that end last first; `limit` 0 is all."""
        names = await self._redis.call("ZREVRANGE", self._keys.hub_ends(), 0, limit - 1)
        found = await self._redis.batch(
            [("HGET", self._keys.hub_subscriber(SubscriberId(name.decode())), "record") for name in names]
        )
        return [one for record in found if (one := _decoded(record)) is not None]

    async def count(self) -> int:
        """Count all subscribers, also those that have not confirmed."""
        return int(await self._redis.call("ZCARD", self._keys.hub_ends()))

    async def count_of(self, host: str) -> int:
        """Count the subscribers of one host."""
        return int(await self._redis.call("SCARD", self._keys.hub_host(host)))

    async def counts(self, now: datetime) -> HubCounts:
        """Tell how many there are, how many wait, and since when."""
        hosts = pairs(await self._redis.call("ZRANGE", self._keys.hub_hosts(), 0, -1, "WITHSCORES"))
        waiting = await self._redis.batch(
            [("ZCARD", self._keys.hub_queue(host.decode())) for host, _ in hosts]
        )
        oldest = min((int(float(at_ms)) for _, at_ms in hosts), default=None)
        return HubCounts(
            subscriptions=await self.count(),
            pending=sum(waiting),
            oldest_due_at=from_ms(oldest) if oldest is not None and oldest <= to_ms(now) else None,
        )

    async def update(
        self, known: Subscriber, change: Change, *, now: datetime, topic_digest: str = ""
    ) -> Subscriber | None:
        """Change a subscriber, and have it attended to at once where it asks for or lacks something.

        `known` names it. `change` may be called several times, with what others made of it meanwhile.
        `topic_digest` is what a topic shows that nobody subscribed to before.
        """
        keys, host, token = self._keys, known.host, uuid.uuid4().hex
        for _ in range(_TRIES):
            before, found = await self._read(known.id)
            if found == token:
                return before  # it was written: only the answer was lost
            owner, told = await self._owner(host, known.id), await self._told(known.topic)
            after = change(before)
            writes = self._writes(before, after, token, topic_digest)
            # Its worker looks at what it asks for when it settles: a lease is never cut short.
            if after is not None and not owner and (after.asked or after.sent != (told or topic_digest)):
                writes += queued(keys, host, [known.id], now, "LT")
            unit = Unit(
                expects=(
                    (keys.hub_subscriber(known.id), "token", found),
                    (keys.hub_owners(host), known.id, owner),
                    (keys.hub_topics(), known.topic, told),
                ),
                writes=tuple(writes),
            )
            if (await self._redis.commit([unit]))[0]:
                return after
        raise StoreError("a subscriber of the hub changes faster than it can be changed")

    async def enlist(self, now: datetime) -> None:
        """Have due at once what a process of this machine had leased when it was killed."""
        hosts = [name.decode() for name in await self._redis.call("ZRANGE", self._keys.hub_hosts(), 0, -1)]
        owned = await self._redis.batch([("HGETALL", self._keys.hub_owners(host)) for host in hosts])
        await self._redis.commit(
            [
                Unit(
                    expects=((self._keys.hub_owners(host), name.decode(), token.decode()),),
                    writes=(
                        ("HDEL", self._keys.hub_owners(host), name.decode()),
                        ("ZADD", self._keys.hub_queue(host), "XX", to_ms(now), name.decode()),
                        ("ZADD", self._keys.hub_hosts(), "LT", to_ms(now), host),
                    ),
                )
                for host, row in zip(hosts, owned, strict=True)
                for name, token in pairs(row)
                if is_dead(token.decode())
            ]
        )

    async def claim(
        self, *, now: datetime, lease: timedelta, room: int, cap: int, slow_room: int
    ) -> tuple[list[Claimed], datetime | None]:
        """Lease subscribers that something is to be said to; also tell when there will be more.

        `cap` bounds what is on its way to one host, `slow_room` what is claimed of slow hosts.
        """
        keys, token = self._keys, new_token()
        found, next_ms = await self._redis.run(
            self._claim, [keys.hub_hosts(), keys.hub_slow()],
            to_ms(now), to_ms(now + lease), token, room, cap, slow_room,
            keys.hub_queue(""), keys.hub_owners(""),
        )  # fmt: skip
        names = [
            (host.decode(), SubscriberId(name.decode()), slow == 1)
            for host, name, slow in zip(found[::3], found[1::3], found[2::3], strict=True)
        ]
        claimed = await self._loaded(names, token, now + lease) if names else []
        return claimed, None if int(float(next_ms)) < 0 else from_ms(int(float(next_ms)))

    async def _loaded(
        self, names: Sequence[tuple[str, SubscriberId, bool]], token: str, until: datetime
    ) -> list[Claimed]:
        keys = self._keys
        topics, *records = await self._redis.batch(
            [
                ("HGETALL", keys.hub_topics()),
                *(("HMGET", keys.hub_subscriber(name), "record", "token") for _, name, _ in names),
            ]
        )
        told = {topic.decode(): digest.decode() for topic, digest in pairs(topics)}
        claimed = []
        for (host, name, is_slow), (record, changed_by) in zip(names, records, strict=True):
            subscriber = _decoded(record)
            claimed.append(
                Claimed(
                    id=name,
                    host=host,
                    token=token,
                    until=until,
                    is_slow=is_slow,
                    subscriber=subscriber,
                    changed_by=changed_by.decode() if changed_by else "",
                    told=told.get(subscriber.topic, "") if subscriber else "",
                )
            )
        return claimed

    async def settle(
        self,
        claimed: Claimed,
        change: Callable[[Subscriber | None, str], Settled],
        *,
        now: datetime,
        topic_digest: str = "",
        is_slow: bool | None = None,
    ) -> bool:
        """Keep what became of a subscriber's turn; False when the lease was lost meanwhile.

        `change` is given the subscriber as it is now and what its topic's subscribers are told of; it may be
        called several times. `is_slow` says whether the host's answer came too late; None: it was not asked.
        """
        keys, token = self._keys, uuid.uuid4().hex
        owners, queue = keys.hub_owners(claimed.host), keys.hub_queue(claimed.host)
        topic = claimed.subscriber.topic if claimed.subscriber else TopicName("")
        before, found, told = claimed.subscriber, claimed.changed_by, claimed.told
        for _ in range(_TRIES):
            after = change(before, told or topic_digest)
            writes: list[Command] = [("HDEL", owners, claimed.id)]
            writes += self._writes(before, after.subscriber, token, topic_digest)
            if after.subscriber is None or after.due_at is None:
                writes.append(("ZREM", queue, claimed.id))
            else:
                writes.append(("ZADD", queue, "XX", to_ms(after.due_at), claimed.id))
            writes.append(("ZADD", keys.hub_hosts(), "LT", to_ms(now), claimed.host))
            if is_slow is not None:
                mark: Command = ("HSET", keys.hub_slow(), claimed.host, str(to_ms(now)))
                writes.append(mark if is_slow else ("HDEL", keys.hub_slow(), claimed.host))
            expects = (
                (owners, str(claimed.id), claimed.token),
                (keys.hub_subscriber(claimed.id), "token", found),
                (keys.hub_topics(), str(topic), told),
            )
            if (await self._redis.commit([Unit(expects=expects, writes=tuple(writes))]))[0]:
                return True
            if await self._owner(claimed.host, claimed.id) != claimed.token:
                return False
            before, found = await self._read(claimed.id)
            told = await self._told(topic)
        raise StoreError("a subscriber of the hub changes faster than it can be settled")

    async def sweep(self, now: datetime, limit: int) -> int:
        """Forget subscribers whose time is over."""
        names = await self._redis.call(
            "ZRANGEBYSCORE", self._keys.hub_ends(), "-inf", to_ms(now), "LIMIT", 0, limit
        )
        gone = 0
        for name in names:
            subscriber = SubscriberId(name.decode())
            before, found = await self._read(subscriber)
            if before is None:
                gone_or_damaged: list[Command] = [
                    ("ZREM", self._keys.hub_ends(), subscriber),
                    ("UNLINK", self._keys.hub_subscriber(subscriber)),
                ]
                await self._redis.batch(gone_or_damaged)
                continue
            host = before.host
            writes = [
                *self._writes(before, None, "", ""),
                ("ZREM", self._keys.hub_queue(host), subscriber),
                ("HDEL", self._keys.hub_owners(host), subscriber),
            ]
            expects = ((self._keys.hub_subscriber(subscriber), "token", found),)
            gone += (await self._redis.commit([Unit(expects=expects, writes=tuple(writes))]))[0]
        slow = pairs(await self._redis.call("HGETALL", self._keys.hub_slow()))
        old = [host for host, at_ms in slow if int(at_ms) <= to_ms(now - SLOW_KEPT)]
        if old:
            await self._redis.call("HDEL", self._keys.hub_slow(), *old)
        return gone

    async def _read(self, subscriber: SubscriberId) -> tuple[Subscriber | None, str]:
        """Give a subscriber and the token of its last change, "" where there is none."""
        key = self._keys.hub_subscriber(subscriber)
        record, token = await self._redis.call("HMGET", key, "record", "token")
        return _decoded(record), token.decode() if token else ""

    async def _owner(self, host: str, subscriber: SubscriberId) -> str:
        found = await self._redis.call("HGET", self._keys.hub_owners(host), subscriber)
        return found.decode() if found else ""

    async def _told(self, topic: TopicName) -> str:
        found = await self._redis.call("HGET", self._keys.hub_topics(), topic)
        return found.decode() if found else ""

    def _writes(
        self, before: Subscriber | None, after: Subscriber | None, token: str, topic_digest: str
    ) -> list[Command]:
        keys = self._keys
        if after is None:
            return [] if before is None else self._removal(before)
        member = f"{after.id} {after.host}"
        writes: list[Command] = [
            ("HSET", keys.hub_subscriber(after.id), "record", pack(after), "token", token),
            ("ZADD", keys.hub_ends(), to_ms(_ends_at(after)), after.id),
            ("SADD" if after.lease else "SREM", keys.hub_topic(after.topic), member),
        ]
        if before is None:
            writes.append(("SADD", keys.hub_host(after.host), after.id))
        if after.lease and not (before and before.lease):
            writes.append(("HSETNX", keys.hub_topics(), after.topic, topic_digest))
        return writes

    def _removal(self, gone: Subscriber) -> list[Command]:
        keys = self._keys
        return [
            ("UNLINK", keys.hub_subscriber(gone.id)),
            ("ZREM", keys.hub_ends(), gone.id),
            ("SREM", keys.hub_topic(gone.topic), f"{gone.id} {gone.host}"),
            ("SREM", keys.hub_host(gone.host), gone.id),
        ]


def _decoded(record: bytes | None) -> Subscriber | None:
    """Read a record; None where there is none, or none that this version can read: it is left alone."""
    try:
        return unpack(record, Subscriber) if record else None
    except StoreError as error:
        log.warning("a subscriber of the hub is left aside", reason=str(error))
        return None


def _ends_at(subscriber: Subscriber) -> datetime:
    ends = [subscriber.lease.ends_at] if subscriber.lease else []
    if subscriber.asked:
        ends.append(subscriber.asked.at + UNCONFIRMED_KEPT)
    return max(ends)
