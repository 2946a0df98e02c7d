"""How portals are named and what they let us show, also of those that left the configuration."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.feed import Origin
from syndicator.model.ids import SourceId
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Connection, pieces
from syndicator.store.keys.table import Keys

NOTED_AGAIN = timedelta(days=1)
"""So old may be when an origin was last noted: a start that finds it noted since writes nothing."""


class _Noted(Struct, frozen=True, kw_only=True):
    origin: Origin
    at: datetime


class Origins:
    """What the sources of all articles were last configured as."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys

    async def note(self, origins: Iterable[Origin], now: datetime, *, since: datetime) -> None:
        """Store these origins as of now, and remove those that no source had since a time."""
        noted, key = await self._noted(), self._keys.origins()
        gone = [source for source, one in noted.items() if one.at < since - NOTED_AGAIN]
        fresh = [one for one in origins if not _is_noted(noted.get(one.id), one, now)]
        commands: list[Command] = [("HDEL", key, *piece) for piece in pieces(gone)]
        for piece in pieces(fresh):
            words = (word for one in piece for word in (one.id, pack(_Noted(origin=one, at=now))))
            commands.append(("HSET", key, *words))
        await self._redis.batch(commands)

    async def known(self, besides: Collection[SourceId] = ()) -> Mapping[SourceId, Origin]:
        """Return all that are remembered, without these."""
        return {source: one.origin for source, one in (await self._noted(besides)).items()}

    async def _noted(self, besides: Collection[SourceId] = ()) -> Mapping[SourceId, _Noted]:
        found: dict[SourceId, _Noted] = {}
        async for piece in self._redis.scan("HSCAN", self._keys.origins()):
            for name, data in piece:
                source = SourceId(name.decode())
                if source not in besides:
                    found[source] = unpack(data, _Noted)
        return found


def _is_noted(known: _Noted | None, origin: Origin, now: datetime) -> bool:
    return known is not None and known.origin == origin and now - known.at < NOTED_AGAIN
