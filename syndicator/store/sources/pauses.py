"""Pauses of sources, groups, tags and all sources, by scope."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.model.source import Source, SourceState
from syndicator.rules.sources.rests import rest_of, rested, scopes_of
from syndicator.store.codec import pack, readable
from syndicator.store.connection import MOST_IN_ONE, Command, Connection, Transaction, pairs, pieces
from syndicator.store.keys.table import Keys


class Pauses:
    """All pauses of a namespace. Each ends by itself, or when it is lifted."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._key = keys.pauses()

    async def all(self, now: datetime) -> list[Pause]:
        """Return the pauses that hold, the oldest first."""
        found = [readable(record, Pause) for record in await self._redis.call("HVALS", self._key)]
        holding = [pause for pause in found if pause is not None and pause.holds(now)]
        return sorted(holding, key=lambda pause: (pause.since, pause.scope))

    async def named(self, scopes: Sequence[str]) -> list[Pause | None]:
        """Return the pause of each scope, also one that has ended; None where there is none."""
        if len(scopes) > MOST_IN_ONE and await self._redis.call("HLEN", self._key) < len(scopes):
            known = dict(pairs(await self._redis.call("HGETALL", self._key)))
            return [_named(scope, known.get(scope.encode())) for scope in scopes]
        found: list[Pause | None] = []
        for piece in pieces(scopes):
            records = await self._redis.call("HMGET", self._key, *piece)
            found += [_named(scope, record) for scope, record in zip(piece, records, strict=True)]
        return found

    async def order(self, pauses: Sequence[Pause], also: Sequence[Command] = ()) -> None:
        """Write pauses, each in place of one of its scope, and `also`."""
        writes: list[Command] = [("HSET", self._key, pause.scope, pack(pause)) for pause in pauses]
        await self._write([*writes, *also])

    async def lift(self, scopes: Sequence[str], also: Sequence[Command] = ()) -> None:
        """Remove the pauses of scopes, and write `also`."""
        await self._write([*(("HDEL", self._key, scope) for scope in scopes), *also])

    async def resting(
        self, sources: Sequence[tuple[SourceId, Source | None]], now: datetime
    ) -> list[Pause | None]:
        """Return the pause by which each source rests; None for one that does not."""
        scopes = [scopes_of(name, source) for name, source in sources]
        distinct = list(dict.fromkeys(scope for each in scopes for scope in each))
        found = dict(zip(distinct, await self.named(distinct), strict=True))
        return [rest_of([pause for scope in each if (pause := found[scope])], now) for each in scopes]

    async def applied(
        self, sources: Sequence[tuple[SourceId, Source | None]], states: Sequence[SourceState], now: datetime
    ) -> list[SourceState]:
        """Return the states as the pauses that hold make them."""
        resting = await self.resting(sources, now)
        return [rested(state, pause, now) for state, pause in zip(states, resting, strict=True)]

    async def _write(self, commands: Sequence[Command]) -> None:
        units = [Transaction(expects=(), writes=tuple(piece)) for piece in pieces(commands)]
        await self._redis.commit(units, replicated=True)


def _named(scope: str, record: bytes | None) -> Pause | None:
    pause = readable(record, Pause) if record else None
    return replace(pause, scope=scope) if pause else None  # a source may have been renamed since
