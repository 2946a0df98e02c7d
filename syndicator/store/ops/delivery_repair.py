"""Whether what is kept of deliveries fits together, and how it is made to: the doctor's eyes and hands.

Nothing here is part of the usual course: every step there is one script, so what is found means that Redis
lost something, that was written there by hand, or that a fault of ours did.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId, EndpointId, EventId
from syndicator.store.connection import Command, Connection
from syndicator.store.keys.table import Keys
from syndicator.store.lease_owners import is_dead
from syndicator.store.webhooks.event_records import event_records, read_event

LOST_AFTER = timedelta(minutes=1)
"""A lease that ended so long ago should have been taken over."""

_PAGE = 1000


class Defect(Struct, frozen=True, kw_only=True):
    """One thing that is wrong, and how it is mended."""

    kind: str
    where: str
    """An endpoint, an article, or `hub`."""
    count: int
    message: str
    mends: tuple[Command, ...] = ()
    """Commands, each of which may be repeated; none: it mends itself, or an operator must act."""


class Mending:
    """Looks for what does not fit together."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys

    async def mend(self, finding: Defect) -> None:
        """Carry out what mends a finding."""
        for at in range(0, len(finding.mends), _PAGE):
            await self._redis.batch(finding.mends[at : at + _PAGE])

    async def endpoint(self, endpoint: EndpointId, *, rests: bool, now: datetime) -> list[Defect]:
        """Look at the queue of an endpoint, and all that lies beside it."""
        keys, queue = self._keys, self._keys.queue(endpoint)
        placed = {name: int(float(at)) for name, at in await self._scan("ZSCAN", queue)}
        dead = {name for name, _ in await self._scan("ZSCAN", keys.dead(endpoint))}
        owners = dict(await self._scan("HSCAN", keys.queue_owners(endpoint)))
        tries = {name for name, _ in await self._scan("HSCAN", keys.tries(endpoint))}
        urgent = {name for name, _ in await self._scan("ZSCAN", keys.urgent(endpoint))}
        behind = dict(await self._scan("HSCAN", keys.behind(endpoint)))
        lost, unreadable = await self._without_event([*placed, *dead])
        late = [
            name
            for name, token in owners.items()
            if name in placed and (is_dead(token.decode()) or placed[name] < to_ms(now - LOST_AFTER))
        ]
        left = [older for older in behind if older not in owners]
        found = [
            _removal("lost_events", endpoint, lost, "is queued, and there is no such event", (
                ("ZREM", queue), ("ZREM", keys.dead(endpoint)), ("HDEL", keys.tries(endpoint)),
                ("HDEL", keys.queue_owners(endpoint)), ("ZREM", keys.urgent(endpoint)),
            )),
            _removal("unreadable_events", endpoint, unreadable,
                "is queued, and cannot be read by this version: run the newest", ()),
            _removal("left_tries", endpoint, tries - placed.keys() - dead, "has tries, and no delivery", (
                ("HDEL", keys.tries(endpoint)),
            )),
            _removal("left_leases", endpoint, owners.keys() - placed.keys(), "is leased, and not queued", (
                ("HDEL", keys.queue_owners(endpoint)),
            )),
            _removal("left_urgent", endpoint, urgent - placed.keys(), "is urgent, and not queued", (
                ("ZREM", keys.urgent(endpoint)),
            )),
            _removal("left_waiting", endpoint, left, "is waited for, and not on its way", (
                ("HDEL", keys.behind(endpoint)),
            ), more=[("ZADD", queue, "XX", "LT", to_ms(now), behind[older]) for older in left]),
            _removal("leases_of_the_dead", endpoint, late, "is leased by who is gone", (
                ("HDEL", keys.queue_owners(endpoint)),
            ), more=[("ZADD", queue, "XX", to_ms(now), name) for name in late]
                + [("ZADD", keys.queues(keys.partitions.of(endpoint)), "LT", to_ms(now), endpoint)]),
        ]  # fmt: skip
        asleep = await self._asleep(endpoint, min(placed.values(), default=None), rests=rests, now=now)
        return [one for one in (*found, asleep) if one is not None]

    async def unknown_endpoints(self, known: Sequence[EndpointId]) -> list[Defect]:
        """Look for queues of unknown endpoints."""
        configured = {name.decode() for name in await self._redis.call("HKEYS", self._keys.configured())}
        nobody, parts = EndpointId(""), self._keys.partitions
        kinds = [
            key(nobody).removeprefix(parts.prefix_of(nobody))
            for key in (self._keys.queue, self._keys.dead, self._keys.attempts, self._keys.standing)
        ]
        prefixes = [parts.prefix(partition) + kind for partition in parts.all for kind in kinds]
        names: set[str] = set()
        for prefix in prefixes:
            async for page in self._redis.names(prefix):
                names.update(name.decode().removeprefix(prefix) for name in page)
        strange = sorted(names.difference(known))
        strange = [name for name in strange if f"endpoint:{name}" not in configured]
        return [
            Defect(
                kind="unknown_endpoint",
                where=name,
                count=int(await self._redis.call("ZCARD", self._keys.queue(EndpointId(name)))),
                message="has deliveries, but is in no configuration and no directory; the sweep removes it",
                mends=(("HSET", self._keys.configured(), f"endpoint:{name}", 0),),
            )
            for name in strange
        ]

    async def untold(self, candidates: Sequence[tuple[ArticleId, Sequence[EventId]]]) -> list[ArticleId]:
        """Return the articles whose newest revision has no event, neither fanned out nor waiting."""
        names = [event for _, events in candidates for event in events]
        found = await event_records(self._redis, self._keys, names)
        known = {name for name, record in zip(names, found, strict=True) if record is not None}
        return [one for one, events in candidates if known.isdisjoint(events)]

    async def _asleep(
        self, endpoint: EndpointId, first_ms: int | None, *, rests: bool, now: datetime
    ) -> Defect | None:
        if first_ms is None or rests:
            return None
        noted, (held_ms, gap_ms) = await self._redis.batch(
            [
                ("ZSCORE", self._keys.queues(self._keys.partitions.of(endpoint)), endpoint),
                ("HMGET", self._keys.standing(endpoint), "held_until_ms", "gap_ms"),
            ]
        )
        # Its circuit, its own wish or its rate may let it wait longer than its first delivery says.
        latest_ms = max(first_ms, to_ms(now + LOST_AFTER), int(held_ms or 0))
        if noted is not None and (gap_ms is not None or float(noted) <= latest_ms):
            return None
        return Defect(
            kind="asleep",
            where=endpoint,
            count=1,
            message="has deliveries, and nothing wakes its queue",
            mends=(("ZADD", self._keys.queues(self._keys.partitions.of(endpoint)), to_ms(now), endpoint),),
        )

    async def _without_event(self, names: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
        """Return those of which there is no event, and those whose event cannot be read."""
        lost: list[bytes] = []
        unreadable: list[bytes] = []
        for at in range(0, len(names), _PAGE):
            page = names[at : at + _PAGE]
            found = await event_records(self._redis, self._keys, page)
            lost += [name for name, record in zip(page, found, strict=True) if record is None]
            unreadable += [
                name
                for name, record in zip(page, found, strict=True)
                if record is not None and read_event(EventId(name.decode()), record) is None
            ]
        return lost, unreadable

    async def _scan(self, command: str, key: str) -> list[tuple[bytes, bytes]]:
        return [row async for page in self._redis.scan(command, key) for row in page]


def _removal(
    kind: str,
    endpoint: EndpointId,
    names: "Sequence[bytes] | set[bytes]",
    message: str,
    commands: Sequence[Command],
    *,
    more: Sequence[Command] = (),
) -> Defect | None:
    """Return the write that takes something out of where it stands; None where there is nothing."""
    listed = sorted(names)
    if not listed:
        return None
    parts = [listed[at : at + _PAGE] for at in range(0, len(listed), _PAGE)]
    mends = tuple((*command, *part) for part in parts for command in commands)
    return Defect(kind=kind, where=endpoint, count=len(listed), message=message, mends=(*mends, *more))
