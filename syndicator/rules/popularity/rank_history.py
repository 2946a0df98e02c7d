"""How ranks and scores went over time: from notes to lines that may be interrupted."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec import Struct


class Point(Struct, frozen=True, kw_only=True):
    """A value at an instant."""

    at: datetime
    value: float


def best_at_each_instant(points: Iterable[Point]) -> tuple[Point, ...]:
    """Return the lowest value of each instant (1 is the first place), the earliest first."""
    best: dict[datetime, Point] = {}
    for point in points:
        known = best.get(point.at)
        if known is None or point.value < known.value:
            best[point.at] = point
    return tuple(best[at] for at in sorted(best))


def stretches(points: Sequence[Point], longest_gap: timedelta) -> tuple[tuple[Point, ...], ...]:
    """Part points where nothing was noted for longer than that: meanwhile it stood in no list."""
    if not points:
        return ()
    starts = [0]
    starts += [at for at, (one, other) in enumerate(pairwise(points), 1) if other.at - one.at > longest_gap]
    ends = [*starts[1:], len(points)]
    return tuple(tuple(points[start:end]) for start, end in zip(starts, ends, strict=True))


def turns(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return the points whose value is not that of the one before."""
    return tuple(points[:1]) + tuple(other for one, other in pairwise(points) if one.value != other.value)
