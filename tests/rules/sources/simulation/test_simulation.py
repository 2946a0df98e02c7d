"""What the simulation says of a day is what rounds of that day do."""

import random
from datetime import datetime, timedelta
from itertools import pairwise

from support import NOON

from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.model.schedule import ALWAYS_OPEN, ActiveHours, Adaptive, Calendar, Cron, Every, Schedule
from syndicator.model.source import Source, SourceKind, SourceState
from syndicator.rules.sources.simulation.simulation import SourceRuns, StarvedKind, in_order, simulate

DAY = timedelta(hours=24)
CITY = SourceId("city")


def runs(schedule: Schedule, state: SourceState | None = None, pause: Pause | None = None) -> SourceRuns:
    source = Source(
        id=CITY, title="City", kind=SourceKind.FEED, url="https://city.example/rss", schedule=schedule
    )
    known = [(source, state or SourceState(), pause)]
    found = simulate(known, since=NOON, until=NOON + DAY, rng=random.Random(1))[CITY]
    assert all(NOON <= run.at < NOON + DAY for run in in_order({CITY: found}))
    return found


def test_an_interval_runs_as_often_as_it_says() -> None:
    found = runs(Every(interval_s=300))
    assert len(found.times_ms) == 288
    assert found.reasons == ("every 5m",)


def test_many_sources_run_as_each_would_alone() -> None:
    schedules: list[Schedule] = [Every(interval_s=30.0 + 7 * number) for number in range(1200)]
    schedules[::100] = [Cron(expression="*/10 * * * *", timezone="UTC") for _ in schedules[::100]]
    known = [
        (
            Source(
                id=SourceId(f"s{number}"), title="x", kind=SourceKind.FEED, url="https://city.example/rss",
                schedule=schedule,
            ),
            SourceState(next_due_at=NOON + timedelta(seconds=number)), None,
        )
        for number, schedule in enumerate(schedules)
    ]  # fmt: skip
    until, rng = NOON + timedelta(hours=3), random.Random(1)
    together = simulate(known, since=NOON, until=until, rng=rng)
    assert list(together) == [source.id for source, _, _ in known]
    for one in known:
        name = one[0].id
        alone = simulate([one], since=NOON, until=until, rng=rng)[name]
        assert together[name].times_ms.tolist() == alone.times_ms.tolist()
        assert list(together[name].reasons) == list(alone.reasons)
    first = list(in_order(together, 25))
    assert first == list(in_order(together))[:25]


def test_intervals_stay_within_their_jitter() -> None:
    found = [run.at for run in in_order({CITY: runs(Every(interval_s=300, jitter_s=30, sooner_s=20))})]
    apart = [(later - earlier).total_seconds() for earlier, later in pairwise(found)]
    assert all(249.9 <= seconds <= 330.1 for seconds in apart)
    assert len({round(seconds) for seconds in apart}) > 40


def test_an_interval_that_comes_sooner_by_chance_runs_somewhat_more() -> None:
    assert 288 < len(runs(Every(interval_s=300, sooner_s=30)).times_ms) < 325


def test_times_of_cron_are_those_of_the_clock() -> None:
    found = runs(Cron(expression="*/10 6-22 * * *", timezone="Asia/Jakarta"), SourceState(next_due_at=NOON))
    local = [run.at + timedelta(hours=7) for run in in_order({CITY: found})][1:]
    assert all(at.minute % 10 == 0 and 6 <= at.hour <= 22 for at in local)
    assert len(found.times_ms) == 102


def test_an_adaptive_source_runs_within_its_bounds() -> None:
    found = [run.at for run in in_order({CITY: runs(Adaptive(min_s=600, max_s=3600))})]
    apart = [(later - earlier).total_seconds() for earlier, later in pairwise(found)]
    assert all(600 <= seconds <= 3600 for seconds in apart)


def test_what_rests_does_not_run_until_its_pause_ends() -> None:
    ends = NOON + timedelta(hours=12)
    found = runs(Every(interval_s=3600), None, Pause(scope="all", since=NOON, until=ends))
    assert next(run.at for run in in_order({CITY: found})) == ends
    assert len(found.times_ms) == 12
    assert found.reasons == ("every 1h",)
    for_good = runs(Every(interval_s=3600), None, Pause(scope="all", since=NOON))
    gone = runs(Every(interval_s=3600), SourceState(stopped="gone"))
    assert (len(for_good.times_ms), len(gone.times_ms)) == (0, 0)


def test_the_first_run_after_a_pause_says_so() -> None:
    ends = NOON + timedelta(hours=12)
    found = runs(
        Cron(expression="0 * * * *", timezone="UTC"), None, Pause(scope="all", since=NOON, until=ends)
    )
    assert list(found.reasons[:2]) == ["its pause has ended", "cron 0 * * * * in UTC (every hour)"]


def test_what_never_runs_says_why() -> None:
    hourly = Every(interval_s=3600)
    paused = runs(
        hourly,
        None,
        Pause(scope="group:city", since=NOON, until=NOON + timedelta(days=3), reason="they move"),
    ).none
    assert paused is not None
    assert paused.kind is StarvedKind.PAUSED
    assert paused.because == (
        "all sources of the group city are paused until 2026-11-08 12:00 UTC (they move); "
        "`syndicator sources resume --group city` starts them again"
    )
    assert paused.pause is not None
    assert paused.pause.reason == "they move"
    stopped = runs(hourly, SourceState(stopped="gone for good (http_410)")).none
    assert (stopped and stopped.kind, stopped and stopped.because) == (
        StarvedKind.STOPPED,
        "stopped: gone for good (http_410)",
    )
    monthly = Cron(expression="0 6 1 * *", timezone="UTC")
    idle = runs(monthly, SourceState(next_due_at=NOON + timedelta(days=9), due_because="monthly")).none
    assert (idle and idle.kind, idle and idle.because) == (
        StarvedKind.IDLE,
        "it does not run in this time: next at 2026-11-14 12:00 UTC (monthly)",
    )
    assert runs(hourly).none is None


def later(schedule: Schedule, state: SourceState, calendar: Calendar = ALWAYS_OPEN) -> list[datetime]:
    """Return the runs of the day that begins in ten and a half days."""
    source = Source(
        id=CITY,
        title="City",
        kind=SourceKind.FEED,
        url="https://city.example/rss",
        schedule=schedule,
        calendar=calendar,
    )
    since = NOON + timedelta(days=10, hours=12)
    known = [(source, state, None)]
    found = simulate(known, since=since, until=since + DAY, rng=random.Random(1), now=NOON)[CITY]
    assert all(since <= run.at < since + DAY for run in in_order({CITY: found}))
    return [run.at for run in in_order({CITY: found})]


def test_a_later_day_does_not_begin_with_a_run_of_every_source() -> None:
    midnight = NOON + timedelta(days=10, hours=12)
    due = SourceState(next_due_at=NOON + timedelta(minutes=7), interval_s=3000.0)
    hourly = later(Every(interval_s=3600), due)
    assert (hourly[0], len(hourly)) == (midnight + timedelta(minutes=7), 24)
    assert later(Every(interval_s=3600, jitter_s=60), due)[0] > midnight
    assert later(Adaptive(min_s=600, max_s=7200), due)[0] > midnight
    cron = later(Cron(expression="30 6 * * *", timezone="UTC"), due)
    assert cron == [midnight + timedelta(hours=6, minutes=30)]
    at_once = later(Cron(expression="0 0 * * *", timezone="UTC", jitter_s=0), due)
    assert at_once == [midnight]
    hours = Calendar(windows=(ActiveHours(opens=480, closes=1200, text="08:00-20:00"),))
    opened = later(Every(interval_s=3600), due, hours)
    assert midnight + timedelta(hours=8) <= opened[0] < midnight + timedelta(hours=9)


def test_a_later_day_begins_with_what_is_due_then() -> None:
    due_at = NOON + timedelta(days=10, hours=13)
    assert later(Every(interval_s=3600), SourceState(next_due_at=due_at))[0] == due_at
