"""How long a warning stays: what is odd in a document as long as it does, what a round showed for that round."""

from pipeline.conftest import OpenService, Portal
from pipeline.hub_world import open_hub
from pipeline.rounds.test_feed_round import CITY, config, gather, rss
from pipeline.sources.test_moves_taken_back import adopt
from pipeline.websub.test_pushed_rounds import ask_hubs, feed, reachable
from support import ManualClock

from syndicator.model.ops.states import SourceStanding
from syndicator.pipeline.sources.source_control import Choice


async def test_a_gap_is_told_once_and_an_odd_document_as_long_as_it_stands(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1, 2, 3)
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        clock.advance(300)
        portal.documents["/rss"] = rss(5, 6, 7, 8)
        portal.etags["/rss"] = '"odd"'
        portal.documents["/rss"] = portal.documents["/rss"].removesuffix("</channel></rss>")
        await gather(service)
        first = (await service.store.sources.state(CITY)).warnings
        assert any("probably missed" in warning for warning in first)
        odd = [warning for warning in first if "probably missed" not in warning]
        assert odd
        for _ in range(3):
            clock.advance(300)
            (report,) = await gather(service)
            state = await service.store.sources.state(CITY)
            assert report.status == "unchanged"
            assert list(state.warnings) == odd
        assert state.gaps == 1
        clock.advance(300)
        portal.documents["/rss"] = rss(5, 6, 7, 8, 9)
        portal.etags.clear()
        await gather(service)
        after = (await service.store.sources.state(CITY)).warnings
        assert len(odd) - len(after) > 0
        assert set(after) < set(odd)


async def test_a_warning_ends_with_its_cause_though_the_round_failed(
    portal: Portal, service_of: OpenService
) -> None:
    portal.documents |= {"/rss": rss(1), "/new": rss(1)}
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        await adopt(service, portal)
        await gather(service)
        assert "please configure it" in (await service.store.sources.state(CITY)).warnings[-1]
        await adopt(service, portal)
        portal.status |= {"/rss": 500, "/new": 410}
        await gather(service)
        told = (await service.store.sources.state(CITY)).warnings
        assert not any("please configure it" in warning for warning in told)
        assert "is gone or no longer the same" in told[-1]


async def test_what_is_odd_in_a_push_is_told_until_the_next_one(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    async with open_hub() as hub, reachable(service_of, portal) as service:
        portal.documents["/rss"] = feed(hub, portal, 1).removesuffix("</channel></rss>")
        portal.etags["/rss"] = '"odd"'
        await gather(service)
        odd = (await service.store.sources.state(CITY)).warnings
        assert odd
        await ask_hubs(service)
        await hub.verify()
        for body, said in ((b"<html>busy</html>", 1), (rss(1).encode(), 0), (b"<html>busy</html>", 1)):
            clock.advance(10)
            await hub.push(body)
            await gather(service)
            shown = await service.queries.source(CITY)
            assert shown.state.warnings[: len(odd)] == odd
            assert len(shown.state.warnings) == len(odd) + said
            assert shown.health.kind is SourceStanding.OK
        clock.advance(300)
        await hub.push(b"<html>still busy</html>")
        (both,) = await gather(service)  # the push, and a poll that finds nothing changed
        assert both.status == "ok"
        clock.advance(300)
        await gather(service)
        assert (await service.store.sources.state(CITY)).warnings == odd


async def test_a_changed_description_ends_the_warnings_of_a_paused_source(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1).removesuffix("</channel></rss>")
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        assert (await service.store.sources.state(CITY)).warnings
        await service.source_control.pause(Choice(sources=(CITY,)))
    async with service_of(config(portal, "/other")) as service:
        await service.sync_configuration()
        await gather(service)
        assert (await service.store.sources.state(CITY)).warnings == ()
