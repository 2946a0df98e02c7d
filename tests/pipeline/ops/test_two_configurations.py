"""Processes with different configurations over one namespace, as during a change of the configuration."""

from datetime import timedelta

from pipeline.conftest import Portal
from pipeline.ops.test_retention import sweep
from pipeline.rounds.test_feed_round import gather

from syndicator.model.ids import SourceId
from syndicator.service import Service
from syndicator.store.ops.configured_names import IN_USE

RSS = '<rss version="2.0"><channel><title>Kota</title></channel></rss>'


def sources(portal: Portal, *names: str) -> str:
    portal.documents |= {f"/{name}": RSS for name in names}
    return "".join(
        f'[source.{name}]\ntitle = "{name}"\nkind = "feed"\nurl = "{portal.url}/{name}"\n'
        'schedule = { every = "5m", jitter = "0s" }\n'
        for name in names
    )


async def gathered(service: Service) -> list[str]:
    return sorted(report.source for report in await gather(service))


async def test_a_start_with_the_former_configuration_takes_no_new_source_away(portal: Portal) -> None:
    async with (
        portal.service_of(sources(portal, "old", "new")) as one,
        portal.service_of(sources(portal, "old")) as other,
    ):
        assert await gathered(one) == ["new", "old"]
        portal.clock.advance(301)
        assert await gathered(other) == ["old"]
        portal.clock.advance(16)  # what the other process leased, and does not know, is due again
        assert await gathered(one) == ["new"]


async def test_a_source_that_left_every_configuration_is_gathered_no_more(portal: Portal) -> None:
    async with portal.service_of(sources(portal, "old", "gone")) as service:
        await gather(service)
    async with portal.service_of(sources(portal, "old")) as service:
        portal.asked.clear()
        portal.clock.advance((IN_USE + timedelta(seconds=1)).total_seconds())
        await sweep(service)
        assert await gathered(service) == ["old"]
        assert portal.asked == ["/old"]
        listed = [name async for piece in service.store.sources.due_times() for name, _ in piece]
        assert listed == [b"old"]


async def test_a_source_that_was_taken_for_unused_is_due_again(portal: Portal) -> None:
    async with (
        portal.service_of(sources(portal, "old", "new")) as one,
        portal.service_of(sources(portal, "old")) as other,
    ):
        portal.clock.advance((IN_USE + timedelta(seconds=1)).total_seconds())  # one was asleep meanwhile
        await gather(other)
        assert await gathered(one) == []
        await sweep(one)
        assert await gathered(one) == ["new"]


async def test_many_sources_of_another_configuration_keep_no_own_one_waiting(portal: Portal) -> None:
    names = [f"s{number}" for number in range(70)]
    async with portal.service_of(sources(portal, *names)):
        portal.clock.advance(1)
    async with portal.service_of(sources(portal, "own")) as other:
        taken = await other.gather_step.take(32)
        assert len(taken.jobs) == 1
        report = await taken.jobs[0]()
        assert dict(report.fields)["source"] == SourceId("own") if report else False
