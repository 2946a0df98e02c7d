"""What the simulation says of a day is what rounds of that day do."""

import random
from datetime import timedelta
from itertools import pairwise

from support import NOON

from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.model.schedule import Adaptive, Cron, Every, Schedule
from syndicator.model.source import Source, SourceKind, SourceState
from syndicator.rules.sources.simulation import SourceRuns, in_order, simulate

DAY = timedelta(hours=24)
CITY = SourceId("city")


def runs(schedule: Schedule, state: SourceState | None = None, pause: Pause | None = None) -> SourceRuns:
    source = Source(
        id=CITY, title="City", kind=SourceKind.FEED, url="https://city.example/rss", schedule=schedule
    )
    found = simulate(
        source, state or SourceState(), pause, since=NOON, until=NOON + DAY, rng=random.Random(1)
    )
    assert all(NOON <= run.at < NOON + DAY for run in in_order({CITY: found}))
    return found


def test_an_interval_runs_as_often_as_it_says() -> None:
    found = runs(Every(interval_s=300))
    assert len(found.times_ms) == 288
    assert found.reasons == ("every 5m",)


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
    for_good = runs(Every(interval_s=3600), None, Pause(scope="all", since=NOON))
    gone = runs(Every(interval_s=3600), SourceState(stopped="gone"))
    assert (len(for_good.times_ms), len(gone.times_ms)) == (0, 0)
