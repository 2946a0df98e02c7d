"""Conditional requests of documents to which redirects lead: validators belong to the address that gave them."""

import pytest
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import CITY, config, gather, rss
from pipeline.visiting_world import Scripted, scripted
from support import ManualClock

from syndicator.service import Service

EMPTY = {"If-None-Match", "If-Modified-Since"}


def old_address(portal: Portal, old: Scripted, location: str, status: int = 302) -> str:
    """Describe a feed whose configured address is `/old` of another server, which leads to the portal."""
    old.say("/old", status=status, Location=location)
    return config(portal).replace(f"{portal.url}/rss", old.url("/old"))


async def next_round(service: Service, clock: ManualClock) -> str:
    clock.advance(300)
    (report,) = await gather(service)
    return report.status


@pytest.mark.parametrize("status", [301, 302])
async def test_a_feed_on_another_server_is_asked_for_what_changed(
    portal: Portal, service_of: OpenService, clock: ManualClock, status: int
) -> None:
    portal.documents["/rss"], portal.etags["/rss"] = rss(1), '"one"'
    async with (
        scripted() as old,
        service_of(old_address(portal, old, f"{portal.url}/rss", status)) as service,
    ):
        await service.sync_configuration()
        (first,) = await gather(service)
        assert first.round.new == 1
        state = await service.store.sources.state(CITY)
        assert (state.etag, state.validators_of) == ('"one"', f"{portal.url}/rss")
        for _ in range(2):
            portal.conditions.clear()
            assert await next_round(service, clock) == "unchanged"
            assert portal.conditions[0] == '"one"'
        assert not any(EMPTY & headers.keys() for headers in old.headers)
        portal.documents["/rss"], portal.etags["/rss"] = rss(1, 2), '"two"'
        assert await next_round(service, clock) == "ok"


async def test_where_it_leads_elsewhere_they_are_not_sent(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents |= {"/rss": rss(1), "/other": rss(1, 2)}
    portal.etags |= {"/rss": '"one"', "/other": '"one"'}  # by chance both have the same
    async with scripted() as old, service_of(old_address(portal, old, f"{portal.url}/rss")) as service:
        await service.sync_configuration()
        await gather(service)
        old.say("/old", status=302, Location=f"{portal.url}/other")
        assert await next_round(service, clock) == "ok"
        assert (await service.store.sources.state(CITY)).validators_of == f"{portal.url}/other"
        old.say("/old", rss(1, 2, 3))
        assert await next_round(service, clock) == "ok"
        assert not any(EMPTY & headers.keys() for headers in old.headers)


async def test_an_answer_that_nothing_changed_where_nothing_was_known_is_none(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"], portal.etags["/rss"] = rss(1), '"one"'
    async with scripted() as old, service_of(old_address(portal, old, f"{portal.url}/rss")) as service:
        await service.sync_configuration()
        await gather(service)
        old.say("/old", status=302, Location=f"{portal.url}/other")
        portal.status["/other"] = 304
        assert await next_round(service, clock) == "failed"
