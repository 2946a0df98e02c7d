"""What all benchmarks share: time spent, medians of several turns, and how they are told."""

import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

TURNS = 5


class Spent:
    """Wall and processor time of this process, in seconds, summed over all blocks that were measured."""

    def __init__(self) -> None:
        self.wall_s = 0.0
        self.cpu_s = 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Add the time that the block takes."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall_s += time.perf_counter() - wall
        self.cpu_s += time.process_time() - cpu


def cpu_seconds(work: Callable[[], object], turns: int = TURNS) -> float:
    """Give the median processor time of one call."""
    spent = []
    for _ in range(turns):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return statistics.median(spent)


async def wall_seconds(work: Callable[[], Awaitable[object]], turns: int = TURNS) -> float:
    """Give the median time of one call; for work that waits for others."""
    spent = []
    for _ in range(turns):
        began = time.perf_counter()
        await work()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def tell(what: str, ours: float, floor: float, *, unit: str, against: str) -> None:
    """Print one line: our figure, the other's, and the ratio."""
    print(f"{what:<44} {ours:>10,.1f} {unit:<12} {against}: {floor:>10,.1f}   ratio {ours / floor:.2f}")
