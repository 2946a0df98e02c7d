"""When a source is due again, and why."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support import NOON

from syndicator.model.fetch import FetchFailed, Reason
from syndicator.model.schedule import ALWAYS_OPEN, Adaptive, Calendar, Cron, Every, Schedule
from syndicator.model.source import FeedHints, SourceState
from syndicator.rules.sources.cadence import (
    after_failure,
    after_success,
    counts_against,
    is_gone,
)
from syndicator.rules.sources.hints import Wish, asked_by
from syndicator.rules.sources.timetable.calendar import NEVER
from syndicator.rules.sources.timetable.cron_times import cron_fault
from syndicator.rules.sources.timetable.schedule_times import Due

FIVE = Every(interval_s=300)
HINTS = Calendar(hints=True)


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


def test_a_thousand_sources_that_began_together_part() -> None:
    schedule = Every(interval_s=300, sooner_s=30)
    rng, latest = random.Random(7), [NOON] * 1000
    for number in range(12):
        due = [after_success(schedule, began_at=at, now=at, rng=rng) for at in latest]
        waits = [(one.at - at).total_seconds() for one, at in zip(due, latest, strict=True)]
        assert 270 <= min(waits) < 275
        assert 295 < max(waits) <= 300
        assert {one.because for one in due} == {"every 5m"}
        latest = [one.at for one in due]
        if number:
            assert (max(latest) - min(latest)).total_seconds() > 30
    busiest = Counter(int((at - NOON).total_seconds()) // 10 for at in latest).most_common(1)[0][1]
    assert busiest < 200, "they do not come all at once any more"


def test_a_server_that_asks_for_the_very_interval_is_heeded_without_a_word() -> None:
    wish = Wish(until=NOON + timedelta(seconds=300), because="the server asks for 5 min")
    schedule = Every(interval_s=300, sooner_s=30)
    for seed in range(50):
        due = after_success(
            schedule, began_at=NOON, now=NOON, rng=random.Random(seed), wish=wish, calendar=HINTS
        )
        assert due == Due(at=wish.until, because="every 5m")


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
    assert due.because == "cron 30 6 * * * in Asia/Jakarta (at 06:30)"


def test_cron_runs_at_the_next_time_that_exists_where_summer_time_skips_its_own() -> None:
    schedule = Cron(expression="30 2 * * *", timezone="Europe/Berlin")
    before = datetime(2027, 3, 28, 0, 0, tzinfo=UTC)
    due = after_success(schedule, began_at=before, now=before, rng=rng())
    assert due.at == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("*/10 6-22 * * mon-fri", None),
        ("0 0 29 2 mon", None),
        ("* * * *", "has 4 fields, not 5"),
        ("99 * * * *", "has a wrong minute: '99'"),
        ("0 25 * * *", "has a wrong hour: '25'"),
        ("0 0 a * *", "has a wrong day: 'a'"),
        ("0 0 31 2 *", "names a date that never comes"),
        ("0 0 31 4,6 *", "names a date that never comes"),
        ("0 0 31 2 mon", None),
        ("0 0 * 2 mon#5", None),
        ("0 0 l * *", None),
        ("@daily", "has 1 fields, not 5"),
        ("0 0 * * 5-1", "has a wrong weekday: '5-1'"),
        ("*/0 * * * *", "has a wrong minute: '*/0'"),
    ],
)
def test_a_broken_cron_says_what_is_wrong(expression: str, fault: str | None) -> None:
    found = cron_fault(expression)
    assert (found and found[0]) == fault


def test_the_first_failure_changes_nothing() -> None:
    assert wait_s(1, failed()) == 300
    assert wait_s(1, failed(404)) == 300


@pytest.mark.parametrize("failure", [failed(503), failed(404), failed(None)])
def test_failures_slow_a_source_down_and_never_kill_it(failure: FetchFailed) -> None:
    waits = [wait_s(failures, failure) for failures in range(1, 40)]
    assert waits[0] < waits[1] < waits[2] < waits[4]
    assert 6 * 3600 <= max(waits) <= 6 * 3600 * 1.1


SOFT = [(Reason.HTTP, 500), (Reason.HTTP, 503), (Reason.HTTP, 408), (Reason.DNS, None)]
SOFT += [(Reason.TIMEOUT, None), (Reason.CONNECT, None)]
HARD = [(Reason.HTTP, 404), (Reason.HTTP, 403), (Reason.TLS, None), (Reason.NOT_A_FEED, None)]
HARD += [(Reason.MALFORMED, None), (Reason.EMPTY, None), (Reason.TOO_LARGE, None), (Reason.ROBOTS, None)]


@pytest.mark.parametrize(
    ("reason", "status", "growth"),
    [(*one, 2**0.5) for one in SOFT] + [(*one, 2.0) for one in HARD],
)
def test_what_passes_by_itself_slows_down_less(reason: Reason, status: int | None, growth: float) -> None:
    failure = replace(failed(), reason=reason, status=status)
    for failures in (2, 3, 5):
        expected = 300 * growth ** (failures - 1)
        assert expected <= wait_s(failures, failure) <= expected * 1.1


def test_a_source_that_is_asked_rarely_is_not_asked_sooner_for_failing() -> None:
    assert wait_s(9, failed(404), Every(interval_s=86400)) >= 86400


def test_429_never_counts_against_a_source() -> None:
    assert wait_s(9, failed(429)) <= 330
    assert not counts_against(failed(429))
    assert counts_against(failed(503))
    assert not counts_against(replace(failed(None), reason=Reason.BUSY))
    assert not counts_against(replace(failed(None), reason=Reason.INTERNAL))


def test_a_server_that_is_asked_too_often_is_left_alone_for_a_while() -> None:
    often = Every(interval_s=5)
    assert wait_s(1, failed(429), often) == 60
    assert wait_s(1, failed(429, 20), often) == 20


def test_a_server_that_goes_on_saying_so_is_left_alone_ever_longer() -> None:
    minute = Every(interval_s=60)

    def left_s(excused: int, failure: FetchFailed) -> float:
        due = after_failure(
            minute, failure, failures=0, excused=excused, began_at=NOON, now=NOON, rng=random.Random(1)
        )
        return (due.at - NOON).total_seconds()

    for excused, expected_s in ((1, 60), (2, 120), (5, 960), (7, 3600), (1000, 3600)):
        assert expected_s <= left_s(excused, failed(429)) <= 1.1 * expected_s
    # It said when to come again, and says it again: once it is believed.
    assert left_s(1, failed(429, 1)) == 60
    assert left_s(6, failed(429, 1)) >= 1920
    assert left_s(6, failed(429, 7200)) >= 7200
    ours = replace(failed(None), reason=Reason.INTERNAL)
    assert 120 <= left_s(2, ours) <= 132
    assert 3600 <= left_s(99, ours) <= 1.1 * 3600


def test_a_round_that_broke_by_a_fault_of_ours_is_tried_again_soon() -> None:
    ours = replace(failed(None), reason=Reason.INTERNAL)
    day = Every(interval_s=86400)

    def after(excused: int) -> Due:
        return after_failure(day, ours, failures=0, excused=excused, began_at=NOON, now=NOON, rng=rng())

    for excused, expected_s in ((1, 60), (2, 120), (7, 3840), (20, 86400)):
        assert expected_s <= (after(excused).at - NOON).total_seconds() <= 1.1 * expected_s
    assert after(1).because == "a fault of this service, tried again after 1 min (internal)"


def test_a_source_whose_turn_did_not_come_is_tried_again_soon() -> None:
    busy = replace(failed(None), reason=Reason.BUSY)
    assert wait_s(1, busy, Every(interval_s=86400)) == 60
    assert wait_s(1, busy, Every(interval_s=5)) == 5


@pytest.mark.parametrize(("asked_s", "waited_s"), [(1000, 1000), (10, 300), (10**9, 86400)])
def test_what_the_server_asks_is_kept_up_to_a_day(asked_s: float, waited_s: float) -> None:
    assert wait_s(1, failed(503, asked_s)) == waited_s


def test_the_reason_is_told() -> None:
    due = after_failure(FIVE, failed(None), failures=4, began_at=NOON, now=NOON, rng=rng())
    assert due.because == "slowed down after 4 failed rounds (timeout)"
    due = after_failure(FIVE, failed(503, 5400), failures=1, began_at=NOON, now=NOON, rng=rng())
    assert due.because == "the server asks to wait 1 h 30 min (http_503)"


def test_a_wait_that_is_cut_short_says_so_and_makes_no_interval_shorter() -> None:
    asked = failed(503, 3 * 86400)
    due = after_failure(FIVE, asked, failures=1, began_at=NOON, now=NOON, rng=rng())
    assert due.because == "the server asks for 3 d (Retry-After), kept up to 1 d (http_503)"
    rare = after_failure(Every(interval_s=2 * 86400), asked, failures=1, began_at=NOON, now=NOON, rng=rng())
    assert rare.at == NOON + timedelta(days=2)


def test_what_is_gone_for_good_has_stopped() -> None:
    assert is_gone(failed(410))
    assert not is_gone(failed(404))
    assert not is_gone(replace(failed(410), reason=Reason.NOT_A_FEED))
    due = after_failure(FIVE, failed(410), failures=1, began_at=NOON, now=NOON, rng=rng())
    assert due == Due(at=NOON + NEVER, because="stopped: the server says that it is gone for good (http_410)")


SCHEDULES = [FIVE, Cron(expression="*/5 * * * *", timezone="UTC"), Adaptive(min_s=60, max_s=300)]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_no_schedule_asks_before_the_server_wants_it(schedule: Schedule) -> None:
    wish = asked_by({"cache-control": "max-age=900"}, FeedHints(), now=NOON)
    due = after_success(schedule, began_at=NOON, now=NOON, rng=rng(), wish=wish, calendar=HINTS)
    assert due.at == NOON + timedelta(minutes=15)
    assert due.because.endswith(", but the server asks for 15 min (Cache-Control: max-age=900)")


@pytest.mark.parametrize("schedule", SCHEDULES[:2])
def test_hints_do_not_delay_what_an_operator_has_scheduled(schedule: Schedule) -> None:
    state = SourceState(hints=FeedHints(ttl_s=3600, skip_hours=(12, 13)))
    wish = asked_by({"cache-control": "max-age=900"}, state.hints, now=NOON)
    for calendar in (ALWAYS_OPEN, Calendar(hints=False)):
        due = after_success(
            schedule, began_at=NOON, now=NOON, rng=rng(), state=state, wish=wish, calendar=calendar
        )
        assert due.at == NOON + timedelta(minutes=5)
        assert due.because.endswith("; the feed asks for 1 h (ttl), which is not obeyed without hints = true")
        failing = after_failure(
            schedule, failed(), failures=1, began_at=NOON, now=NOON, rng=rng(), state=state, calendar=calendar
        )
        assert failing.at == NOON + timedelta(minutes=5)


def test_an_adaptive_schedule_can_leave_hints_alone() -> None:
    state = SourceState(hints=FeedHints(skip_hours=(12, 13)))
    schedule = Adaptive(min_s=60, max_s=300)
    wish = asked_by({"cache-control": "max-age=900"}, FeedHints(), now=NOON)
    due = after_success(
        schedule, began_at=NOON, now=NOON, rng=rng(), state=state, wish=wish, calendar=Calendar(hints=False)
    )
    assert due.at <= NOON + timedelta(minutes=5)


@pytest.mark.parametrize("calendar", [ALWAYS_OPEN, Calendar(hints=False)])
def test_retry_after_is_obeyed_without_hints(calendar: Calendar) -> None:
    due = after_failure(
        FIVE, failed(503, 5400), failures=1, began_at=NOON, now=NOON, rng=rng(), calendar=calendar
    )
    assert due.at == NOON + timedelta(minutes=90)


def test_a_wish_that_changes_nothing_is_not_told() -> None:
    for until in (NOON, NOON + timedelta(seconds=301)):
        wish = Wish(until=until, because="the server asks")
        due = after_success(FIVE, began_at=NOON, now=NOON, rng=rng(), wish=wish, calendar=HINTS)
        assert due.because == "every 5m"
        assert due.at == max(until, NOON + timedelta(minutes=5))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_no_schedule_asks_in_hours_that_the_feed_excludes(schedule: Schedule) -> None:
    state = SourceState(hints=FeedHints(skip_hours=(12, 13)))
    due = after_success(schedule, began_at=NOON, now=NOON, rng=rng(), state=state, calendar=HINTS)
    allowed = NOON + timedelta(hours=2)
    assert allowed <= due.at <= allowed + timedelta(minutes=1)
    assert due.because.endswith(
        ", but the feed asks to be left alone until Thu 14:00 UTC (skipHours, skipDays)"
    )
    failing = after_failure(
        schedule, failed(), failures=1, began_at=NOON, now=NOON, rng=rng(), state=state, calendar=HINTS
    )
    assert failing.at >= allowed


def test_a_wish_may_lead_into_an_excluded_hour() -> None:
    state = SourceState(hints=FeedHints(skip_hours=(13,)))
    wish = Wish(until=NOON + timedelta(hours=1), because="the server asks for 1 h (Expires)")
    due = after_success(FIVE, began_at=NOON, now=NOON, rng=rng(), state=state, wish=wish, calendar=HINTS)
    assert due.at >= NOON + timedelta(hours=2)
    assert "1 h (Expires)" in due.because
    assert "skipHours" in due.because


@pytest.mark.parametrize(
    ("interval_s", "pushed_s"),
    [(300, 3600), (3600, 12 * 3600), (2 * 3600, 12 * 3600), (86400, 86400)],
)
def test_a_source_whose_hub_pushes_is_asked_rarely(interval_s: float, pushed_s: float) -> None:
    schedule = Every(interval_s=interval_s)
    due = after_success(schedule, began_at=NOON, now=NOON, rng=rng(), pushed=True)
    assert due.at == NOON + timedelta(seconds=pushed_s)
    assert "while its hub pushes, else every" in due.because


def test_pushes_leave_the_times_of_a_cron_alone() -> None:
    cron = Cron(expression="*/5 * * * *", timezone="UTC")
    pushed = after_success(cron, began_at=NOON, now=NOON, rng=rng(), pushed=True)
    assert pushed == after_success(cron, began_at=NOON, now=NOON, rng=rng())


def adaptive(state: SourceState, *, pushed: bool = False) -> tuple[float, str]:
    """Give the wait in seconds, without jitter, and the sentence."""

    class Middle(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return (a + b) / 2

    schedule = Adaptive(min_s=120, max_s=12 * 3600)
    due = after_success(schedule, began_at=NOON, now=NOON, rng=Middle(), state=state, pushed=pushed)
    return (due.at - NOON).total_seconds(), due.because


@pytest.mark.parametrize(
    ("interval_s", "waited_s", "because"),
    [
        (None, 900, "adaptive: nothing is known of its rhythm yet; asked again after 15 min"),
        (
            3600,
            3600,
            (
                "adaptive: about one new article every 2 h is expected at this hour of the week; "
                "asked again after 1 h"
            ),
        ),
        (
            10,
            120,
            (
                "adaptive: often something new lately, so as often as may be (every 2 min); "
                "asked again after 2 min"
            ),
        ),
        (
            1e9,
            12 * 3600,
            (
                "adaptive: next to nothing new lately, so as rarely as may be (every 12 h); "
                "asked again after 12 h"
            ),
        ),
    ],
)
def test_an_adaptive_schedule_tells_its_numbers(
    interval_s: float | None, waited_s: float, because: str
) -> None:
    assert adaptive(SourceState(interval_s=interval_s)) == (waited_s, because)


def test_an_adaptive_schedule_tells_that_articles_were_missed() -> None:
    waited_s, because = adaptive(SourceState(interval_s=600, last_gap_at=NOON - timedelta(days=6)))
    assert waited_s == 600
    assert because == (
        "adaptive: articles were probably missed on 2026-10-30, so it is read closely for a week; "
        "asked again after 10 min"
    )
    _, because = adaptive(SourceState(interval_s=600, last_gap_at=NOON - timedelta(days=7)))
    assert "missed" not in because


def test_an_adaptive_schedule_whose_hub_pushes_is_asked_rarely() -> None:
    waited_s, because = adaptive(SourceState(interval_s=600), pushed=True)
    assert waited_s == 7200
    assert because == "adaptive: its hub pushes, so only to be sure; asked again after 2 h"
    assert adaptive(SourceState(interval_s=2 * 3600), pushed=True)[0] == 12 * 3600


def test_an_active_hour_is_asked_faster_than_a_quiet_one() -> None:
    at_noon = tuple(30.0 if 10 <= hour % 24 < 14 else 0.0 for hour in range(168))
    at_night = tuple(30.0 if hour % 24 < 4 else 0.0 for hour in range(168))
    active, _ = adaptive(SourceState(interval_s=1200, rhythm=at_noon))
    quiet, _ = adaptive(SourceState(interval_s=1200, rhythm=at_night))
    assert active < 1200 < quiet


INTERVALS = st.none() | st.floats(1, 1e7)
COUNTS = st.just(()) | st.lists(st.floats(0, 1e6), min_size=168, max_size=168).map(tuple)


@given(INTERVALS, COUNTS, st.integers(0, 99), st.booleans(), st.floats(0, 3000))
def test_an_adaptive_schedule_keeps_its_bounds(
    interval_s: float | None, counts: tuple[float, ...], seed: int, pushed: bool, took_s: float
) -> None:
    schedule = Adaptive(min_s=300, max_s=7200, jitter_s=100)
    state = SourceState(interval_s=interval_s, rhythm=counts)
    now = NOON + timedelta(seconds=took_s)
    due = after_success(
        schedule,
        began_at=NOON,
        now=now,
        rng=random.Random(seed),
        state=state,
        timezone="Asia/Kolkata",
        pushed=pushed,
    )
    assert due.at >= now
    assert due.at == now or 300 <= (due.at - NOON).total_seconds() <= 7200
