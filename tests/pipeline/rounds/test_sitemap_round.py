"""Rounds of sitemaps: what is news in them, what is the portal's archive, and what their pages add."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import gather
from support import NOON, ManualClock

from syndicator.model.article import Article
from syndicator.model.ids import FeedId
from syndicator.service import Service

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
NEWS = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
    'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
)


def at(hours_ago: float) -> str:
    return (NOON - timedelta(hours=hours_ago)).isoformat()


def news_map(url: str, *entries: tuple[int, float]) -> str:
    """Write a news sitemap: number and age in hours of each article."""
    rows = "".join(
        f"<url><loc>{url}/read/{number}</loc><news:news><news:publication><news:name>Kota</news:name>"
        f"<news:language>id</news:language></news:publication><news:publication_date>{at(age)}"
        f"</news:publication_date><news:title>Berita {number}</news:title></news:news></url>"
        for number, age in entries
    )
    return f"{HEAD}<urlset {NEWS}>{rows}</urlset>"


def plain_map(url: str, *entries: tuple[int, datetime]) -> str:
    rows = "".join(
        f"<url><loc>{url}/read/{number}</loc><lastmod>{moment.isoformat()}</lastmod></url>"
        for number, moment in entries
    )
    return f"{HEAD}<urlset {NEWS}>{rows}</urlset>"


def index(url: str, *children: tuple[str, datetime]) -> str:
    rows = "".join(
        f"<sitemap><loc>{url}{path}</loc><lastmod>{moment.isoformat()}</lastmod></sitemap>"
        for path, moment in children
    )
    return f"{HEAD}<sitemapindex {NEWS}>{rows}</sitemapindex>"


def page(number: int, text: str = "") -> str:
    words = text or f"Isi berita nomor {number} yang cukup panjang untuk dibaca."
    return f"<html><body><h1>Berita {number}</h1><div class=isi><p>{words}</p></div></body></html>"


def config(portal: Portal, extra: str = "") -> str:
    return (
        f'[source.city]\ntitle = "Kota"\nkind = "sitemap"\nurl = "{portal.url}/sitemap.xml"\n'
        f'schedule = {{ every = "5m" }}\n{extra}\n[feed.latest]\ntitle = "Terbaru"\n'
    )


HEADLINES_ONLY = "full_text = false"
SELECTORS = 'article = { title = "h1", body = ".isi" }'


async def articles(service: Service) -> Sequence[Article]:
    snapshot = await service.publisher.snapshot(FeedId("latest"))
    return [entry.article for entry in snapshot.entries]


async def test_headlines_of_a_news_sitemap_are_enough_where_no_page_is_wanted(portal: Portal) -> None:
    portal.documents["/sitemap.xml"] = news_map(portal.url, (2, 1), (1, 2))
    async with portal.service_of(config(portal, HEADLINES_ONLY)) as service:
        (report,) = await gather(service)
        assert (report.status, report.round.new) == ("ok", 2)
        found = await articles(service)
    assert [one.title for one in found] == ["Berita 2", "Berita 1"]
    assert found[0].published_at == NOON - timedelta(hours=1)
    assert found[0].language == "id"
    assert "/read/2" not in portal.asked


async def test_pages_are_read_by_default(portal: Portal, service_of: OpenService, clock: ManualClock) -> None:
    portal.documents["/sitemap.xml"] = news_map(portal.url, (1, 1))
    portal.documents["/read/1"] = page(1)
    async with service_of(config(portal, SELECTORS)) as service:
        (report,) = await gather(service)
        assert report.round.new == 1
        (found,) = await articles(service)
        assert "Isi berita nomor 1" in found.body_html
        clock.advance(300)
        portal.documents["/sitemap.xml"] = news_map(portal.url, (2, 0.5), (1, 1))
        portal.documents["/read/2"] = page(2)
        (second,) = await gather(service)
        assert (second.round.new, second.round.unchanged) == (1, 1)


async def test_the_archive_of_a_portal_stays_where_it_is(portal: Portal) -> None:
    old = [(number, 24.0 * number) for number in range(10, 60)]
    portal.documents["/sitemap.xml"] = news_map(portal.url, (1, 1), *old)
    async with portal.service_of(config(portal, HEADLINES_ONLY + "\nmax_articles = 3")) as service:
        (first,) = await gather(service)
        assert first.round.new == 3
        for _ in range(3):
            portal.clock.advance(300)
            portal.documents["/sitemap.xml"] += "<!-- changed -->"
            (later,) = await gather(service)
            assert later.round.new == 0
        assert [one.title for one in await articles(service)] == ["Berita 1", "Berita 10", "Berita 11"]


async def test_a_first_round_begins_with_the_newest(portal: Portal, service_of: OpenService) -> None:
    numbers = range(1, 26)
    portal.documents["/sitemap.xml"] = news_map(portal.url, *((number, number) for number in numbers))
    portal.documents |= {f"/read/{number}": page(number) for number in numbers}
    async with service_of(config(portal, SELECTORS)) as service:
        await gather(service)
        read = [int(path.removeprefix("/read/")) for path in portal.asked if path.startswith("/read/")]
        assert max(read[:10]) <= 10
        assert [one.title for one in await articles(service)] == [f"Berita {number}" for number in numbers]


async def test_what_is_too_much_for_one_round_comes_in_the_next(portal: Portal) -> None:
    portal.documents["/sitemap.xml"] = news_map(portal.url, *((number, number) for number in range(1, 6)))
    async with portal.service_of(config(portal, HEADLINES_ONLY + "\nmax_articles = 3")) as service:
        (first,) = await gather(service)
        portal.clock.advance(300)
        portal.documents["/sitemap.xml"] += "<!-- changed -->"
        (second,) = await gather(service)
        assert (first.round.new, second.round.new) == (3, 2)


async def test_of_an_index_only_the_fresh_sitemaps_are_read(portal: Portal) -> None:
    portal.documents["/sitemap.xml"] = index(
        portal.url, ("/2019.xml", NOON - timedelta(days=2000)), ("/today.xml", NOON)
    )
    portal.documents["/today.xml"] = news_map(portal.url, (1, 1))
    portal.documents["/2019.xml"] = news_map(portal.url, (99, 48000))
    async with portal.service_of(config(portal, HEADLINES_ONLY)) as service:
        (first,) = await gather(service)
        assert first.round.new == 1
        assert portal.asked == ["/sitemap.xml", "/today.xml"]
        portal.asked.clear()
        portal.clock.advance(300)
        portal.documents["/today.xml"] = news_map(portal.url, (2, 0.1), (1, 1))
        (second,) = await gather(service)
        assert second.round.new == 1
    assert portal.asked == ["/sitemap.xml", "/today.xml"]


async def test_one_sitemap_that_cannot_be_read_costs_the_others_nothing(portal: Portal) -> None:
    portal.documents["/sitemap.xml"] = index(portal.url, ("/gone.xml", NOON), ("/today.xml", NOON))
    portal.documents["/today.xml"] = news_map(portal.url, (1, 1))
    async with portal.service_of(config(portal, HEADLINES_ONLY)) as service:
        (report,) = await gather(service)
        assert report.round.new == 1
        (source,) = (await service.queries.status()).sources
    assert source.state.warnings == (f"the sitemap {portal.url}/gone.xml could not be read: http_404",)


async def test_a_page_that_the_sitemap_calls_changed_is_read_again(portal: Portal) -> None:
    portal.documents["/sitemap.xml"] = plain_map(portal.url, (1, NOON - timedelta(days=1)))
    portal.documents["/read/1"] = page(1)
    async with portal.service_of(config(portal, SELECTORS)) as service:
        await gather(service)
        portal.clock.advance(300)
        portal.documents["/read/1"] = page(1, "Isi yang diralat oleh redaksi pada hari yang sama.")
        portal.documents["/sitemap.xml"] = plain_map(portal.url, (1, portal.clock.now))
        (second,) = await gather(service)
        assert second.round.changed == 1
        (found,) = await articles(service)
        assert "diralat" in found.body_html


async def test_an_unchanged_sitemap_is_not_read_again(portal: Portal) -> None:
    portal.documents["/sitemap.xml"] = news_map(portal.url, (1, 1))
    portal.etags["/sitemap.xml"] = '"one"'
    async with portal.service_of(config(portal, HEADLINES_ONLY)) as service:
        await gather(service)
        portal.clock.advance(300)
        (second,) = await gather(service)
        assert second.status == "unchanged"


async def test_an_address_without_a_headline_is_told(portal: Portal, service_of: OpenService) -> None:
    portal.documents["/sitemap.xml"] = plain_map(portal.url, (1, NOON))
    async with service_of(config(portal, HEADLINES_ONLY)) as service:
        (report,) = await gather(service)
        assert report.round.new == 0
        (source,) = (await service.queries.status()).sources
    assert source.state.warnings == ("addresses without a headline: 1 (full_text = true reads their pages)",)


async def test_no_sitemap_is_a_failure_with_its_reason(portal: Portal, service_of: OpenService) -> None:
    portal.documents["/sitemap.xml"] = "<html><body>Selamat datang</body></html>"
    async with service_of(config(portal)) as service:
        (report,) = await gather(service)
    assert (report.status, report.reason) == ("failed", "not_a_feed")
