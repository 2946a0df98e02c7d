"""Article pages against the clock: what is read is kept, what is left is read soon, and nothing goes on after."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from aiohttp import web
from pipeline.conftest import OpenService, Portal
from pipeline.full_text_world import articles, config, entry, feed, page, put_pages
from pipeline.rounds.test_feed_round import CITY, gather
from support import ManualClock, answering, until

from syndicator.errors import StoreUnavailable
from syndicator.gather.gatherer import Gatherer
from syndicator.model.article import ListedItem
from syndicator.model.fetch import Fetched
from syndicator.model.source import Source
from syndicator.pipeline.articles import article_pages
from syndicator.pipeline.rounds import feed_round
from syndicator.pipeline.sources import round_result
from syndicator.store.sources.request_slots import HoldOff

LIST_RULE = (
    'list = { item = "li", url = "a", title = "a", section = "i" }\narticle = { title = "h1", body = ".isi" }'
)


class SlowPortal(Portal):
    """One of whose pages keeps readers waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.slow: dict[str, Callable[[], Awaitable[object]]] = {}

    async def answer(self, request: web.Request) -> web.Response:
        if request.path in self.slow:
            await self.slow[request.path]()
        return await super().answer(request)


@pytest.fixture
async def slow_portal() -> AsyncIterator[SlowPortal]:
    played = SlowPortal()
    async with answering(played.answer) as played.url:
        yield played


def list_config(portal: Portal, more: str = "", every: str = "5m") -> str:
    return (
        f'[source.city]\ntitle = "Kota"\nkind = "page"\nurl = "{portal.url}/"\n'
        f'schedule = {{ every = "{every}" }}\n{LIST_RULE}\n{more}\n[feed.latest]\ntitle = "Terbaru"\n'
    )


async def test_a_page_without_end_does_not_cost_the_round(
    slow_portal: SlowPortal, service_of: OpenService, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_pages(slow_portal, 1, 2, 3)
    slow_portal.documents["/rss"] = feed(*(entry(slow_portal, n, guid=f"g{n}") for n in (3, 2, 1)))
    slow_portal.etags["/rss"] = '"one"'
    begun: list[round_result.Notes] = []

    def watched(first_success_at: datetime | None = None) -> round_result.Notes:
        begun.append(round_result.new_notes(first_success_at))
        return begun[-1]

    monkeypatch.setattr(feed_round, "new_notes", watched)
    monkeypatch.setattr(article_pages, "PORTION_S", 0.05)
    opened = asyncio.Event()
    async with service_of(config(slow_portal)) as service:

        async def until_time_is_up() -> None:
            while not opened.is_set() and await service.store.articles.count() < 2:
                await asyncio.sleep(0.01)
            begun[-1].until -= round_result.READING_TIME_S
            await opened.wait()

        slow_portal.slow["/read/2"] = until_time_is_up
        (report,) = await gather(service)
        assert (report.status, report.round.new) == ("ok", 2)
        state = await service.store.sources.state(CITY)
        assert "articles left for the next round: 1" in state.warnings
        opened.set()
        slow_portal.slow.clear()
        clock.advance(300)
        (report,) = await gather(service)
        assert (report.status, report.round.new, report.round.unchanged) == ("ok", 1, 2)


async def test_what_is_read_is_admitted_while_a_slow_page_is_still_read(
    slow_portal: SlowPortal, service_of: OpenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(article_pages, "PORTION_S", 0.05)
    put_pages(slow_portal, 1, 2)
    slow_portal.documents["/rss"] = feed(*(entry(slow_portal, n, guid=f"g{n}") for n in (2, 1)))
    async with service_of(config(slow_portal)) as service:

        async def until_one_is_there() -> None:
            await until(service.store.articles.count, lambda found: found != 0)

        slow_portal.slow["/read/1"] = until_one_is_there
        (report,) = await gather(service)
        assert report.round.new == 2


async def test_what_is_left_of_a_feed_does_not_wait_behind_its_validators(
    portal: Portal, service_of: OpenService, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_pages(portal, 1, 2, 3)
    portal.documents["/rss"] = feed(*(entry(portal, n, guid=f"g{n}") for n in (3, 2, 1)))
    portal.etags["/rss"] = '"one"'
    async with service_of(config(portal)) as service:
        with monkeypatch.context() as patched:
            patched.setattr(round_result, "READING_TIME_S", -1.0)
            (hurried,) = await gather(service)
        assert hurried.round.new == 0
        clock.advance(3 * 3600)
        (second,) = await gather(service)
        assert (second.status, second.round.new) == ("ok", 3)
        # They are listed by their own dates, as the first round would have done.
        assert all(one.listed_at == one.published_at for one in await articles(service))
        clock.advance(300)
        (third,) = await gather(service)
        assert third.status == "unchanged"


async def test_nothing_goes_on_after_a_round_that_broke(
    slow_portal: SlowPortal, service_of: OpenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Gatherer.read_article

    async def away(
        self: Gatherer, source: Source, fetched: Fetched, listed: ListedItem | None = None
    ) -> object:
        if fetched.url.endswith("/read/1"):
            raise StoreUnavailable("away")
        return await real(self, source, fetched, listed)

    monkeypatch.setattr(Gatherer, "read_article", away)
    put_pages(slow_portal, *range(1, 9))
    slow_portal.documents["/rss"] = feed(*(entry(slow_portal, n, guid=f"g{n}") for n in range(8, 0, -1)))
    opened = asyncio.Event()
    slow_portal.slow["/read/2"] = opened.wait
    async with service_of(config(slow_portal)) as service:
        token = await service.gather_step.lease(CITY)
        assert token is not None
        assert (
            await service.gather_step.gather(service.settings.sources[CITY], token) is None
        )  # as if Redis went
        reading = [task for task in asyncio.all_tasks() if "ArticlePages" in str(task.get_coro())]
        assert reading == []
        opened.set()


async def test_what_only_the_list_told_stays_when_a_page_is_read_again(portal: Portal) -> None:
    portal.documents["/"] = '<ul><li><a href="/read/1">Berita 1</a> <i>Ekonomi</i></li></ul>'
    portal.documents["/read/1"] = page(1)
    async with portal.service_of(list_config(portal)) as service:
        await gather(service)
        portal.clock.advance(7200)
        (report,) = await gather(service)
        assert (report.round.changed, portal.asked.count("/read/1")) == (0, 2)
        (article,) = await articles(service)
        assert (article.section, article.revision) == ("Ekonomi", 1)


async def test_an_article_comes_soon_after_an_outage(portal: Portal) -> None:
    portal.documents["/"] = '<ul><li><a href="/read/1">Berita 1</a></li></ul>'
    portal.status["/read/1"] = 503
    async with portal.service_of(list_config(portal)) as service:
        for _ in range(64):  # 5 h 20 min: behind the sixth try of a page that is to blame itself
            await gather(service)
            portal.clock.advance(300)
        portal.status.clear()
        put_pages(portal, 1)
        new = 0
        for _ in range(4):
            (report,) = await gather(service)
            new += report.round.new
            portal.clock.advance(300)
        assert new == 1


async def test_a_turn_that_did_not_come_says_nothing_of_a_page(portal: Portal) -> None:
    elsewhere = portal.url.replace("127.0.0.1", "localhost")
    portal.documents["/"] = f'<ul><li><a href="{elsewhere}/read/1">Berita 1</a></li></ul>'
    put_pages(portal, 1)
    scope = f"host:{elsewhere.removeprefix('http://')}"
    async with portal.service_of(list_config(portal, "politeness = { robots = false }", "1m")) as service:
        for _ in range(4):
            until = portal.clock() + timedelta(minutes=30)
            await service.store.request_slots.exchange(
                [],
                now=portal.clock(),
                lease=timedelta(seconds=15),
                held_off=[HoldOff(scope=scope, until=until)],
            )
            (report,) = await gather(service)
            assert report.round.new == 0
            portal.clock.advance(1800)
        assert "/read/1" not in portal.asked
        (report,) = await gather(service)
        assert report.round.new == 1
