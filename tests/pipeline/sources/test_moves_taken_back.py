"""What becomes of a source whose adopted new address turns out to be gone, or somebody else's."""

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec.structs import replace
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import CITY, config, gather, rss
from support import NOON, ManualClock

from syndicator.model.source import Move, SourceState
from syndicator.service import Service


async def state_of(service: Service) -> SourceState:
    return await service.store.sources.state(CITY)


async def adopt(service: Service, portal: Portal, *, credit: int = 5) -> None:
    """Have the source asked at `/new` from now on, and have it due."""
    token = await service.gather_step.lease(CITY)
    assert token is not None
    move = Move(
        target=f"{portal.url}/new",
        sightings=credit,
        first_seen_at=NOON - timedelta(days=3),
        adopted_at=NOON - timedelta(days=1),
        looked_back_at=NOON,
    )
    state = replace(await state_of(service), etag='"of the target"', move=move, next_due_at=service.clock())
    assert await service.store.sources.settle(CITY, token, state)


async def test_a_new_address_that_is_gone_gives_way_to_the_configured_one(
    portal: Portal, service_of: OpenService
) -> None:
    portal.documents["/rss"] = rss(1)
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
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
        await service.sync_configuration()
        await gather(service)
        await adopt(service, portal)
        portal.status |= {"/new": 410, "/rss": 410}
        assert [report.reason for report in await gather(service)] == ["http_410", "http_410"]
        assert (await state_of(service)).stopped
        clock.advance(30 * 86400)
        assert await gather(service) == []


async def test_a_target_that_fails_gives_way_at_once_to_a_configured_address_that_works(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1)
    portal.etags["/rss"] = '"of the target"'  # by chance both have the same validator
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        await adopt(service, portal)
        (lost,) = await gather(service)
        assert lost.reason == "http_404"
        portal.documents["/rss"] = rss(1, 2)
        portal.asked.clear()
        clock.advance(3600)
        (back,) = await gather(service)
        assert (back.status, back.round.new, portal.asked) == ("ok", 1, ["/rss"])
        assert (await state_of(service)).move is None


async def test_a_target_that_fails_for_a_while_is_not_lost_where_the_configured_address_is(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1)
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        await adopt(service, portal)
        portal.status |= {"/rss": 404, "/new": 500}
        for _ in range(5):
            assert [report.reason for report in await gather(service)] == ["http_500"]
            clock.advance(6 * 3600)
        del portal.status["/new"]
        portal.documents["/new"] = rss(1, 2)
        (found,) = await gather(service)
        assert (found.status, found.round.new) == ("ok", 1)
        portal.asked.clear()
        clock.advance(3600)
        await gather(service)
        assert portal.asked == ["/new"]


async def test_an_empty_target_is_no_proof_either_way(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents |= {"/rss": rss(1), "/new": rss()}
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        await adopt(service, portal)
        for _ in range(5):
            await gather(service)
            clock.advance(3600)
        move = (await state_of(service)).move
        assert move is not None
        assert (move.adopted_at is not None, move.sightings) == (True, 5)


async def test_the_configured_address_is_asked_once_a_day_and_counts_when_it_serves_the_feed_again(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents |= {"/rss": rss(1), "/new": rss(1, 2)}
    portal.status["/rss"] = 404
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        portal.status.clear()
        await gather(service)
        await adopt(service, portal)
        portal.status["/rss"] = 404
        portal.asked.clear()
        for _ in range(9):
            (report,) = await gather(service)
            assert report.status in {"ok", "unchanged"}
            clock.advance(4 * 3600)
        assert portal.asked.count("/rss") == 1
        del portal.status["/rss"]
        portal.documents["/rss"] = rss(1, 2, 3)
        for _ in range(7):
            await gather(service)
            clock.advance(4 * 3600)
        assert portal.asked[-1] == "/rss"
        assert (await state_of(service)).move is None


class Mover:
    """A portal whose feed has moved, for good or so it says; what stands where may change."""

    def __init__(self) -> None:
        self.at_old: str | None = rss(1, 2, 3)
        self.at_new = rss(1, 2, 3)
        self.asked: list[str] = []

    async def old(self, request: web.Request) -> web.Response:
        self.asked.append("old")
        if self.at_old is None:
            raise web.HTTPMovedPermanently("/new")
        return web.Response(text=self.at_old, content_type="application/rss+xml")

    async def new(self, request: web.Request) -> web.Response:
        self.asked.append("new")
        return web.Response(text=self.at_new, content_type="application/rss+xml")


@pytest.fixture
async def mover(portal: Portal) -> AsyncIterator[Mover]:
    played = Mover()
    app = web.Application()
    app.router.add_get("/rss", played.old)
    app.router.add_get("/new", played.new)
    async with TestServer(app) as server:
        portal.url = str(server.make_url("")).rstrip("/")
        yield played


async def follow(service: Service, mover: Mover, clock: ManualClock, numbers: Iterable[int]) -> None:
    """Have rounds every 6 h, each of which finds four articles at the target: three of the round before."""
    for number in numbers:
        clock.advance(6 * 3600)
        mover.at_new = rss(*range(number, number - 4, -1))
        await gather(service)


async def test_a_permanent_redirect_is_believed_late_and_taken_back_when_it_turns_bad(
    mover: Mover, service_of: OpenService, portal: Portal, clock: ManualClock
) -> None:
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        mover.at_old = None
        await follow(service, mover, clock, range(4, 11))
        state = await state_of(service)
        assert state.move is not None
        assert state.move.adopted_at is not None
        assert any("please configure it" in warning for warning in state.warnings)
        mover.asked.clear()
        await follow(service, mover, clock, [11])
        assert mover.asked == ["new"]
        await follow(service, mover, clock, [904, 905, 906])  # the target becomes another feed
        mover.asked.clear()
        await follow(service, mover, clock, range(907, 930))
        assert mover.asked == ["old", "new"] * 23
        state = await state_of(service)
        assert any("is asked again" in warning for warning in state.warnings)
        mover.at_old = rss(11, 10, 12)
        await follow(service, mover, clock, [930])
        state = await state_of(service)
        assert (state.move, state.warnings) == (None, ())


async def test_a_redirect_to_another_feed_is_never_believed(
    mover: Mover, service_of: OpenService, portal: Portal, clock: ManualClock
) -> None:
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        mover.at_old = None
        await follow(service, mover, clock, range(904, 930))
        assert set(mover.asked[-6:]) == {"old", "new"}
        state = await state_of(service)
        assert state.move is not None
        assert (state.move.adopted_at, state.move.sightings) == (None, 0)
        assert any("not believed" in warning for warning in state.warnings)


async def test_a_redirect_that_was_there_before_anything_was_known_is_followed_and_not_believed(
    mover: Mover, service_of: OpenService, portal: Portal, clock: ManualClock
) -> None:
    mover.at_old = None
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        await follow(service, mover, clock, range(4, 12))
        move = (await state_of(service)).move
        assert move is not None
        assert (move.adopted_at, move.sightings) == (None, 0)
