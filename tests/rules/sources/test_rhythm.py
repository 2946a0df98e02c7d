"""A source's rhythm: what is learned from rounds, and what rounds then cost and bring."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rules.portals import bursty, busy, daytime, dead, gathered, publications, steady
from support import NOON

from syndicator.model.schedule import Adaptive, Cron, Every
from syndicator.model.source import SourceState
from syndicator.rules.sources.rhythm import (
    FIRST_INTERVAL_S,
    HOURS,
    Poll,
    Rhythm,
    expected_since,
    gap_warning,
    is_gap,
    learned,
)

ADAPTIVE = Adaptive(min_s=60, max_s=12 * 3600)
FIVE = Every(interval_s=300)
NOON_HOUR = 3 * 24 + 12
"""Noon is a Thursday, in UTC."""
HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)

WEEKS = 5
PORTALS = [
    # rate, requests per article, median delay in seconds
    (steady, 2.2, 700),
    (daytime, 2.0, 600),
    (bursty, 1.0, 2400),
]


def taught(
    state: SourceState, poll: Poll, *, schedule: Adaptive | Every | Cron = ADAPTIVE, now: datetime = NOON
) -> SourceState:
    return learned(state, poll, schedule=schedule, timezone="UTC", now=now)


@pytest.mark.parametrize(("rate", "requests", "median_s"), PORTALS)
@pytest.mark.parametrize("seed", [1, 2])
def test_few_requests_bring_articles_soon(
    rate: Callable[[datetime], float], requests: float, median_s: float, seed: int
) -> None:
    brought = gathered(ADAPTIVE, publications(rate, weeks=WEEKS, seed=seed), weeks=WEEKS, seed=seed)
    assert brought.requests_per_article <= requests
    assert brought.median_delay_s <= median_s
    assert brought.missed == 0
    assert brought.gaps == 0


@pytest.mark.parametrize(("rate", "share"), [(daytime, 0.9), (bursty, 0.75), (steady, 1.2)])
def test_the_same_number_of_requests_at_fixed_intervals_is_slower(
    rate: Callable[[datetime], float], share: float
) -> None:
    published = publications(rate, weeks=WEEKS, seed=3)
    brought = gathered(ADAPTIVE, published, weeks=WEEKS)
    interval_s = (WEEKS - 1) * WEEK.total_seconds() / brought.requests
    fixed = gathered(Every(interval_s=interval_s), published, weeks=WEEKS)
    assert abs(fixed.requests - brought.requests) <= 1
    assert brought.mean_delay_s <= share * fixed.mean_delay_s  # nothing can be won where no hour differs


def test_a_busy_portal_is_asked_as_often_as_may_be() -> None:
    published = publications(busy, weeks=2, seed=1)
    brought = gathered(Adaptive(min_s=600), published, weeks=2)
    assert brought.state.interval_s == 600
    assert brought.missed == 0
    assert brought.requests_per_article < 0.2


def test_a_dead_portal_is_asked_as_rarely_as_may_be() -> None:
    brought = gathered(ADAPTIVE, publications(dead, weeks=WEEKS, seed=1), weeks=WEEKS)
    assert brought.state.interval_s == ADAPTIVE.max_s
    assert brought.requests <= 2 * 7 * (WEEKS - 1) * 1.1


def test_a_portal_that_wakes_up_is_followed_within_a_day() -> None:
    def wakes(local: datetime) -> float:
        return 0.0 if local.toordinal() < datetime(2026, 11, 16).toordinal() else 3.0  # noqa: DTZ001 -- a day, no instant

    brought = gathered(ADAPTIVE, publications(wakes, weeks=4, seed=1), weeks=4)
    assert brought.state.interval_s is not None
    assert 300 <= brought.state.interval_s <= 1800
    assert brought.missed <= 20


# --- steps of the interval


def settled(interval_s: float = 1800.0) -> SourceState:
    """Give the state of a source that was last read one interval ago, with nothing known of its hours."""
    last = NOON - timedelta(seconds=interval_s)
    return SourceState(
        interval_s=interval_s, first_success_at=NOON - 9 * WEEK, last_success_at=last, rhythm_at=last
    )


@pytest.mark.parametrize(
    ("poll", "factor"),
    [
        (Poll(), 1.105),
        (Poll(known=20), 1.105),
        (Poll(new=1, known=19), 0.905),
        (Poll(new=2, known=18), 0.741),
        (Poll(new=3, known=17), 0.607),
        (Poll(new=9, known=91), 0.607),
        (Poll(new=2, known=3), 0.7),
        (Poll(new=8, known=12), 0.607),
        (Poll(new=1), 0.905),
        (Poll(new=2), 0.7),
        (Poll(new=20), 0.5),
        (Poll(new=20, pushed=True), 1.0),
        (Poll(new=20, backfill=True), 1.0),
    ],
)
def test_the_interval_gives_way_by_what_came(poll: Poll, factor: float) -> None:
    assert taught(settled(), poll).interval_s == pytest.approx(1800 * factor, rel=0.001)


@pytest.mark.parametrize(
    ("poll", "factor"),
    [
        (Poll(known=20), 2 ** (1 / 14)),
        (Poll(new=3, known=17), 2 ** (1 / 14)),
        (Poll(new=12, known=8), 2 ** (1 / 14)),
        (Poll(new=14, known=6), 0.7),
        (Poll(new=20), 0.5),
    ],
)
def test_after_a_gap_the_interval_grows_slowly_while_documents_overlap(poll: Poll, factor: float) -> None:
    half_a_day = replace(settled(12 * 3600), last_gap_at=NOON - timedelta(days=6))
    schedule = Adaptive(min_s=60, max_s=48 * 3600)
    after = taught(half_a_day, poll, schedule=schedule)
    assert after.interval_s == pytest.approx(12 * 3600 * factor)
    long_ago = replace(half_a_day, last_gap_at=NOON - timedelta(days=8))
    assert taught(long_ago, Poll(known=20), schedule=schedule).interval_s == pytest.approx(
        12 * 3600 * 1.105, rel=0.001
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_a_small_document_of_a_bursty_portal_loses_little(seed: int) -> None:
    published = publications(bursty, weeks=WEEKS, seed=seed)
    brought = gathered(ADAPTIVE, published, weeks=WEEKS, document=8)
    interval_s = (WEEKS - 1) * WEEK.total_seconds() / brought.requests
    fixed = gathered(Every(interval_s=interval_s), published, weeks=WEEKS, document=8)
    assert brought.missed <= 0.04 * brought.articles
    assert brought.missed < 0.75 * fixed.missed
    assert brought.gaps < 0.5 * fixed.gaps
    assert brought.requests_per_article <= 5


def test_the_interval_stays_within_its_bounds() -> None:
    assert taught(settled(60), Poll(new=20)).interval_s == 60
    assert taught(settled(12 * 3600), Poll()).interval_s == 12 * 3600


def test_only_an_adaptive_schedule_has_an_interval_to_learn() -> None:
    for schedule in (FIVE, Cron(expression="0 * * * *", timezone="UTC")):
        state = taught(settled(), Poll(new=1, known=19), schedule=schedule)
        assert state.interval_s is None
        assert sum(state.rhythm) == 1


def test_a_long_pause_teaches_nothing_of_the_interval() -> None:
    state = replace(settled(), last_success_at=NOON - timedelta(days=2))
    assert taught(state, Poll()).interval_s == 1800
    gap = taught(state, Poll(new=20))
    assert gap.interval_s == 1800
    assert gap.gaps == 1
    assert gap.last_gap_at == NOON


def test_the_first_document_tells_how_often_to_ask() -> None:
    every_20_min = tuple(NOON - timedelta(minutes=20 * n) for n in range(1, 21))
    first = Poll(new=20, published=every_20_min, backfill=True)
    assert taught(SourceState(), first).interval_s == 600
    undated = Poll(new=20, backfill=True)
    assert taught(SourceState(), undated).interval_s == FIRST_INTERVAL_S
    old = Poll(new=9, published=tuple(at - 50 * WEEK for at in every_20_min[:9]), backfill=True)
    assert taught(SourceState(), old).interval_s == ADAPTIVE.max_s
    assert taught(SourceState(), Poll(backfill=True)).interval_s == FIRST_INTERVAL_S


# --- gaps


@pytest.mark.parametrize(
    ("poll", "gap"),
    [
        (Poll(new=3), True),
        (Poll(new=20), True),
        (Poll(new=2), False),
        (Poll(new=20, known=1), False),
        (Poll(), False),
        (Poll(new=20, backfill=True), False),
        (Poll(new=20, pushed=True), False),
    ],
)
def test_a_document_that_holds_nothing_known_is_a_gap(poll: Poll, *, gap: bool) -> None:
    assert is_gap(poll) is gap
    assert taught(settled(), poll).gaps == gap
    assert taught(replace(settled(), gaps=4), poll, schedule=FIVE).gaps == 4 + gap
    assert (gap_warning(poll, ADAPTIVE) is not None) is gap


def test_a_gap_is_told_with_its_remedy() -> None:
    assert gap_warning(Poll(new=20), ADAPTIVE) == (
        "all 20 entries were new: some were probably missed since the round before; "
        "it is read more often from now on"
    )
    assert "a shorter interval" in (gap_warning(Poll(new=20), FIVE) or "")


# --- counts


def test_articles_count_for_the_hour_in_which_they_were_published() -> None:
    at = (NOON - 2 * HOUR, NOON - 2 * HOUR, NOON + HOUR, NOON - 3 * WEEK)
    state = taught(SourceState(), Poll(new=5, known=9, published=at), schedule=FIVE)
    counted = {hour: count for hour, count in enumerate(state.rhythm) if count}
    assert counted == {NOON_HOUR - 2: pytest.approx(2, rel=0.01), NOON_HOUR: 3.0}
    assert state.rhythm_at == state.last_new_at == NOON


def test_hours_are_those_of_the_sources_zone() -> None:
    poll = Poll(new=1, known=9, published=(NOON,))
    state = learned(SourceState(), poll, schedule=FIVE, timezone="Asia/Jakarta", now=NOON)
    assert state.rhythm.index(1.0) == NOON_HOUR + 7


def test_a_backfill_teaches_by_its_dates_alone() -> None:
    at = (NOON - 2 * WEEK, NOON - HOUR, NOON - 5 * WEEK, NOON + HOUR)
    state = taught(SourceState(), Poll(new=9, published=at, backfill=True))
    assert sum(state.rhythm) == pytest.approx(1.5, rel=0.01)


def test_older_weeks_count_less() -> None:
    state = SourceState(rhythm=(8.0,) * HOURS, rhythm_at=NOON - 2 * WEEK)
    assert taught(state, Poll(known=9)).rhythm == pytest.approx((4.0,) * HOURS)
    long_ago = replace(state, rhythm_at=NOON - 99 * WEEK)
    assert sum(taught(taught(long_ago, Poll()), Poll(), now=NOON + 2 * HOUR).rhythm) == 0


def test_counts_are_aged_once_an_hour_where_nothing_comes() -> None:
    state = SourceState(rhythm=(8.0,) * HOURS, rhythm_at=NOON - timedelta(minutes=59))
    assert taught(state, Poll(known=9)).rhythm is state.rhythm


@given(
    st.lists(st.floats(0, 1e5), min_size=HOURS, max_size=HOURS).map(tuple),
    st.sampled_from(["UTC", "Asia/Jakarta", "Asia/Kolkata", "America/New_York"]),
    st.floats(60, 1e5),
    st.floats(0, HOURS * 3600),
)
def test_passing_and_coming_due_are_inverse(
    counts: tuple[float, ...], timezone: str, interval_s: float, offset_s: float
) -> None:
    rhythm = Rhythm(counts, timezone)
    assert sum(rhythm.activity) == pytest.approx(HOURS)
    assert all(0.25 <= pace <= 4 for pace in rhythm.pace)
    since = NOON + timedelta(seconds=offset_s)
    due = rhythm.due(since, interval_s)
    assert rhythm.passed_s(rhythm.pace, since, due) == pytest.approx(interval_s, abs=0.01)


def test_without_counts_all_hours_are_alike() -> None:
    for counts in ((), (1.0,) * HOURS, (1.0,) * 7):
        assert Rhythm(counts, "UTC").activity == pytest.approx((1.0,) * HOURS)


# --- expectations


def test_what_was_to_be_expected_in_silence() -> None:
    state = gathered(FIVE, publications(steady, weeks=5, seed=1), weeks=5).state
    last = state.last_new_at
    assert last is not None
    assert expected_since(state, last, last + timedelta(days=1), "Asia/Jakarta") == pytest.approx(48, rel=0.2)
    later = last + timedelta(days=3)
    silent = learned(state, Poll(known=20), schedule=FIVE, timezone="Asia/Jakarta", now=later)
    assert expected_since(silent, last, later, "Asia/Jakarta") == pytest.approx(144, rel=0.2)
    assert expected_since(silent, last, last, "Asia/Jakarta") == 0


def test_of_a_young_source_nothing_is_expected() -> None:
    state = replace(settled(), first_success_at=NOON - timedelta(days=6), rhythm=(9.0,) * HOURS)
    assert expected_since(state, NOON - HOUR, NOON, "UTC") == 0
    assert expected_since(SourceState(), NOON - HOUR, NOON, "UTC") == 0
