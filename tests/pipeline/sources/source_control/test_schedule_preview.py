"""A simulated day against the rounds of that day, by a clock that jumps from one due time to the next."""

from datetime import UTC, datetime, timedelta

from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import gather, rss
from support import ManualClock

from syndicator.rules.sources.simulation.simulation import in_order
from syndicator.service import Service

SCHEDULES = {
    "often": '{ every = "7m", jitter = "0s" }',
    "daily": '{ every = "5h", jitter = "0s" }',
    "hours": '{ cron = "*/20 5-22 * * *", timezone = "America/New_York" }',
    "night": '{ cron = "30 2 * * *", timezone = "America/New_York" }',
    "burst": '{ every = "3h", jitter = "0s" }\nbursts = [{ from = 2027-03-14T09:00:00Z, '
    'until = 2027-03-14T09:05:00Z, every = "30s", reason = "final" }]\nruns = [2027-03-14T11:11:00Z]',
}
BEGIN = datetime(2027, 3, 13, 12, 0, tzinfo=UTC)
"""The night in which clocks are moved in New York."""
DAY = timedelta(hours=24)


def config(portal: Portal) -> str:
    for name in SCHEDULES:
        portal.documents[f"/{name}"] = rss(1)
    return "".join(
        f'[source.{name}]\ntitle = "{name}"\nkind = "feed"\nurl = "{portal.url}/{name}"\nschedule = {schedule}\n'
        for name, schedule in SCHEDULES.items()
    )


async def happened(service: Service, clock: ManualClock, until: datetime) -> list[tuple[str, datetime]]:
    found: list[tuple[str, datetime]] = []
    while True:
        states = await service.store.sources.states(list(service.settings.sources))
        clock.now = max(clock.now, min(state.next_due_at or clock.now for state in states))
        if clock.now >= until:
            return found
        found += [(report.source, clock.now) for report in await gather(service)]


async def test_what_was_simulated_happens(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    clock.now = BEGIN
    async with service_of(config(portal)) as service:
        await gather(service)
        simulated = await service.schedule_preview.simulated(None, DAY)
        foretold = [(run.source, run.at) for run in in_order(simulated.runs)]
        real = await happened(service, clock, BEGIN + DAY)
    assert len(real) == len(foretold) > 200
    by_source = (sorted(foretold), sorted(real))
    late = [
        (name, abs((at - then).total_seconds())) for (name, at), (_, then) in zip(*by_source, strict=True)
    ]
    assert [one for one in late if one[1] > 1] == []
    assert simulated.load.runs == len(real)
    assert sum(hour.runs for hour in simulated.load.hours) == len(real)
