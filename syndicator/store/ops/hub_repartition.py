"""Puts the keys of a back-up into another number of partitions of subscribers of the hub.

A key of one host goes to the partition of that host as it is. The others wait in the slot of the namespace
until all keys are there, and are then divided:

    records, ends, unconfirmed ──▶ by the host of the subscriber
    hosts, unconfirmed_hosts, prompt, members of topics ──▶ by host
    fan-outs that did not end, or not begin in a partition ──▶ go on in each partition with members

Nobody works on a namespace that is restored.
"""

import re
from collections.abc import Callable, Sequence

from syndicator.errors import StoreError
from syndicator.model.hub import SubscriberId, TopicName
from syndicator.store.connection import Command, Connection, pairs, pieces
from syndicator.store.hub.records import decoded
from syndicator.store.hub.topics import noted_of_topics
from syndicator.store.keys.hub import HubKeys
from syndicator.store.keys.partitions import Spread, grouped
from syndicator.store.keys.table import Keys

HUB_OF_HOSTS = (
    HubKeys.hub_host,
    HubKeys.hub_queue,
    HubKeys.hub_owners,
    HubKeys.hub_unconfirmed_queue,
    HubKeys.hub_unconfirmed_owners,
)
"""All keys of one host."""
HUB_OF_PARTITIONS = (
    HubKeys.hub_subscriber,
    HubKeys.hub_ends,
    HubKeys.hub_unconfirmed,
    HubKeys.hub_hosts,
    HubKeys.hub_unconfirmed_hosts,
    HubKeys.hub_prompt,
    HubKeys.hub_topic,
    HubKeys.hub_announced,
    HubKeys.hub_fanning,
)
"""All other keys of one partition."""

_OWN = Keys("").prefix
_OF_HOST = tuple(key(Keys(""), "").removeprefix(_OWN).encode() for key in HUB_OF_HOSTS)
_TOPIC = Keys("").hub_topic(0, TopicName("")).removeprefix(_OWN)
_SUBSCRIBER = Keys("").hub_subscriber(0, SubscriberId("")).removeprefix(_OWN)
_SEVERAL = Keys("", Spread(hub=2))
_ANNOUNCED = _SEVERAL.hub_announced(0).removeprefix(_SEVERAL.hub_partitions.prefix(0))
_TOPICS = Keys("").hub_topics().removeprefix(_OWN).encode()
_OF_PARTITION = re.compile(rb":h:(\d\d)\}:(.+)", re.DOTALL)
"""A key of a partition, as `short_name` gives it."""


class HubRepartition:
    """Says where each key of the hub goes, and divides what is of several hosts."""

    def __init__(self, connection: Connection, source: Keys, target: Keys) -> None:
        """`source`: the keys as they were when the back-up was made."""
        self._redis = connection
        self._source = source
        self._keys = target
        self._parts = target.hub_partitions
        self._is_plain = source.spread.hub == target.spread.hub
        self._waiting = dict[str, list[int]]()
        """Keys that wait, each with the partitions that it is of."""

    def place(self, short: bytes) -> bytes | None:
        """Return where a key is put, by what `short_name` gives; None: as if nothing were spread anew."""
        if self._is_plain or (parted := self._parted(short)) is None:
            return None
        number, rest = parted
        for kind in _OF_HOST:
            if rest.startswith(kind):
                return self._parts.prefix_of(rest.removeprefix(kind).decode()).encode() + rest
        numbers = self._waiting.setdefault(rest.decode(), [])
        if number not in numbers:
            numbers.append(number)
        return self._kept(number, rest.decode()).encode()

    async def finish(self) -> None:
        """Divide what is of several hosts, once all keys are in their places."""
        if self._is_plain:
            return
        keys, of = self._keys, self._parts.of
        homes = await self._move_subscribers()
        for key in (keys.hub_ends, keys.hub_unconfirmed):
            await self._divide([key(part) for part in self._parts.all], lambda name: homes.get(name, 0))
        for key in (keys.hub_hosts, keys.hub_unconfirmed_hosts, keys.hub_prompt):
            await self._divide([key(part) for part in self._parts.all], of)
        await self._go_on(await self._divide_topics())
        await self._redis.batch([("UNLINK", self._kept(*row)) for row in self._rows()])

    def _parted(self, short: bytes) -> tuple[int, bytes] | None:
        """Return the partition of a key, and its name there; None: no partition has it."""
        if self._source.hub_partitions.is_one:
            return (0, short) if short.startswith(b"hub:") and short != _TOPICS else None
        found = _OF_PARTITION.fullmatch(short)
        return (int(found[1]), found[2]) if found else None

    def _kept(self, number: int, rest: str) -> str:
        """Return where a key waits: in the slot of the namespace."""
        return f"{self._keys.prefix}h:{number:02}:{rest}"

    def _rows(self, begins: str = "") -> list[tuple[int, str]]:
        """Return the partition and name of each key that waits and begins so."""
        return [
            (one, rest)
            for rest, numbers in self._waiting.items()
            for one in numbers
            if rest.startswith(begins)
        ]

    async def _move_subscribers(self) -> dict[str, int]:
        """Put each record into the partition of its host; return the partition of each subscriber."""
        homes = dict[str, int]()
        for page in pieces(self._rows(_SUBSCRIBER), 500):
            found = await self._redis.batch([("HGETALL", self._kept(*row)) for row in page])
            writes: list[Command] = []
            for (_, rest), fields in zip(page, found, strict=True):
                one = SubscriberId(rest.removeprefix(_SUBSCRIBER))
                known = decoded(dict(pairs(fields)).get(b"record"))
                homes[one] = self._parts.of(known.host) if known else 0
                if fields:
                    writes.append(("HSET", self._keys.hub_subscriber(homes[one], one), *fields))
            await self._redis.batch(writes)
        return homes

    async def _divide(self, targets: Sequence[str], home: Callable[[str], int]) -> None:
        """Divide sorted sets among `targets`, one for each partition, by where each member belongs."""
        rest = self._rest(targets[0])
        found = dict[str, bytes]()
        for row in self._rows(rest):
            if row[1] == rest:
                async for page in self._redis.scan("ZSCAN", self._kept(*row)):
                    found |= {member.decode(): score for member, score in page}
        await self._redis.batch([("ZADD", targets[home(name)], score, name) for name, score in found.items()])
        there = sum(await self._redis.batch([("ZCARD", target) for target in targets]))
        if there != len(found):
            raise StoreError(
                f"of {len(found)} members of {rest} {there} are there: the back-up was not brought back "
                "whole; does a process of the service run already?"
            )

    async def _divide_topics(self) -> set[tuple[int, TopicName]]:
        """Divide members of topics; return which partitions have members of which topics."""
        found = set[tuple[int, TopicName]]()
        for number, rest in self._rows(_TOPIC):
            topic = TopicName(rest.removeprefix(_TOPIC))
            async for page in self._redis.members(self._kept(number, rest)):
                homes = grouped(page, lambda member: self._parts.of(member.decode().partition(" ")[2]))
                await self._redis.batch(
                    [("SADD", self._keys.hub_topic(part, topic), *some) for part, some in homes.items()]
                )
                found |= {(part, topic) for part in homes}
        return found

    async def _go_on(self, places: set[tuple[int, TopicName]]) -> None:
        """Note what each partition announces, and which fan-outs are to go on there."""
        topics = await noted_of_topics(self._redis, self._keys.hub_topics())
        begun, behind = dict[TopicName, str](), set[TopicName]()
        for number in self._source.hub_partitions.all:
            begun |= await noted_of_topics(
                self._redis, self._kept(number, self._rest(self._keys.hub_fanning(0)))
            )
            there = await noted_of_topics(self._redis, self._kept(number, _ANNOUNCED))
            behind |= {topic for topic, digest in there.items() if topics.get(topic, digest) != digest}
        begun |= dict.fromkeys(behind, "0")
        writes: list[Command] = []
        for part, topic in sorted(places):
            if topic in topics and not self._parts.is_one:
                writes.append(("HSET", self._keys.hub_announced(part), topic, topics[topic]))
            if topic in begun:
                writes.append(("HSET", self._keys.hub_fanning(part), topic, begun[topic]))
        await self._redis.batch(writes)

    def _rest(self, key: str) -> str:
        return key.removeprefix(self._parts.prefix(0))
