"""What both services are measured by: rounds over all feeds, their processor and wall time."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from msgspec import Struct

_LOOK_S = 0.02


class Spent(Struct, frozen=True, kw_only=True):
    """Processor time of the processes of a service since their start, in seconds."""

    service_s: float
    store_s: float


class Figures(Struct, frozen=True, kw_only=True):
    """What one round over all feeds took."""

    wall_s: float
    service_s: float
    store_s: float
    failed: int = 0
    """Rounds of feeds that failed."""

    @property
    def cpu_s(self) -> float:
        """The processor time of service and store."""
        return self.service_s + self.store_s


class Results(Struct, frozen=True, kw_only=True):
    """What a run has measured, to be kept in a file."""

    feeds: int
    topics: int
    services: dict[str, dict[str, Figures]]
    """Figures by service and phase."""


class Peer(Protocol):
    """A running service, which gathers when the benchmark makes its feeds due."""

    async def refresh(self) -> Figures:
        """Have every feed gathered once; measure from when all are due until all is done."""

    async def articles(self) -> int:
        """Count the articles that it has."""


class Watch:
    """Measures from its making on."""

    def __init__(self, spent: Callable[[], Spent]) -> None:
        self._spent = spent
        self._before = spent()
        self._began = time.perf_counter()

    def figures(self) -> Figures:
        """Return what was spent until now; `failed` is 0, callers count failures themselves."""
        wall_s, now = time.perf_counter() - self._began, self._spent()
        return Figures(
            wall_s=wall_s,
            service_s=now.service_s - self._before.service_s,
            store_s=now.store_s - self._before.store_s,
        )


async def done(is_done: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so, looking often at first, then after each hundredth of the time that has passed.

    Looking costs the store a little, which counts as the service's.
    """
    began = time.perf_counter()
    while not await is_done():  # noqa: ASYNC110 -- a store has no event of ours
        await asyncio.sleep(max(_LOOK_S, (time.perf_counter() - began) / 100))


def median_of(rounds: Sequence[Figures]) -> Figures:
    """Return the medians of several rounds, and the sum of the failures."""
    return Figures(
        wall_s=statistics.median(one.wall_s for one in rounds),
        service_s=statistics.median(one.service_s for one in rounds),
        store_s=statistics.median(one.store_s for one in rounds),
        failed=sum(one.failed for one in rounds),
    )


async def rounds_of(peer: Peer, count: int, before: Callable[[], Awaitable[object]] | None = None) -> Figures:
    """Measure some rounds; `before` each, the world may be changed."""
    rounds = []
    for _ in range(count):
        if before is not None:
            await before()
        rounds.append(await peer.refresh())
    return median_of(rounds)
