"""The version that each topic of our hub announced, and the queues of its subscribers when that changes."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from syndicator.model.clock import to_ms
from syndicator.model.hub import TopicName
from syndicator.store.connection import Command, Repository, pairs
from syndicator.store.hub.records import confirmed

FAN_OUT_PATIENCE = timedelta(seconds=30)
"""After so long another worker continues an unfinished fan-out."""

_SCAN = 1000


class HubTopics(Repository):
    """Digests of topics, and their fan-outs."""

    async def all(self) -> dict[TopicName, str]:
        """Return the topics that ever had a subscriber, each with the digest announced last."""
        found = pairs(await self._redis.call("HGETALL", self._keys.hub_topics()))
        return {TopicName(name.decode()): digest.decode() for name, digest in found}

    async def announce(self, topic: TopicName, before: str, digest: str, now: datetime) -> bool:
        """Note that a topic shows something new; False where another worker was first.

        `fan_out` is to follow; what a crash prevents is found by `unfinished`.
        """
        return await self._commit(
            expects=((self._keys.hub_topics(), topic, before),),
            writes=(
                ("HSET", self._keys.hub_topics(), topic, digest),
                ("HSET", self._keys.hub_fanning(), topic, str(to_ms(now))),
            ),
        )

    async def unfinished(self, now: datetime) -> list[TopicName]:
        found = pairs(await self._redis.call("HGETALL", self._keys.hub_fanning()))
        bound = to_ms(now - FAN_OUT_PATIENCE)
        return [TopicName(name.decode()) for name, since in found if int(since) <= bound]

    async def fan_out(self, topic: TopicName, now: datetime) -> int:
        """Queue all subscribers of a topic that do not wait already; give how many there are."""
        since = await self._redis.call("HGET", self._keys.hub_fanning(), topic)
        cursor, total = b"0", 0
        while True:
            cursor, members = await self._redis.call(
                "SSCAN", self._keys.hub_topic(topic), cursor, "COUNT", _SCAN
            )
            total += len(members)
            await self._redis.batch(self._all_queued([member.decode() for member in members], now))
            if cursor == b"0":
                break
        if since is not None:
            fanning = self._keys.hub_fanning()
            await self._commit(
                expects=((fanning, topic, since.decode()),), writes=(("HDEL", fanning, topic),)
            )
        return total

    async def retire(self, topic: TopicName, announced: str, now: datetime) -> None:
        """Queue the subscribers of a topic that was removed; delete it once all of them have left."""
        if not await self.fan_out(topic, now):
            topics = self._keys.hub_topics()
            await self._commit(expects=((topics, topic, announced),), writes=(("HDEL", topics, topic),))

    def _all_queued(self, members: Iterable[str], now: datetime) -> list[Command]:
        """Queue those that do not wait already: one that waits is sent what is new when it is claimed."""
        by_host: dict[str, list[str]] = {}
        for member in members:
            subscriber, _, host = member.partition(" ")
            by_host.setdefault(host, []).append(subscriber)
        lane = confirmed(self._keys)
        writes = [lane.queued(host, found, now, "NX") for host, found in by_host.items()]
        if by_host:
            writes.append(lane.woken(by_host, now))
        return writes
