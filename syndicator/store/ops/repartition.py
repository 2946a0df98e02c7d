"""Puts the keys of a back-up into another number of partitions of endpoints, or of texts.

Subscribers of the hub are spread by `hub_repartition.py`.

A key of one endpoint goes to the partition of that endpoint as it is, and one of texts to that of its
article. What a partition keeps of several endpoints waits in the slot of the namespace until all keys are
there, and is then divided by its members:

    queues, refills, delivered ──▶ those of the new partitions
    steps that were handed over, and not done ──▶ done now, each part in the partition of its endpoint
    effects that were not brought back ──▶ done now

Nobody works on a namespace that is restored, so each step and effect is done once, without a cursor.
"""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from syndicator.errors import StoreError
from syndicator.model.ids import EndpointId
from syndicator.store.codec import unpack_from_lua
from syndicator.store.connection import Command, Connection, pairs
from syndicator.store.keys.deliveries import DeliveryKeys
from syndicator.store.keys.partitions import grouped
from syndicator.store.keys.table import Keys
from syndicator.store.layout import SPREAD_FIELDS
from syndicator.store.ops.backup_file import full_name, short_name
from syndicator.store.ops.hub_repartition import HubRepartition
from syndicator.store.webhooks.handover import Handover, step_of

OF_ENDPOINTS = (
    DeliveryKeys.standing,
    DeliveryKeys.queue,
    DeliveryKeys.queue_owners,
    DeliveryKeys.urgent,
    DeliveryKeys.behind,
    DeliveryKeys.tries,
    DeliveryKeys.dead,
    DeliveryKeys.attempts,
    DeliveryKeys.attempt_index,
    DeliveryKeys.answers,
    DeliveryKeys.answers_used,
)
"""All keys of one endpoint."""
OF_PARTITIONS = (
    DeliveryKeys.queues,
    DeliveryKeys.refills,
    DeliveryKeys.delivered,
    DeliveryKeys.handover,
    DeliveryKeys.left_in_log,
    DeliveryKeys.effects,
    DeliveryKeys.partition_cursors,
)
"""All keys of one partition."""

_KINDS = frozenset(
    key(Keys(""), EndpointId("")).removeprefix(Keys("").prefix).rstrip(":").encode() for key in OF_ENDPOINTS
)
_OF_PARTITION = re.compile(rb":e:(\d\d)\}:(.+)", re.DOTALL)
"""A key of a partition, as `short_name` gives it."""
_OF_TEXTS = re.compile(rb"(?::b:\d\d\}:)?((?:text|revisions):([^:]+).*)", re.DOTALL)
"""A key of texts, as `short_name` gives it: its name in its partition, and its article."""
_PAGE = 100


class Repartition:
    """Says where each key of a back-up goes, and spreads what is of several endpoints."""

    def __init__(self, connection: Connection, source: Keys, target: Keys) -> None:
        """`source`: the keys as they were when the back-up was made."""
        self._redis = connection
        self._source = source
        self._keys = target
        self._hub = HubRepartition(connection, source, target)
        self._handover = Handover(connection, target)
        self._endpoints = set[EndpointId]()
        self._is_plain = source.partitions.is_one and target.partitions.is_one

    def place(self, short: bytes) -> bytes:
        """Return where a key is put; `short`: as `short_name` gives it."""
        if found := _OF_TEXTS.fullmatch(short):
            return self._keys.text_partitions.prefix_of(found[2].decode()).encode() + found[1]
        if (placed := self._hub.place(short)) is not None:
            return placed
        if self._is_plain:
            return full_name(self._keys.prefix, short)
        number, rest = self._parted(short)
        if number is not None and (endpoint := _endpoint_of(rest)) is not None:
            self._endpoints.add(endpoint)
            return self._keys.partitions.prefix_of(endpoint).encode() + rest
        if number is None or self._source.partitions.is_one:
            return full_name(self._keys.prefix, short)
        return self._waiting(number, rest)

    async def finish(self, now: datetime) -> None:
        """Spread what is of several endpoints, once all keys are in their places."""
        await self._hub.finish()
        if not self._is_plain:
            await self._spread(now)
        meta = self._keys.meta()
        for kind, count in self._keys.spread.counts().items():
            field = SPREAD_FIELDS[kind]
            named: Command = ("HDEL", meta, field) if count == 1 else ("HSET", meta, field, count)
            await self._redis.call(*named)

    async def _spread(self, now: datetime) -> None:
        await self._divide_queues()
        await self._move_notices()
        for number in self._source.partitions.all:
            await self._bring_back(number)
            await self._carry_out(number, now)

    def _parted(self, short: bytes) -> tuple[int | None, bytes]:
        """Return the partition of a key, and its name there; None: it is no key of endpoints."""
        if self._source.partitions.is_one:
            return (None if _endpoint_of(short) is None else 0), short
        found = _OF_PARTITION.fullmatch(short)
        return (int(found[1]), found[2]) if found else (None, short)

    def _waiting(self, number: int, kind: bytes) -> bytes:
        """Return where a key of a partition waits: in the slot of the namespace."""
        return self._keys.prefix.encode() + b"e:%02d:%s" % (number, kind)

    def _kept(self, number: int, kind: str) -> str:
        """Return where a key of a partition of the back-up is now."""
        if self._source.partitions.is_one:
            return self._keys.prefix + kind
        return self._waiting(number, kind.encode()).decode()

    async def _divide_queues(self) -> None:
        keys, of = self._keys, self._keys.partitions.of
        for kind, key, scan, count in (
            ("queues", keys.queues, "ZSCAN", "ZCARD"),
            ("refills", keys.refills, "ZSCAN", "ZCARD"),
            ("delivered", keys.delivered, "HSCAN", "HLEN"),
        ):
            found = dict[EndpointId, bytes]()
            for number in self._source.partitions.all:
                kept = self._kept(number, kind)
                async for page in self._redis.scan(scan, kept):
                    found |= {EndpointId(member.decode()): value for member, value in page}
                await self._redis.call("UNLINK", kept)
            rows = [(key(of(one)), one, value) for one, value in found.items()]
            await self._redis.batch(
                [
                    ("ZADD", name, value, one) if scan == "ZSCAN" else ("HSET", name, one, value)
                    for name, one, value in rows
                ]
            )
            there = sum(await self._redis.batch([(count, key(number)) for number in keys.partitions.all]))
            if there != len(found):
                raise StoreError(f"of {len(found)} endpoints in {kind} {there} are there: {_AGAIN}")

    async def _move_notices(self) -> None:
        """Keep the revisions of events about endpoints where they belong with one partition, or several."""
        keys, redis = self._keys, self._redis
        if self._source.partitions.is_one:
            for one in sorted(self._endpoints):
                if revision := await redis.call("HGET", keys.standing(one), "notices"):
                    await redis.call("HSET", keys.endpoint_notices(), one, revision)
                    await redis.call("HDEL", keys.standing(one), "notices")
        elif keys.partitions.is_one:
            for name, revision in pairs(await redis.call("HGETALL", keys.endpoint_notices())):
                await redis.call("HSET", keys.standing(EndpointId(name.decode())), "notices", revision)
            await redis.call("UNLINK", keys.endpoint_notices())

    async def _bring_back(self, number: int) -> None:
        """Do what a partition returned to the namespace, and nobody did there."""
        if self._source.partitions.is_one:
            return
        field, stream = f"effects:{number:02}", self._kept(number, "effects")
        reached = await self._redis.call("HGET", self._keys.cursors(), field)
        async for fields in self._entries(stream, reached):
            await self._redis.call(*self._moved(unpack_from_lua(fields[1])))
        await self._redis.call("UNLINK", stream)
        await self._redis.call("HDEL", self._keys.cursors(), field)

    async def _carry_out(self, number: int, now: datetime) -> None:
        """Do what was handed over to a partition, and not done there."""
        if self._source.partitions.is_one:
            return
        cursors, stream = self._kept(number, "cursors"), self._keys.handover(number)
        reached = await self._redis.call("HGET", cursors, "fan-out")
        await self._handover.tell_of_left(number, self._source)
        async for _, step, *named in self._entries(stream, reached):
            queued, cancelled, writes = unpack_from_lua(step)
            rows, closed, moved = (
                grouped(queued, self._of_row),
                grouped(cancelled, self._of_row),
                grouped(map(self._moved, writes), self._of_write),
            )
            for one in sorted({*rows, *closed, *moved}):
                part = step_of(rows.get(one, []), closed.get(one, []), moved.get(one, []))
                await self._handover.carry_out(one, (part, *named[1:]), now)
        await self._redis.call("UNLINK", stream, cursors)

    async def _entries(self, stream: str, reached: bytes | None) -> AsyncIterator[Sequence[bytes]]:
        """Yield the fields of what stands in a stream after a position."""
        while True:
            begin = f"({reached.decode()}" if reached else "-"
            rows = await self._redis.call("XRANGE", stream, begin, "+", "COUNT", _PAGE)
            for _, fields in rows:
                yield fields
            if len(rows) < _PAGE:
                return
            reached = rows[-1][0]

    def _of_row(self, row: Sequence[Any]) -> int:
        return self._keys.partitions.of(EndpointId(row[0].decode()))

    def _of_write(self, write: Command) -> int:
        return self._keys.partitions.of_key(str(write[1])) or 0

    def _moved(self, write: Sequence[Any]) -> Command:
        """Return a command of the back-up with its keys as they are called here."""
        verb, *words = write
        count = len(words) if verb == b"UNLINK" else 1
        return (verb.decode(), *(self._moved_key(key, words[-1]) for key in words[:count]), *words[count:])

    def _moved_key(self, key: bytes, last: bytes) -> str:
        """`last`: the last word of a command, which names the endpoint where its key does not."""
        number, rest = self._parted(short_name(self._source.prefix, key))
        if number is None:
            return self._keys.prefix + rest.decode()
        endpoint = _endpoint_of(rest)
        name = EndpointId(last.decode()) if endpoint is None else endpoint
        return self._keys.partitions.prefix_of(name) + rest.decode()


_AGAIN = "the back-up was not brought back whole; does a process of the service run already?"


def _endpoint_of(name: bytes) -> EndpointId | None:
    """Return whose key it is, by its name behind the prefix; None: not that of one endpoint."""
    kind, _, endpoint = name.partition(b":")
    return EndpointId(endpoint.decode()) if endpoint and kind in _KINDS else None
