"""Hours, holidays, blackouts, bursts and one-off runs of a source, as rounds of it happen."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import CITY, gather, rss
from support import ManualClock

from syndicator.service import Service

CONFIG = """
[group.region]
schedule = {{ every = "1h", jitter = "0s" }}
timezone = "Asia/Jakarta"
{calendar}
[source.city]
title = "City"
kind = "feed"
url = "{url}/rss"
group = "region"
"""
BURST = (
    'bursts = [{ from = 2027-02-15T20:00:00, until = 2027-02-15T20:02:00, every = "60s", reason = "final" }]'
)
MONDAY = datetime(2027, 2, 15, 0, 0, tzinfo=UTC)


async def rounds(service: Service, clock: ManualClock, until: datetime) -> Sequence[str]:
    """Gather each time that the source is due; return the local times, as `15 07:00`."""
    times: list[str] = []
    while True:
        state = await service.store.sources.state(CITY)
        due = state.next_due_at or clock.now
        if due >= until:
            return times
        clock.now = max(clock.now, due)
        if await gather(service):
            times.append(f"{clock.now + timedelta(hours=7):%d %H:%M}")


@pytest.mark.parametrize(
    ("calendar", "wanted"),
    [
        ('active = "07:00-10:30"', ["15 07:00", "15 08:00", "15 09:00", "15 10:00", "16 07:00"]),
        ('active = "mon 22:00-01:30"', ["15 22:00", "15 23:00", "16 00:00", "16 01:00"]),
        (
            'active = "07:00-08:30"\nblackouts = [{ from = 2027-02-15T07:30:00, until = 2027-02-16T07:20:00, reason = "x" }]',
            ["15 07:00", "16 07:20"],
        ),
        (
            'active = "07:00-07:30"\nruns = [2027-02-15T19:00:00]\n' + BURST,
            ["15 07:00", "15 19:00", "15 20:00", "15 20:01", "16 07:00"],
        ),
        (
            'active = "07:00-08:30"\nholidays = { days = ["2027-02-15"], then = "rest" }',
            ["16 07:00", "16 08:00"],
        ),
    ],
)
async def test_rounds_happen_when_the_calendar_says(
    portal: Portal, service_of: OpenService, clock: ManualClock, calendar: str, wanted: list[str]
) -> None:
    portal.documents["/rss"] = rss(1)
    clock.now = MONDAY
    async with service_of(CONFIG.format(calendar=calendar, url=portal.url)) as service:
        found = await rounds(service, clock, MONDAY + timedelta(hours=30))
    assert found[: len(wanted)] == wanted
