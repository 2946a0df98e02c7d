"""Signals in, counters that fade out, and boards that find the highest of them."""

import math
import struct
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId
from syndicator.model.signal import Signal, SignalKind
from syndicator.rules.popularity import HALF_LIVES
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Connection, Script
from syndicator.store.keys import Keys

BOARD_SIZE = 2000
"""Places that a board keeps; it holds up to twice as many between two trimmings."""

CHUNK = 200
"""Signals that one call adds: 2 to 4 ms of Redis' time."""

LARGEST_COUNT = 1e9
"""What one signal may say. More than that is no count of readers."""

_MILLISECOND = timedelta(milliseconds=1)
_KEPT_FOR_RETRY = timedelta(minutes=1)
_KEPT_FOR_PARTNERS = timedelta(days=1)
_COUNTER = struct.Struct(">4d")
_LEAST = 1e-300
_HIGHEST_LOG = 1000.0
"""Nothing counts so much, unless a clock was put back by weeks."""
_DECAYING: Sequence[tuple[Window, float]] = tuple(
    (window, half / _MILLISECOND) for window, half in HALF_LIVES.items() if half
)

Sums = Mapping[SignalKind, float]
"""What was counted of each kind, decayed to an instant; kinds of which nothing is known are left out."""


class Added(Struct, frozen=True, kw_only=True):
    """What became of a batch."""

    taken: int
    refused: tuple[int, ...] = ()
    """Places in the batch (from 0) of signals without a count, or of articles that are not there."""


class Signals:
    """A counter for each article and kind; boards for each kind and window."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys
        self._script = Script("decay", "signals")

    async def add(self, batch: Sequence[Signal], now: datetime, key: str | None = None) -> Added:
        """Add signals of any number, a chunk a call; what claims to be of later is of now.

        The same `key` again, within a day, adds nothing, and gives the same answer: a batch that was cut
        short is completed by it.
        """
        name, kept = (key, _KEPT_FOR_PARTNERS) if key else (uuid.uuid4().hex, _KEPT_FOR_RETRY)
        refused = [place for place, one in enumerate(batch) if not 0 < one.count <= LARGEST_COUNT]
        unfit = frozenset(refused)
        fit = [place for place in range(len(batch)) if place not in unfit] if unfit else range(len(batch))
        for start in range(0, len(fit), CHUNK):
            chunk = {place: batch[place] for place in fit[start : start + CHUNK]}
            refused += await self._add_chunk(chunk, now, f"{name}:{start}", kept)
        return Added(taken=len(batch) - len(refused), refused=tuple(sorted(refused)))

    async def _add_chunk(
        self, chunk: Mapping[int, Signal], now: datetime, name: str, kept: timedelta
    ) -> list[int]:
        now_ms, kinds = to_ms(now), list(dict.fromkeys(one.kind for one in chunk.values()))
        rows = _rows(chunk.values(), now)
        reply = await self._redis.run(
            self._script,
            [self._keys.signals_done(name)],
            self._keys.article(ArticleId("")),
            kept // _MILLISECOND,
            BOARD_SIZE,
            pack([(self._keys.counters(kind), self.boards(kind)) for kind in kinds]),
            pack([now_ms / half_ms for _, half_ms in _DECAYING]),
            pack(
                [
                    (article, kinds.index(kind) + 1, [max(one, _LEAST) for one in decayed], count)
                    for (article, kind), (*decayed, count) in rows.items()
                ]
            ),
        )
        missing = _numbers(reply)
        if not missing:
            return []
        names = list(rows)
        unknown = {names[number - 1] for number in missing}
        return [place for place, one in chunk.items() if (one.article_id, one.kind) in unknown]

    def boards(self, kind: SignalKind) -> list[str]:
        """Name the boards of a kind, in the order of `HALF_LIVES`."""
        return [self._keys.board(kind, window) for window in HALF_LIVES]

    async def top(self, kind: SignalKind, window: Window, limit: int, start: int = 0) -> list[ArticleId]:
        """Name `limit` articles of a board from `start` on, the highest first, equal ones by id."""
        row = await self._redis.call("ZREVRANGE", self._keys.board(kind, window), start, start + limit - 1)
        return [ArticleId(name.decode()) for name in row]

    async def sums(
        self, ids: Sequence[ArticleId], windows: Collection[Window], now: datetime
    ) -> dict[Window, list[Sums]]:
        """Give the counters of articles, decayed to now; for each window one of each article."""
        if not ids:
            return {window: [] for window in windows}
        rows = await self._redis.batch([("HMGET", self._keys.counters(kind), *ids) for kind in SignalKind])
        found: dict[Window, list[dict[SignalKind, float]]] = {window: [{} for _ in ids] for window in windows}
        for kind, row in zip(SignalKind, rows, strict=True):
            for place, packed in enumerate(row):
                if packed:
                    present = _present(packed, to_ms(now))
                    for window in windows:
                        found[window][place][kind] = present[window]
        return {window: list(sums) for window, sums in found.items()}

    async def cursor(self, name: str) -> int:
        """Tell how far a reader of ours came, ms."""
        return int(await self._redis.call("HGET", self._keys.cursors(), name) or 0)

    async def move_cursor(self, name: str, at_ms: int) -> None:
        """Note how far a reader of ours came."""
        await self._redis.call("HSET", self._keys.cursors(), name, at_ms)

    async def replace(self, kind: SignalKind, logs: Mapping[ArticleId, tuple[float, ...] | None]) -> None:
        """Put in place of counters what was computed anew: log2 per half-life, and the sum; None: nothing."""
        commands: list[Command] = []
        for article, values in logs.items():
            if values is None:
                commands.append(("HDEL", self._keys.counters(kind), article))
                commands += [("ZREM", board, article) for board in self.boards(kind)]
            else:
                commands.append(("HSET", self._keys.counters(kind), article, _COUNTER.pack(*values)))
                places = (*values[:-1], math.log2(values[-1]))
                commands += [
                    ("ZADD", board, place, article)
                    for board, place in zip(self.boards(kind), places, strict=True)
                ]
        commands += [
            ("ZREMRANGEBYRANK", board, 0, -2 * BOARD_SIZE - 1) for board in self.boards(kind) if logs
        ]
        await self._redis.batch(commands)


def _rows(chunk: Iterable[Signal], now: datetime) -> dict[tuple[ArticleId, SignalKind], list[float]]:
    """Add up what is of one article and kind: decayed to now for each half-life, and plain."""
    rows: dict[tuple[ArticleId, SignalKind], list[float]] = {}
    (hour, day, week) = (1000 / half_ms for _, half_ms in _DECAYING)
    for one in chunk:
        age_s, count = max((now - one.at).total_seconds(), 0.0), one.count
        row = rows.setdefault((one.article_id, one.kind), [0.0, 0.0, 0.0, 0.0])
        row[0] += count * 2.0 ** (-age_s * hour)
        row[1] += count * 2.0 ** (-age_s * day)
        row[2] += count * 2.0 ** (-age_s * week)
        row[3] += count
    return rows


def forgetting(keys: Keys, article_id: ArticleId) -> list[Command]:
    """Write that an article is not counted any more."""
    commands: list[Command] = [("HDEL", keys.readings(kind), article_id) for kind in READ]
    for kind in SignalKind:
        commands.append(("HDEL", keys.counters(kind), article_id))
        commands += [("ZREM", keys.board(kind, window), article_id) for window in Window]
    commands.append(("DEL", keys.ranks(article_id), keys.crossed(article_id)))
    return commands


READ = (SignalKind.VIEWS, SignalKind.COMMENTS)
"""The kinds that come as absolute counters."""


def _present(packed: bytes, now_ms: int) -> dict[Window, float]:
    *logs, total = _COUNTER.unpack(packed)
    present = {
        window: 2.0 ** min(log - now_ms / half_ms, _HIGHEST_LOG)
        for log, (window, half_ms) in zip(logs, _DECAYING, strict=True)
    }
    return present | {Window.ALL: total}


def _numbers(reply: bytes) -> list[int]:
    # An empty table of Lua is a map to it.
    return unpack(reply, list[int]) if reply not in (b"\x80", b"\x90") else []
