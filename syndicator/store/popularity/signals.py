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
from syndicator.model.signal import Reporter, Signal, SignalKind
from syndicator.rules.popularity.popularity_score import HALF_LIVES
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Repository, Script
from syndicator.store.keys.table import Keys

BOARD_SIZE = 2000
"""Places that a board keeps; it holds up to twice as many between two trimmings."""

CHUNK = 200
"""Signals that one call adds: 2 to 4 ms of Redis' time."""

LARGEST_COUNT = 1e9
"""What one signal may say. More than that is no count of readers."""

_MILLISECOND = timedelta(milliseconds=1)
_KEPT_FOR_RETRY = timedelta(minutes=1)
_KEPT_FOR_PARTNERS = timedelta(days=1)
_KEPT_OF_DAY = timedelta(days=2)
_COUNTER = struct.Struct(">4d")
_LEAST = 1e-300
_HIGHEST_LOG = 1000.0
"""Nothing counts so much, unless a clock was put back by weeks."""
_DECAYING: Sequence[tuple[Window, float]] = tuple(
    (window, half / _MILLISECOND) for window, half in HALF_LIVES.items() if half
)

_KINDS = tuple(SignalKind)

READ = (SignalKind.VIEWS, SignalKind.COMMENTS)
"""The kinds that come as absolute counters."""
_WAYS = dict.fromkeys(SignalKind, "sum") | dict.fromkeys(READ, "most") | {SignalKind.COVERAGE: "none"}
"""How two counters of one article become one: see `popularity/carry.lua`."""

Sums = Mapping[SignalKind, float]
"""What was counted of each kind, decayed to an instant; kinds of which nothing is known are left out."""


class Added(Struct, frozen=True, kw_only=True):
    """The result of a batch."""

    taken: int
    refused: tuple[int, ...] = ()
    """Places in the batch (from 0) of signals without a count, or of articles that are not there."""
    uncounted: float = 0.0
    """What of those that were taken was beyond a reporter's bound, or of a visitor who was counted before."""


class Signals(Repository):
    """A counter for each article and kind; boards for each kind and window."""

    _script = Script("popularity/decay", "popularity/signals")
    _carry = Script("popularity/decay", "popularity/carry")

    async def add(
        self,
        batch: Sequence[Signal],
        now: datetime,
        key: str | None = None,
        reporter: Reporter | None = None,
    ) -> Added:
        """Add signals of any number, a chunk a call; what claims to be of later is of now.

        Of a reporter, each visitor counts once per article and day, and all together no more than its bound.

        The same `key` again, within a day, adds nothing, and gives the same answer: a batch that was cut
        short is completed by it.
        """
        name, kept = (key, _KEPT_FOR_PARTNERS) if key else (uuid.uuid4().hex, _KEPT_FOR_RETRY)
        refused = [place for place, one in enumerate(batch) if not 0 < one.count <= LARGEST_COUNT]
        unfit = frozenset(refused)
        fit = [place for place in range(len(batch)) if place not in unfit] if unfit else range(len(batch))
        uncounted = 0.0
        for start in range(0, len(fit), CHUNK):
            chunk = {place: batch[place] for place in fit[start : start + CHUNK]}
            missing, more = await self._add_chunk(chunk, now, f"{name}:{start}", kept, reporter)
            refused += missing
            uncounted += more
        return Added(taken=len(batch) - len(refused), refused=tuple(sorted(refused)), uncounted=uncounted)

    async def _add_chunk(
        self,
        chunk: Mapping[int, Signal],
        now: datetime,
        name: str,
        kept: timedelta,
        reporter: Reporter | None,
    ) -> tuple[list[int], float]:
        """Add a chunk; give the places of those without an article, and how much was not counted."""
        rows = _rows(chunk.values(), now)
        keys = [self._keys.signals_done(name)]
        if reporter:
            keys.append(self._keys.reported(now.date().isoformat(), reporter.name))
        reply = await self._redis.run(
            self._script,
            keys,
            self._keys.article(ArticleId("")),
            kept // _MILLISECOND,
            BOARD_SIZE,
            pack([self._of_kind(kind, now, reporter) for kind in _KINDS]),
            pack([to_ms(now) / half_ms for _, half_ms in _DECAYING]),
            pack(list(rows.values())),
            reporter.most if reporter else 0,
            _KEPT_OF_DAY // _MILLISECOND,
        )
        parts = _parts(reply)
        if not parts:
            return [], 0.0
        names = list(rows)
        unknown = {names[number - 1] for number, part in parts if part < 0}
        uncounted = sum(rows[names[number - 1]].count * (1 - part) for number, part in parts if part >= 0)
        return [place for place, one in chunk.items() if _row_of(one) in unknown], uncounted

    def _of_kind(
        self, kind: SignalKind, now: datetime, reporter: Reporter | None
    ) -> tuple[str, list[str], str]:
        visitors = ""
        if reporter:
            day = now.date().isoformat()
            visitors = self._keys.reported_visitors(day, reporter.name, kind, ArticleId(""))
        return self._keys.counters(kind), self.boards(kind), visitors

    async def carry(self, old: ArticleId, new: ArticleId) -> bool:
        """Move the counts of an article to the one that it was found to be; return whether there were any."""
        keys = self._keys
        kinds = [
            (keys.counters(kind), self.boards(kind), _WAYS[kind], keys.readings(kind) if kind in READ else "")
            for kind in SignalKind
        ]
        carried = await self._redis.run(
            self._carry,
            [keys.ranks(old), keys.ranks(new), keys.crossed(old), keys.crossed(new)],
            old, new, keys.article(ArticleId("")), BOARD_SIZE, pack(kinds),
        )  # fmt: skip
        return int(carried) > 0

    def boards(self, kind: SignalKind) -> list[str]:
        """Return the boards of a kind, in the order of `HALF_LIVES`."""
        return [self._keys.board(kind, window) for window in HALF_LIVES]

    async def top(self, kind: SignalKind, window: Window, limit: int, start: int = 0) -> list[ArticleId]:
        """Return `limit` articles of a board from `start` on, the highest first, equal ones by id."""
        row = await self._redis.call("ZREVRANGE", self._keys.board(kind, window), start, start + limit - 1)
        return [ArticleId(name.decode()) for name in row]

    async def sums(
        self, ids: Sequence[ArticleId], windows: Collection[Window], now: datetime
    ) -> dict[Window, list[Sums]]:
        """Return the counters of articles, decayed to now; for each window one of each article."""
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
        """Return how far a reader of ours came, ms."""
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


class _Row(Struct, array_like=True):
    """What is of one article and kind, as the script reads it."""

    article: ArticleId
    kind: int
    decayed: list[float]
    count: float = 0.0
    visitors: list[str] = []


_Named = tuple[ArticleId, SignalKind, bool]


def _row_of(one: Signal) -> _Named:
    return one.article_id, one.kind, bool(one.visitor)


def _rows(chunk: Iterable[Signal], now: datetime) -> dict[_Named, _Row]:
    """Add up what is of one article and kind: decayed to now for each half-life, and plain."""
    rows: dict[_Named, _Row] = {}
    (hour, day, week) = (1000 / half_ms for _, half_ms in _DECAYING)
    for one in chunk:
        age_s, count = max((now - one.at).total_seconds(), 0.0), one.count
        name = _row_of(one)
        row = rows.get(name)
        if row is None:
            row = rows[name] = _Row(one.article_id, _KINDS.index(one.kind) + 1, [_LEAST] * 3)
        decayed = row.decayed
        decayed[0] += count * 2.0 ** (-age_s * hour)
        decayed[1] += count * 2.0 ** (-age_s * day)
        decayed[2] += count * 2.0 ** (-age_s * week)
        row.count += count
        if one.visitor:
            row.visitors.append(one.visitor)
    return rows


def forgetting(keys: Keys, article_id: ArticleId) -> list[Command]:
    """Write that an article is not counted any more."""
    commands: list[Command] = [("HDEL", keys.readings(kind), article_id) for kind in READ]
    for kind in SignalKind:
        commands.append(("HDEL", keys.counters(kind), article_id))
        commands += [("ZREM", keys.board(kind, window), article_id) for window in Window]
    commands.append(("DEL", keys.ranks(article_id), keys.crossed(article_id)))
    return commands


def _present(packed: bytes, now_ms: int) -> dict[Window, float]:
    *logs, total = _COUNTER.unpack(packed)
    present = {
        window: 2.0 ** min(log - now_ms / half_ms, _HIGHEST_LOG)
        for log, (window, half_ms) in zip(logs, _DECAYING, strict=True)
    }
    return present | {Window.ALL: total}


def _parts(reply: bytes) -> list[tuple[int, float]]:
    """Pair the numbers of rows with the part of each that was counted."""
    # An empty table of Lua is a map to it.
    flat = unpack(reply, list[float]) if reply not in (b"\x80", b"\x90") else []
    return [(int(number), part) for number, part in zip(flat[::2], flat[1::2], strict=True)]
