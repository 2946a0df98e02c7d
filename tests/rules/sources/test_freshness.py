"""The freshness objective: what is measured, when a source is behind, and when it has caught up."""

from datetime import datetime, timedelta

from msgspec.structs import replace
from support import NOON

from syndicator.model.clock import to_ms
from syndicator.model.event import Event, EventType, SourceNotice
from syndicator.model.ids import SourceId
from syndicator.model.schedule import ActiveHours, Blackout, Calendar, Every, Holidays
from syndicator.model.source import Source, SourceKind, SourceState
from syndicator.model.sources.freshness import Sighting, Stage
from syndicator.rules.identity.identity import spec_hash
from syndicator.rules.sources.freshness import (
    is_credible,
    measured_days,
    standing_of,
    with_freshness,
)
from syndicator.rules.webhooks.supersession import older

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
KOTA = Source(
    id=SourceId("kota"),
    title="Kota",
    kind=SourceKind.FEED,
    url="https://kota.example/rss",
    schedule=Every(interval_s=300),
    fresh_within_s=600.0,
)
WATCHED = SourceState(first_success_at=NOON - 60 * DAY)


def sighting(minutes: float, at: object = NOON) -> Sighting:
    """Return an article that was shown so many minutes after its publication."""
    assert isinstance(at, type(NOON))
    return Sighting(published_at=at - minutes * MINUTE, shown_at=at)


class Measured:
    """A source whose rounds come one after the other."""

    def __init__(self) -> None:
        self.state, self.now = WATCHED, NOON
        self.events: list[Event] = []

    def after(self, *minutes: float, days: float = 0) -> list[EventType]:
        """Go on some days, and have a round bring articles that are so many minutes old."""
        self.now += days * DAY
        begun = len(self.events)
        found = [sighting(one, self.now) for one in minutes]
        self.state, _, event = with_freshness(KOTA, self.state, found, self.now - MINUTE, self.now)
        self.events += [event] if event else []
        return [event.type for event in self.events[begun:]]


def test_a_breach_is_told_once_and_so_is_its_end() -> None:
    source = Measured()
    assert source.after(*[1] * 38, 11, 11) == []  # just the budget: 2 of 40
    assert source.after(11) == [EventType.SOURCE_BEHIND]
    assert source.after(11, 11) == []
    assert source.after(*[1] * 60) == [], "5 of 103 are late, and 5.15 may be: less than a tenth is left"
    assert source.after(*[1] * 12) == [EventType.SOURCE_CAUGHT_UP]
    behind, over = source.events
    assert (behind.subject, behind.follows, over.follows) == ("kota", None, behind.revision)
    assert isinstance(behind.details, SourceNotice)
    assert behind.details.why == (
        "92.7% of 41 articles of 30 days were shown within 10 min; the objective is 95%"
    )
    assert isinstance(over.details, SourceNotice)
    assert (over.details.standing, over.details.since) == ("caught_up", source.now)


def test_few_articles_breach_nothing() -> None:
    source = Measured()
    assert source.after(*[11] * 19) == []
    assert source.after(1) == [EventType.SOURCE_BEHIND]


def test_days_older_than_30_do_not_count_any_more() -> None:
    source = Measured()
    assert source.after(*[11] * 40) == [EventType.SOURCE_BEHIND]
    assert source.after(*[1] * 10, days=29) == []
    standing = standing_of(KOTA, source.state, source.now)
    assert standing is not None
    assert (standing.articles, standing.late) == (50, 40)
    assert source.after(days=1) == [EventType.SOURCE_CAUGHT_UP], "also with a round that brings nothing"
    standing = standing_of(KOTA, source.state, source.now)
    assert standing is not None
    assert (standing.articles, standing.share, standing.budget_left) == (10, 1.0, 1.0)
    for _ in range(50):
        source.after(1, days=1)
    assert len(source.state.freshness.days) == 30


def test_without_an_objective_nothing_is_kept() -> None:
    source = Measured()
    source.after(1)
    none = replace(KOTA, fresh_within_s=None)
    state, notes, event = with_freshness(none, source.state, [sighting(1)], NOON, NOON)
    assert (state.freshness.days, notes, event) == ((), None, None)
    assert standing_of(none, state, NOON) is None


def test_another_objective_is_measured_from_the_beginning() -> None:
    source = Measured()
    source.after(*[11] * 30)
    looser = replace(KOTA, fresh_within_s=1200.0)
    standing = standing_of(looser, source.state, source.now)
    assert standing is not None
    assert (standing.articles, standing.breached_since) == (0, None)
    state, _, event = with_freshness(looser, source.state, [sighting(11)], NOON, NOON)
    assert ([day.late for day in state.freshness.days], event) == ([0], None)


def test_the_objective_says_nothing_of_how_a_source_is_read() -> None:
    assert spec_hash(KOTA) == spec_hash(replace(KOTA, fresh_within_s=None))


def test_dates_that_are_no_times_of_publication_are_left_out() -> None:
    watched = replace(WATCHED, first_success_at=NOON - DAY)
    jakarta = replace(KOTA, timezone="Asia/Jakarta")
    assert is_credible(KOTA, watched, sighting(5))
    assert not is_credible(KOTA, SourceState(), sighting(5)), "a first round finds what was there before"
    assert not is_credible(KOTA, watched, sighting(25 * 60)), "from before it was gathered"
    assert not is_credible(KOTA, WATCHED, sighting(49 * 60)), "it is no news"
    assert not is_credible(KOTA, watched, sighting(-5)), "ahead of now"
    assert not is_credible(KOTA, watched, sighting(12 * 60)), "a day in UTC"
    assert not is_credible(jakarta, watched, sighting(19 * 60)), "a day in its zone"
    assert is_credible(jakarta, watched, sighting(19 * 60 - 1))


def test_delays_are_counted_from_publication_to_each_stage() -> None:
    now = NOON
    state, notes, _ = with_freshness(KOTA, WATCHED, [sighting(7)], now - 2 * MINUTE, now)
    assert notes is not None
    assert [(one.stage, one.seconds) for one in notes.delays] == [(Stage.SEEN, 300), (Stage.SHOWN, 420)]
    assert notes.cleared[-1] == notes.day + 1
    _, notes, _ = with_freshness(KOTA, state, [], now, now + DAY)
    assert notes is not None
    assert list(notes.cleared) == [notes.day + 1], "the counters of the day ahead"
    assert len(measured_days(state, now)) == 30


def test_events_of_freshness_and_of_trouble_do_not_close_each_other() -> None:
    source = Measured()
    source.after(*[11] * 40)
    (behind,) = source.events
    failing = replace(behind, type=EventType.SOURCE_FAILING, follows=to_ms(NOON))
    assert {one.type for one in older(failing)} == {
        EventType.SOURCE_FAILING,
        EventType.SOURCE_QUIET,
        EventType.SOURCE_RECOVERED,
    }
    over = replace(behind, type=EventType.SOURCE_CAUGHT_UP, follows=behind.revision)
    assert behind.id in {one.id for one in older(over)}
    assert behind.thread == over.thread != failing.thread


def late_of(source: Source, published: datetime, shown: datetime, paused_at: datetime | None = None) -> int:
    found = [Sighting(published_at=published, shown_at=shown)]
    state, _, _ = with_freshness(source, WATCHED, found, shown - MINUTE, shown, paused_at=paused_at)
    return state.freshness.days[0].late


def test_time_in_which_a_source_rests_by_plan_does_not_count() -> None:
    five, six = NOON.replace(hour=5), NOON.replace(hour=6)
    hours = Calendar(windows=(ActiveHours(opens=300, closes=1410, text="05:00-23:30"),))
    dark = Calendar(blackouts=(Blackout(begin=five - timedelta(hours=3), end=five, reason=""),))
    holiday = Calendar(holidays=Holidays(days=((NOON - DAY).date(),)))
    for calendar, ends in ((hours, five), (dark, five), (holiday, NOON.replace(hour=0))):
        resting, published = replace(KOTA, calendar=calendar), ends - timedelta(hours=2)
        assert late_of(KOTA, published, ends + MINUTE) == 1
        assert late_of(resting, published, ends + 10 * MINUTE) == 0
        assert late_of(resting, published, ends + 11 * MINUTE) == 1
    evening = NOON.replace(hour=23, minute=25) - DAY
    assert late_of(replace(KOTA, calendar=hours), evening, five + 5 * MINUTE) == 0
    assert late_of(replace(KOTA, calendar=hours), evening, five + 6 * MINUTE) == 1
    assert late_of(KOTA, five, six + MINUTE, paused_at=five + 2 * MINUTE) == 0
    assert late_of(KOTA, five, six + MINUTE, paused_at=five + 10 * MINUTE) == 1
    assert late_of(KOTA, five, six + MINUTE, paused_at=five - DAY) == 0
