"""Counters as portals show them, turned into what they grew by, and how portals compare."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import from_ms, to_ms
from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.signal import SignalKind
from syndicator.rules.popularity import HALF_LIVES, PortalMean
from syndicator.store.codec import pack
from syndicator.store.connection import Connection, Script
from syndicator.store.keys import Keys
from syndicator.store.signals import BOARD_SIZE, Signals

_FIRST_STAND = timedelta(minutes=5)
_LONGEST_STAND = timedelta(hours=1)


class Reading(Struct, frozen=True, kw_only=True):
    """A portal's own counter of an article, as read now."""

    article_id: ArticleId
    source: SourceId
    count: int
    published_at: datetime
    """Since when it counts; used for the first reading only."""
    boxed: bool = False
    """Read in the portal's box of popular articles: a sample of winners."""


class Noted(Struct, frozen=True, kw_only=True):
    """What a number of counters did since they were read before."""

    grew: int = 0
    reset: int = 0
    """Fell below half: began anew."""
    jumped: int = 0
    """Grew as no readership does: shows something else."""


class Popularity:
    """Counters of portals in, their means out."""

    def __init__(self, connection: Connection, keys: Keys, signals: Signals) -> None:
        self._redis = connection
        self._keys = keys
        self._signals = signals
        self._script = Script("decay", "readings")

    async def record(
        self, readings: Sequence[Reading], now: datetime, kind: SignalKind = SignalKind.VIEWS
    ) -> Noted:
        """Take counters; tell what they did. The same reading twice changes nothing."""
        if not readings:
            return Noted()
        half_lives = [half / timedelta(milliseconds=1) for half in HALF_LIVES.values() if half]
        rows = [
            (one.article_id, one.count, to_ms(one.published_at), one.source, int(one.boxed))
            for one in readings
        ]
        keys = self._keys
        grew, reset, jumped = await self._redis.run(
            self._script,
            [keys.readings(kind), keys.portals(), keys.counters(kind), *self._signals.boards(kind)],
            to_ms(now),
            pack(half_lives),
            pack(rows),
            keys.article(ArticleId("")),
            BOARD_SIZE,
            int(kind is SignalKind.VIEWS),
        )
        return Noted(grew=int(grew), reset=int(reset), jumped=int(jumped))

    async def box_stood(self, source: SourceId, now: datetime) -> timedelta:
        """Say for how long a portal's box is taken to have stood as it is read now; note the reading.

        Since it was read before, but for an hour at most. One worker at a time reads a source.
        """
        field = f"{source} read"
        (before, _) = await self._redis.batch(
            [("HGET", self._keys.portals(), field), ("HSET", self._keys.portals(), field, to_ms(now))]
        )
        if before is None:
            return _FIRST_STAND
        return min(max(now - from_ms(int(before)), timedelta()), _LONGEST_STAND)

    async def views(self, ids: Sequence[ArticleId]) -> list[int | None]:
        """Give the counters of views as read last."""
        if not ids:
            return []
        found = await self._redis.call("HMGET", self._keys.readings(SignalKind.VIEWS), *ids)
        return [int(text.split(b":")[0]) if text else None for text in found]

    async def means(self, sources: Sequence[SourceId]) -> Mapping[SourceId, PortalMean]:
        """Give what is usual at each portal, by its articles' pages, else by its box; where it is known."""
        if not sources:
            return {}
        fields = [field for source in sources for field in (source, f"{source} box")]
        found = await self._redis.call("HMGET", self._keys.portals(), *fields)
        rows = zip(sources, found[::2], found[1::2], strict=True)
        return {source: _mean(pages or box) for source, pages, box in rows if pages or box}


def _mean(told: bytes) -> PortalMean:
    readings, _, mean = told.partition(b":")
    return PortalMean(readings=int(readings), log_rate=float(mean))
