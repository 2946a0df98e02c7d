"""Pauses of groups, of tags and of all sources: with an end and a reason, also for who joins later."""

from datetime import timedelta

import pytest
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import gather, rss
from support import ManualClock

from syndicator.model.ids import SourceId
from syndicator.pipeline.sources.source_control import Choice, ControlRefused
from syndicator.service import Service

CONFIG = """
[group.region]
schedule = {{ every = "60s", jitter = "0s" }}
[source.city]
title = "City"
kind = "feed"
url = "{url}/city"
group = "region"
[source.village]
title = "Village"
kind = "feed"
url = "{url}/village"
group = "region"
tags = ["sport"]
[source.world]
title = "World"
kind = "feed"
url = "{url}/world"
tags = ["sport"]
schedule = {{ every = "60s", jitter = "0s" }}
"""
JOINED = CONFIG.replace("[source.world]", '[source.world]\ngroup = "region"')


@pytest.fixture
def paper(portal: Portal) -> Portal:
    for name in ("/city", "/village", "/world"):
        portal.documents[name] = rss(1)
    return portal


async def gathered(service: Service) -> set[str]:
    return {report.source for report in await gather(service)}


def config(portal: Portal, text: str = CONFIG) -> str:
    return text.format(url=portal.url)


async def resting(service: Service) -> dict[str, str]:
    """Return the sources that are paused, and why."""
    status = await service.queries.status()
    return {one.source.id: one.state.due_because for one in status.sources if one.state.paused}


@pytest.mark.parametrize(
    ("choice", "asked"),
    [
        (Choice(group="region"), {"world"}),
        (Choice(tag="sport"), {"city"}),
        (Choice(all=True), set()),
        (Choice(sources=(SourceId("city"), SourceId("world"))), {"village"}),
    ],
)
async def test_a_pause_holds_for_its_scope_and_ends_by_itself(
    paper: Portal, service_of: OpenService, clock: ManualClock, choice: Choice, asked: set[str]
) -> None:
    async with service_of(config(paper)) as service:
        assert await gathered(service) == {"city", "village", "world"}
        end = clock.now + timedelta(minutes=10)
        await service.source_control.pause(choice, until=end, reason="moving house")
        clock.advance(120)
        assert await gathered(service) == asked
        shown = await resting(service)
        assert shown.keys() == {"city", "village", "world"} - asked
        assert all("moving house" in why and "12:10 UTC" in why for why in shown.values())
        clock.advance(480)
        assert await gathered(service) == {"city", "village", "world"}
        assert await resting(service) == {}


async def test_who_joins_a_paused_group_rests_and_who_is_resumed_is_due(
    paper: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(config(paper)) as service:
        assert await gathered(service) == {"city", "village", "world"}
        await service.source_control.pause(Choice(group="region"))
    async with service_of(config(paper, JOINED)) as service:
        clock.advance(120)
        assert await gathered(service) == set()
        assert (await resting(service)).keys() == {"city", "village", "world"}
        await service.source_control.resume(Choice(group="region"))
        assert await gathered(service) == {"city", "village", "world"}


async def test_of_two_pauses_the_longer_one_decides(
    paper: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(config(paper)) as service:
        await gathered(service)
        await service.source_control.pause(Choice(tag="sport"), until=clock.now + timedelta(minutes=5))
        await service.source_control.pause(Choice(group="region"), until=clock.now + timedelta(minutes=10))
        clock.advance(300)
        assert await gathered(service) == {"world"}
        clock.advance(300)
        assert await gathered(service) == {"city", "village", "world"}


async def test_a_scope_without_sources_is_refused_with_those_that_there_are(
    paper: Portal, service_of: OpenService
) -> None:
    async with service_of(config(paper)) as service:
        with pytest.raises(ControlRefused, match="there are: region"):
            await service.source_control.pause(Choice(group="regions"))
        with pytest.raises(ControlRefused, match="there are: sport"):
            await service.source_control.pause(Choice(tag="sports"))


async def test_what_is_run_now_is_due_but_for_what_rests(
    paper: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(config(paper)) as service:
        await gathered(service)
        await service.source_control.pause(Choice(tag="sport"))
        clock.advance(1)
        order = await service.source_control.run(Choice(group="region"))
        assert (order.sources, order.resting) == (("city",), ("village",))
        assert await gathered(service) == {"city"}


async def test_a_pause_is_lifted_whose_group_has_no_sources_any_more(
    paper: Portal, service_of: OpenService
) -> None:
    async with service_of(config(paper, JOINED)) as service:
        await service.source_control.pause(Choice(group="region"))
    async with service_of(config(paper).replace('group = "region"', 'schedule.every = "60s"')) as service:
        (resumed,) = await service.source_control.resume(Choice(group="region"))
        assert (resumed.scope, resumed.sources) == ("group:region", 0)
        with pytest.raises(ControlRefused, match="there are: none"):
            await service.source_control.resume(Choice(group="region"))
    async with service_of(config(paper, JOINED)) as service:
        assert await gathered(service) == {"city", "village", "world"}
