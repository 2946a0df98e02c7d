"""What lies over a schedule: rounds that are spread stay where they may be."""

import random
from datetime import UTC, datetime, timedelta

from support import NOON

from syndicator.model.schedule import ActiveHours, Blackout, Burst, Calendar, Every
from syndicator.rules.sources.cadence import after_success

MINUTE = timedelta(minutes=1)
MORNING = (ActiveHours(opens=300, closes=600, text="05:00-10:00"),)


def due_times(calendar: Calendar) -> list[datetime]:
    return [
        after_success(
            Every(interval_s=300), began_at=NOON, now=NOON, rng=random.Random(seed), calendar=calendar
        ).at
        for seed in range(200)
    ]


def test_a_round_of_a_burst_is_in_the_burst_also_where_it_is_shorter_than_its_interval() -> None:
    burst = Burst(begin=NOON + 60 * MINUTE, end=NOON + 65 * MINUTE, interval_s=900.0, reason="final")
    found = due_times(Calendar(windows=MORNING, bursts=(burst,)))
    assert all(burst.begin <= at < burst.end for at in found)


def test_a_round_that_waited_for_its_hours_is_not_in_a_blackout_soon_after_they_open() -> None:
    opens = datetime(2026, 11, 6, 5, 0, tzinfo=UTC)
    blackout = Blackout(
        begin=opens + timedelta(seconds=20), end=opens + timedelta(hours=1), reason="their servers move"
    )
    found = due_times(Calendar(windows=MORNING, blackouts=(blackout,)))
    assert all(opens <= at < blackout.begin for at in found)
    without_hours = Blackout(begin=NOON, end=opens, reason="")
    found = due_times(Calendar(blackouts=(without_hours, blackout)))
    assert all(opens <= at < blackout.begin for at in found)
