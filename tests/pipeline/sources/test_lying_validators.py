"""Servers whose validators lie, or change for nothing: it is the content that decides."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from aiohttp import web
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import CITY, config, gather, rss
from pipeline.sources.test_source_memory import state_of, until_checked
from support import ManualClock, answering


class Fickle:
    """A feed whose ETag is another one in each answer; it may say 304 to whatever it is sent."""

    def __init__(self) -> None:
        self.text = rss(1)
        self.lies = False
        self.sent: list[str | None] = []
        self._numbers = count()

    async def answer(self, request: web.Request) -> web.Response:
        self.sent.append(request.headers.get("If-None-Match"))
        headers = {"ETag": f'"{next(self._numbers)}"'}
        if self.lies and self.sent[-1]:
            return web.Response(status=304, headers=headers)
        return web.Response(text=self.text, content_type="application/rss+xml", headers=headers)


@asynccontextmanager
async def served(fickle: Fickle, portal: Portal) -> AsyncIterator[None]:
    async with answering(fickle.answer, "/rss") as portal.url:
        yield


async def test_a_liar_is_found_out_though_each_answer_has_another_etag(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    fickle = Fickle()
    fickle.lies = True
    async with served(fickle, portal), service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        assert (await until_checked(service, clock)).status == "unchanged"
        assert (await state_of(service)).honesty.lies == 0
        fickle.text = rss(1, 2)
        found = await until_checked(service, clock)
        state = await state_of(service)
        assert found.round.new == 1
        assert (state.honesty.checks, state.honesty.lies) == (2, 1)
        clock.advance(300)
        await gather(service)
        assert fickle.sent[-1] is None


async def test_what_a_feed_corrects_behind_a_304_is_a_lie_too(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    fickle = Fickle()
    fickle.lies = True
    async with served(fickle, portal), service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        fickle.text = rss(1).replace("Berita 1", "Berita 1 (diperbarui)")
        assert (await until_checked(service, clock)).round.changed == 1
        assert (await state_of(service)).honesty.lies == 1


async def test_an_etag_that_changes_with_each_answer_has_nothing_read_again(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    fickle = Fickle()
    async with served(fickle, portal), service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        read_at = (await state_of(service)).read_at
        for _ in range(3):
            clock.advance(300)
            (report,) = await gather(service)
            assert (report.source, report.status) == (CITY, "unchanged")
        state = await state_of(service)
        assert (state.read_at, state.honesty.checks) == (read_at, 0)
        assert len(set(fickle.sent)) == 4
