"""Times that are moved by chance: each has one round, and no other round of its own."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from support import NOON

from syndicator.model.schedule import Calendar, CatchUp, Cron
from syndicator.model.source import SourceState
from syndicator.rules.sources.cadence import after_success, put_off

HOUR = timedelta(hours=1)
HALF_PAST = NOON - timedelta(minutes=30)


def rounds(schedule: Cron, until: datetime, took: timedelta) -> Iterator[datetime]:
    at, rng = HALF_PAST, random.Random(1)
    while (at := after_success(schedule, began_at=at, now=at + took, rng=rng).at) < until:
        yield at


@pytest.mark.parametrize("took_s", [0, 2, 40])
@pytest.mark.parametrize("jitter_s", [30, 900])
def test_a_cron_time_that_jitter_moves_has_one_round(jitter_s: float, took_s: float) -> None:
    schedule = Cron(expression="0 * * * *", timezone="UTC", jitter_s=jitter_s)
    found = list(rounds(schedule, HALF_PAST + 240 * HOUR, timedelta(seconds=took_s)))
    assert len(found) == 240
    for number, at in enumerate(found):
        assert abs((at - NOON - number * HOUR).total_seconds()) <= jitter_s


def test_jitter_longer_than_the_time_between_two_cron_times_leaves_out_few() -> None:
    schedule = Cron(expression="* * * * *", timezone="UTC", jitter_s=30)
    assert len(list(rounds(schedule, HALF_PAST + HOUR, timedelta()))) >= 59


def test_a_cron_time_soon_after_an_outage_is_not_left_out() -> None:
    schedule = Cron(expression="0 * * * *", timezone="UTC", jitter_s=30)
    now = NOON - timedelta(seconds=10)
    due = put_off(
        schedule,
        now=now,
        rng=random.Random(1),
        state=SourceState(next_due_at=NOON - 5 * HOUR),
        calendar=Calendar(catch_up=CatchUp.SKIP),
        missed=True,
    )
    assert due is not None
    assert abs((due.at - NOON).total_seconds()) <= 30
