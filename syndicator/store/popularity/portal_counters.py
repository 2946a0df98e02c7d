"""Counters as portals show them, turned into what they grew by, and how portals compare."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import from_ms, to_ms
from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.model.signal import SignalKind
from syndicator.rules.popularity.popularity_score import HALF_LIVES, PortalMean
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Connection, Repository, Script
from syndicator.store.feeds.feeds import Ranked
from syndicator.store.keys.table import Keys
from syndicator.store.popularity.signals import BOARD_SIZE, Signals

_FIRST_STAND = timedelta(minutes=5)
_LONGEST_STAND = timedelta(hours=1)
_LARGEST = 10**15
"""What a page shows beyond that is no count, and more than a double holds."""
_NOTES = 300
_NOTES_KEPT = timedelta(days=30)


class CounterReading(Struct, frozen=True, kw_only=True):
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


class RankedArticle(Struct, frozen=True, kw_only=True):
    """What ranking asks of an article."""

    source: SourceId
    published_at: datetime
    story: str = ""
    """Empty: the article is in no story of several."""


class RankNote(Struct, frozen=True, kw_only=True):
    """Where an article stood in a feed."""

    at: datetime
    feed: FeedId
    rank: int
    score: float | None = None
    """None in notes of before scores were noted."""


class Popularity(Repository):
    """Counters of portals in, their means out; who ranks, and which ranks there were."""

    def __init__(self, connection: Connection, keys: Keys, signals: Signals) -> None:
        super().__init__(connection, keys)
        self._signals = signals
        self._script = Script("popularity/decay", "popularity/readings")
        self._lease = Script("lease")

    async def record(
        self, readings: Sequence[CounterReading], now: datetime, kind: SignalKind = SignalKind.VIEWS
    ) -> Noted:
        """Record counters; return what they did. The same reading twice changes nothing."""
        if not readings:
            return Noted()
        half_lives = [half / timedelta(milliseconds=1) for half in HALF_LIVES.values() if half]
        rows = [
            (one.article_id, min(one.count, _LARGEST), to_ms(one.published_at), one.source, int(one.boxed))
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
        """Return how long a portal's box is taken to have stood as it is read now; note the reading.

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
        """Return the counters of views as read last."""
        return await self.counters(ids, SignalKind.VIEWS)

    async def counters(self, ids: Sequence[ArticleId], kind: SignalKind) -> list[int | None]:
        """Return the portals' own counters of one kind, as read last."""
        if not ids:
            return []
        found = await self._redis.call("HMGET", self._keys.readings(kind), *ids)
        return [int(text.split(b":")[0]) if text else None for text in found]

    async def means(self, sources: Sequence[SourceId]) -> Mapping[SourceId, PortalMean]:
        """Return what is usual at each portal, by its articles' pages, else by its box; where it is known."""
        if not sources:
            return {}
        fields = [field for source in sources for field in (source, f"{source} box")]
        found = await self._redis.call("HMGET", self._keys.portals(), *fields)
        rows = zip(sources, found[::2], found[1::2], strict=True)
        return {source: _mean(pages or box) for source, pages, box in rows if pages or box}

    async def known(self, ids: Sequence[ArticleId]) -> list[RankedArticle | None]:
        """Return what each article is ranked by; None for one that is not there."""
        rows = await self._redis.batch(
            [("HMGET", self._keys.article(one), "source", "published", "story") for one in ids]
        )
        return [
            RankedArticle(
                source=SourceId(source.decode()),
                published_at=from_ms(int(published)),
                story=story.decode() if story else "",
            )
            if source and published
            else None
            for source, published, story in rows
        ]

    async def lease(self, token: str, now: datetime, until: datetime, unless_done_since: datetime) -> bool:
        """Return whether a worker may rank: none has the lease, and none ranked after the last instant."""
        instants = (to_ms(now), to_ms(until), to_ms(unless_done_since))
        return bool(await self._redis.run(self._lease, [self._keys.ranking_lease()], token, *instants))

    async def release(self, token: str, now: datetime) -> None:
        """Note that feeds were ranked, and let others do it; nothing where the lease was lost meanwhile."""
        key = self._keys.ranking_lease()
        writes: tuple[Command, ...] = (("HSET", key, "done", to_ms(now)), ("HDEL", key, "token", "until"))
        await self._commit(expects=((key, "token", token),), writes=writes)

    async def note_ranks(
        self, feed: FeedId, ranking: Sequence[Ranked], now: datetime, *, unless_since: datetime
    ) -> None:
        """Add to each article's history how it stands in a feed, unless that was done after an instant."""
        cursors, field = self._keys.cursors(), f"ranks:{feed}"
        before = await self._redis.call("HGET", cursors, field)
        if before is not None and int(before) > to_ms(unless_since):
            return
        commands: list[Command] = [("HSET", cursors, field, to_ms(now))]
        for rank, place in enumerate(ranking, start=1):
            key = self._keys.ranks(place.article_id)
            commands += [
                ("RPUSH", key, pack(RankNote(at=now, feed=feed, rank=rank, score=place.score))),
                ("LTRIM", key, -_NOTES, -1),
                ("PEXPIRE", key, _NOTES_KEPT // timedelta(milliseconds=1)),
            ]
        await self._redis.batch(commands)

    async def ranks(self, article: ArticleId) -> list[RankNote]:
        """Return where an article stood, the oldest first."""
        return (await self.ranks_of([article]))[article]

    async def ranks_of(
        self, articles: Sequence[ArticleId], newest: int = _NOTES
    ) -> Mapping[ArticleId, list[RankNote]]:
        """Return where each article stood, by its newest notes, the oldest first."""
        rows = await self._redis.batch([("LRANGE", self._keys.ranks(one), -newest, -1) for one in articles])
        return {
            one: [unpack(note, RankNote) for note in row] for one, row in zip(articles, rows, strict=True)
        }


def _mean(stored: bytes) -> PortalMean:
    readings, _, mean = stored.partition(b":")
    return PortalMean(readings=int(readings), log_rate=float(mean))
