"""What all benchmarks share: medians of several turns, and how they are told."""

import statistics
import time
from collections.abc import Awaitable, Callable

TURNS = 5


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
