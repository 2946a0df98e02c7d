"""How many requests may be under way at once, in all and per host; and how long one may take.

Waiting for a free connection is our own doing, so it is not charged to the request: its deadline runs
only while it works. Waiting has a limit of its own instead, so that every request ends.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

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
        gate = self._enter(host)
        try:
            await self._acquire(gate, host, waiting)
            try:
                yield
            finally:
                self._total.release()
                gate.semaphore.release()
        finally:
            self._leave(gate, host)

    async def _acquire(self, gate: _Gate, host: HostPort, waiting: Budget) -> None:
        if not (gate.semaphore.locked() or self._total.locked()):  # no need to watch the time
            await gate.semaphore.acquire()
            await self._total.acquire()
            return
        try:
            async with waiting.spend(), AsyncExitStack() as held:
                await held.enter_async_context(gate.semaphore)
                await self._total.acquire()
                held.pop_all()
        except TimeoutError as error:
            detail = f"Too many requests of our own are under way: the one to {host[0]} had no turn."
            raise EgressError(Reason.BUSY, detail) from error

    def _enter(self, host: HostPort) -> _Gate:
        gate = self._gates.get(host)
        if gate is None:
            gate = self._gates[host] = _Gate(self.limits.per_host or self.limits.total)
        gate.users += 1
        return gate

    def _leave(self, gate: _Gate, host: HostPort) -> None:
        gate.users -= 1
        if not gate.users:
            del self._gates[host]
