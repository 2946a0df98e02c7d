"""What the configurations of all processes name, and what is left in Redis of names that none still has."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.model.feed import Format
from syndicator.model.ids import EndpointId, FeedId, SourceId
from syndicator.rules.sources.rests import scope_of
from syndicator.store.connection import Command, Connection, Transaction, pieces
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import VERSION
from syndicator.store.webhooks.handover import across

GRACE = timedelta(days=7)
"""How long a name may be away: what comes back sooner finds everything as it was."""

IN_USE = timedelta(minutes=10)
"""How long a name counts as in use after a process last noted it. Must be longer than
`retention.NAMES_INTERVAL`, after which each process notes its names again."""

MOST_LEAVERS = 5000
LEAVERS_AT_ONCE = 50
"""At most so many names per transaction: some 700 commands, which block Redis for 2 ms at most."""

Name = TypeVar("Name", bound=str)


class ConfiguredNames(Struct, frozen=True, kw_only=True):
    """What one configuration names."""

    sources: tuple[SourceId, ...] = ()
    feeds: tuple[FeedId, ...] = ()
    endpoints: tuple[EndpointId, ...] = ()


class Configured:
    """The names that are in use, and the end of those that are not."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys

    async def tag_authority(self, own: str | None) -> str | None:
        """Return the authority of the ids that are published here: the first that this namespace ever had."""
        if own is not None:
            await self._redis.call("HSETNX", self._keys.meta(), "tag_authority", own)
        found = await self._redis.call("HGET", self._keys.meta(), "tag_authority")
        return found.decode() if found else None

    async def note(self, names: ConfiguredNames, now: datetime) -> None:
        """Note that these names are in use now."""
        now_ms = to_ms(now)
        await self._redis.batch(
            [
                ("HSET", self._keys.configured(), *(word for field in piece for word in (field, now_ms)))
                for piece in pieces(_fields(names))
            ]
        )

    async def end_others(self, names: ConfiguredNames, now: datetime) -> None:
        """Have all other names count as not in use: all processes run the configuration of these names."""
        since_ms, key, known = to_ms(now - IN_USE), self._keys.configured(), set(_fields(names))
        async for piece in self._redis.scan("HSCAN", key):
            ended = [name for name, at_ms in piece if name.decode() not in known and int(at_ms) > since_ms]
            if ended:
                await self._redis.call("HSET", key, *(word for name in ended for word in (name, since_ms)))

    async def known_to_others(self, names: ConfiguredNames, since: datetime) -> list[str]:
        """Return the names that another process noted after a time and that are not among these."""
        since_ms, noted = to_ms(since), set[str]()
        async for piece in self._redis.scan("HSCAN", self._keys.configured()):
            noted.update(name.decode() for name, at_ms in piece if int(at_ms) > since_ms)
        return sorted(noted.difference(_fields(names)))

    async def unused(self, sources: Sequence[SourceId], now: datetime) -> list[SourceId]:
        """Return those of the sources that no process has noted for `IN_USE`."""
        return await self._unused("source", sources, now)

    async def unused_endpoints(self, endpoints: Sequence[EndpointId], now: datetime) -> list[EndpointId]:
        """Return those of the configured endpoints that no process has noted for `IN_USE`."""
        return await self._unused("endpoint", endpoints, now)

    async def has_feed(self, feed: FeedId, now: datetime) -> bool:
        """Return whether any process noted a feed within `IN_USE`."""
        return not await self._unused("feed", [feed], now)

    async def remove_leavers(self, now: datetime) -> list[str]:
        """Remove what belongs to names that no process has had for the grace period; return those names.

        A name that comes back at the same moment stays. One call removes at most `MOST_LEAVERS`.
        """
        bound, leavers = to_ms(now - GRACE), list[tuple[str, str]]()
        async for piece in self._redis.scan("HSCAN", self._keys.configured()):
            leavers += [(name.decode(), since.decode()) for name, since in piece if int(since) <= bound]
        gone: list[str] = []
        for batch in pieces(leavers[:MOST_LEAVERS], LEAVERS_AT_ONCE):
            done = await self._redis.commit([self._unit(name, since) for name, since in batch])
            gone += [name for (name, _), is_removed in zip(batch, done, strict=True) if is_removed]
        return gone

    async def _unused(self, kind: str, names: Sequence[Name], now: datetime) -> list[Name]:
        if not names:
            return []
        noted = await self._redis.call(
            "HMGET", self._keys.configured(), *(f"{kind}:{name}" for name in names)
        )
        since_ms = to_ms(now - IN_USE)
        return [
            name for name, at_ms in zip(names, noted, strict=True) if at_ms is None or int(at_ms) <= since_ms
        ]

    def _unit(self, name: str, since: str) -> Transaction:
        return Transaction(
            expects=((self._keys.configured(), name, since),),
            writes=tuple(across(self._keys, self._removal(name))),
        )

    def _removal(self, field: str) -> list[Command]:
        kind, _, name = field.partition(":")
        forget: Command = ("HDEL", self._keys.configured(), field)
        if kind == "source":
            return [*self._source(SourceId(name)), forget]
        if kind == "feed":
            return [*self._feed(FeedId(name)), forget]
        return [*self._endpoint(EndpointId(name)), forget]

    def _source(self, source: SourceId) -> Iterable[Command]:
        keys = self._keys
        return (
            ("UNLINK", keys.source(source), keys.carried(source), keys.recheck(source)),
            ("UNLINK", keys.round_history(source), keys.delays(source), keys.backfill(source)),
            ("UNLINK", keys.subscription(source), keys.pushed(source)),
            ("ZREM", keys.subscriptions_due(), source),
            ("ZREM", keys.backfills_due(), source),
            ("HDEL", keys.sources_woken(), source),
            ("HDEL", keys.pauses(), scope_of(source)),
            ("UNLINK", keys.unreadable(source)),
            ("UNLINK", keys.held(source)),
            ("ZREM", keys.sources_due(), source),
            ("HDEL", keys.sources_owners(), source),
            ("HDEL", keys.scopes(), source),
            ("HDEL", keys.portals(), source, f"{source} box", f"{source} read"),
        )

    def _feed(self, feed: FeedId) -> Iterable[Command]:
        keys = self._keys
        return (
            ("UNLINK", keys.ranking(feed), keys.feed_dates(feed)),
            ("UNLINK", *(keys.rendition(feed, form) for form in Format)),
            ("HDEL", keys.feeds_version(), feed),
            ("HDEL", keys.feeds_changed(), feed),
            ("ZREM", keys.feeds_moved(), feed),
            ("HDEL", keys.feeds_spec(), feed),
            ("HDEL", keys.feeds_announced(), feed),
            ("HDEL", keys.feeds_dated(), feed),
            ("HDEL", keys.cursors(), f"ranks:{feed}"),
        )

    def _endpoint(self, endpoint: EndpointId) -> Iterable[Command]:
        keys = self._keys
        return (
            ("UNLINK", keys.queue(endpoint), keys.queue_owners(endpoint), keys.urgent(endpoint)),
            ("UNLINK", keys.dead(endpoint), keys.attempts(endpoint), keys.tries(endpoint)),
            ("UNLINK", keys.behind(endpoint), keys.attempt_index(endpoint)),
            ("UNLINK", keys.answers(endpoint), keys.answers_used(endpoint)),
            ("ZREM", keys.queues(keys.partitions.of(endpoint)), endpoint),
            ("HDEL", keys.delivered(keys.partitions.of(endpoint)), endpoint),
            ("UNLINK", keys.standing(endpoint)),
            ("HDEL", keys.left_in_log(keys.partitions.of(endpoint)), endpoint),
            ("HDEL", keys.endpoints(), endpoint),
            ("HDEL", keys.endpoints_resting(), endpoint),
            ("HDEL", keys.endpoint_notices(), endpoint),
            ("HINCRBY", keys.endpoints_changed(), VERSION, 1),
        )


def _fields(names: ConfiguredNames) -> list[str]:
    kinds = (("source", names.sources), ("feed", names.feeds), ("endpoint", names.endpoints))
    return [f"{kind}:{name}" for kind, found in kinds for name in found]
