"""Long lists by time, in pages: the newest first, each page beginning where the one before ended."""

from collections.abc import Sequence

from msgspec import Struct

from syndicator.model.ids import ArticleId, StoryId
from syndicator.store.connection import Connection, Repository, pairs
from syndicator.store.keys.table import Keys
from syndicator.store.timelines import Span, Timelines


class PagePosition(Struct, frozen=True, kw_only=True):
    """Where a page begins: at a time, behind so many of that very millisecond."""

    until_ms: int
    skip: int


class Lists(Repository):
    """Reads lists by time, a page at a time, with the position of the next page; None after the last."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        super().__init__(connection, keys)
        self._timelines = Timelines(connection, keys)

    async def articles(
        self, facets: Sequence[str], begin: PagePosition | None, limit: int
    ) -> tuple[list[ArticleId], PagePosition | None]:
        """Return articles that are listed under any of these facets."""
        until_ms, skip = (begin.until_ms, begin.skip) if begin else (None, 0)
        rows = await self._timelines.newest(facets, skip + limit + 1, until_ms=until_ms)
        names, rest = _merged(rows, skip, limit)
        return [ArticleId(name) for name in names], rest

    async def counts(self, facets: Sequence[str], spans: Sequence[Span]) -> list[int]:
        """Count what is listed under these facets in each span; under two, twice."""
        return await self._timelines.counts(facets, spans)

    async def stories(
        self, begin: PagePosition | None, limit: int
    ) -> tuple[list[StoryId], PagePosition | None]:
        """Return stories of more than one article, the one that grew last first."""
        names, rest = await self._newest_first(self._keys.stories(), begin, limit)
        return [StoryId(name) for name in names], rest

    async def withdrawn(
        self, begin: PagePosition | None, limit: int
    ) -> tuple[list[ArticleId], PagePosition | None]:
        """Return withdrawn articles, the one that was withdrawn last first."""
        names, rest = await self._newest_first(self._keys.withdrawals(), begin, limit)
        return [ArticleId(name) for name in names], rest

    async def _newest_first(
        self, key: str, begin: PagePosition | None, limit: int
    ) -> tuple[list[str], PagePosition | None]:
        until, skip = (begin.until_ms, begin.skip) if begin else ("+inf", 0)
        row = await self._redis.call(
            "ZREVRANGEBYSCORE", key, until, "-inf", "WITHSCORES", "LIMIT", 0, skip + limit + 1
        )
        return _merged([[(name, int(at_ms)) for name, at_ms in pairs(row)]], skip, limit)


def _merged(
    rows: Sequence[Sequence[tuple[bytes, int]]], skip: int, limit: int
) -> tuple[list[str], PagePosition | None]:
    """Merge lists of names by time, and return a page of them.

    The order is that of Redis, times and then names downwards, so that each list's first are enough.
    """
    end = skip + limit
    merged = {name: at_ms for row in rows for name, at_ms in row}
    ordered = sorted(((at_ms, name) for name, at_ms in merged.items()), reverse=True)
    names = [name.decode() for _, name in ordered[skip:end]]
    if len(ordered) <= end or not names:
        return names, None
    last_ms = ordered[end - 1][0]
    same = sum(at_ms == last_ms for at_ms, _ in ordered[:end])
    return names, PagePosition(until_ms=last_ms, skip=same)


async def rank_after(redis: Connection, index: str, cursor: bytes | None) -> int:
    """Return the rank of the first member of an index by time that a walk has not come to.

    The cursor names the last that was done, and its time: `1762344000000 a1`. Many may share one. Where it
    has left, or has another time by now, those of its time are done once more.
    """
    at_ms, _, last = (cursor or b"0").decode().partition(" ")
    now_ms, rank, before = await redis.batch(
        [("ZSCORE", index, last), ("ZRANK", index, last), ("ZCOUNT", index, "-inf", f"({at_ms}")]
    )
    is_there = now_ms is not None and int(now_ms) == int(at_ms)
    return int(rank) + 1 if is_there else int(before)
