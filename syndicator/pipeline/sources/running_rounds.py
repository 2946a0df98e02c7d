"""Rounds that are under way: their leases are extended, and those that take too long are ended.

Most rounds end within a second. So they set no timers of their own: one timer looks every few seconds at all
that are under way.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Self

from syndicator.errors import StoreError
from syndicator.model.clock import Clock
from syndicator.model.ids import SourceId
from syndicator.store.sources.sources import Sources


class RunningRound:
    """One round with its lease, as a context: the lease is extended while the body runs."""

    __slots__ = ("_limit", "_rounds", "_until", "source", "token")

    def __init__(self, rounds: "RunningRounds", source: SourceId, token: str) -> None:
        self.source = source
        self.token = token
        self._rounds = rounds
        self._limit: asyncio.Timeout | None = None
        self._until = 0.0

    def __enter__(self) -> Self:
        self._rounds.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._rounds.remove(self)

    def within(self, seconds: float) -> asyncio.Timeout:
        """Return a context that is cancelled, and raises TimeoutError, when its body takes longer than that.

        It is checked only every few seconds: what ends before sets no timer.
        """
        self._until = asyncio.get_running_loop().time() + seconds
        self._limit = asyncio.timeout(None)
        return self._limit

    def done(self) -> None:
        """Note that the body of `within` has ended."""
        self._limit = None

    def watch(self) -> None:
        """Set the timer of `within`, unless it is set already."""
        if self._limit is not None and self._limit.when() is None:
            self._limit.reschedule(self._until)


class RunningRounds:
    """All rounds of this process that are under way."""

    def __init__(self, sources: Sources, clock: Clock, *, lease: timedelta, every_s: float) -> None:
        """`every_s`: how often they are looked at; well below `lease`, the length of an extended lease."""
        self._sources = sources
        self._clock = clock
        self._lease = lease
        self._every_s = every_s
        self._rounds: set[RunningRound] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._extending: asyncio.Task[None] | None = None

    def round(self, source: SourceId, token: str) -> RunningRound:
        """Return the context that keeps a lease."""
        return RunningRound(self, source, token)

    def add(self, one: RunningRound) -> None:
        """Look after a round from now on."""
        self._rounds.add(one)
        if self._timer is None:
            self._wait()

    def remove(self, one: RunningRound) -> None:
        """Look after a round no longer. The timer stays: most likely another one begins before it fires."""
        self._rounds.discard(one)

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._rounds:
            return
        self._wait()
        for one in self._rounds:
            one.watch()
        if self._extending is None or self._extending.done():
            self._extending = asyncio.create_task(self._extend())

    async def _extend(self) -> None:
        kept = [(one.source, one.token) for one in self._rounds]
        with suppress(StoreError):  # the next look tries again
            await self._sources.extend_all(kept, self._clock(), self._lease)
