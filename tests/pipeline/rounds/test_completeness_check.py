"""A feed is compared once a day with a sitemap: what it lost is counted, and gathered where configured."""

import json
from datetime import datetime, timedelta

import pytest
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import CITY, gather
from pipeline.webhooks.test_delivery import Partner, deliver, partner
from pipeline.webhooks.test_delivery import config as endpoint
from support import NOON, ManualClock

from syndicator.cli.commands.sources.showing import _lines
from syndicator.errors import ConfigError
from syndicator.model.ids import FeedId
from syndicator.model.sources.completeness import Completeness
from syndicator.service import Service

__all__ = ["partner"]  # a fixture

TEXTS = {
    6: "Pasar lama di kampung nelayan dibuka kembali setelah perbaikan atap selesai. " * 3,
    7: "Kereta malam menuju pelabuhan terlambat karena sinyal rusak akibat petir. " * 3,
}


def config(portal: Portal, table: str, more: str = "") -> str:
    return (
        f'[source.city]\ntitle = "Kota"\nkind = "feed"\nurl = "{portal.url}/rss"\n'
        f'schedule = {{ every = "1h" }}\ncompleteness = {table}\n{more}[feed.latest]\ntitle = "Terbaru"\n'
    )


def show(portal: Portal, *hours_ago: float, at: datetime) -> None:
    """Write a feed of articles that were published so many hours ago."""
    items = "".join(
        f"<item><title>Berita {hours}</title><link>{portal.url}/{hours}?utm_source=rss</link>"
        f"<pubDate>{(at - timedelta(hours=hours)).isoformat()}</pubDate><description>Isi.</description></item>"
        for hours in hours_ago
    )
    portal.documents["/rss"] = (
        f'<rss version="2.0"><channel><title>Kota</title><link>{portal.url}/</link>{items}</channel></rss>'
    )


def listing(portal: Portal, *hours_ago: float, at: datetime) -> str:
    """Write a news sitemap of articles that were published so many hours ago."""
    lines = "".join(
        f"<url><loc>{portal.url}/{hours}</loc><n:news><n:publication><n:name>Kota</n:name>"
        f"<n:language>id</n:language></n:publication><n:title>Berita {hours}</n:title>"
        f"<n:publication_date>{(at - timedelta(hours=hours)).isoformat()}</n:publication_date></n:news></url>"
        for hours in hours_ago
    )
    return (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">{lines}</urlset>'
    )


def page(portal: Portal, hours: int, at: datetime) -> None:
    portal.documents[f"/{hours}"] = (
        f"<html><head><title>Berita {hours}</title>"
        f'<meta property="article:published_time" content="{(at - timedelta(hours=hours)).isoformat()}"></head>'
        f"<body><article><h1>Berita {hours}</h1><p>{TEXTS[hours]}</p>"
        "</article></body></html>"
    )


async def watched(service: Service, portal: Portal, clock: ManualClock) -> None:
    """Gather for a day; the last round comes a day after the first one."""
    show(portal, 1, at=clock())
    await gather(service)
    clock.now = NOON + timedelta(days=1)
    show(portal, 2, 3, 4, 5, at=clock())
    portal.documents["/sitemap.xml"] = listing(portal, 2, 3, 4, 5, 6, 7, 40, at=clock())


async def found(service: Service) -> Completeness:
    return (await service.store.sources.state(CITY)).completeness


async def test_what_a_feed_lost_is_counted_once_a_day(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(config(portal, f'{{ sitemap = "{portal.url}/sitemap.xml" }}')) as service:
        await watched(service, portal, clock)
        assert "/sitemap.xml" not in portal.asked
        (report,) = await gather(service)
        assert (report.status, report.round.new) == ("ok", 4)
        state = await found(service)
        (day,) = state.days
        assert (day.listed, day.missing, day.gathered, state.why) == (6, 2, 0, "")
        assert state.examples == (f"{portal.url}/6", f"{portal.url}/7")
        clock.advance(3600)
        await gather(service)
        assert portal.asked.count("/sitemap.xml") == 1
        lines = dict(_lines(await service.queries.source(CITY)))
        assert lines["completeness"].startswith(
            "2 of 6 articles of a day were never in the feed, 0 gathered ("
        )
        assert lines["in 30 days"] == "2 of 6 articles missing, 0 gathered"


async def test_what_a_feed_lost_is_gathered_and_announced_like_other_news(
    portal: Portal, partner: Partner, service_of: OpenService, clock: ManualClock
) -> None:
    table = f'{{ sitemap = "{portal.url}/sitemap.xml", gather = true }}'
    async with service_of(config(portal, table) + endpoint(partner)) as service:
        await watched(service, portal, clock)
        page(portal, 6, clock())
        page(portal, 7, clock())
        (report,) = await gather(service)
        assert report.round.new == 6
        assert (await found(service)).days[-1].gathered == 2
        snapshot = await service.publisher.snapshot(FeedId("latest"))
        titles = [entry.article.title for entry in snapshot.entries]
        assert {"Berita 6", "Berita 7"} <= set(titles)
        await deliver(service)
        told = [json.loads(body)["data"]["article"]["title"] for _, body in partner.received]
        assert sorted(told) == sorted(titles)
        # The feed shows one of them late: it is the same article.
        show(portal, 6, 2, at=clock())
        clock.advance(3600)
        (report,) = await gather(service)
        assert report.round.new == 0
        clock.now = NOON + timedelta(days=2)
        await gather(service)
        assert portal.asked.count("/6") == 1


async def test_the_sitemap_is_that_of_robots_txt_and_an_index_leads_to_others(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(config(portal, "{}")) as service:
        await watched(service, portal, clock)
        portal.documents["/robots.txt"] = (
            f"Sitemap: {portal.url}/pages.xml\nSitemap: {portal.url}/news-index.xml\n"
        )
        children = "".join(
            f"<sitemap><loc>{portal.url}/{name}.xml</loc><lastmod>{clock().isoformat()}</lastmod></sitemap>"
            for name in ("sitemap", *(f"gone{number}" for number in range(9)))
        )
        portal.documents["/news-index.xml"] = (
            f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{children}</sitemapindex>'
        )
        await gather(service)
        state = await found(service)
        assert (state.sitemap, state.days[-1].missing) == (f"{portal.url}/news-index.xml", 2)
        assert "/pages.xml" not in portal.asked
        assert sum(path.startswith("/gone") for path in portal.asked) == 4, "five of an index at most"


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        (lambda portal: portal.status.update({"/sitemap.xml": 500}), "http_500"),
        (lambda portal: portal.documents.update({"/sitemap.xml": "<html></html>"}), "HTML page"),
    ],
)
async def test_a_sitemap_that_cannot_be_read_is_told_and_the_round_is_fine(
    portal: Portal, service_of: OpenService, clock: ManualClock, break_it: object, why: str
) -> None:
    async with service_of(config(portal, f'{{ sitemap = "{portal.url}/sitemap.xml" }}')) as service:
        await watched(service, portal, clock)
        assert callable(break_it)
        break_it(portal)
        (report,) = await gather(service)
        assert (report.status, report.round.new) == ("ok", 4)
        state = await service.store.sources.state(CITY)
        assert why in state.completeness.why
        assert state.completeness.checked_at == clock()
        assert not [warning for warning in state.warnings if "sitemap" in warning]
        lines = dict(_lines(await service.queries.source(CITY)))
        assert why in lines["completeness"]


async def test_no_sitemap_is_told(portal: Portal, service_of: OpenService, clock: ManualClock) -> None:
    async with service_of(config(portal, "{}")) as service:
        await watched(service, portal, clock)
        await gather(service)
        assert "robots.txt names no sitemap" in (await found(service)).why


async def test_a_sitemap_of_another_part_of_the_portal_is_not_taken_for_lost_articles(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    table = f'{{ sitemap = "{portal.url}/sitemap.xml", gather = true }}'
    async with service_of(config(portal, table)) as service:
        await watched(service, portal, clock)
        portal.documents["/sitemap.xml"] = listing(portal, *range(8, 20), at=clock())
        (report,) = await gather(service)
        assert report.round.new == 4
        state = await found(service)
        assert (state.days, "none of the articles" in state.why) == ((), True)


async def test_pages_that_robots_txt_forbids_are_counted_and_not_read(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    table = f'{{ sitemap = "{portal.url}/sitemap.xml", gather = true }}'
    async with service_of(config(portal, table)) as service:
        await watched(service, portal, clock)
        portal.documents["/robots.txt"] = "User-agent: *\nDisallow: /6\nDisallow: /7\n"
        page(portal, 6, clock())
        await gather(service)
        (day,) = (await found(service)).days
        assert (day.missing, day.gathered, "/6" in portal.asked) == (2, 0, False)


async def test_other_kinds_of_sources_are_not_compared(portal: Portal, service_of: OpenService) -> None:
    text = config(portal, "{}").replace('kind = "feed"', 'kind = "sitemap"')
    with pytest.raises(ConfigError) as caught:
        async with service_of(text):
            pass
    (fault,) = caught.value.faults
    assert (fault.key, fault.reason) == ("source.city.completeness", "has no use in a sitemap")
    defaults = "[defaults]\ncompleteness = { gather = true }\n"
    async with service_of(defaults + text.replace("completeness = {}\n", "")) as service:
        assert service.settings.sources[CITY].completeness is None
