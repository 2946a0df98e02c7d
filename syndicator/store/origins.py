"""How portals are named and what they let us show, also of those that left the configuration."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from syndicator.model.feed import Origin
from syndicator.model.ids import SourceId
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Connection, pairs
from syndicator.store.keys import Keys


class _Noted(Struct, frozen=True, kw_only=True):
    origin: Origin
    at: datetime


class Origins:
    """What the sources of all articles were last configured as."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys

    async def note(self, origins: Iterable[Origin], now: datetime, *, since: datetime) -> None:
        """Remember these as they are now, and forget those that nobody had since a time."""
        noted = await self._noted()
        key = self._keys.origins()
        gone: list[Command] = [("HDEL", key, source) for source, one in noted.items() if one.at < since]
        fresh: list[Command] = [("HSET", key, one.id, pack(_Noted(origin=one, at=now))) for one in origins]
        await self._redis.batch([*gone, *fresh])

    async def known(self) -> Mapping[SourceId, Origin]:
        """Give all that are remembered."""
        return {source: one.origin for source, one in (await self._noted()).items()}

    async def _noted(self) -> Mapping[SourceId, _Noted]:
        found = pairs(await self._redis.call("HGETALL", self._keys.origins()))
        return {SourceId(name.decode()): unpack(data, _Noted) for name, data in found}
