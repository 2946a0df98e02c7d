"""The whole way of a push: a feed names its hub, the hub pushes, the round takes it in, polls become rare."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipeline.conftest import OpenService, Portal
from pipeline.hub_world import Hub, open_hub
from pipeline.rounds.test_feed_round import CITY, gather, rss
from support import ManualClock

from syndicator.model.source import SourceState
from syndicator.model.subscription import SubscriptionStatus
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions
from syndicator.web.http.server import open_socket, port_of, serving


def feed(hub: Hub, portal: Portal, *numbers: int) -> str:
    links = (
        f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="{hub.url}"/>'
        f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="self" href="{portal.url}/rss"/>'
    )
    return rss(*numbers).replace("<title>Kota</title>", f"<title>Kota</title>{links}", 1)


@asynccontextmanager
async def reachable(service_of: OpenService, portal: Portal) -> AsyncIterator[Service]:
    """Open a service whose callbacks a hub can reach."""
    opened = open_socket("127.0.0.1", 0)
    config = (
        f'[site]\npublic_url = "http://127.0.0.1:{port_of(opened)}"\n'
        f'[source.city]\ntitle = "Kota"\nkind = "feed"\nurl = "{portal.url}/rss"\n'
        'schedule = { every = "5m" }\n[feed.latest]\ntitle = "Terbaru"\n'
    )
    async with service_of(config) as service:
        app = create_app(service.queries, WebOptions(), callbacks=service.hub_callbacks)
        async with serving(app, opened, shutdown_timeout_s=1.0):
            await service.sync_configuration()
            yield service


async def ask_hubs(service: Service) -> None:
    runner = Runner(service.subscribe_step, capacity=4, clock=service.clock, on_report=lambda report: None)
    await runner.run(until_empty=True)


async def state_of(service: Service) -> SourceState:
    return await service.store.sources.state(CITY)


async def hub_of(service: Service) -> SubscriptionStatus:
    shown = (await service.queries.source(CITY)).hub
    assert shown is not None
    return shown


async def test_from_the_first_poll_to_rare_polls(portal: Portal) -> None:
    async with open_hub() as hub, reachable(portal.service_of, portal) as service:
        portal.documents["/rss"] = feed(hub, portal, 1)
        await gather(service)
        await ask_hubs(service)
        assert hub.asked[0]["hub.topic"] == f"{portal.url}/rss"
        assert (await hub.verify())[0] == 200
        due = (await state_of(service)).next_due_at
        polls = len(portal.asked)
        portal.clock.advance(10)
        assert await hub.push(rss(2, 1).encode()) == 202
        (report,) = await gather(service)
        assert (report.round.new, report.round.unchanged) == (1, 1)
        assert len(portal.asked) == polls  # nothing was asked of the portal
        assert (await state_of(service)).next_due_at == due  # nor was its next poll put off
        assert await gather(service) == []
        told = await hub_of(service)
        assert (told.state, told.delivers, told.articles_by_push) == ("verified", True, 1)
        portal.clock.advance(300)
        portal.documents["/rss"] = feed(hub, portal, 2, 1)
        await gather(service)
        assert (await state_of(service)).due_because == "every 1h while its hub pushes, else every 5m"


async def test_a_hub_that_falls_silent_is_found_out(portal: Portal) -> None:
    async with open_hub() as hub, reachable(portal.service_of, portal) as service:
        portal.documents["/rss"] = feed(hub, portal, 1)
        await gather(service)
        await ask_hubs(service)
        await hub.verify()
        await hub.push(rss(2, 1).encode())
        await gather(service)
        portal.clock.advance(3600)
        portal.documents["/rss"] = feed(hub, portal, 3, 2, 1)
        (report,) = await gather(service)
        assert report.round.new == 1
        told = await hub_of(service)
        assert (told.delivers, told.articles_by_poll) == (False, 2)
        assert (await state_of(service)).due_because == "every 5m"


async def test_rubbish_from_a_hub_is_no_fault_of_the_source(portal: Portal) -> None:
    async with open_hub() as hub, reachable(portal.service_of, portal) as service:
        portal.documents["/rss"] = feed(hub, portal, 1)
        await gather(service)
        await ask_hubs(service)
        await hub.verify()
        portal.clock.advance(10)
        assert await hub.push(b"<html>busy</html>") == 202
        (report,) = await gather(service)
        state = await state_of(service)
        assert (report.status, state.failures, state.failure) == ("ok", 0, None)
        assert any("what the hub pushed could not be read" in warning for warning in state.warnings)
        told = await hub_of(service)
        assert (told.waiting, told.delivers) == (0, False)
        portal.clock.advance(300)
        await gather(service)
        assert (await state_of(service)).due_because == "every 5m"


async def test_what_came_by_push_says_so(portal: Portal, service_of: OpenService, clock: ManualClock) -> None:
    async with open_hub() as hub, reachable(service_of, portal) as service:
        portal.documents["/rss"] = feed(hub, portal, 1)
        await gather(service)
        await ask_hubs(service)
        await hub.verify()
        clock.advance(10)
        await hub.push(rss(2).encode())
        await gather(service)
        ids = await service.store.articles.carried_by(CITY)
        found = [one for one in await service.store.articles.get_many(ids) if one]
        assert {one.guid: one.provenance.pushed for one in found} == {"g1": False, "g2": True}
