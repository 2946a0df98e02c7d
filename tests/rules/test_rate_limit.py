"""So many at once, and then one in each interval."""

import pytest

from syndicator.rules.rate_limit import RateLimit


class Seconds:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_a_bucket_fills_again_at_its_rate() -> None:
    seconds = Seconds()
    limit = RateLimit[str].a_minute(6, seconds)
    assert [limit.take("a") for _ in range(6)] == [0.0] * 6
    assert limit.take("a") == pytest.approx(10.0)
    seconds.now += 4
    assert limit.take("a") == pytest.approx(6.0), "who is refused has not used anything"
    seconds.now += 6
    assert limit.take("a") == 0.0
    assert limit.take("a") == pytest.approx(10.0)
    seconds.now += 3600
    assert [limit.take("a") for _ in range(7)][-1] == pytest.approx(10.0), "never more than full"


@pytest.mark.parametrize("interval_s", [6.0, 1 / 3, 0.5])
def test_one_comes_exactly_when_it_was_said_to(interval_s: float) -> None:
    seconds = Seconds(1_790_000_000.123)  # as of a clock: a float has few digits left behind the point
    limit = RateLimit[str](3, interval_s, seconds)
    assert [limit.take("a") for _ in range(3)] == [0.0] * 3
    for _ in range(100):
        wait_s = limit.take("a")
        assert 0 < wait_s < interval_s + 1e-5
        seconds.now += wait_s
        assert limit.take("a") == 0.0


def test_looking_counts_nothing() -> None:
    limit = RateLimit[str](1, 6.0, Seconds())
    assert [limit.wait_s("a") for _ in range(3)] == [0.0] * 3
    limit.take("a")
    assert limit.wait_s("a") == pytest.approx(6.0)


def test_keys_are_counted_apart() -> None:
    limit = RateLimit[tuple[str, str]].a_minute(1, Seconds())
    assert [limit.take(key) for key in (("a", "x"), ("a", "y"), ("b", "x"))] == [0.0] * 3
    assert limit.take(("a", "x")) > 0


def test_zero_is_no_limit() -> None:
    limit = RateLimit[str].a_minute(0, Seconds())
    assert {limit.take("a") for _ in range(1000)} == {0.0}


def test_a_clock_that_is_put_back_gives_nothing_and_makes_nobody_wait_for_long() -> None:
    seconds = Seconds()
    limit = RateLimit[str](10, 6.0, seconds)
    for _ in range(10):
        limit.take("a")
    seconds.now -= 86_400
    assert limit.take("a") == pytest.approx(6.0)
    seconds.now += 6
    assert limit.take("a") == 0.0


def test_keys_are_bounded_and_the_one_used_least_lately_begins_anew() -> None:
    limit = RateLimit[int](1, 60.0, Seconds(), most_keys=3)
    for key in (1, 2, 3, 1, 4):  # the second 1 is refused, and yet used
        limit.take(key)
    assert len(limit._full_at) == 3
    assert limit.wait_s(1) > 0
    assert limit.wait_s(2) == 0.0


def test_all_begin_anew_when_it_is_cleared() -> None:
    limit = RateLimit[str](1, 60.0, Seconds())
    limit.take("a")
    limit.clear()
    assert limit.take("a") == 0.0
