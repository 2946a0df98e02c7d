"""Courses as the paths of small drawings (SVG), in units of their own view boxes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.ids import ArticleId
from syndicator.pipeline.feeds.page_details import RankHistory
from syndicator.rules.popularity.rank_history import Point, turns

SPARK_WIDTH, SPARK_HEIGHT = 120, 28
CHART_WIDTH, CHART_HEIGHT = 600, 160
_INSET = 3
_LEAST_SPAN = timedelta(hours=1)
"""So long the axis of time is at least: a minute must not look like a day."""
_LEAST_SHARE = 0.05
"""Of the axis of time: a rank history spans at least this time."""
_LEAST_RANKS = 5
_LEAST_MOVED = 0.25
"""Of the highest score: a sparkline is as high as that at least, so that small changes look small."""
_STEADY = 0.03
"""Of the higher score: what moved less than that is steady."""
_ROWS = 40
_LEAST_NOTES = 3
"""A sparkline has at least as many: two points are a stroke in which nobody sees a course."""

Stretches = Sequence[Sequence[Point]]


class Spark(Struct, frozen=True, kw_only=True):
    """How the score of one entry went; the axis of time is that of its whole list."""

    path: str
    x: float
    y: float
    """Where it stands now."""
    since: datetime
    trend: str
    """`up`, `down` or `steady`."""


class RankChart(Struct, frozen=True, kw_only=True):
    """Ranks over time; the first place is on top."""

    path: str
    start: datetime
    end: datetime
    best: Point
    worst: int
    """The rank at the bottom of the chart."""
    rows: tuple[Point, ...]
    """Since when it had which rank, the newest first."""


class _Axes(Struct, frozen=True, kw_only=True):
    start: datetime
    end: datetime
    top: float
    """The value at the top."""
    bottom: float
    width: int
    height: int

    def x(self, at: datetime) -> float:
        return round(_INSET + (self.width - 2 * _INSET) * ((at - self.start) / (self.end - self.start)), 1)

    def y(self, value: float) -> float:
        share = (value - self.top) / (self.bottom - self.top) if self.bottom != self.top else 0.5
        return round(_INSET + (self.height - 2 * _INSET) * share, 1)


def sparks(rank_histories: Mapping[ArticleId, RankHistory]) -> Mapping[ArticleId, Spark]:
    """Draw the scores of a list on one axis of time; leave out articles with too few scores for a line."""
    noted = {one: rank_history.scores for one, rank_history in rank_histories.items() if rank_history.scores}
    if not noted:
        return {}
    start, end = _span([point for stretches in noted.values() for point in _points(stretches)])
    least = _LEAST_SHARE * (end - start)
    return {
        one: _spark(stretches, start, end)
        for one, stretches in noted.items()
        if len(_points(stretches)) >= _LEAST_NOTES and stretches[-1][-1].at - stretches[0][0].at >= least
    }


def rank_chart(rank_history: RankHistory) -> RankChart | None:
    """Draw ranks as steps; None where there are none."""
    points = _points(rank_history.ranks)
    if not points:
        return None
    start, end = _span(points)
    worst = max(_LEAST_RANKS, *(int(point.value) for point in points))
    axes = _Axes(start=start, end=end, top=1, bottom=worst, width=CHART_WIDTH, height=CHART_HEIGHT)
    changes = [point for stretch in rank_history.ranks for point in turns(stretch)]
    return RankChart(
        path="".join(_steps(stretch, axes) for stretch in rank_history.ranks),
        start=start,
        end=end,
        best=min(points, key=lambda point: point.value),
        worst=worst,
        rows=tuple(reversed(changes))[:_ROWS],
    )


def _spark(stretches: Stretches, start: datetime, end: datetime) -> Spark:
    values = [point.value for point in _points(stretches)]
    top, bottom = max(values), min(values)
    margin = max(0, _LEAST_MOVED * top - (top - bottom)) / 2
    axes = _Axes(
        start=start,
        end=end,
        top=top + margin,
        bottom=bottom - margin,
        width=SPARK_WIDTH,
        height=SPARK_HEIGHT,
    )
    first, last = stretches[0][0], stretches[-1][-1]
    return Spark(
        path="".join(_line(stretch, axes) for stretch in stretches),
        x=axes.x(last.at),
        y=axes.y(last.value),
        since=first.at,
        trend=_trend(first.value, last.value),
    )


def _trend(first: float, last: float) -> str:
    if abs(last - first) <= _STEADY * max(first, last):
        return "steady"
    return "up" if last > first else "down"


def _points(stretches: Stretches) -> list[Point]:
    return [point for stretch in stretches for point in stretch]


def _span(points: Sequence[Point]) -> tuple[datetime, datetime]:
    start, end = min(point.at for point in points), max(point.at for point in points)
    return min(start, end - _LEAST_SPAN), end


def _line(stretch: Sequence[Point], axes: _Axes) -> str:
    first, *others = (f"{axes.x(point.at):g} {axes.y(point.value):g}" for point in stretch)
    return f"M{first}" + ("".join(f"L{place}" for place in others) or "h.01")


def _steps(stretch: Sequence[Point], axes: _Axes) -> str:
    """A rank holds until the next note."""
    first, *others = stretch
    path = f"M{axes.x(first.at):g} {axes.y(first.value):g}"
    steps = (f"H{axes.x(point.at):g}V{axes.y(point.value):g}" for point in others)
    return path + ("".join(steps) or "h.01")
