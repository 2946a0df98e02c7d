"""Rounds of a portal without a feed: list pages, article pages, the popular box, and pages read again."""

from datetime import timedelta

from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import gather
from support import NOON, ManualClock

from syndicator.model.feed import Window
from syndicator.model.ids import FeedId, SourceId
from syndicator.model.signal import SignalKind
from syndicator.service import Service

CITY = SourceId("city")


def config(portal: Portal) -> str:
    return f"""
[source.city]
title = "Kota"
kind = "page"
url = "{portal.url}/"
timezone = "Asia/Jakarta"
max_pages = 3
schedule = {{ every = "1m" }}
list = {{ item = "li.item", url = "a", title = "a", next = "a.next" }}
popular = {{ item = "ol.popular li", title = "a", link = "a", views = ".views" }}
[source.city.article]
title = "h1"
date = ".date"
body = ".body"
lead = ".body p"
[feed.latest]
title = "Terbaru"
[feed.popular]
title = "Terpopuler"
order = "popular"
"""


def put_list(portal: Portal, *numbers: int, path: str = "/", following: str = "", box: str = "") -> None:
    items = "".join(f'<li class="item"><a href="/read/{n}">Berita {n}</a></li>' for n in numbers)
    more = f'<a class="next" href="{following}">lagi</a>' if following else ""
    portal.documents[path] = (
        f"<!doctype html><html><body><ul>{items}</ul>{more}<ol class='popular'>{box}</ol></body></html>"
    )


def put_article(portal: Portal, number: int, text: str = "Isi.") -> None:
    portal.documents[f"/read/{number}"] = (
        f"<!doctype html><html><body><h1>Berita {number}</h1>"
        f'<p class="date">Kamis, 05 November 2026 18:{number:02} WIB</p>'
        f'<div class="body"><p>Pembuka {number}.</p><p>{text}</p></div></body></html>'
    )


async def titles(service: Service, feed: str = "latest") -> list[str]:
    snapshot = await service.publisher.snapshot(FeedId(feed))
    return [entry.article.title for entry in snapshot.entries]


async def test_only_unknown_articles_are_read(portal: Portal) -> None:
    put_list(portal, 2, 1)
    put_article(portal, 1)
    put_article(portal, 2)
    async with portal.service_of(config(portal)) as service:
        (first,) = await gather(service)
        assert (first.round.new, first.reason) == (2, None)
        assert await titles(service) == ["Berita 2", "Berita 1"]
        portal.asked.clear()
        portal.clock.advance(60)
        put_list(portal, 3, 2, 1)
        put_article(portal, 3)
        (second,) = await gather(service)
        assert second.round.new == 1
        assert portal.asked.count("/read/3") == 1
        assert await titles(service) == ["Berita 3", "Berita 2", "Berita 1"]


async def test_paging_ends_at_the_first_page_that_holds_nothing_new(portal: Portal) -> None:
    for number in range(1, 7):
        put_article(portal, number)
    put_list(portal, 6, 5, following="/?p=2")
    put_list(portal, 4, 3, path="/?p=2", following="/?p=3")
    put_list(portal, 2, 1, path="/?p=3", following="/?p=4")
    async with portal.service_of(config(portal)) as service:
        (first,) = await gather(service)
        assert first.round.new == 6
        assert "/?p=4" not in portal.asked
        portal.clock.advance(60)
        portal.asked.clear()
        put_article(portal, 7)
        put_list(portal, 7, 6, following="/?p=2")
        await gather(service)
        assert [path for path in portal.asked if path.startswith("/?")] == ["/?p=2"]


async def test_pages_without_a_date_do_not_lead_a_feed_after_the_first_round(portal: Portal) -> None:
    def put_undated(number: int) -> None:
        put_article(portal, number)
        page = portal.documents[f"/read/{number}"]
        assert isinstance(page, str)
        portal.documents[f"/read/{number}"] = page.replace('class="date"', 'class="other" hidden').replace(
            f"Kamis, 05 November 2026 18:{number:02} WIB", "Redaksi"
        )

    put_list(portal, 9, 4, 3, 2)
    put_undated(9)
    for number in (2, 3, 4):
        put_article(portal, number)
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        assert (await titles(service))[:2] == ["Berita 4", "Berita 3"]
        entries = (await service.publisher.snapshot(FeedId("latest"))).entries
        (undated,) = [one.article for one in entries if one.article.title == "Berita 9"]
        assert undated.published_at == min(one.article.published_at for one in entries)
        assert undated.provenance.date_rule == (
            "no date given: as old as the oldest article of the first round"
        )
        portal.clock.advance(60)
        put_list(portal, 8, 9, 4, 3, 2)
        put_undated(8)
        await gather(service)
        assert (await titles(service))[0] == "Berita 8", "what comes later is news"


async def test_an_edited_page_becomes_a_revision(portal: Portal) -> None:
    put_list(portal, 1)
    put_article(portal, 1)
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        put_article(portal, 1, "Isi yang diralat.")
        portal.clock.advance(3600)
        (report,) = await gather(service)
        assert report.round.changed == 1
        (entry,) = (await service.publisher.snapshot(FeedId("latest"))).entries
        assert "diralat" in entry.article.body_html
        assert entry.article.revision == 2


async def test_the_popular_box_is_kept_and_ranked(portal: Portal) -> None:
    def box(*views: tuple[int, int]) -> str:
        return "".join(
            f'<li><a href="/read/{n}">Berita {n}</a><span class="views">{count}</span></li>'
            for n, count in views
        )

    for number in (1, 2, 9):
        put_article(portal, number)
    # 9 stands in the box alone: an older article that no list page shows any more.
    put_list(portal, 2, 1, box=box((9, 500), (1, 100)))
    async with portal.service_of(config(portal)) as service:
        (first,) = await gather(service)
        assert first.round.new == 3
        await _rank(service)
        assert await titles(service, "popular") == ["Berita 9", "Berita 1"]
        version = await service.store.feeds.version(FeedId("popular"))
        portal.clock.advance(60)
        put_list(portal, 2, 1, box=box((9, 510), (1, 120)))
        await gather(service)
        await _rank(service)
        # The same order: readers are not woken.
        assert await service.store.feeds.version(FeedId("popular")) == version
        portal.clock.advance(60)
        put_list(portal, 2, 1, box=box((1, 3000), (9, 520)))
        await gather(service)
        await _rank(service)
        assert await titles(service, "popular") == ["Berita 1", "Berita 9"]
        (top, *_) = (await service.publisher.snapshot(FeedId("popular"))).entries
        assert top.popularity is not None
        assert (top.popularity.rank, top.popularity.views) == (1, 3000)
        ids = await service.store.signals.top(SignalKind.VIEWS, Window.ALL, 10)
        sums = await service.store.signals.sums(ids, [Window.ALL], portal.clock())
        assert [one[SignalKind.VIEWS] for one in sums[Window.ALL]] == [3000, 520]


async def _rank(service: Service) -> None:
    for job in (await service.rank_step.take(1)).jobs:
        await job()


async def test_a_page_that_cannot_be_read_costs_the_others_nothing(portal: Portal) -> None:
    put_list(portal, 3, 2, 1)
    put_article(portal, 1)
    put_article(portal, 3)
    portal.status["/read/2"] = 500
    async with portal.service_of(config(portal)) as service:
        (report,) = await gather(service)
        assert (report.status, report.round.new) == ("ok", 2)
        state = await service.store.sources.state(CITY)
        assert any("/read/2" in warning and "http_500" in warning for warning in state.warnings)


async def test_selectors_that_find_nothing_are_a_failure(portal: Portal, service_of: OpenService) -> None:
    portal.documents["/"] = "<!doctype html><html><body><h1>Baru!</h1></body></html>"
    async with service_of(config(portal)) as service:
        (report,) = await gather(service)
        assert (report.status, report.reason) == ("failed", "empty")


async def test_dates_are_those_of_the_portal(portal: Portal, service_of: OpenService) -> None:
    put_list(portal, 1)
    put_article(portal, 1)
    async with service_of(config(portal)) as service:
        await gather(service)
        (entry,) = (await service.publisher.snapshot(FeedId("latest"))).entries
        assert entry.article.published_at.isoformat() == "2026-11-05T11:01:00+00:00"
        assert entry.article.first_seen_at == NOON


async def test_what_is_too_much_for_one_round_comes_in_the_next(portal: Portal) -> None:
    put_list(portal, *range(7, 0, -1))
    for number in range(1, 8):
        put_article(portal, number)
    few = config(portal).replace("max_pages = 3", "max_pages = 3\nmax_articles = 3")
    async with portal.service_of(few) as service:
        brought = []
        for _ in range(4):
            (report,) = await gather(service)
            brought.append(report.round.new)
            portal.clock.advance(60)
        assert brought == [3, 3, 1, 0]
        assert await titles(service) == [f"Berita {number}" for number in range(7, 0, -1)]


async def test_a_page_that_is_closed_is_asked_ever_more_rarely_and_then_no_more(portal: Portal) -> None:
    put_list(portal, 1)
    put_article(portal, 1)
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        portal.status["/read/1"] = 403
        portal.asked.clear()
        for _ in range(60):
            portal.clock.advance(3600)
            await gather(service)
        assert 5 < portal.asked.count("/read/1") < 20
        portal.asked.clear()
        for _ in range(10):
            portal.clock.advance(86400)
            await gather(service)
        assert "/read/1" not in portal.asked


async def test_what_a_list_still_shows_stays_known(portal: Portal) -> None:
    put_list(portal, 1)
    put_article(portal, 1)
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        for _ in range(10):
            portal.clock.advance(20 * 86400)
            (report,) = await gather(service)
            assert report.round.new == 0
            await service.store.articles.identities.sweep(portal.clock(), timedelta(days=180))


async def test_a_page_is_read_and_its_text_shown_though_a_feed_of_another_portal_named_it_first(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    elsewhere = portal.url.replace("127.0.0.1", "localhost")
    false = f"<item><title>Berita palsu</title><link>{portal.url}/read/1</link></item>"
    portal.documents["/evil.xml"] = f"<rss version='2.0'><channel><title>E</title>{false}</channel></rss>"
    portal.status["/"] = 503
    evil = f'[source.evil]\ntitle = "E"\nkind = "feed"\nurl = "{elsewhere}/evil.xml"\n'
    async with service_of(f'{evil}schedule = {{ every = "1m" }}\n{config(portal)}') as service:
        await gather(service)
        assert await titles(service) == ["Berita palsu"]
        del portal.status["/"]
        put_list(portal, 1)
        put_article(portal, 1)
        for _ in range(3):
            clock.advance(3600)
            await gather(service)
            (entry,) = (await service.publisher.snapshot(FeedId("latest"))).entries
            assert (entry.article.title, entry.origin.title) == ("Berita 1", "Kota")
            assert entry.article.revision == 2
