"""The standings of all configured sources, for paginated lists that show the worst first.

They are kept in memory. A state changes only when a round settles it, which nearly always changes the due
time of the source. So each refresh compares the due times of all sources, and reads the states of those whose
due time has changed, and of the next `REREAD` in rotation; of all, where a pause began or ended.
"""

import asyncio
from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import cached_property
from itertools import islice
from urllib.parse import urlsplit

from msgspec import Struct

from syndicator.background import meanwhile
from syndicator.errors import StoreUnavailable
from syndicator.model.clock import Clock, to_ms
from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.model.ops.states import SourceStanding
from syndicator.model.source import Source, SourceState
from syndicator.model.sources.freshness import FreshnessStanding
from syndicator.pipeline.ops.rotation import RoundRobin
from syndicator.rules.sources.freshness import standing_of
from syndicator.rules.sources.health import failed_rounds, outlook
from syndicator.store.connection import pieces
from syndicator.store.sources.source_queue import STATES_AT_ONCE, SourceQueue

REREAD = 1000
"""Sources that each refresh reads in any case. With no more sources than that, all standings are current."""

FRESH_S = 5.0
"""Longest age of the standings, in seconds, with more sources than `REREAD`."""

INTERVAL_S = 30.0
"""Seconds between two refreshes without a request, so that a request finds little left to read."""

_WORST_FIRST = tuple(SourceStanding)
_RANKS = {standing: rank for rank, standing in enumerate(_WORST_FIRST)}
_LATE = _RANKS[SourceStanding.LATE]
_NEVER_MS = 2**63
_FAILS = frozenset({SourceStanding.FAILING, SourceStanding.STOPPED})


class StandingCursor(Struct, frozen=True, kw_only=True):
    """The begin of a page: the first source of a standing, or the given source of it."""

    standing: SourceStanding
    source: SourceId | None = None


class SourceFilter(Struct, frozen=True, kw_only=True):
    """Which sources are listed; what is empty passes all."""

    standings: Collection[SourceStanding] = ()
    group: str = ""
    words: str = ""
    """Words that all occur in the id, the title or the host."""


ALL_SOURCES = SourceFilter()


class StandingPage(Struct, frozen=True, kw_only=True):
    """A page of sources, worst standing first, within a standing in the order of the configuration."""

    sources: Sequence[SourceId]
    next: StandingCursor | None
    """The begin of the next page; None on the last page."""
    counts: Mapping[SourceStanding, int]
    """The number of sources by standing, worst first, without zeros; also of standings that are left out."""


class SourceMeasure(Struct, frozen=True, kw_only=True):
    """What metrics say of a source."""

    source: SourceId
    standing: SourceStanding
    last_success_s: float
    last_failure_s: float
    """Unix times; 0: never."""
    failed_rounds: int = 0
    """In a row; 0 for a source that is paused."""
    reason: str = ""
    """Why the last of them failed."""
    fresh: FreshnessStanding | None = None
    """How it stands against its objective, where it has one."""


class Standings:
    """The standing of each configured source."""

    def __init__(
        self, store: SourceQueue, sources: Sequence[Source], clock: Clock, fresh_s: float = FRESH_S
    ) -> None:
        self._store = store
        self._sources = sources
        self._clock = clock
        self._fresh_s = fresh_s
        self._positions = {source.id.encode(): position for position, source in enumerate(sources)}
        # By position. A due time as Redis returns it; None: the state has not been read yet.
        self._due: list[bytes | None] = [None] * len(sources)
        self._ranks = [0] * len(sources)
        self._late_ms = [_NEVER_MS] * len(sources)
        self._success_s, self._failure_s = (array("d", [0.0]) * len(sources) for _ in range(2))
        self._failures: dict[int, tuple[int, str]] = {}
        self._fresh: dict[int, FreshnessStanding] = {}
        self._pauses: Sequence[Pause] = ()
        self._reread = RoundRobin(range(len(sources)), REREAD)
        self._turn = asyncio.Lock()
        self._fresh_until_s = 0.0

    async def page(
        self, begin: StandingCursor | None, limit: int, wanted: SourceFilter = ALL_SOURCES
    ) -> StandingPage:
        """Return at most `limit` of the wanted sources from `begin` on, with the counts of all standings."""
        await self._refresh()
        groups = self._groups(self._matching(wanted))
        ranks = {_RANKS[standing] for standing in wanted.standings or _WORST_FIRST}
        ordered = [
            (rank, position) for rank, group in enumerate(groups) if rank in ranks for position in group
        ]
        first = bisect_left(ordered, self._key(begin)) if begin else 0
        page, rest = ordered[first : first + limit], ordered[first + limit :]
        return StandingPage(
            sources=[self._sources[position].id for _, position in page],
            next=self._cursor(*rest[0]) if rest else None,
            counts={_WORST_FIRST[rank]: len(group) for rank, group in enumerate(groups) if group},
        )

    async def measures(self, limit: int) -> tuple[Mapping[SourceStanding, int], list[SourceMeasure]]:
        """Return the number of sources of each standing, and at most `limit` sources, the worst first."""
        await self._refresh()
        groups = dict(zip(_WORST_FIRST, self._groups(range(len(self._sources))), strict=True))
        ordered = ((standing, position) for standing, group in groups.items() for position in group)
        counts = {standing: len(group) for standing, group in groups.items()}
        return counts, [self._measure(*place) for place in islice(ordered, limit)]

    async def by_group(self) -> Mapping[str, Mapping[SourceStanding, int]]:
        """Return the number of sources of each group by standing, worst first, without zeros."""
        await self._refresh()
        counts: dict[str, dict[SourceStanding, int]] = {}
        for rank, positions in enumerate(self._groups(range(len(self._sources)))):
            for position in positions:
                if group := self._sources[position].group:
                    of_group = counts.setdefault(group, {})
                    of_group[_WORST_FIRST[rank]] = of_group.get(_WORST_FIRST[rank], 0) + 1
        return counts

    def _measure(self, standing: SourceStanding, position: int) -> SourceMeasure:
        failed, reason = self._failures.get(position, (0, ""))
        return SourceMeasure(
            source=self._sources[position].id,
            standing=standing,
            last_success_s=self._success_s[position],
            last_failure_s=self._failure_s[position],
            failed_rounds=failed,
            reason=reason,
            fresh=self._fresh.get(position),
        )

    @asynccontextmanager
    async def keeping_up(self) -> AsyncIterator[None]:
        """Refresh before this opens and every INTERVAL_S while it is, if there are more sources than REREAD.

        So no request waits until all states have been read.
        """
        if len(self._sources) <= REREAD:
            yield
            return
        with suppress(StoreUnavailable):
            await self._refresh()
        async with meanwhile(self._keep_up(), "standings"):
            yield

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_S)
            with suppress(StoreUnavailable):
                await self._refresh()

    async def _refresh(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._turn:
            if loop.time() < self._fresh_until_s:
                return
            due = await self._moved()
            wanted = {*due, *self._reread.take()}
            wanted.update(position for position, known in enumerate(self._due) if known is None)
            pauses = await self._store.pauses.all(self._clock())
            if pauses != self._pauses:
                wanted.update(range(len(self._sources)))
            for part in pieces(sorted(wanted), STATES_AT_ONCE):
                await self._read(part, due)
            self._pauses = pauses
            if len(self._sources) > REREAD:
                self._fresh_until_s = loop.time() + self._fresh_s

    async def _moved(self) -> dict[int, bytes]:
        """Return the due times that have changed since the state was read, by position."""
        moved: dict[int, bytes] = {}
        async for piece in self._store.due_times():
            for name, due in piece:
                position = self._positions.get(name)
                if position is not None and self._due[position] != due:
                    moved[position] = due
        return moved

    async def _read(self, positions: Sequence[int], due: Mapping[int, bytes]) -> None:
        named = [(self._sources[position].id, self._sources[position]) for position in positions]
        states = await self._store.states([name for name, _ in named])
        states = await self._store.pauses.applied(named, states, self._clock())
        for position, state in zip(positions, states, strict=True):
            seen = outlook(self._sources[position], state)
            self._ranks[position] = _RANKS[seen.kind]
            self._late_ms[position] = to_ms(seen.late_after) if seen.late_after else _NEVER_MS
            self._due[position] = due.get(position, self._due[position] or b"")
            self._note(position, seen.kind, state)

    def _note(self, position: int, standing: SourceStanding, state: SourceState) -> None:
        """Remember of a state what metrics say of it."""
        self._success_s[position] = _unix(state.last_success_at)
        self._failure_s[position] = _unix(state.last_failure_at)
        self._failures.pop(position, None)
        self._fresh.pop(position, None)
        if standing in _FAILS:
            reason = state.failure.reason if state.failure else "unknown"
            self._failures[position] = (failed_rounds(state), reason)
        if (fresh := standing_of(self._sources[position], state, self._clock())) is not None:
            self._fresh[position] = fresh

    def _matching(self, wanted: SourceFilter) -> Iterable[int]:
        """Return the positions of the sources of a group with all of some words."""
        words = wanted.words.lower().split()
        if not words and not wanted.group:
            return range(len(self._sources))
        return [
            position
            for position, (source, text) in enumerate(zip(self._sources, self._texts, strict=True))
            if (not wanted.group or source.group == wanted.group) and all(word in text for word in words)
        ]

    @cached_property
    def _texts(self) -> list[str]:
        """What words are looked for in, by position."""
        return [f"{one.id}\n{one.title}\n{urlsplit(one.url).hostname}".lower() for one in self._sources]

    def _groups(self, positions: Iterable[int]) -> list[list[int]]:
        """Return these positions by the standing of their sources, worst first."""
        now_ms = to_ms(self._clock())
        groups: list[list[int]] = [[] for _ in _WORST_FIRST]
        for position in positions:
            is_late = self._late_ms[position] < now_ms
            groups[_LATE if is_late else self._ranks[position]].append(position)
        return groups

    def _key(self, cursor: StandingCursor) -> tuple[int, int]:
        position = self._positions.get(cursor.source.encode(), 0) if cursor.source else 0
        return _RANKS[cursor.standing], position

    def _cursor(self, rank: int, position: int) -> StandingCursor:
        return StandingCursor(standing=_WORST_FIRST[rank], source=self._sources[position].id)


def _unix(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
