"""Long lists by time, in pieces: the newest first, each piece beginning where the one before ended."""

from collections.abc import Sequence

from msgspec import Struct

from syndicator.model.ids import ArticleId, StoryId
from syndicator.store.connection import Connection, Repository, pairs


class PagePosition(Struct, frozen=True, kw_only=True):
    """Where a piece begins: at a time, behind so many of that very millisecond."""

    until_ms: int
    skip: int


class Lists(Repository):
    """Reads lists by time, a page at a time, with the position of the next page; None after the last."""

    async def articles(
        self, facets: Sequence[str], begin: PagePosition | None, limit: int
    ) -> tuple[list[ArticleId], PagePosition | None]:
        """Return articles that are listed under any of these facets."""
        keys = [self._keys.timeline(facet) for facet in facets]
        names, rest = await self._newest_first(keys, begin, limit)
        return [ArticleId(name) for name in names], rest

    async def counts(self, facets: Sequence[str], spans: Sequence[tuple[int, int]]) -> list[int]:
        """Count what is listed under these facets in each span (first and last ms); under two, twice."""
        found = await self._redis.batch(
            [("ZCOUNT", self._keys.timeline(facet), *span) for span in spans for facet in facets]
        )
        return [sum(found[at : at + len(facets)]) for at in range(0, len(found), len(facets))]

    async def stories(
        self, begin: PagePosition | None, limit: int
    ) -> tuple[list[StoryId], PagePosition | None]:
        """Return stories of more than one article, the one that grew last first."""
        names, rest = await self._newest_first([self._keys.stories()], begin, limit)
        return [StoryId(name) for name in names], rest

    async def withdrawn(
        self, begin: PagePosition | None, limit: int
    ) -> tuple[list[ArticleId], PagePosition | None]:
        """Return withdrawn articles, the one that was withdrawn last first."""
        names, rest = await self._newest_first([self._keys.withdrawals()], begin, limit)
        return [ArticleId(name) for name in names], rest

    async def _newest_first(
        self, keys: Sequence[str], begin: PagePosition | None, limit: int
    ) -> tuple[list[str], PagePosition | None]:
        """Merge sorted sets of names by time.

        The order is that of Redis, times and then names downwards, so that each set's first are enough.
        """
        until, skip = (begin.until_ms, begin.skip) if begin else ("+inf", 0)
        end = skip + limit
        rows = await self._redis.batch(
            [("ZREVRANGEBYSCORE", key, until, "-inf", "WITHSCORES", "LIMIT", 0, end + 1) for key in keys]
        )
        merged = {name: int(at_ms) for row in rows for name, at_ms in pairs(row)}
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
