import hashlib
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser
from support import ManualClock
from web.web_world import SITE, SPECS, Answer, Client, World, client_of, story

from syndicator.model.article import Enclosure, WithdrawnBy
from syndicator.model.ids import ArticleId
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

PAGE = {"Accept": "text/html"}


@pytest.fixture
async def ids(world: World) -> list[ArticleId]:
    ids = await world.admit(story(1), story(2), story(3, language="en", title="In English"))
    await world.rank(ids[2], ids[0])
    return ids


@pytest.fixture
async def client(world: World, ids: list[ArticleId]) -> AsyncIterator[Client]:
    async with client_of(create_app(world.reading, WebOptions())) as opened:
        yield opened


def tree(answer: Answer) -> LexborHTMLParser:
    return LexborHTMLParser(answer.body)


def texts(root: LexborHTMLParser, selector: str) -> list[str]:
    return [" ".join(one.text().split()) for one in root.css(selector)]


async def test_a_page_is_safe_and_cacheable(client: Client, ids: list[ArticleId]) -> None:
    for path in ("/", "/feeds/latest", f"/articles/{ids[0]}", "/problems/not-found"):
        answer = await client.get(path, PAGE)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Vary"] == "Accept-Language, Accept-Encoding"
        assert answer.headers["Content-Language"] == "id"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        assert "Set-Cookie" not in answer.headers
        again = await client.get(path, PAGE | {"If-None-Match": answer.headers["ETag"]})
        assert again.status == 304
        assert not re.search(rb"<script|<style|style=|javascript:|\son\w+=", answer.body)


async def test_the_front_page_lists_feeds_and_what_is_new_and_popular(
    client: Client, ids: list[ArticleId]
) -> None:
    page = tree(await client.get("/", PAGE))
    assert texts(page, "h1") == ["Warta Nusantara"]
    assert texts(page, ".newest h3") == [
        "Kabar <nomor> 1 & lainnya",
        "Kabar <nomor> 2 & lainnya",
        "In English",
    ]
    assert texts(page, ".popular h3") == ["In English", "Kabar <nomor> 1 & lainnya"]
    assert [a.attributes.get("href") for a in page.css(".popular h3 a")] == [
        f"/news/articles/{ids[2]}",
        f"/news/articles/{ids[0]}",
    ]
    assert texts(page, ".cards h3") == ["Terbaru", "Terpopuler hari ini", "Berita Kota"]
    addresses = page.css(".cards input[readonly]")
    assert [one.attributes.get("value") for one in addresses] == [
        f"https://feeds.example/news/feeds/{feed}.{form}"
        for feed in ("latest", "popular", "kota")
        for form in ("rss", "atom", "json")
    ]
    assert all(one.attributes.get("aria-label") for one in addresses)
    assert len(page.css("link[rel=alternate]")) == 3


async def test_the_page_of_a_feed(client: Client) -> None:
    page = tree(await client.get("/feeds/popular", PAGE))
    assert texts(page, "h1") == ["Terpopuler hari ini"]
    alternates = {
        one.attributes.get("type"): one.attributes.get("href") for one in page.css("head link[rel=alternate]")
    }
    assert alternates == {
        "application/rss+xml": "https://feeds.example/news/feeds/popular.rss",
        "application/atom+xml": "https://feeds.example/news/feeds/popular.atom",
        "application/feed+json": "https://feeds.example/news/feeds/popular.json",
    }
    assert [one.attributes.get("value") for one in page.css("input[readonly]")] == [*alternates.values()]
    assert texts(page, ".entries .rank") == ["Peringkat 1", "Peringkat 2"]
    assert (
        texts(page, ".entries .facts")[0]
        == "Berita Kota 5 Nov 2026, 18.30 Sari Dewi, Budi Santoso 1.200 kali dibaca"
    )
    (english, _) = page.css(".entries li")
    assert english.attributes.get("lang") == "en"
    assert (await client.get("/feeds/nothing", PAGE)).status == 404


async def test_the_page_of_an_article(client: Client, ids: list[ArticleId]) -> None:
    page = tree(await client.get(f"/articles/{ids[0]}", PAGE))
    assert texts(page, "h1") == ["Kabar <nomor> 1 & lainnya"]
    assert page.css("meta[name=robots]")[0].attributes.get("content") == "noindex"
    portal = "https://kota.example/read/1/kabar"
    assert page.css("link[rel=canonical]")[0].attributes.get("href") == portal
    assert page.css(".portal-link a")[0].attributes.get("href") == portal
    assert texts(page, ".reporter") == ["Oleh Sari Dewi dan Budi Santoso, Berita Kota"]
    assert texts(page, ".byline time") == ["Terbit Kamis, 5 November 2026, 18.50 WIB"]
    assert texts(page, ".lead") == ["Pembuka kabar nomor 1."]
    assert texts(page, "blockquote.pull") == ["Kami menunggu sejak pagi."]
    assert texts(page, ".body em") == ["nomor"]
    assert page.css("figure img")[0].attributes.get("src") == "https://img.kota.example/1.jpg"
    assert not page.css("figure img")[0].attributes.get("alt"), "the caption below would be said twice"
    assert texts(page, "figcaption") == ["Jalan utama Foto: Rina"]
    assert texts(page, ".tags li") == ["banjir", "jalan"]
    assert page.css("#related"), "feeds point to it"
    links = [a.attributes.get("href") for a in page.css(".related a")]
    assert links[0] == "https://kota.example/lama"
    assert set(links[1:]) == {f"https://feeds.example/news/articles/{other}" for other in ids[1:]}, "by tag"


def properties(page: LexborHTMLParser) -> dict[str, str | None]:
    return {
        meta.attributes.get("property") or meta.attributes["name"] or "": meta.attributes.get("content")
        for meta in page.css("meta[property], meta[name^=twitter]")
    }


async def test_a_link_to_an_article_has_a_card(client: Client, ids: list[ArticleId]) -> None:
    told = properties(tree(await client.get(f"/articles/{ids[0]}", PAGE)))
    assert told == {
        "og:site_name": "Warta Nusantara",
        "og:type": "article",
        "og:title": "Kabar <nomor> 1 & lainnya",
        "og:url": f"https://feeds.example/news/articles/{ids[0]}",
        "og:description": "Pembuka kabar nomor 1.",
        "og:image": "https://img.kota.example/1.jpg",
        "og:image:alt": "Jalan utama",
        "article:published_time": "2026-11-05T11:50:00+00:00",
        "article:section": "Metropolitan",
        "twitter:card": "summary_large_image",
    }
    for path, address in (("/", "/"), ("/feeds/kota", "/feeds/kota"), (f"/stories/{ids[0]}",) * 2):
        page = tree(await client.get(path, PAGE))
        assert properties(page)["og:url"] == f"https://feeds.example/news{address}"
        canonical = page.css("link[rel=canonical]")[0].attributes.get("href")
        assert canonical == properties(page)["og:url"]


async def test_the_footer_says_whom_to_ask(store: Store, clock: ManualClock) -> None:
    contacts = {
        "redaksi@feeds.example": "mailto:redaksi@feeds.example",
        "https://feeds.example/kontak?a=1&b=2": "https://feeds.example/kontak?a=1&b=2",
        "javascript:alert(1)@x": None,
        "Jalan Kenanga 1, Jakarta": None,
        None: None,
    }
    for contact, link in contacts.items():
        world = World(store, clock, site=replace(SITE, contact=contact))
        async with client_of(create_app(world.reading, WebOptions())) as client:
            for path in ("/", "/nothing"):
                page = tree(await client.get(path, PAGE))
                found = [a.attributes.get("href") for a in page.css("footer a")]
                assert found == ([link] if link else [])
                told = texts(page, "footer p")[1:]
                assert told == ([f"Kontak dan permintaan penghapusan: {contact}"] if contact else [])


async def test_a_feed_is_added_to_readers_by_one_click(client: Client) -> None:
    page = tree(await client.get("/feeds/kota", PAGE))
    links = {a.text(): a.attributes.get("href") for a in page.css(".readers a")}
    feed = "https%3A%2F%2Ffeeds.example%2Fnews%2Ffeeds%2Fkota.rss"
    assert links == {
        "Aplikasi di perangkat ini": "feed:https://feeds.example/news/feeds/kota.rss",
        "Feedly": f"https://feedly.com/i/subscription/feed%2F{feed}",
        "Inoreader": f"https://www.inoreader.com/?add_feed={feed}",
        "The Old Reader": f"https://theoldreader.com/feeds/subscribe?url={feed}",
        "NewsBlur": f"https://www.newsblur.com/?url={feed}",
        "Feedbin": f"https://feedbin.com/?subscribe={feed}",
    }


async def test_titles_from_right_to_left_say_so_themselves(client: Client, world: World) -> None:
    (one,) = await world.admit(story(8, title="أخبار المدينة 🌧️", language="ar"))
    page = tree(await client.get(f"/articles/{one}", PAGE))
    assert page.css("article")[0].attributes.get("lang") == "ar"
    for selector in ("h1", ".lead", ".body", ".pull"):
        assert page.css(selector)[0].attributes.get("dir") == "auto"
    for path in ("/", "/feeds/latest"):
        page = tree(await client.get(path, PAGE))
        assert {one.attributes.get("dir") for one in page.css("li[lang=ar] h3")} == {"auto"}


async def test_a_corrected_article_says_when(world: World, client: Client) -> None:
    world.clock.advance(3600)
    (article_id,) = await world.admit(story(1, title="Ralat"))
    page = tree(await client.get(f"/articles/{article_id}", PAGE))
    assert texts(page, "h1") == ["Ralat"]
    assert texts(page, ".byline time")[1] == "Diperbarui Kamis, 5 November 2026, 20.00 WIB"


async def test_recordings_are_linked_by_their_names(world: World, client: Client) -> None:
    audio = Enclosure(url="https://kota.example/suara/Siaran%20pagi.mp3?id=7", media_type="audio/mpeg")
    (article_id,) = await world.admit(story(1, enclosures=(audio, Enclosure(url="javascript:alert(1)"))))
    page = tree(await client.get(f"/articles/{article_id}", PAGE))
    (link,) = page.css("[aria-labelledby=files] a")
    assert (link.text(), link.attributes["href"]) == ("Siaran pagi.mp3", audio.url)
    assert texts(page, "#files") == ["Audio, video, dan berkas"]


async def test_an_article_of_little(world: World, client: Client) -> None:
    bare = story(
        9, lead="", body_html="", quote=None, authors=(), photos=(), section=None, tags=(), related=()
    )
    (article_id,) = await world.admit(bare)
    page = tree(await client.get(f"/articles/{article_id}", PAGE))
    assert texts(page, ".reporter") == ["Berita Kota"]
    assert "Artikel lengkapnya ada di Berita Kota" in texts(page, ".body")[0]
    assert not page.css("figure, .lead, .pull, .tags, .related, .section")


async def test_keys_can_scroll_a_table(world: World, client: Client) -> None:
    body = (
        "<p>a &amp; b &lt;i&gt;</p><table><tr><td>x</td></tr></table>"
        '<img src="https://kota.example/1.png" alt="&lt;table&gt; &quot; onerror=x">'
    )
    (article_id,) = await world.admit(story(9, body_html=body, quote=None))
    page = tree(await client.get(f"/articles/{article_id}", PAGE))
    (table,) = page.css(".body table")
    assert table.attributes == {"tabindex": "0"}
    assert texts(page, ".body p") == ["a & b <i>"]
    (image,) = page.css(".body img")
    assert image.attributes["alt"] == '<table> " onerror=x'


async def test_nothing_in_an_article_can_break_out(world: World, client: Client) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    (article_id,) = await world.admit(
        story(7, title=evil, lead=evil, quote=evil, authors=(evil,), section=evil, tags=(evil,))
    )
    for path in (f"/articles/{article_id}", "/", "/feeds/latest"):
        page = tree(await client.get(path, PAGE))
        assert not page.css("script, img[onerror]")


@pytest.mark.parametrize("name", ["aaaaaaaaaaaaaaaa", "ABC", "a" * 65, "%00", "..%2f..", "a.b"])
async def test_no_such_article(client: Client, name: str) -> None:
    answer = await client.get(f"/articles/{name}", PAGE)
    assert answer.status == 404
    assert texts(tree(answer), "h1") == ["Halaman tidak ditemukan"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Vary"] == "Accept, Accept-Language"


async def test_a_withdrawn_article_is_gone(client: Client, world: World, ids: list[ArticleId]) -> None:
    withdrawer = Withdrawer(world.store, SPECS, open_metrics(), world.clock, count_coverage)
    assert await withdrawer.withdraw(ids[0], WithdrawnBy.OPERATOR, "very private reason")
    answer = await client.get(f"/articles/{ids[0]}", PAGE)
    assert answer.status == 410
    assert texts(tree(answer), "h1") == ["Artikel ini telah ditarik"]
    assert b"private" not in answer.body
    assert b"Kabar" not in (await client.get(f"/articles/{ids[0]}")).body
    assert (await client.get(f"/articles/{ids[0]}")).json["status"] == 410
    assert texts(tree(await client.get("/", PAGE)), "h3") != []
    assert f"/articles/{ids[0]}".encode() not in (await client.get("/", PAGE)).body


async def test_a_correction_stands_above_the_text(client: Client, world: World) -> None:
    (one,) = await world.admit(
        story(7, body_html="<p>Isi.</p><p>Ralat: semula tertulis <b>21</b> orang.</p>")
    )
    page = tree(await client.get(f"/articles/{one}", PAGE))
    assert texts(page, ".correction") == ["Dikoreksi oleh portalnya. Ralat: semula tertulis 21 orang."]


async def test_language_follows_the_browser(client: Client) -> None:
    english = await client.get("/", PAGE | {"Accept-Language": "en-GB,en;q=0.9,id;q=0.5"})
    assert english.headers["Content-Language"] == "en"
    page = tree(english)
    assert page.css("html")[0].attributes.get("lang") == "en"
    assert texts(page, "#newest, #popular") == ["Latest", "Most read"]
    assert page.css(".newest li")[0].attributes.get("lang") == "id"
    usual = tree(await client.get("/", PAGE | {"Accept-Language": "fr"}))
    assert usual.css("html")[0].attributes.get("lang") == "id"


async def test_a_page_shows_an_article_from_its_admission_on(client: Client, world: World) -> None:
    for number in (40, 41):
        for path in ("/", "/feeds/latest"):
            assert f"nomor&gt; {number} " not in (await client.get(path, PAGE)).text
        await world.admit(story(number, published_at=world.clock()))
        for path in ("/", "/feeds/latest"):
            assert f"nomor&gt; {number} " in (await client.get(path, PAGE)).text


async def test_pages_are_packed(client: Client) -> None:
    plain = await client.get("/", PAGE)
    for coding in ("gzip", "br"):
        packed = await client.get("/", PAGE | {"Accept-Encoding": coding})
        assert packed.headers["Content-Encoding"] == coding
        assert len(packed.body) < len(plain.body) / 2


async def test_styles_carry_their_digest(client: Client) -> None:
    page = tree(await client.get("/", PAGE))
    href = page.css("link[rel=stylesheet]")[0].attributes.get("href") or ""
    assert href.startswith("/news/static/style.css?v=")
    styles = await client.get(href)
    assert styles.headers["Content-Type"] == "text/css; charset=utf-8"
    assert styles.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert hashlib.sha256(styles.body).hexdigest().startswith(href.rpartition("=")[2])
    unnamed = await client.get("/static/style.css")
    assert unnamed.headers["Cache-Control"] == "public, max-age=300"
    assert (await client.get("/static/..%2fapp.py")).status == 404
    assert (await client.get("/static/base.html")).status == 404


async def test_the_prefix_alone_is_the_front_page(client: Client) -> None:
    for path in ("/news", "/news/", "/"):
        assert texts(tree(await client.get(path, PAGE)), "h1") == ["Warta Nusantara"]


async def test_an_empty_site_says_so(store: Store, clock: ManualClock) -> None:
    async with client_of(create_app(World(store, clock).reading, WebOptions())) as client:
        page = tree(await client.get("/", PAGE))
        assert [text[:17] for text in texts(page, ".empty")] == ["Belum ada artikel"] * 2
        assert texts(tree(await client.get("/feeds/kota", PAGE)), ".entries .empty")


async def test_at_most_thirty_entries_are_shown(world: World, client: Client) -> None:
    await world.admit(*(story(number) for number in range(10, 50)))
    page = tree(await client.get("/feeds/latest", PAGE))
    assert len(page.css(".entries li")) == 30
    world.clock.now += timedelta(minutes=1)


async def test_titles_in_any_language_fit_the_words_around_them(client: Client) -> None:
    page = tree(await client.get("/", PAGE | {"Accept-Language": "en"}))
    assert texts(page, ".more a") == ["All latest articles", "All most read articles"]


async def test_the_front_page_names_a_feed_that_stands_in_for_a_usual_one(
    client: Client, world: World
) -> None:
    feeds = world.publisher.public
    world.publisher.public = {one: feeds[one] for one in feeds if one != "latest"}
    page = tree(await client.get("/", PAGE | {"Accept-Language": "en"}))
    assert texts(page, ".newest .more") == ["More: Berita Kota"]
    assert [a.attributes.get("lang") for a in page.css(".newest .more a")] == ["id"]


async def test_feeds_stand_ahead_of_what_is_popular(client: Client) -> None:
    page = tree(await client.get("/", PAGE))
    assert [one.attributes.get("class") for one in page.css(".front > section")] == [
        "newest",
        "feeds",
        "popular",
    ]


async def test_a_slash_at_the_end_leads_to_the_feed(client: Client) -> None:
    for prefix in ("", "/news"):
        answer = await client.get(f"{prefix}/feeds/latest/", PAGE)
        assert (answer.status, answer.headers["Location"]) == (308, "../latest")
    assert (await client.get("/feeds/nothing/", PAGE)).status == 404


async def test_the_list_of_feeds_is_on_the_front_page(client: Client) -> None:
    for prefix in ("", "/news"):
        answer = await client.get(f"{prefix}/feeds", PAGE)
        assert (answer.status, answer.headers["Location"]) == (308, "./#feeds")
    assert tree(await client.get("/", PAGE)).css("#feeds")


async def test_what_robots_and_tabs_ask_for_is_there(client: Client) -> None:
    robots = await client.get("/robots.txt")
    assert (robots.status, robots.text) == (200, "User-agent: *\nAllow: /\n")
    icon = await client.get("/favicon.ico")
    assert (icon.status, icon.headers["Content-Type"]) == (200, "image/svg+xml")
    assert icon.body.startswith(b"<svg")
    page = tree(await client.get("/", PAGE))
    assert page.css("link[rel=icon]")[0].attributes.get("href") == "/news/favicon.ico"
