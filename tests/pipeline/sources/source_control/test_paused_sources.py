"""A source that an operator lets rest: it rests whatever else happens, until it is resumed."""

from collections.abc import Sequence

from pipeline.conftest import OpenService, Portal
from pipeline.hub_world import open_hub
from pipeline.rounds.test_feed_round import CITY, config, gather, rss
from pipeline.websub.test_pushed_rounds import ask_hubs, feed, reachable
from support import ManualClock

from syndicator.model.ops.states import SourceStanding
from syndicator.model.source import SourceState
from syndicator.pipeline.sources.gather_step import ChosenSources, SourceReport
from syndicator.pipeline.sources.source_control import Choice
from syndicator.pipeline.steps import JobReport
from syndicator.rules.sources.health import Health
from syndicator.schedule.runner import Runner
from syndicator.service import Service

PAUSED = "paused by an operator; `syndicator sources resume city` starts it again"


async def state_of(service: Service) -> SourceState:
    return await service.store.sources.state(CITY)


async def once(service: Service, *, named: bool) -> Sequence[SourceReport]:
    """Gather all sources, due or not, as `once gather` does."""
    reports: list[JobReport] = []
    chosen = ChosenSources(service.gather_step, list(service.settings.sources.values()), named=named)
    await Runner(chosen, capacity=2, clock=service.clock, on_report=reports.append).run(until_empty=True)
    return [report for report in reports if isinstance(report, SourceReport)]


async def rests(service: Service) -> bool:
    """Tell whether a source is paused and says so."""
    shown = await service.queries.source(CITY)
    told = shown.health == Health(kind=SourceStanding.PAUSED, why=PAUSED)
    return shown.state.paused and shown.state.due_because == PAUSED and told


async def test_neither_a_push_nor_a_wake_ends_a_pause(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    async with open_hub() as hub, reachable(service_of, portal) as service:
        portal.documents["/rss"] = feed(hub, portal, 1)
        await gather(service)
        await ask_hubs(service)
        assert (await hub.verify())[0] == 200
        assert await service.source_control.pause(Choice(sources=(CITY,)))
        asked = len(portal.asked)
        assert await hub.push(rss(2, 1).encode()) == 503
        await service.store.sources.wake(CITY, clock())
        assert await gather(service) == []
        assert await rests(service)
        clock.advance(5 * 86400)  # time to renew, were it not paused
        requests = len(hub.asked)
        await ask_hubs(service)
        assert len(hub.asked) == requests
        assert len(portal.asked) == asked
        assert await service.source_control.resume(Choice(sources=(CITY,)))
        assert await hub.push(rss(2, 1).encode()) == 202
        (report,) = await gather(service)
        assert report.round.new == 1


async def test_a_changed_description_does_not_end_a_pause(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/new"] = rss(1)
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        assert await service.source_control.pause(Choice(sources=(CITY,)))
    async with service_of(config(portal, "/new")) as service:
        await service.sync_configuration()
        assert await gather(service) == []
        assert await rests(service)
        assert portal.asked == []
        assert await service.source_control.resume(Choice(sources=(CITY,)))
        (report,) = await gather(service)
        assert report.round.new == 1
        assert not (await state_of(service)).paused


async def test_who_asks_all_leaves_paused_ones_out_and_who_names_one_asks_it_once(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1)
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        assert await service.source_control.pause(Choice(sources=(CITY,)))
        assert await once(service, named=False) == []
        assert portal.asked == []
        assert await rests(service)
        (report,) = await once(service, named=True)
        assert report.round.new == 1
        assert await rests(service)
        portal.status["/rss"] = 500
        (report,) = await once(service, named=True)
        assert report.reason == "http_500"
        assert await rests(service)
        clock.advance(30 * 86400)
        assert await gather(service) == []


async def test_what_is_gone_as_well_as_paused_is_resumed_from_both(
    portal: Portal, service_of: OpenService
) -> None:
    portal.status["/rss"] = 410
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        assert await service.source_control.pause(Choice(sources=(CITY,)))
        assert (await state_of(service)).stopped
        assert await rests(service)
        assert await service.source_control.resume(Choice(sources=(CITY,)))
        state = await state_of(service)
        assert (state.paused, state.stopped) == (False, None)
