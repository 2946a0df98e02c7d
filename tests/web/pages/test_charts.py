import re
from datetime import timedelta

from support import NOON

from syndicator.model.ids import ArticleId, FeedId
from syndicator.pipeline.feeds.page_details import RankHistory
from syndicator.rules.popularity.rank_history import Point
from syndicator.web.pages.charts import CHART_HEIGHT, CHART_WIDTH, SPARK_WIDTH, rank_chart, sparks

ONE, TWO, THREE = ArticleId("one"), ArticleId("two"), ArticleId("three")
HOUR = timedelta(hours=1)


def points(*values: float, start: int = 0) -> tuple[Point, ...]:
    return tuple(Point(at=NOON + at * HOUR, value=value) for at, value in enumerate(values, start))


def rank_history(*scores: tuple[Point, ...]) -> RankHistory:
    return RankHistory(feed=FeedId("popular"), scores=scores)


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


def test_sparklines_of_one_list_share_the_axis_of_time() -> None:
    drawn = sparks({ONE: rank_history(points(1, 2, 3)), TWO: rank_history(points(5, 4.5, 4, start=1))})
    first, second = places(drawn[ONE].path), places(drawn[TWO].path)
    assert [x for x, _ in first] == [3, 41, 79]
    assert [x for x, _ in second] == [41, 79, SPARK_WIDTH - 3]
    assert first[0][1] > first[1][1] > first[2][1], "what rises goes up"
    assert (drawn[ONE].x, drawn[ONE].y) == first[-1]
    assert (drawn[ONE].trend, drawn[TWO].trend) == ("up", "down")
    assert drawn[TWO].since == NOON + HOUR


def test_a_small_change_looks_small() -> None:
    drawn = sparks({ONE: rank_history(points(100, 100, 101))})[ONE]
    (_, first), _, (_, last) = places(drawn.path)
    assert 0 < first - last < 2
    assert drawn.trend == "steady"


def test_zero_all_along_is_a_line_in_the_middle() -> None:
    drawn = sparks({ONE: rank_history(points(0, 0, 0))})[ONE]
    assert {y for _, y in places(drawn.path)} == {14}


def test_a_sparkline_stops_where_the_article_was_in_no_list() -> None:
    drawn = sparks({ONE: rank_history(points(1, 2), points(3, start=8))})[ONE]
    assert drawn.path.count("M") == 2
    assert drawn.path.endswith("h.01"), "a single note is a dot"


def test_two_notes_are_no_course() -> None:
    assert sparks({ONE: rank_history(points(1, 2))}) == {}
    assert (
        sparks(
            {ONE: rank_history(points(1)), TWO: rank_history(), THREE: RankHistory(feed=FeedId("popular"))}
        )
        == {}
    )
    assert sparks({}) == {}


def test_ranks_are_steps_with_the_first_place_on_top() -> None:
    ranks = RankHistory(feed=FeedId("popular"), ranks=(points(9, 1, 1, 3), points(2, start=9)))
    chart = rank_chart(ranks)
    assert chart is not None
    assert chart.path.startswith(f"M3 {CHART_HEIGHT - 3}H"), "the worst is at the bottom"
    assert "V3H" in chart.path, "the first is on top"
    assert chart.path.endswith(f"M{CHART_WIDTH - 3} 22.2h.01")
    assert (chart.worst, chart.best.value, chart.best.at) == (9, 1, NOON + HOUR)
    assert [point.value for point in chart.rows] == [2, 3, 1, 9], "the newest first, each change once"
    assert (chart.start, chart.end) == (NOON, NOON + 9 * HOUR)


def test_a_minute_does_not_look_like_a_day_nor_two_places_like_a_fall() -> None:
    chart = rank_chart(RankHistory(feed=FeedId("popular"), ranks=(points(1),)))
    assert chart is not None
    assert (chart.worst, chart.start) == (5, NOON - HOUR)
    assert rank_chart(RankHistory(feed=FeedId("popular"))) is None
