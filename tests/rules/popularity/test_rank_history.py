from datetime import timedelta

from support import NOON

from syndicator.rules.popularity.rank_history import Point, best_at_each_instant, stretches, turns

TEN = timedelta(minutes=10)


def course(*values: float | None) -> list[Point]:
    """Give points ten minutes apart; None where nothing was noted."""
    return [Point(at=NOON + at * TEN, value=value) for at, value in enumerate(values) if value is not None]


def values(points: tuple[Point, ...]) -> list[float]:
    return [point.value for point in points]


def test_the_best_of_each_instant_in_the_order_of_time() -> None:
    assert values(best_at_each_instant([*course(3, 1, 7), *reversed(course(5, 4, 2))])) == [3, 1, 2]


def test_what_left_the_list_and_came_back_has_two_stretches() -> None:
    found = stretches(course(1, 2, None, None, None, 3, None, 4), 2.5 * TEN)
    assert [values(stretch) for stretch in found] == [[1, 2], [3, 4]]
    assert stretches([], TEN) == ()
    assert [values(one) for one in stretches(course(9), TEN)] == [[9]]


def test_turns_are_where_the_value_changes() -> None:
    assert values(turns(course(4, 4, 2, 2, 4))) == [4, 2, 4]
    assert turns([]) == ()
