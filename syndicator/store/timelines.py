"""Articles by the time that feeds list them at: a list for each facet, in pieces that Redis packs."""

from collections.abc import Sequence
from datetime import datetime

from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId
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
