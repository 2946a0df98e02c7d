"""How many requests may be under way at once, in all and per host; and how long one may take.

Waiting for a free connection is our own doing, so it is not charged to the request: its deadline runs
only while it works. Waiting has a limit of its own instead, so that every request ends.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from types import TracebackType

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
    """How long one request waits for a slot at most, over all its redirects."""


class Budget:
    """Seconds that may be spent in pieces."""

    def __init__(self, seconds: float) -> None:
        self._left_s = seconds

    def spend(self) -> "_Spending":
        """Run the body on this budget; raises TimeoutError when it is used up."""
        return _Spending(self)


class _Spending:
    """A piece of a budget. A class and no generator: it is made for every request."""

    __slots__ = ("_began", "_budget", "_timeout")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    async def __aenter__(self) -> None:
        self._began = time.monotonic()
        self._timeout = asyncio.timeout(self._budget._left_s)  # noqa: SLF001 — both are one thing
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._budget._left_s -= time.monotonic() - self._began  # noqa: SLF001
        await self._timeout.__aexit__(kind, error, trace)


class _Gate:
    """The semaphore of one host, and how many hold it or wait for it."""

    def __init__(self, places: int) -> None:
        self.semaphore = asyncio.Semaphore(places)
        self.users = 0


class Slots:
    """Hands out slots, first come first served per host. A busy host takes none of the total by waiting."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._total = asyncio.Semaphore(limits.total)
        self._gates: dict[HostPort, _Gate] = {}

    def hold(self, host: HostPort, waiting: Budget) -> "_Slot":
        """Hold a slot for one host while the body runs.

        Raises EgressError(busy) when `waiting` is used up before a slot is free.
        """
        return _Slot(self, host, waiting)

    async def acquire(self, gate: "_Gate", host: HostPort, waiting: Budget) -> None:
        """Wait for a slot of a host that was entered."""
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
            detail = f"Too many requests of our own are under way: the one to {host[0]} got no slot."
            raise EgressError(Reason.BUSY, detail) from error

    def release(self, gate: "_Gate") -> None:
        self._total.release()
        gate.semaphore.release()

    def enter(self, host: HostPort) -> "_Gate":
        """Count one more who holds or waits for a slot of a host."""
        gate = self._gates.get(host)
        if gate is None:
            gate = self._gates[host] = _Gate(self.limits.per_host or self.limits.total)
        gate.users += 1
        return gate

    def leave(self, gate: "_Gate", host: HostPort) -> None:
        """Count one less."""
        gate.users -= 1
        if not gate.users:
            del self._gates[host]


class _Slot:
    """One slot that is held. A class and no generator: it is made for every request."""

    __slots__ = ("_gate", "_host", "_slots", "_waiting")

    def __init__(self, slots: Slots, host: HostPort, waiting: Budget) -> None:
        self._slots = slots
        self._host = host
        self._waiting = waiting

    async def __aenter__(self) -> None:
        self._gate = self._slots.enter(self._host)
        try:
            await self._slots.acquire(self._gate, self._host, self._waiting)
        except BaseException:
            self._slots.leave(self._gate, self._host)
            raise

    async def __aexit__(self, *_: object) -> None:
        self._slots.release(self._gate)
        self._slots.leave(self._gate, self._host)
