"""Whether what is kept of our hub's subscribers fits together, and how it is made to."""

from collections.abc import Sequence
from datetime import datetime

from syndicator.model.clock import to_ms
from syndicator.model.hub import Subscriber, SubscriberId, TopicName
from syndicator.store.connection import Command, Connection, pieces
from syndicator.store.hub.records import LaneKeys, confirmed, member_of, unconfirmed
from syndicator.store.hub.subscribers import HubSubscribers
from syndicator.store.keys.partitions import grouped
from syndicator.store.keys.table import Keys
from syndicator.store.ops.delivery_repair import LOST_AFTER, Defect

WHERE = "hub"


class HubMending:
    """Looks for subscribers that would be forgotten, and for what is left of those who are gone."""

    def __init__(self, connection: Connection, keys: Keys, subscribers: HubSubscribers) -> None:
        self._redis = connection
        self._keys = keys
        self._subscribers = subscribers

    async def findings(self, now: datetime) -> list[Defect]:
        """Look at all subscribers, their topics and the queues of their hosts."""
        known = await self._subscribers.newest(0)
        found = [
            await self._unlisted(known),
            await self._left(known),
            await self._asleep(sorted({one.host for one in known}), now),
        ]
        return [one for one in found if one is not None]

    async def _unlisted(self, known: list[Subscriber]) -> Defect | None:
        """Look for subscribers that no update would reach."""
        subscribed = [one for one in known if one.lease]
        listed = await self._redis.batch(
            [("SISMEMBER", self._topic_of(one), member_of(one)) for one in subscribed]
        )
        missing = [one for one, there in zip(subscribed, listed, strict=True) if not there]
        mends = [("SADD", self._topic_of(one), member_of(one)) for one in missing]
        return _finding("unlisted", "subscribed, and its topic does not know it", mends)

    def _topic_of(self, one: Subscriber) -> str:
        return self._keys.hub_topic(self._keys.hub_partitions.of(one.host), one.topic)

    async def _left(self, known: list[Subscriber]) -> Defect | None:
        """Look for members of topics, and names in the order of leaving, without a subscriber."""
        names = {one.id for one in known}
        topics = await self._redis.call("HKEYS", self._keys.hub_topics())
        mends: list[Command] = []
        for part in self._keys.hub_partitions.all:
            for key in (self._keys.hub_topic(part, TopicName(topic.decode())) for topic in topics):
                members = [member.decode() for member in await self._redis.call("SMEMBERS", key)]
                strays = [one for one in members if SubscriberId(one.partition(" ")[0]) not in names]
                mends += [("SREM", key, member) for member in strays]
            ends = self._keys.hub_ends(part)
            listed = [name.decode() for name in await self._redis.call("ZRANGE", ends, 0, -1)]
            mends += [("ZREM", ends, name) for name in listed if SubscriberId(name) not in names]
        return _finding("left_subscribers", "named, and there is no such subscriber", mends)

    async def _asleep(self, hosts: list[str], now: datetime) -> Defect | None:
        """Look for queues that nothing wakes."""
        mends = [
            lane.woken([host], now)
            for part, found in grouped(hosts, self._keys.hub_partitions.of).items()
            for lane in (confirmed(self._keys, part), unconfirmed(self._keys, part))
            for page in pieces(found)
            for host in await self._asleep_of(lane, page, now)
        ]
        return _finding("asleep", "hosts with subscribers that wait, and nothing wakes their queues", mends)

    async def _asleep_of(self, lane: LaneKeys, hosts: Sequence[str], now: datetime) -> list[str]:
        firsts = await self._redis.batch([("ZRANGE", lane.queue(host), 0, 0, "WITHSCORES") for host in hosts])
        noted = await self._redis.call("ZMSCORE", lane.hosts, *hosts)
        return [
            host
            for host, first, at_ms in zip(hosts, firsts, noted, strict=True)
            if first and (at_ms is None or float(at_ms) > max(float(first[1]), to_ms(now + LOST_AFTER)))
        ]


def _finding(kind: str, message: str, mends: Sequence[Command]) -> Defect | None:
    if not mends:
        return None
    return Defect(kind=kind, where=WHERE, count=len(mends), message=message, mends=tuple(mends))
