"""Article pages that are listed but could not be read: when each is worth another try.

Without this, one dead link on a list page would be asked for in every round, and would pass for news.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from syndicator.model.clock import to_ms
from syndicator.model.ids import SourceId
from syndicator.store.connection import Command, Connection
from syndicator.store.keys import Keys

FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(days=1)
KEPT = timedelta(days=7)
MAX_PAGES = 2000
"""Of one source; beyond that all are forgotten: such a list is not worth remembering."""


class Unreadable:
    """Per source: identity key of a page → how often it failed, and when it is tried again."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys

    async def waiting(self, source: SourceId, keys: Sequence[str], now: datetime) -> frozenset[str]:
        """Name those of the pages that are not to be asked for yet."""
        found = await self._tries(source, keys)
        return frozenset(key for key, (_, retry_ms) in found.items() if retry_ms > to_ms(now))

    async def failed(self, source: SourceId, keys: Sequence[str], now: datetime) -> None:
        """Note that these could not be read: each pause is twice as long as the one before."""
        if not keys:
            return
        found = await self._tries(source, keys)
        key = self._keys.unreadable(source)
        written: list[str | int] = []
        for page in keys:
            times = found.get(page, (0, 0))[0]
            pause = min(FIRST_PAUSE * 2 ** min(times, 20), LONGEST_PAUSE)
            written += [page, f"{times + 1}:{to_ms(now + pause)}"]
        commands: list[Command] = [("HSET", key, *written), ("EXPIRE", key, int(KEPT.total_seconds()))]
        if await self._redis.call("HLEN", key) > MAX_PAGES:
            commands.insert(0, ("DEL", key))
        await self._redis.batch(commands)

    async def _tries(self, source: SourceId, keys: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        if not keys:
            return {}
        rows = await self._redis.call("HMGET", self._keys.unreadable(source), *keys)
        found = {}
        for key, row in zip(keys, rows, strict=True):
            if row is not None:
                times, _, retry_ms = row.decode().partition(":")
                found[key] = (int(times), int(retry_ms))
        return found
