"""Runs by hour as drawings (SVG): the chart of a whole schedule, and a strip for each host.

Widths are shares of the time that is drawn, so that a drawing fits a screen of any width.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from syndicator.rules.sources.simulation.schedule_load import Hour, ScheduleLoad, peaks
from syndicator.rules.sources.simulation.special_times import SpecialKind

WIDTH, HEIGHT = 1000, 100
"""The view box of bars."""
_MOST_BARS = 168
"""A strip has no more bars; each then shows the busiest of some hours."""
_GAP = 0.15
"""Of a bar, the share that is left free beside it."""
_MOST_GAP = 6
_FEW_BARS = 80
"""With more bars there are no gaps."""
_MOST_BANDS = 20
_EDGE = 0.08
"""A word so near to an edge begins or ends there."""
_HOUR = timedelta(hours=1)
_WEEK = 7 * 24
_STEPS = ((14, 1), (30, 3), (78, 12), (200, 24))
"""Up to so many hours: hours between two marks; with more it is a week."""
_MOST_MAJOR = 4
"""Marks that a narrow screen has the room for."""


class Bars(Struct, frozen=True, kw_only=True):
    """The paths of bars."""

    usual: str
    peaks: str


class Mark(Struct, frozen=True, kw_only=True):
    """A place on the axis of time, with what stands there."""

    at: datetime
    x: str
    """In percent."""
    anchor: str
    """`start`, `middle` or `end`."""
    is_day: bool
    is_minor: bool = False
    """Whether only wide screens have the room for its words."""


class Band(Struct, frozen=True, kw_only=True):
    """A special time behind the bars; a moment is a line."""

    kind: SpecialKind
    x: float
    width: float


class Chart(Struct, frozen=True, kw_only=True):
    """Runs by hour over a whole time."""

    bars: Bars
    most: int
    marks: tuple[Mark, ...]
    peak: Mark | None
    """The first of the busiest hours."""
    peak_ends_at: datetime | None
    bands: tuple[Band, ...]


def chart_of(load: ScheduleLoad, zone: ZoneInfo) -> Chart:
    """Draw the hours of a load; marks are full hours of the clock in `zone`."""
    counts = [hour.runs for hour in load.hours]
    first = load.hours[counts.index(max(counts))] if peaks(load.hours, counts) else None
    peak = None
    if first is not None:
        middle = first.begins_at + (first.ends_at - first.begins_at) / 2
        peak = _mark(first.begins_at, _share(load, middle), is_day=False)
    return Chart(
        bars=bars_of(load.hours, counts),
        most=max(counts, default=0),
        marks=tuple(_marks(load, zone)),
        peak=peak,
        peak_ends_at=first.ends_at if first else None,
        bands=tuple(_bands(load)),
    )


def bars_of(hours: Sequence[Hour], counts: Sequence[int]) -> Bars:
    """Draw one bar for each hour that has a count."""
    most, marked = max(counts, default=0), peaks(hours, counts)
    begin, end = hours[0].begins_at, hours[-1].ends_at
    gap = _GAP if len(counts) <= _FEW_BARS else 0.0
    usual, highest = list[str](), list[str]()
    for place, (hour, count) in enumerate(zip(hours, counts, strict=True)):
        if not count:
            continue
        x = WIDTH * ((hour.begins_at - begin) / (end - begin))
        width = WIDTH * ((hour.ends_at - hour.begins_at) / (end - begin))
        width -= min(gap * width, _MOST_GAP)
        height = max(HEIGHT * count / most, 1)
        bar = f"M{x:.5g} {HEIGHT}v{-height:.3g}h{width:.4g}V{HEIGHT}z"
        (highest if place in marked else usual).append(bar)
    return Bars(usual="".join(usual), peaks="".join(highest))


def strip_of_host(hours: Sequence[Hour], counts: Sequence[int]) -> Bars:
    """Draw the runs of a host as a small strip."""
    size = -(-len(counts) // _MOST_BARS)
    places = range(0, len(counts), size)
    joined = [
        Hour(
            begins_at=hours[place].begins_at,
            ends_at=hours[min(place + size, len(hours)) - 1].ends_at,
            runs=max(counts[place : place + size]),
        )
        for place in places
    ]
    return bars_of(joined, [hour.runs for hour in joined])


def _share(load: ScheduleLoad, at: datetime) -> float:
    return min(max((at - load.since) / (load.until - load.since), 0.0), 1.0)


def _mark(at: datetime, share: float, *, is_day: bool, is_minor: bool = False) -> Mark:
    anchor = "start" if share < _EDGE else "end" if share > 1 - _EDGE else "middle"
    return Mark(at=at, x=f"{100 * share:.4g}%", anchor=anchor, is_day=is_day, is_minor=is_minor)


def _marks(load: ScheduleLoad, zone: ZoneInfo) -> Iterator[Mark]:
    hours = (load.until - load.since) / _HOUR
    step = next((step for most, step in _STEPS if hours <= most), _WEEK)
    marked = [
        hour.begins_at
        for hour in load.hours[1:]
        if (local := hour.begins_at.astimezone(zone)).minute == 0
        and (local.weekday() * 24 + local.hour) % step == 0
    ]
    major = -(-len(marked) // _MOST_MAJOR)
    for place, at in enumerate(marked):
        is_day = at.astimezone(zone).hour == 0
        yield _mark(at, _share(load, at), is_day=is_day, is_minor=place % major != 0)


def _bands(load: ScheduleLoad) -> Iterator[Band]:
    for special in load.special[:_MOST_BANDS]:
        left, right = (_share(load, at) for at in (special.begins_at, special.ends_at))
        yield Band(kind=special.kind, x=round(left * WIDTH, 1), width=round((right - left) * WIDTH, 1))
