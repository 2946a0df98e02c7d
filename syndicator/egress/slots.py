"""How many requests may be under way at once, in all and per host; and how long one may take.

Waiting for a free connection is our own doing, so it is not charged to the request: its deadline runs
only while it works. Waiting has a limit of its own instead, so that every request ends.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from msgspec import Struct

from syndicator.errors import EgressError
from syndicator.model.fetch import Reason

HostPort = tuple[str, int]


class ConnectionLimits(Struct, frozen=True, kw_only=True):
    """How many requests are under way at once."""

    total: int
    per_host: int
    """Per host and port; 0 means no limit but `total`."""
    wait_s: float
    """How long one request waits for its turn at most, over all its redirects."""


class Budget:
    """Seconds that may be spent in pieces."""

    def __init__(self, seconds: float) -> None:
        self._left_s = seconds

    @asynccontextmanager
    async def spend(self) -> AsyncIterator[None]:
        """Run the body on this budget; raises TimeoutError when it is used up."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left_s):
                yield
        finally:
            self._left_s -= time.monotonic() - began


class _Gate:
    """The semaphore of one host, and how many hold it or wait for it."""

    def __init__(self, places: int) -> None:
        self.semaphore = asyncio.Semaphore(places)
        self.users = 0


class Slots:
    """Gives out turns, first come first served per host. A busy host takes none of the total by waiting."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._total = asyncio.Semaphore(limits.total)
        self._gates: dict[HostPort, _Gate] = {}

    @asynccontextmanager
    async def hold(self, host: HostPort, waiting: Budget) -> AsyncIterator[None]:
        """Hold a turn for one host while the body runs.

        Raises EgressError(busy) when `waiting` is used up before the turn comes.
        """
        with self._gate(host) as gate:
            turns = [gate.semaphore, self._total] if gate is not None else [self._total]
            try:
                await _acquire(turns, waiting)
            except TimeoutError as error:
                detail = f"Too many requests of our own are under way: the one to {host[0]} had no turn."
                raise EgressError(Reason.BUSY, detail) from error
            try:
                yield
            finally:
                for turn in turns:
                    turn.release()

    @contextmanager
    def _gate(self, host: HostPort) -> Iterator[_Gate | None]:
        if not self.limits.per_host:
            yield None
            return
        gate = self._gates.get(host)
        if gate is None:
            gate = self._gates[host] = _Gate(self.limits.per_host)
        gate.users += 1
        try:
            yield gate
        finally:
            gate.users -= 1
            if not gate.users:
                del self._gates[host]


async def _acquire(turns: list[asyncio.Semaphore], waiting: Budget) -> None:
    """Take all of them, in order, or none; raises TimeoutError when `waiting` is used up before."""
    if not any(turn.locked() for turn in turns):
        for turn in turns:
            await turn.acquire()  # which does not wait, so no other task can come between
        return
    async with waiting.spend(), AsyncExitStack() as held:
        for turn in turns:
            await held.enter_async_context(turn)
        held.pop_all()
