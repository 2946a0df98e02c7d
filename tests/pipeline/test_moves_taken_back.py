"""What becomes of a source whose adopted new address turns out to be gone, or somebody else's."""

from datetime import timedelta

from msgspec.structs import replace
from pipeline.conftest import OpenService, Portal
from pipeline.test_feed_rounds import CITY, config, gather, rss
from support import NOON, ManualClock

from syndicator.model.source import Move, SourceState
from syndicator.service import Service


async def state_of(service: Service) -> SourceState:
    return await service.store.sources.state(CITY)


async def adopt(service: Service, portal: Portal, *, credit: int = 5) -> None:
    """Have the source asked at `/new` from now on, and have it due."""
    token = await service.gather.lease(CITY)
    assert token is not None
    move = Move(
        target=f"{portal.url}/new",
        sightings=credit,
        first_seen_at=NOON - timedelta(days=3),
        adopted_at=NOON - timedelta(days=1),
    )
    state = replace(await state_of(service), etag='"of the target"', move=move, next_due_at=service.clock())
    assert await service.store.sources.settle(CITY, token, state)


async def test_a_new_address_that_is_gone_gives_way_to_the_configured_one(
    portal: Portal, service_of: OpenService
) -> None:
    portal.documents["/rss"] = rss(1)
    async with service_of(config(portal)) as service:
        await service.enlist()
        await gather(service)
        await adopt(service, portal)
        portal.status["/new"] = 410
        portal.asked.clear()
        gone, back = await gather(service)
        assert (gone.reason, back.status) == ("http_410", "ok")
        assert portal.asked == ["/new", "/rss"]
        state = await state_of(service)
        assert (state.move, state.stopped, state.failures) == (None, None, 0)


async def test_a_source_whose_own_address_is_gone_too_is_stopped(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1)
    async with service_of(config(portal)) as service:
        await service.enlist()
        await gather(service)
        await adopt(service, portal)
        portal.status |= {"/new": 410, "/rss": 410}
        assert [report.reason for report in await gather(service)] == ["http_410", "http_410"]
        assert (await state_of(service)).stopped
        clock.advance(30 * 86400)
        assert await gather(service) == []


async def test_what_the_target_sent_is_not_sent_to_the_configured_address(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1)
    portal.etags["/rss"] = '"of the target"'  # by chance both have the same validator
    async with service_of(config(portal)) as service:
        await service.enlist()
        await gather(service)
        await adopt(service, portal, credit=1)
        (lost,) = await gather(service)
        state = await state_of(service)
        assert (lost.reason, state.move) == ("http_404", None)
        assert (state.etag, state.last_modified, state.body_hash) == (None, None, None)
        portal.documents["/rss"] = rss(1, 2)
        clock.advance(3600)
        (back,) = await gather(service)
        assert (back.status, back.round.new) == ("ok", 1)
