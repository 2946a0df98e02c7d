"""Which articles changed, in order: for what keeps a copy of all articles, as the index for search does.

A short stream beside the articles themselves. Each reader keeps its own place, in memory: one that has fallen
behind what is kept looks through all articles again.
"""

from collections.abc import Sequence

from msgspec import Struct

from syndicator.model.ids import ArticleId
from syndicator.rules.filter_matching import ALL
from syndicator.store.articles.articles import TimelinePlace
from syndicator.store.connection import Connection, Repository
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import BEGINNING, KEPT_CHANGES
from syndicator.store.timelines import Timelines


class Changed(Struct, frozen=True, kw_only=True):
    ids: tuple[ArticleId, ...]
    """Of articles that are new, another revision, or gone; the oldest change first, each once."""
    position: str
    """Where to read on."""
    is_all: bool


class Changes(Repository):
    """Reads the stream, and all articles page by page."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        super().__init__(connection, keys)
        self._timelines = Timelines(connection, keys)

    async def origin(self) -> str:
        """Return which data this is: of another namespace, or of one that began anew, it is other data."""
        meta = self._keys.meta()
        began_ms = await self._redis.call("HGET", meta, "created_ms")
        return f"{meta} {(began_ms or b'').decode()}"

    async def position(self) -> str:
        """Return the place of the last change."""
        rows = await self._redis.call("XREVRANGE", self._keys.changes(), "+", "-", "COUNT", 1)
        return rows[0][0].decode() if rows else BEGINNING

    async def after(self, position: str, limit: int) -> Changed | None:
        """Read up to `limit` changes after a place; None where some of them are not kept any more."""
        rows, kept = await self._redis.batch(
            [
                ("XRANGE", self._keys.changes(), position, "+", "COUNT", limit + 1),
                ("XLEN", self._keys.changes()),
            ]
        )
        if position == BEGINNING:
            if kept >= KEPT_CHANGES:
                return None
        elif not rows or rows[0][0].decode() != position:
            return None  # the last that was read is not there: nor may be what came after it
        new = rows if position == BEGINNING else rows[1:]
        return Changed(
            ids=tuple(dict.fromkeys(ArticleId(fields[1].decode()) for _, fields in new)),
            position=new[-1][0].decode() if new else position,
            is_all=len(rows) <= limit,
        )

    async def newest(self, limit: int) -> list[ArticleId]:
        """Return the articles that changed last, the newest change first, each once."""
        rows = await self._redis.call("XREVRANGE", self._keys.changes(), "+", "-", "COUNT", limit)
        return list(dict.fromkeys(ArticleId(fields[1].decode()) for _, fields in rows))

    async def lag_s(self, position: str | None) -> float:
        """Return how long the first change after a place has waited, by Redis' clock.

        0 where there is none.
        """
        if position is None:
            return 0.0
        rows, (seconds, microseconds) = await self._redis.batch(
            [("XRANGE", self._keys.changes(), f"({position}", "+", "COUNT", 1), ("TIME",)]
        )
        if not rows:
            return 0.0
        at_ms = int(rows[0][0].partition(b"-")[0])
        return max(int(seconds) + int(microseconds) / 1e6 - at_ms / 1000, 0.0)

    async def listed(self, until_ms: int | None, skip: int, limit: int) -> Sequence[TimelinePlace]:
        """Return articles that are listed at a time or before, the newest first; None is all.

        `skip` as many as were read of that very millisecond.
        """
        [row] = await self._timelines.newest([ALL], skip + limit, until_ms=until_ms)
        return [TimelinePlace(article_id=ArticleId(name.decode()), listed_ms=at) for name, at in row[skip:]]
