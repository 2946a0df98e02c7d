"""When a source is due again, and why."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from support import NOON

from syndicator.model.fetch import FetchFailed, Reason
from syndicator.model.source import Cron, Every, Schedule
from syndicator.rules.cadence import after_failure, after_success, check_cron, counts_against

FIVE = Every(interval_s=300)


def rng() -> random.Random:
    return random.Random(1)


def failed(status: int | None = 503, retry_after_s: float | None = None) -> FetchFailed:
    reason = Reason.TIMEOUT if status is None else Reason.HTTP
    return FetchFailed(
        requested_url="https://kota.example/",
        reason=reason,
        detail="",
        status=status,
        retry_after_s=retry_after_s,
        fetched_at=NOON,
    )


def wait_s(failures: int, failure: FetchFailed, schedule: Schedule = FIVE) -> float:
    due = after_failure(schedule, failure, failures=failures, began_at=NOON, now=NOON, rng=rng())
    return (due.at - NOON).total_seconds()


def test_an_interval_counts_from_the_beginning_of_the_round() -> None:
    due = after_success(FIVE, began_at=NOON, now=NOON + timedelta(seconds=40), rng=rng())
    assert due.at == NOON + timedelta(minutes=5)
    assert due.because == "every 5m"


def test_a_round_that_outlasted_its_interval_is_not_made_up_for() -> None:
    late = NOON + timedelta(minutes=17)
    assert after_success(FIVE, began_at=NOON, now=late, rng=rng()).at == late


def test_jitter_stays_within_its_bounds() -> None:
    schedule = Every(interval_s=300, jitter_s=30)
    waits = [
        (after_success(schedule, began_at=NOON, now=NOON, rng=random.Random(n)).at - NOON).total_seconds()
        for n in range(50)
    ]
    assert 270 <= min(waits) < 290
    assert 310 < max(waits) <= 330


def test_cron_is_read_in_its_own_zone() -> None:
    schedule = Cron(expression="30 6 * * *", timezone="Asia/Jakarta")
    due = after_success(schedule, began_at=NOON, now=NOON, rng=rng())
    assert due.at == datetime(2026, 11, 5, 23, 30, tzinfo=UTC)
    assert due.because == "cron 30 6 * * * in Asia/Jakarta"


def test_cron_leaps_over_the_hour_that_summer_time_skips() -> None:
    schedule = Cron(expression="30 2 * * *", timezone="Europe/Berlin")
    before = datetime(2027, 3, 28, 0, 0, tzinfo=UTC)
    due = after_success(schedule, began_at=before, now=before, rng=rng())
    assert before < due.at <= before + timedelta(days=1, hours=1)


@pytest.mark.parametrize(
    ("expression", "fault"),
    [("*/10 6-22 * * mon-fri", None), ("* * * *", "got 4"), ("99 * * * *", "99"), ("a * * * *", "a")],
)
def test_a_broken_cron_says_what_is_wrong(expression: str, fault: str | None) -> None:
    found = check_cron(expression)
    assert found is None if fault is None else found is not None and fault in found


def test_the_first_failure_changes_nothing() -> None:
    assert wait_s(1, failed()) == 300


def test_failures_slow_a_source_down_and_never_kill_it() -> None:
    waits = [wait_s(failures, failed()) for failures in range(1, 40)]
    assert waits[0] < waits[1] < waits[2] < waits[4]
    assert 6 * 3600 <= max(waits) <= 6 * 3600 * 1.1


def test_429_never_counts_against_a_source() -> None:
    assert wait_s(9, failed(429)) <= 330
    assert not counts_against(failed(429))
    assert counts_against(failed(503))
    assert not counts_against(replace(failed(None), reason=Reason.BUSY))


@pytest.mark.parametrize(("asked_s", "waited_s"), [(1000, 1000), (10, 300), (10**9, 86400)])
def test_what_the_server_asks_is_kept_up_to_a_day(asked_s: float, waited_s: float) -> None:
    assert wait_s(1, failed(503, asked_s)) == waited_s


def test_the_reason_is_told() -> None:
    due = after_failure(FIVE, failed(None), failures=4, began_at=NOON, now=NOON, rng=rng())
    assert due.because == "slowed down after 4 failed rounds (timeout)"
