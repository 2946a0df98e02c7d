"""Long lists by time, in pieces: the newest first, each piece beginning where the one before ended."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId, StoryId
from syndicator.store.codec import pack_for_lua
from syndicator.store.connection import Command, Connection, Repository, Script, pairs
from syndicator.store.keys.table import Keys

ANY_TIME = "+inf"
"""In place of the time of an article that is taken out, where that is not known: all pieces are looked at."""

Span = tuple[int, int]
"""The first and the last ms."""


def listing(keys: Keys, facet: str, article: ArticleId, at: datetime) -> Command:
    """Return the write of a transaction that lists an article."""
    return ("LIST", keys.timeline(facet), to_ms(at), article)


def unlisting(keys: Keys, facet: str, article: ArticleId, at: datetime | None) -> Command:
    """Return the write of a transaction that takes an article out; `at`: where it is, None: not known."""
    return ("UNLIST", keys.timeline(facet), ANY_TIME if at is None else to_ms(at), article)


class Timelines(Repository):
    """Articles by the time that feeds list them at, one sorted set for each facet.

    They are in pieces, which Redis packs: an article takes 28 bytes of one, and 79 of a long sorted set. All
    that writes them goes through `lua/articles/timelines.lua`.
    """

    def __init__(self, connection: Connection, keys: Keys) -> None:
        super().__init__(connection, keys)
        self._read = Script("articles/timelines", "articles/read_timelines")
        self._count = Script("articles/timelines", "articles/count_timelines")
        self._unlist = Script("articles/timelines", "articles/unlist")

    async def newest(
        self, facets: Sequence[str], limit: int, *, until_ms: int | None = None, since_ms: int | None = None
    ) -> list[list[tuple[bytes, int]]]:
        """Return the first articles of each facet, and when each is listed, ms: the newest first.

        Of one time, ids are in descending order.
        """
        span = ("+inf" if until_ms is None else until_ms, "-inf" if since_ms is None else since_ms)
        wanted = pack_for_lua([(self._keys.timeline(facet), *span, limit) for facet in facets])
        rows = await self._redis.run(self._read, [self._keys.meta()], wanted)
        return [[(name, int(at)) for name, at in pairs(row)] for row in rows]

    async def counts(self, facets: Sequence[str], spans: Sequence[Span]) -> list[int]:
        """Count what is listed under these facets in each span; under two of them, twice."""
        wanted = [(self._keys.timeline(facet), *span) for span in spans for facet in facets]
        found = await self._redis.run(self._count, [self._keys.meta()], pack_for_lua(wanted))
        return [sum(found[at : at + len(facets)]) for at in range(0, len(found), len(facets))]

    async def count(self, facet: str) -> int:
        """Count all that is listed under a facet."""
        wanted = pack_for_lua([(self._keys.timeline(facet), "-inf", "+inf")])
        [found] = await self._redis.run(self._count, [self._keys.meta()], wanted)
        return int(found)

    async def remove(self, places: Sequence[tuple[str, ArticleId, datetime | None]]) -> None:
        """Take articles out of timelines (facet, article, when it is listed), also where Redis is full."""
        rows = [unlisting(self._keys, *place)[1:] for place in places]
        if rows:
            await self._redis.run(self._unlist, [self._keys.meta()], pack_for_lua(rows))


class PagePosition(Struct, frozen=True, kw_only=True):
    """Where a piece begins: at a time, behind so many of that very millisecond."""

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

    async def counts(self, facets: Sequence[str], spans: Sequence[tuple[int, int]]) -> list[int]:
        """Count what is listed under these facets in each span (first and last ms); under two, twice."""
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
