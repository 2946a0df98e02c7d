from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.model.delivery import RetryPolicy
from syndicator.rules.webhooks.retry import Again, GiveUp, RetryDecision, after_failure, parse_retry_after

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
POLICY = RetryPolicy()
HOUR = 3600.0


def decide(
    *,
    attempts: int = 1,
    age_s: float = 0,
    retry_after_s: float | None = None,
    status: int | None = None,
    jitter: float = 0.0,
    policy: RetryPolicy = POLICY,
) -> RetryDecision:
    return after_failure(
        policy,
        attempts=attempts,
        first_at=NOON - timedelta(seconds=age_s),
        now=NOON,
        retry_after_s=retry_after_s,
        status=status,
        jitter=jitter,
    )


def delay_s(decision: RetryDecision) -> float:
    assert isinstance(decision, Again)
    return (decision.at - NOON).total_seconds()


@pytest.mark.parametrize(
    ("attempts", "expected_s"),
    [(1, 5), (2, 30), (3, 120), (4, 600), (5, 1800), (6, 7200), (7, 18000), (8, 36000)],
)
def test_the_delays_grow(attempts: int, expected_s: float) -> None:
    assert delay_s(decide(attempts=attempts)) == expected_s


@pytest.mark.parametrize(("jitter", "expected_s"), [(-1.0, 8.0), (-0.5, 9.0), (0.0, 10.0), (1.0, 12.0)])
def test_jitter_moves_a_delay_either_way(jitter: float, expected_s: float) -> None:
    assert delay_s(decide(policy=RetryPolicy(delays_s=(10,)), jitter=jitter)) == pytest.approx(expected_s)


@pytest.mark.parametrize(
    ("asked_s", "jitter", "expected_s"),
    [
        (60, 0.0, 60),
        (60, 1.0, 72),
        (60, -1.0, 72),
        (2, 0.0, 2),
        (0, 0.0, 1),
        (0.2, 0.0, 1),
        (24 * HOUR, 1.0, 24 * HOUR),
        (1e9, 0.0, 24 * HOUR),
    ],
)
def test_the_receiver_may_say_when(asked_s: float, jitter: float, expected_s: float) -> None:
    assert delay_s(decide(retry_after_s=asked_s, jitter=jitter)) == pytest.approx(expected_s)


def test_after_the_last_delay_it_is_given_up() -> None:
    assert decide(attempts=9) == GiveUp(why="exhausted")
    assert decide(attempts=9, retry_after_s=1) == GiveUp(why="exhausted")
    assert decide(policy=RetryPolicy(delays_s=())) == GiveUp(why="exhausted")


@pytest.mark.parametrize(
    ("age_s", "retry_after_s", "expected"),
    [
        (95.0, None, Again(at=NOON + timedelta(seconds=5))),
        (95.1, None, GiveUp(why="expired")),
        (0.0, 100, Again(at=NOON + timedelta(seconds=100))),
        (0.0, 101, GiveUp(why="expired")),
        (200.0, None, GiveUp(why="expired")),
    ],
)
def test_old_news_is_not_worth_sending(
    age_s: float, retry_after_s: float | None, expected: RetryDecision
) -> None:
    policy = RetryPolicy(max_age_s=100)
    assert decide(policy=policy, age_s=age_s, retry_after_s=retry_after_s) == expected


@pytest.mark.parametrize("retry_after_s", [None, 60.0])
def test_gone_is_gone(retry_after_s: float | None) -> None:
    assert decide(status=410, retry_after_s=retry_after_s) == GiveUp(why="gone")


@pytest.mark.parametrize("status", [None, 301, 308, 400, 401, 404, 429, 500, 503])
def test_every_other_failure_is_tried_again(status: int | None) -> None:
    assert delay_s(decide(status=status)) == 5


@given(
    attempts=st.integers(1, 30),
    age_s=st.floats(0, 10 * 24 * HOUR),
    retry_after_s=st.none() | st.floats(0, 1e9),
    jitter=st.floats(-1, 1),
)
def test_what_always_holds(attempts: int, age_s: float, retry_after_s: float | None, jitter: float) -> None:
    decision = decide(attempts=attempts, age_s=age_s, retry_after_s=retry_after_s, jitter=jitter)
    if isinstance(decision, GiveUp):
        return
    wait_s = delay_s(decision)
    assert attempts <= len(POLICY.delays_s)
    assert age_s + wait_s <= POLICY.max_age_s + 1e-5
    assert 1 <= wait_s <= 24 * HOUR
    if retry_after_s is not None:
        assert wait_s >= min(retry_after_s, 24 * HOUR) - 1e-5


@given(st.lists(st.floats(-1, 1), min_size=9, max_size=9))
def test_every_delivery_ends(jitters: list[float]) -> None:
    now = NOON
    for attempts, jitter in enumerate(jitters, start=1):
        decision = after_failure(POLICY, attempts=attempts, first_at=NOON, now=now, jitter=jitter)
        if isinstance(decision, GiveUp):
            break
        assert decision.at > now
        now = decision.at
    assert decision == GiveUp(why="exhausted")
    assert timedelta(hours=14) < now - NOON < timedelta(hours=22)


@pytest.mark.parametrize(
    ("value", "expected_s"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ("0", 0),
        (" 120 ", 120),
        ("9" * 5000, 1e9),
        ("-1", None),
        ("1.5", None),
        ("+5", None),
        ("٣", None),
        ("soon", None),
        ("Mon, 04 May 2026 12:02:00 GMT", 120),
        ("Mon, 04 May 2026 11:00:00 GMT", 0),
        ("Monday, 04-May-26 12:02:00 GMT", 120),
        ("Mon May  4 12:02:00 2026", 120),
        ("Mon, 04 May 2026 14:02:00 +0200", 120),
        ("Mon, 04 May 99999 12:02:00 GMT", None),
        ("Mon, 44 May 2026 12:02:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 1e9),
    ],
)
def test_retry_after_in_all_its_forms(value: str | None, expected_s: float | None) -> None:
    assert parse_retry_after(value, NOON) == expected_s


@given(st.text(max_size=60) | st.from_regex(r"\w+, ?\d+[- ]\w+[- ]\d+ \d+:\d+:\d+ ?[+-]?\w*"))
def test_no_retry_after_raises(value: str) -> None:
    seconds = parse_retry_after(value, NOON)
    assert seconds is None or 0 <= seconds <= 1e9
