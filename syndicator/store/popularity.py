"""View counters as portals show them, and the boards that are kept from them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId
from syndicator.store.codec import pack
from syndicator.store.connection import Connection, Script, pairs
from syndicator.store.keys import Keys

HALF_LIVES: Mapping[Window, timedelta | None] = {
    Window.HOUR: timedelta(minutes=30),
    Window.DAY: timedelta(hours=12),
    Window.WEEK: timedelta(hours=84),
    Window.ALL: None,
}
"""Half of each window: such a board names about 80 % of what an exact window would, at no cost of its own."""

BOARD_SIZE = 5000


class ViewReading(Struct, frozen=True, kw_only=True):
    """A portal's own counter of an article, as read now."""

    article_id: ArticleId
    views: int
    published_at: datetime
    """Since when it counts; used for the first reading only."""


class BoardPlace(Struct, frozen=True, kw_only=True):
    article_id: ArticleId
    score: float
    """Views, decayed to the present; of the board of all time, views."""


class Popularity:
    """Views in, boards out."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys
        self._script = Script("views")

    async def record(self, readings: Sequence[ViewReading], now: datetime) -> int:
        """Take counters; give how many of them grew. The same reading twice changes nothing."""
        if not readings:
            return 0
        half_lives = [half / timedelta(milliseconds=1) if half else 0 for half in HALF_LIVES.values()]
        rows = [(one.article_id, one.views, to_ms(one.published_at)) for one in readings]
        keys = [self._keys.views(), *(self._keys.board(window) for window in HALF_LIVES)]
        return int(await self._redis.run(self._script, keys, to_ms(now), pack(half_lives), pack(rows)))

    async def top(self, window: Window, limit: int, now: datetime, *, start: int = 0) -> list[BoardPlace]:
        """Give `limit` places of a board from `start` on; equal scores by id."""
        last = start + limit - 1
        row = await self._redis.call("ZREVRANGE", self._keys.board(window), start, last, "WITHSCORES")
        half = HALF_LIVES[window]
        return [
            BoardPlace(article_id=ArticleId(name.decode()), score=_present(float(score), half, now))
            for name, score in pairs(row)
        ]

    async def views(self, ids: Sequence[ArticleId]) -> list[int | None]:
        """Give the counters as read last."""
        if not ids:
            return []
        found = await self._redis.call("HMGET", self._keys.views(), *ids)
        return [int(text.split(b":")[0]) if text else None for text in found]

    async def trim(self) -> None:
        """Keep the top of each board."""
        await self._redis.batch(
            [("ZREMRANGEBYRANK", self._keys.board(window), 0, -BOARD_SIZE - 1) for window in Window]
        )


def _present(score: float, half_life: timedelta | None, now: datetime) -> float:
    if half_life is None:
        return score
    exponent = score - to_ms(now) / (half_life / timedelta(milliseconds=1))
    return float(2.0**exponent)
