"""How all configured sources stand: what a page that shows a few of very many goes by.

Kept in memory. A state changes only when a round settles it, which nearly always gives the source another due
time. So each refresh compares the due times of all, and reads the states of those whose due time has changed,
and of the next `REREAD` in turn, whatever their due time.
"""

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from msgspec import Struct

from syndicator.background import meanwhile
from syndicator.errors import StoreUnavailable
from syndicator.model.clock import Clock, to_ms
from syndicator.model.ids import SourceId
from syndicator.model.source import Source
from syndicator.pipeline.ops.rotation import RoundRobin
from syndicator.rules.sources.health import HealthStanding, outlook
from syndicator.store.connection import pieces
from syndicator.store.sources.sources import STATES_AT_ONCE, Sources

REREAD = 1000
"""Sources that each refresh reads anyway. Where there are no more, everything is as of the call."""

FRESH_S = 5.0
"""How old may be what is known of more sources than `REREAD`."""

INTERVAL_S = 30.0
"""How often it is refreshed while nobody asks, so that little is left to read when somebody does."""

_WORST_FIRST = tuple(HealthStanding)
_RANKS = {standing: rank for rank, standing in enumerate(_WORST_FIRST)}
_LATE = _RANKS[HealthStanding.LATE]
_NEVER_MS = 2**63


class StandingCursor(Struct, frozen=True, kw_only=True):
    """Where a page begins: at the first source of a standing, or at this one or those behind it."""

    standing: HealthStanding
    source: SourceId | None = None


class StandingPage(Struct, frozen=True, kw_only=True):
    """Some of the sources, the worst first, else in the order of the configuration."""

    sources: Sequence[SourceId]
    next: StandingCursor | None
    """Where the next page begins; None: that was all."""
    counts: Mapping[HealthStanding, int]
    """How many of all sources stand how; the worst first, without zeros."""


class Standings:
    """The standing of each configured source."""

    def __init__(
        self, store: Sources, sources: Sequence[Source], clock: Clock, fresh_s: float = FRESH_S
    ) -> None:
        self._store = store
        self._sources = sources
        self._clock = clock
        self._fresh_s = fresh_s
        self._places = {source.id.encode(): place for place, source in enumerate(sources)}
        # By place. A due time stands as Redis gives it; None: the state has not been read yet.
        self._due: list[bytes | None] = [None] * len(sources)
        self._ranks = [0] * len(sources)
        self._late_ms = [_NEVER_MS] * len(sources)
        self._reread = RoundRobin(range(len(sources)), REREAD)
        self._turn = asyncio.Lock()
        self._fresh_until_s = 0.0

    async def page(self, begin: StandingCursor | None, limit: int) -> StandingPage:
        """Return the sources from a place on, and how many of all stand how."""
        await self._refresh()
        groups = self._groups()
        rows = [(rank, place) for rank, group in enumerate(groups) for place in group]
        first = bisect_left(rows, self._row(begin)) if begin else 0
        found, rest = rows[first : first + limit], rows[first + limit :]
        return StandingPage(
            sources=[self._sources[place].id for _, place in found],
            next=self._spot(*rest[0]) if rest else None,
            counts={_WORST_FIRST[rank]: len(group) for rank, group in enumerate(groups) if group},
        )

    @asynccontextmanager
    async def keeping_up(self) -> AsyncIterator[None]:
        """Refresh now and then as long as this is open, where reading all at once would take long."""
        if len(self._sources) <= REREAD:
            yield
            return
        async with meanwhile(self._keep_up(), "standings"):
            yield

    async def _keep_up(self) -> None:
        while True:
            with suppress(StoreUnavailable):
                await self._refresh()
            await asyncio.sleep(INTERVAL_S)

    async def _refresh(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._turn:
            if loop.time() < self._fresh_until_s:
                return
            due = await self._moved()
            wanted = {*due, *self._reread.take()}
            wanted.update(place for place, known in enumerate(self._due) if known is None)
            for part in pieces(sorted(wanted), STATES_AT_ONCE):
                await self._read(part, due)
            if len(self._sources) > REREAD:
                self._fresh_until_s = loop.time() + self._fresh_s

    async def _moved(self) -> dict[int, bytes]:
        """Return the due times that are other ones than when the state was read."""
        moved: dict[int, bytes] = {}
        async for piece in self._store.due_times():
            for name, due in piece:
                place = self._places.get(name)
                if place is not None and self._due[place] != due:
                    moved[place] = due
        return moved

    async def _read(self, places: Sequence[int], due: Mapping[int, bytes]) -> None:
        states = await self._store.states([self._sources[place].id for place in places])
        for place, state in zip(places, states, strict=True):
            seen = outlook(self._sources[place], state)
            self._ranks[place] = _RANKS[seen.kind]
            self._late_ms[place] = to_ms(seen.late_after) if seen.late_after else _NEVER_MS
            self._due[place] = due.get(place, self._due[place] or b"")

    def _groups(self) -> list[list[int]]:
        """Return the places of the sources of each standing."""
        now_ms = to_ms(self._clock())
        groups: list[list[int]] = [[] for _ in _WORST_FIRST]
        for place, (rank, late_ms) in enumerate(zip(self._ranks, self._late_ms, strict=True)):
            groups[_LATE if late_ms < now_ms else rank].append(place)
        return groups

    def _row(self, spot: StandingCursor) -> tuple[int, int]:
        place = self._places.get(spot.source.encode(), 0) if spot.source else 0
        return _RANKS[spot.standing], place

    def _spot(self, rank: int, place: int) -> StandingCursor:
        return StandingCursor(standing=_WORST_FIRST[rank], source=self._sources[place].id)
