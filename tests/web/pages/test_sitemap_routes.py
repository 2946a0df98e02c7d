"""The news sitemap: our own pages of two days, where the operator and each portal want it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree
from msgspec.structs import replace
from support import NOON, ManualClock, candidate
from web import web_world
from web.web_world import CITY, HARBOUR, ORIGINS, SITE, Client, World, client_of

from syndicator.model.rights import Rights
from syndicator.pipeline.feeds import news_sitemap
from syndicator.pipeline.feeds.news_sitemap import AnnouncedPages
from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions
from syndicator.web.pages import sitemap_routes

PATH = "/sitemap-news.xml"
NAMES = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "n": "http://www.google.com/schemas/sitemap-news/0.9",
}
HTML = {"Accept": "text/html"}


@pytest.fixture
async def world(store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> World:
    reserved = replace(ORIGINS[HARBOUR], rights=Rights(index=False))
    monkeypatch.setattr(web_world, "ORIGINS", {**ORIGINS, HARBOUR: reserved})
    return World(store, clock, site=replace(SITE, news_sitemap=True))


@asynccontextmanager
async def opened(world: World) -> AsyncIterator[Client]:
    pages = AnnouncedPages(world.store, world.publisher, world.clock, lambda: world.clock().timestamp())
    async with client_of(create_app(world.reading, WebOptions(), announced=pages)) as client:
        yield client


def told(body: bytes, path: str) -> list[Any]:
    document: Any = etree.fromstring(body)
    found: list[Any] = document.xpath(path, namespaces=NAMES)
    return found


async def test_it_lists_our_pages_of_two_days_the_newest_first(world: World) -> None:
    ids = await world.admit(
        candidate(1, source=CITY, published_at=NOON - timedelta(hours=3)),
        candidate(2, source=CITY, title="Judul <b> & lain", published_at=NOON - timedelta(hours=1)),
        candidate(3, source=CITY, published_at=NOON - timedelta(hours=49)),
    )
    async with opened(world) as client:
        answer = await client.get(PATH)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    addresses = [f"https://feeds.example/news/articles/{one}" for one in (ids[1], ids[0])]
    assert told(answer.body, "//s:url/s:loc/text()") == addresses
    (news,) = told(answer.body, "//s:url[1]/n:news")
    assert [(one.tag.partition("}")[2], one.text) for one in news.iter() if one.text.strip()] == [
        ("name", "Warta Nusantara"),
        ("language", "id"),
        ("publication_date", "2026-11-05T11:00:00+00:00"),
        ("title", "Judul <b> & lain"),
    ]


async def test_a_portal_that_wants_no_index_is_not_in_it_and_its_pages_say_so(world: World) -> None:
    ours, theirs = await world.admit(
        candidate(1, source=CITY, title="Banjir besar"), candidate(2, source=HARBOUR, title="Kapal karam")
    )
    async with opened(world) as client:
        answer, page, kept = [
            await client.get(path, HTML) for path in (PATH, f"/articles/{ours}", f"/articles/{theirs}")
        ]
    assert told(answer.body, "//n:title/text()") == ["Banjir besar"]
    assert "noindex" not in page.text
    assert f'<link rel="canonical" href="https://feeds.example/news/articles/{ours}">' in page.text
    assert '<meta name="robots" content="noindex">' in kept.text
    assert '<link rel="canonical" href="https://city.example/read/2/berita">' in kept.text


async def test_an_article_is_in_it_within_a_minute(world: World) -> None:
    async with opened(world) as client:
        empty = await client.get(PATH)
        assert told(empty.body, "//s:url") == []
        await world.admit(candidate(1, source=CITY))
        world.clock.advance(60)
        full = await client.get(PATH)
        assert len(told(full.body, "//s:url")) == 1
        again = await client.get(PATH, {"If-None-Match": full.headers["ETag"]})
        assert again.status == 304


async def test_beyond_what_one_may_hold_it_is_an_index(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (news_sitemap, sitemap_routes):
        monkeypatch.setattr(module, "PER_SITEMAP", 2)
    monkeypatch.setattr(news_sitemap, "_AT_ONCE", 2)
    await world.admit(*(candidate(number, source=CITY, title=f"T{number}") for number in range(1, 6)))
    async with opened(world) as client:
        index = await client.get(PATH)
        parts = told(index.body, "//s:sitemap/s:loc/text()")
        assert parts == [f"https://feeds.example/news/sitemap-news-{number}.xml" for number in (1, 2, 3)]
        titles = [
            told((await client.get(part.removeprefix("https://feeds.example/news"))).body, "//n:title/text()")
            for part in parts
        ]
        assert [len(one) for one in titles] == [2, 2, 1]
        assert {title for one in titles for title in one} == {f"T{number}" for number in range(1, 6)}
        assert (await client.get("/sitemap-news-4.xml")).status == 404


async def test_robots_are_told_where_it_is(world: World) -> None:
    async with opened(world) as client:
        assert (
            b"Sitemap: https://feeds.example/news/sitemap-news.xml\n"
            in (await client.get("/robots.txt")).body
        )


async def test_without_the_operators_word_there_is_none(store: Store, clock: ManualClock) -> None:
    world = World(store, clock)
    (article,) = await world.admit(candidate(1, source=CITY))
    async with opened(world) as client:
        assert (await client.get(PATH)).status == 404
        assert b"Sitemap" not in (await client.get("/robots.txt")).body
        page = await client.get(f"/articles/{article}", HTML)
        assert '<meta name="robots" content="noindex">' in page.text
