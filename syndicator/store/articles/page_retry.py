"""Article pages that are listed but could not be read: when each is worth another try.

Without this, one dead link on a list page would be asked for in every round, and would pass for news.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from syndicator.model.clock import to_ms
from syndicator.model.ids import SourceId
from syndicator.store.connection import Command, Repository, pairs

FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(days=1)
KEPT = timedelta(days=7)
MAX_PAGES = 10_000
"""Of one source; beyond that a tenth is forgotten: what is to be tried again anyway, or soonest."""


class Unreadable(Repository):
    """Per source: identity key of a page → how often it failed, and when it is tried again."""

    async def waiting(self, source: SourceId, keys: Sequence[str], now: datetime) -> frozenset[str]:
        """Return those of the pages that are not to be asked for yet."""
        found = await self._tries(source, keys)
        return frozenset(key for key, (_, retry_ms) in found.items() if retry_ms > to_ms(now))

    async def failed(
        self, source: SourceId, keys: Sequence[str], now: datetime, longest: timedelta = LONGEST_PAUSE
    ) -> int:
        """Note that these could not be read: each pause is twice as long as the last, up to `longest`.

        Returns how many of them failed for the first time.
        """
        if not keys:
            return 0
        found = await self._tries(source, keys)
        key = self._keys.unreadable(source)
        written: list[str | int] = []
        for page in keys:
            times = found.get(page, (0, 0))[0]
            pause = min(FIRST_PAUSE * 2 ** min(times, 20), longest)
            written += [page, f"{times + 1}:{to_ms(now + pause)}"]
        commands: list[Command] = [("HSET", key, *written), ("EXPIRE", key, int(KEPT.total_seconds()))]
        dropped = await self._too_many(key)
        if dropped:
            commands.insert(0, ("HDEL", key, *dropped))
        await self._redis.batch(commands)
        return sum(page not in found for page in keys)

    async def _too_many(self, key: str) -> list[str]:
        """Return what is forgotten for the sake of the new: the pages whose next try came longest ago."""
        if await self._redis.call("HLEN", key) <= MAX_PAGES:
            return []
        rows = pairs(await self._redis.call("HGETALL", key))
        by_retry = sorted(rows, key=lambda row: int(row[1].partition(b":")[2]))
        return [page.decode() for page, _ in by_retry[: len(rows) - MAX_PAGES * 9 // 10]]

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
