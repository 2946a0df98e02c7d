"""The past of a source, gathered on request: from sitemaps, list pages and archives of feeds."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import CITY, gather
from pipeline.rounds.test_sitemap_round import index, plain_map
from pipeline.webhooks.test_delivery import Partner, deliver, partner
from pipeline.webhooks.test_delivery import config as endpoint
from support import NOON, ManualClock

from syndicator.model.ids import FeedId
from syndicator.model.ops.states import BackfillStatus
from syndicator.model.sources.backfill import BackfillPath, BackfillWalk, BackfillWish
from syndicator.pipeline.rounds import backfill_step
from syndicator.pipeline.sources.source_control import Choice, ControlRefused
from syndicator.service import Service

__all__ = ["partner"]  # a fixture

LATEST = '[feed.latest]\ntitle = "Terbaru"\n'
PATIENT = 'politeness = { in_flight = 8 }\nschedule = { every = "1h" }\n'


def sitemap_source(portal: Portal, more: str = "") -> str:
    return (
        f'[source.city]\ntitle = "Kota"\nkind = "sitemap"\nurl = "{portal.url}/sitemap.xml"\n'
        f"{PATIENT}max_articles = 2\n{more}{LATEST}"
    )


def feed_source(portal: Portal, more: str = "") -> str:
    return f'[source.city]\ntitle = "Kota"\nkind = "feed"\nurl = "{portal.url}/rss"\n{PATIENT}{more}{LATEST}'


def list_source(portal: Portal, more: str = "") -> str:
    return (
        f'[source.city]\ntitle = "Kota"\nkind = "page"\nurl = "{portal.url}/"\n{PATIENT}'
        'list = { item = "li", url = "a", date = "time", next = "a.next" }\nmax_pages = 1\n' + more + LATEST
    )


def published(number: int) -> datetime:
    """Return when an article was published: number 0 today, each further one a day before."""
    return NOON - timedelta(days=number, hours=1)


def text(number: int) -> str:
    """Write an article that is like no other."""
    rng = random.Random(number)
    return " ".join("".join(rng.choices("abdegiklmnoprstu", k=7)) for _ in range(80)).capitalize() + "."


def pages(portal: Portal, *numbers: int, dated: bool = True) -> None:
    for number in numbers:
        date = f'<meta property="article:published_time" content="{published(number).isoformat()}">'
        portal.documents[f"/read/{number}"] = (
            f"<html><head><title>Berita {number}</title>{date if dated else ''}</head><body><article>"
            f"<h1>Berita {number}</h1><p>{text(number)}</p></article></body></html>"
        )


def archive(portal: Portal, path: str, *numbers: int, more: str = "") -> None:
    items = "".join(
        f"<item><title>Berita {number}</title><link>{portal.url}/read/{number}</link>"
        f"<pubDate>{published(number).isoformat()}</pubDate>"
        f"<description>{text(number)}</description></item>"
        for number in numbers
    )
    portal.documents[path] = (
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Kota</title>'
        f"<link>{portal.url}/</link>{more}{items}</channel></rss>"
    )


def list_page(portal: Portal, path: str, *numbers: int, following: str | None = None) -> None:
    rows = "".join(
        f'<li><a href="/read/{number}">Berita {number}</a><time>{published(number).isoformat()}</time></li>'
        for number in numbers
    )
    link = f'<a class="next" href="{following}">Berikut</a>' if following else ""
    portal.documents[path] = f"<html><body><ul>{rows}</ul>{link}</body></html>"


async def once(service: Service) -> None:
    """Do the portions that are due."""
    for job in (await service.backfill_step.take(5)).jobs:
        await job()


async def finished(service: Service, clock: ManualClock) -> BackfillWalk:
    """Work until the back-fill of the source has ended."""
    for _ in range(200):
        await once(service)
        backfill = await service.backfill_control.get(CITY)
        assert backfill is not None
        if backfill.status is not BackfillStatus.RUNNING:
            return backfill
        clock.advance(1)
    raise AssertionError(f"it goes on for ever: {backfill}")


async def titles(service: Service) -> list[str]:
    """Return the headlines of the feed, in its order."""
    snapshot = await service.publisher.snapshot(FeedId("latest"))
    return [entry.article.title for entry in snapshot.entries]


def news(*numbers: int) -> list[str]:
    return [f"Berita {number}" for number in numbers]


async def test_an_index_of_sitemaps_is_read_to_its_oldest_and_articles_stand_at_their_dates(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    pages(portal, *range(12))
    portal.documents["/sitemap.xml"] = index(
        portal.url, ("/new.xml", published(0)), ("/old.xml", published(6))
    )
    portal.documents["/new.xml"] = plain_map(portal.url, *[(n, published(n)) for n in range(6)])
    portal.documents["/old.xml"] = plain_map(portal.url, *[(n, published(n)) for n in range(6, 12)])
    async with service_of(sitemap_source(portal)) as service:
        await gather(service)
        assert await titles(service) == news(0, 1)
        begun = await service.backfill_control.begin(CITY, BackfillWish())
        assert begun.status is BackfillStatus.RUNNING
        ended = await finished(service, clock)
        assert (ended.status, ended.path, ended.new, ended.failed) == (
            BackfillStatus.DONE, BackfillPath.SITEMAP, 10, 0,
        )  # fmt: skip
        assert ended.reason == "all that the source still lists was read"
        assert ended.oldest == published(11)
        assert await titles(service) == news(*range(12))
        asked = list(portal.asked)
        clock.advance(3600)
        assert (await gather(service))[0].status == "ok"
        again = {path for path in portal.asked[len(asked) :] if path.startswith("/read/")}
        assert again <= {"/read/0", "/read/1"}  # young pages are read again; none of the past is


async def test_list_pages_are_followed_until_the_date_that_is_asked_for(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    pages(portal, *range(12))
    for page in range(4):
        numbers = range(3 * page, 3 * page + 3)
        list_page(portal, "/" if not page else f"/page/{page}", *numbers, following=f"/page/{page + 1}")
    async with service_of(list_source(portal)) as service:
        await gather(service)
        assert await titles(service) == news(0, 1, 2)
        await service.backfill_control.begin(CITY, BackfillWish(since=published(7)))
        ended = await finished(service, clock)
        assert (ended.status, ended.path, ended.new) == (BackfillStatus.DONE, BackfillPath.PAGES, 5)
        assert await titles(service) == news(*range(8))
        assert "/page/3" in portal.asked
        assert "/read/8" not in portal.asked


@pytest.mark.parametrize("way", ["prev-archive", "next", "wordpress"])
async def test_a_feed_leads_to_its_archives(
    way: str, portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    wordpress = "<generator>https://wordpress.org/?v=6.7</generator>"
    paths = ["/rss", "/rss?paged=2", "/rss?paged=3"] if way == "wordpress" else ["/rss", "/1.xml", "/2.xml"]
    for number, path in enumerate(paths):
        following = f'<atom:link rel="{way}" href="{paths[number + 1]}"/>' if number < 2 else ""
        numbers = range(3 * number, 3 * number + 3)
        archive(portal, path, *numbers, more=wordpress if way == "wordpress" else following)
    async with service_of(feed_source(portal)) as service:
        await gather(service)
        await service.backfill_control.begin(CITY, BackfillWish())
        ended = await finished(service, clock)
        assert (ended.status, ended.path, ended.new) == (BackfillStatus.DONE, BackfillPath.ARCHIVES, 6)
        assert await titles(service) == news(*range(9))


async def test_archives_in_a_circle_are_each_read_once(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    archive(portal, "/rss", 0, more='<atom:link rel="next" href="/1.xml"/>')
    archive(portal, "/1.xml", 1, more='<atom:link rel="next" href="/2.xml"/>')
    archive(portal, "/2.xml", 2, more='<atom:link rel="next" href="/1.xml"/>')
    async with service_of(feed_source(portal)) as service:
        await gather(service)
        await service.backfill_control.begin(CITY, BackfillWish())
        assert (await finished(service, clock)).new == 2
        assert (portal.asked.count("/1.xml"), portal.asked.count("/2.xml")) == (1, 1)


async def test_a_feed_without_archives_takes_the_sitemap_of_robots_txt(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    archive(portal, "/rss", 0)
    pages(portal, 0, 1, 2)
    portal.documents["/robots.txt"] = f"Sitemap: {portal.url}/sitemap.xml\n"
    portal.documents["/sitemap.xml"] = plain_map(portal.url, *[(n, published(n)) for n in range(3)])
    async with service_of(feed_source(portal)) as service:
        await gather(service)
        await service.backfill_control.begin(CITY, BackfillWish())
        ended = await finished(service, clock)
        assert (ended.path, ended.new) == (BackfillPath.SITEMAP, 2)
        assert await titles(service) == news(0, 1, 2)


async def test_a_source_with_nothing_older_says_so(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    archive(portal, "/rss", 0)
    async with service_of(feed_source(portal)) as service:
        await gather(service)
        await service.backfill_control.begin(CITY, BackfillWish())
        ended = await finished(service, clock)
        assert ended.status is BackfillStatus.FAILED
        assert ended.reason == (
            "its feed names no document with earlier entries; robots.txt names no sitemap: where there is one, "
            "set completeness = { sitemap = … }"
        )


async def test_nobody_hears_of_the_past_unless_that_is_asked_for(
    portal: Portal, partner: Partner, service_of: OpenService, clock: ManualClock
) -> None:
    archive(portal, "/rss", 9, more='<atom:link rel="next" href="/1.xml"/>')
    archive(portal, "/1.xml", 1, 2, more='<atom:link rel="next" href="/2.xml"/>')
    async with service_of(feed_source(portal) + endpoint(partner)) as service:
        await gather(service)
        await service.backfill_control.begin(CITY, BackfillWish())
        assert (await finished(service, clock)).new == 2
        await deliver(service)
        assert [body for _, body in partner.received] == []
        archive(portal, "/2.xml", 3, 4)
        await service.backfill_control.begin(CITY, BackfillWish(announce=True))
        assert (await finished(service, clock)).new == 2
        await deliver(service)
        told = [json.loads(body)["data"]["article"]["title"] for _, body in partner.received]
        assert sorted(told) == news(3, 4)


async def test_a_budget_ends_it(portal: Portal, service_of: OpenService, clock: ManualClock) -> None:
    pages(portal, *range(30))
    portal.documents["/sitemap.xml"] = plain_map(portal.url, *[(n, published(n)) for n in range(30)])
    async with service_of(sitemap_source(portal)) as service:
        await gather(service)
        await service.backfill_control.begin(CITY, BackfillWish(articles=7))
        ended = await finished(service, clock)
        assert (ended.new, ended.reason) == (7, "as many new articles as were asked for: 7")
        assert await titles(service) == news(*range(9))
        await service.backfill_control.begin(CITY, BackfillWish(requests=6))
        ended = await finished(service, clock)
        assert (ended.new, ended.requested, ended.reason) == (4, 6, "as many requests as were allowed: 6")


@pytest.mark.parametrize("lost", [3, 4, 9])
async def test_pages_that_are_gone_hide_none_behind_them(
    lost: int,
    portal: Portal,
    service_of: OpenService,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backfill_step, "MOST_ARTICLES", 4)
    there = [0, 1, *range(2 + lost, 20)]
    pages(portal, *there)
    portal.documents["/sitemap.xml"] = plain_map(portal.url, *[(n, published(n)) for n in range(20)])
    async with service_of(sitemap_source(portal)) as service:
        await gather(service)
        await service.backfill_control.begin(CITY, BackfillWish())
        ended = await finished(service, clock)
        assert (ended.status, ended.new, ended.failed) == (BackfillStatus.DONE, 18 - lost, lost)
        assert await titles(service) == news(*there)


async def test_a_worker_that_dies_loses_no_article_and_another_goes_on(
    portal: Portal, service_of: OpenService, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill_step, "MOST_ARTICLES", 4)
    pages(portal, *range(20))
    portal.documents["/sitemap.xml"] = plain_map(portal.url, *[(n, published(n)) for n in range(20)])
    async with service_of(sitemap_source(portal)) as service:
        await gather(service)
        await service.backfill_control.begin(CITY, BackfillWish())
        await once(service)
        await once(service)
        (job,) = (await service.backfill_step.take(5)).jobs
        working = asyncio.ensure_future(job())
        before = len(portal.asked)
        while not any(path.startswith("/read/") for path in portal.asked[before:]):
            await asyncio.sleep(0.001)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    async with service_of(sitemap_source(portal)) as service:
        assert (await service.backfill_step.take(5)).jobs == ()  # while the lease of the dead one holds
        clock.advance(backfill_step.LEASE.total_seconds())
        ended = await finished(service, clock)
        assert ended.status is BackfillStatus.DONE
        assert await titles(service) == news(*range(20))
        asked = [path for path in portal.asked if path.startswith("/read/")]
        assert len(asked) <= 20 + 4


async def test_a_server_that_is_away_is_asked_again_later(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    archive(portal, "/rss", 0, more='<atom:link rel="next" href="/1.xml"/>')
    archive(portal, "/1.xml", 1)
    async with service_of(feed_source(portal)) as service:
        await gather(service)
        await service.backfill_control.begin(CITY, BackfillWish())
        await once(service)
        portal.status["/1.xml"] = 503
        await once(service)
        waiting = await service.backfill_control.get(CITY)
        assert waiting is not None
        assert (waiting.tries, waiting.status) == (1, BackfillStatus.RUNNING)
        assert waiting.reason.startswith("http_503")
        assert (await service.backfill_step.take(5)).jobs == ()
        portal.status.clear()
        clock.advance(60)
        ended = await finished(service, clock)
        assert (ended.status, ended.new) == (BackfillStatus.DONE, 1)


async def test_robots_txt_holds_for_the_past_too(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    pages(portal, *range(4))
    list_page(portal, "/", 0, 1, following="/page/1")
    list_page(portal, "/page/1", 2, 3)
    portal.documents["/robots.txt"] = "User-agent: *\nDisallow: /page/\n"
    async with service_of(list_source(portal)) as service:
        await gather(service)
        await service.backfill_control.begin(CITY, BackfillWish())
        ended = await finished(service, clock)
        assert (ended.new, ended.failed) == (0, 1)
        assert "/page/1" not in portal.asked


async def test_it_rests_while_the_source_is_paused_and_ends_when_it_is_stopped(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    archive(portal, "/rss", 0, more='<atom:link rel="next" href="/1.xml"/>')
    archive(portal, "/1.xml", 1)
    async with service_of(feed_source(portal)) as service:
        await gather(service)
        await service.backfill_control.begin(CITY, BackfillWish())
        with pytest.raises(ControlRefused, match="gathered already, since"):
            await service.backfill_control.begin(CITY, BackfillWish())
        await service.source_control.pause(Choice(sources=(CITY,)), reason="pindah")
        await once(service)
        resting = await service.backfill_control.get(CITY)
        assert resting is not None
        assert "paused by an operator (pindah)" in resting.reason
        assert "/1.xml" not in portal.asked
        stopped = await service.backfill_control.stop(CITY)
        assert stopped.status is BackfillStatus.CANCELLED
        with pytest.raises(ControlRefused, match="not being gathered"):
            await service.backfill_control.stop(CITY)
        clock.advance(120)
        await once(service)
        assert "/1.xml" not in portal.asked
        entries, _ = await service.store.audit.list(10)
        assert {"source.backfill", "source.backfill_stopped"} <= {entry.what for entry in entries}


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (
            BackfillWish(path=BackfillPath.PAGES),
            "a feed has no pages: its past comes from archives or sitemap",
        ),
        (BackfillWish(since=datetime(2099, 1, 1, tzinfo=UTC)), "2099-01-01 00:00 UTC is not past"),
        (BackfillWish(articles=0), "articles must be 1 to 100000"),
        (BackfillWish(requests=-1), "requests must be 1 to 1000000"),
    ],
)
async def test_what_cannot_be_is_refused(
    wish: BackfillWish, why: str, portal: Portal, service_of: OpenService
) -> None:
    async with service_of(feed_source(portal)) as service:
        with pytest.raises(ControlRefused, match=why):
            await service.backfill_control.begin(CITY, wish)


async def test_undated_list_pages_end_where_the_articles_are_older(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    pages(portal, *range(9))
    for page in range(3):
        path = "/" if not page else f"/page/{page}"
        list_page(portal, path, *range(3 * page, 3 * page + 3), following=f"/page/{page + 1}")
    config = list_source(portal).replace('date = "time", ', "")
    async with service_of(config) as service:
        await gather(service)
        await service.backfill_control.begin(CITY, BackfillWish(since=published(4)))
        ended = await finished(service, clock)
        assert ended.new == 2
        assert await titles(service) == news(*range(5))
