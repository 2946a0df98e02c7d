"""The version that each topic of our hub announced, and the queues of its subscribers when that changes.

    what a topic announced (namespace) ──▶ what is announced in a partition, and its queues (partition)

A partition notes what it announces, and that it does, in one step; then it queues the members of the topic.
Whoever finds that a partition announces something else than the topic, or did not finish, goes on there.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.model.hub import TopicName
from syndicator.store.connection import Command, Connection, Repository, Transaction, pairs
from syndicator.store.hub.records import confirmed
from syndicator.store.keys.table import Keys
from syndicator.store.partitions.reach import Reach

FAN_OUT_PATIENCE = timedelta(seconds=30)
"""After so long another worker continues an unfinished fan-out."""


class FannedOut(Struct, frozen=True, kw_only=True):
    """What a fan-out reached."""

    subscribers: int
    is_complete: bool
    """Whether all partitions answered."""


class HubTopics(Repository):
    """Digests of topics, and their fan-outs."""

    def __init__(self, connection: Connection, keys: Keys, reach: Reach) -> None:
        super().__init__(connection, keys)
        self._reach = reach
        self._parts = keys.hub_partitions

    @property
    def is_whole(self) -> bool:
        """Return whether all partitions answer, as far as is known."""
        return self._reach.is_whole

    async def all(self) -> dict[TopicName, str]:
        """Return the topics that ever had a subscriber, each with the digest announced last."""
        return await self._noted(self._keys.hub_topics())

    async def announce(self, topic: TopicName, before: str, digest: str, now: datetime) -> bool:
        """Note that a topic shows something new; False where another worker was first.

        `fan_out` is to follow; what a crash prevents is found by `unfinished`.
        """
        writes: list[Command] = [("HSET", self._keys.hub_topics(), topic, digest)]
        if self._parts.is_one:
            writes.append(("HSET", self._keys.hub_fanning(0), topic, str(to_ms(now))))
        return await self._commit(expects=((self._keys.hub_topics(), topic, before),), writes=writes)

    async def unfinished(self, now: datetime) -> list[TopicName]:
        """Return the topics with subscribers that were not queued, and nobody does it."""
        bound = to_ms(now - FAN_OUT_PATIENCE)
        begun = await self._reach.each(lambda part: self._noted(self._keys.hub_fanning(part)))
        found = [topic for times in begun.values() for topic, since in times.items() if int(since) <= bound]
        if not self._parts.is_one:
            there = await self._reach.each(lambda part: self._noted(self._keys.hub_announced(part)))
            wanted = await self.all()  # read last: what is older than it is behind it
            found += [
                topic
                for digests in there.values()
                for topic, digest in digests.items()
                if wanted.get(topic, digest) != digest
            ]
        return list(dict.fromkeys(found))

    async def fan_out(self, topic: TopicName, now: datetime) -> FannedOut:
        """Queue all subscribers of a topic that do not wait already, in each partition that answers."""
        counts = await self._reach.each(lambda part: self._fan_out(part, topic, now))
        return FannedOut(subscribers=sum(counts.values()), is_complete=len(counts) == self._parts.count)

    async def _fan_out(self, part: int, topic: TopicName, now: datetime) -> int:
        if not self._parts.is_one:
            await self._take_over(part, topic, now)
        fanning = self._keys.hub_fanning(part)
        since = await self._redis.call("HGET", fanning, topic)
        total = 0
        async for members in self._redis.members(self._keys.hub_topic(part, topic)):
            total += len(members)
            await self._redis.batch(self._all_queued(part, [member.decode() for member in members], now))
        if since is not None:
            await self._commit(
                expects=((fanning, topic, since.decode()),), writes=(("HDEL", fanning, topic),)
            )
        return total

    async def _take_over(self, part: int, topic: TopicName, now: datetime) -> None:
        """Have a partition announce what the topic does, unless it does, or has no subscriber of it."""
        announced, is_done = self._keys.hub_announced(part), False
        while not is_done:
            mine = await self._redis.call("HGET", announced, topic)
            wanted = await self._redis.call("HGET", self._keys.hub_topics(), topic)
            is_done = (
                mine in {None, wanted}
                or wanted is None
                or await self._commit(
                    expects=((announced, topic, mine.decode()),),
                    writes=(
                        ("HSET", announced, topic, wanted),
                        ("HSET", self._keys.hub_fanning(part), topic, str(to_ms(now))),
                    ),
                )
            )

    async def retire(self, topic: TopicName, announced: str, now: datetime) -> None:
        """Queue the subscribers of a topic that was removed; delete it once all of them have left."""
        done = await self.fan_out(topic, now)
        if done.subscribers or not done.is_complete:
            return
        if not self._parts.is_one:
            await self._redis.commit(
                [
                    Transaction(
                        expects=(),
                        bounds=(("SCARD", self._keys.hub_topic(part, topic), 1),),
                        writes=(("HDEL", self._keys.hub_announced(part), topic),),
                    )
                    for part in self._parts.all
                ]
            )
        topics = self._keys.hub_topics()
        await self._commit(expects=((topics, topic, announced),), writes=(("HDEL", topics, topic),))

    async def _noted(self, key: str) -> dict[TopicName, str]:
        return await noted_of_topics(self._redis, key)

    def _all_queued(self, part: int, members: Iterable[str], now: datetime) -> list[Command]:
        """Queue those that do not wait already: one that waits is sent what is new when it is claimed."""
        by_host: dict[str, list[str]] = {}
        for member in members:
            subscriber, _, host = member.partition(" ")
            by_host.setdefault(host, []).append(subscriber)
        lane = confirmed(self._keys, part)
        writes = [lane.queued(host, found, now, "NX") for host, found in by_host.items()]
        if by_host:
            writes.append(lane.woken(by_host, now))
        return writes


async def noted_of_topics(redis: Connection, key: str) -> dict[TopicName, str]:
    """Return what a hash notes of each topic: a digest, or a time in ms."""
    found = pairs(await redis.call("HGETALL", key))
    return {TopicName(name.decode()): value.decode() for name, value in found}
