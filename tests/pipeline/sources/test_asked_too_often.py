"""Servers that say that they are asked too often: all day, or in the midst of a round."""

import pytest
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import CITY, config, gather, rss
from pipeline.rounds.test_list_paging import config as list_config
from pipeline.rounds.test_list_paging import put_article, put_list
from support import ManualClock

from syndicator.model.ops.states import SourceStanding
from syndicator.service import Service


async def test_a_server_that_always_says_429_is_left_alone_and_told(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.status["/rss"] = 429
    async with service_of(config(portal).replace('every = "5m"', 'every = "1m"')) as service:
        await service.sync_configuration()
        for _ in range(24 * 12):
            await gather(service)
            clock.advance(300)
        assert 20 <= len(portal.asked) <= 35
        shown = await service.queries.source(CITY)
        assert shown.health.kind is SourceStanding.FAILING
        assert f"the last {len(portal.asked)} rounds failed (http_429)" in shown.health.why
        assert shown.state.failures == 0
        assert shown.state.due_because == "asked too often, left alone for 1 h (http_429)"
        del portal.status["/rss"]
        portal.documents["/rss"] = rss(1)
        clock.advance(2 * 3600)
        (report,) = await gather(service)
        shown = await service.queries.source(CITY)
        assert (report.status, shown.health.kind, shown.state.excused) == ("ok", SourceStanding.OK, 0)
        assert shown.state.due_because == "every 1m"


def pages_asked(portal: Portal) -> int:
    return sum(path.startswith("/read/") for path in portal.asked)


async def taken_up_later(portal: Portal, service: Service, clock: ManualClock, expected: int) -> None:
    """Let the server give everything again; the rounds of the next minutes bring all of it."""
    portal.status.clear()
    for _ in range(4):
        clock.advance(301)
        await gather(service)
    assert (await service.queries.status()).articles == expected


async def test_a_round_that_is_told_so_ends_and_the_next_ones_bring_the_rest(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    put_list(portal, "/", range(30, 15, -1), following="/p2")
    put_list(portal, "/p2", range(15, 0, -1))
    for number in range(1, 31):
        put_article(portal, number)
        portal.status[f"/read/{number}"] = 429
    async with service_of(list_config(portal)) as service:
        await service.sync_configuration()
        (report,) = await gather(service)
        assert (report.status, report.round.new) == ("ok", 0)
        assert pages_asked(portal) == 2  # those that were under way
        clock.advance(1)
        assert await gather(service) == []
        await taken_up_later(portal, service, clock, 30)


@pytest.mark.parametrize(("status", "read"), [(429, 0), (503, 2)])
async def test_a_list_page_that_was_refused_is_read_later(
    portal: Portal, service_of: OpenService, clock: ManualClock, *, status: int, read: int
) -> None:
    put_list(portal, "/", (4, 3), following="/p2")
    put_list(portal, "/p2", (2, 1))
    for number in range(1, 5):
        put_article(portal, number)
    portal.status["/p2"] = status
    async with service_of(list_config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        assert pages_asked(portal) == read
        await taken_up_later(portal, service, clock, 4)
        portal.asked.clear()
        clock.advance(301)
        await gather(service)
        assert "/p2" not in portal.asked  # nothing is left behind, so its first page tells all


async def test_an_article_behind_the_first_list_page_is_waited_for(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    put_list(portal, "/", (4, 3), following="/p2")
    put_list(portal, "/p2", (2, 1))
    for number in range(1, 5):
        put_article(portal, number)
    portal.status["/read/1"] = 503
    async with service_of(list_config(portal)) as service:
        await service.sync_configuration()
        (report,) = await gather(service)
        assert report.round.new == 3
        await taken_up_later(portal, service, clock, 4)


async def test_sitemaps_of_an_index_that_were_refused_are_read_later(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    children = {f"/{number}.xml": (number, number + 1) for number in (1, 3, 5)}
    portal.documents["/sitemap.xml"] = (
        "<sitemapindex>"
        + "".join(
            f"<sitemap><loc>{portal.url}{path}</loc><lastmod>{clock():%Y-%m-%d}</lastmod></sitemap>"
            for path in children
        )
        + "</sitemapindex>"
    )
    for path, numbers in children.items():
        urls = "".join(f"<url><loc>{portal.url}/read/{number}</loc></url>" for number in numbers)
        portal.documents[path] = f"<urlset>{urls}</urlset>"
        portal.status[path] = 429
    for number in range(1, 7):
        put_article(portal, number)
    config = (
        f'[source.city]\ntitle = "Kota"\nkind = "sitemap"\nurl = "{portal.url}/sitemap.xml"\n'
        'schedule = { every = "5m" }\narticle = { title = "h1", body = ".isi" }\n[feed.latest]\ntitle = "x"\n'
    )
    async with service_of(config) as service:
        await service.sync_configuration()
        (report,) = await gather(service)
        assert (report.status, report.round.new) == ("ok", 0)
        assert sum(path in children for path in portal.asked) == 1
        await taken_up_later(portal, service, clock, 6)
