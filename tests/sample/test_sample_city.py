import json
import struct
import zlib
from xml.etree import ElementTree as ET

import pytest
from sample.sample_values import Answer, Visitor
from selectolax.lexbor import LexborHTMLParser

DC = "{http://purl.org/dc/elements/1.1/}"
MEDIA = "{http://search.yahoo.com/mrss/}"


async def city(visitor: Visitor, path: str, **headers: str) -> Answer:
    return await visitor.get(visitor.sample.city_url + path, **headers)


async def ledger(visitor: Visitor) -> dict[str, list[dict[str, object]]]:
    told: dict[str, list[dict[str, object]]] = json.loads((await city(visitor, "/_sample/ledger.json")).body)
    return told


def links(page: Answer, selector: str) -> list[str]:
    return [node.attributes["href"] or "" for node in LexborHTMLParser(page.text).css(selector)]


async def listed(visitor: Visitor, path: str) -> list[str]:
    """Follow the pages of a list to its end."""
    found: list[str] = []
    url: str | None = visitor.sample.city_url + path
    while url:
        page = await visitor.get(url)
        assert page.status == 200
        found += links(page, "li.row h2 a")[: len(links(page, ".latest li.row h2 a"))]
        following = links(page, "a.next")
        url = visitor.sample.city_url + following[0] if following else None
    return found


@pytest.mark.parametrize("path", ["/", "/berita/terkini"])
async def test_the_pages_of_the_list_hold_every_article_once_the_newest_first(
    visitor: Visitor, path: str
) -> None:
    for _ in range(9):
        visitor.sample.world.publish()
    visitor.sample.world.withdraw(30)
    articles = (await ledger(visitor))["articles"]
    expected = [row["url"] for row in reversed(articles) if not row["withdrawn"]]
    assert await listed(visitor, path) == expected
    assert len(expected) == 32


async def test_sections_hold_their_own_articles_and_all_sections_hold_all(visitor: Visitor) -> None:
    sections = links(await city(visitor, "/"), ".sections a")[2:]
    assert len(sections) == 10
    found = []
    for section in sections:
        path = section.removeprefix(visitor.sample.city_url)
        page = await city(visitor, path)
        badges = {node.text() for node in LexborHTMLParser(page.text).css(".latest .badge")}
        assert len(badges) <= 1
        found += await listed(visitor, path)
    assert sorted(found) == sorted(str(row["url"]) for row in (await ledger(visitor))["articles"])


@pytest.mark.parametrize(
    "path",
    [
        "/x", "/kategori/astrologi", "/?p=99", "/?p=0", "/?p=-1", "/?p=x", "/?p=²", "/read/1/x",
        "/read/999999", "/photo/99.png",
    ],
)  # fmt: skip
async def test_what_is_not_there_is_not_found(visitor: Visitor, path: str) -> None:
    answer = await city(visitor, path)
    assert answer.status == 404
    assert "Halaman tidak ditemukan" in answer.text


async def test_a_wrong_address_of_an_article_leads_to_the_right_one(visitor: Visitor) -> None:
    url = str((await ledger(visitor))["articles"][4]["url"])
    for path in ("/read/900005/lain", "/read/900005", "/read/900005/", "/read/900005/a/b%20c"):
        answer = await city(visitor, path)
        assert (answer.status, answer.headers["location"]) == (301, url)
    assert (await visitor.get(url)).status == 200


async def test_a_withdrawn_article_is_gone_and_leaves_every_list(visitor: Visitor) -> None:
    row = (await ledger(visitor))["articles"][23]
    url, title = str(row["url"]), str(row["title"])
    assert title in (await city(visitor, "/rss.xml")).text
    visitor.sample.world.withdraw(23)
    answer = await visitor.get(url)
    assert answer.status == 410
    assert "telah ditarik" in answer.text
    for path in ("/", "/rss.xml", "/berita/terpopuler", f"/news/search?q={title.split(maxsplit=1)[0]}"):
        assert url not in (await city(visitor, path)).text
    assert (await ledger(visitor))["articles"][23]["withdrawn"] is True


async def test_an_article_page_is_asked_for_again_only_when_it_changed(visitor: Visitor) -> None:
    world = visitor.sample.world
    article = world.publish()
    url = str((await ledger(visitor))["articles"][-1]["url"])
    first = await visitor.get(url)
    tag, changed = first.headers["etag"], first.headers["last-modified"]
    assert tag.startswith('W/"')
    for headers in (
        {"If_None_Match": tag},
        {"If_Modified_Since": changed},
        {"If_None_Match": f'"x", {tag}'},
    ):
        again = await visitor.get(url, **headers)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    visitor.clock.move(seconds=60)
    world.edit(article.n)
    for headers in ({"If_None_Match": tag}, {"If_Modified_Since": changed}):
        after = await visitor.get(url, **headers)
        assert after.status == 200
        assert after.headers["etag"] != tag
        assert after.body != first.body


async def test_a_page_shows_more_views_as_time_goes_by(visitor: Visitor) -> None:
    url = str((await ledger(visitor))["articles"][-1]["url"])
    before = await visitor.get(url)
    visitor.clock.move(hours=5)
    after = await visitor.get(url, If_None_Match=before.headers["etag"])
    assert after.status == 200
    seen = [
        int(LexborHTMLParser(page.text).css(".content-info span")[1].text().removeprefix("remove_red_eye"))
        for page in (before, after)
    ]
    assert seen[0] < seen[1]


async def test_an_edit_is_seen_on_the_page_and_in_the_ledger(visitor: Visitor) -> None:
    row = (await ledger(visitor))["articles"][10]
    for _ in range(3):
        visitor.sample.world.edit(10)
    after = await ledger(visitor)
    assert after["articles"][10]["revisions"] == 3
    assert after["articles"][10]["url"] == row["url"]
    assert after["articles"][10]["title"] != row["title"]
    assert [entry["kind"] for entry in after["entries"]] == ["publish"] * 24 + ["edit"] * 3
    page = (await visitor.get(str(row["url"]))).text
    assert str(after["articles"][10]["title"]) in LexborHTMLParser(page).css("h1")[0].text()
    assert "Pembaruan:" in page


async def test_the_feed_holds_the_latest_twenty(visitor: Visitor) -> None:
    answer = await city(visitor, "/rss.xml")
    assert answer.headers["content-type"] == "application/rss+xml; charset=utf-8"
    assert (await city(visitor, "/rss.xml", If_None_Match=answer.headers["etag"])).status == 304
    items = ET.fromstring(answer.body).findall("channel/item")
    articles = list(reversed((await ledger(visitor))["articles"]))[:20]
    assert [item.findtext("link") for item in items] == [row["url"] for row in articles]
    assert len({item.findtext("guid") for item in items}) == 20
    for item in items:
        for name in ("title", "pubDate", "description", "category", f"{DC}creator"):
            assert item.findtext(name)
        photo = item.find(f"{MEDIA}content")
        assert photo is not None
        assert photo.get("url", "").startswith(visitor.sample.city_url + "/photo/")
        assert (photo.findtext(f"{MEDIA}credit") or "").endswith(" - Berita Kota")
    visitor.sample.world.publish()
    assert (await city(visitor, "/rss.xml", If_None_Match=answer.headers["etag"])).status == 200


async def test_search_finds_articles_that_hold_all_words_and_shows_what_was_asked_as_text(
    visitor: Visitor,
) -> None:
    row = (await ledger(visitor))["articles"][7]
    words = str(row["title"]).split()
    found = await listed(visitor, f"/news/search?q={words[0].lower()}+{words[-1].upper()}")
    assert row["url"] in found
    hostile = await city(visitor, "/news/search?q=<script>alert(1)</script>")
    assert "<script" not in hostile.text
    assert "&lt;script&gt;" in hostile.text
    assert "0 berita" in hostile.text
    assert "Ketik kata" in (await city(visitor, "/news/search")).text


async def test_search_pages_keep_what_was_asked(visitor: Visitor) -> None:
    page = await city(visitor, "/news/search?q=di")
    assert links(page, "a.next") == ["/news/search?q=di&p=2"]
    second = await city(visitor, "/news/search?q=di&p=2")
    assert links(second, "a.prev") == ["/news/search?q=di"]


async def test_photos_are_images_of_their_own(visitor: Visitor) -> None:
    photos = [(await city(visitor, f"/photo/{n}.png")).body for n in range(6)]
    assert photos[0] == (await city(visitor, "/photo/0.png")).body
    assert len(set(photos)) == 6
    for photo in photos:
        assert len(photo) < 20_000
        chunks = dict(png_chunks(photo))
        width, height, depth, colours = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
        assert (width, height, depth, colours) == (640, 360, 8, 3)
        pixels = zlib.decompress(chunks[b"IDAT"])
        assert len(pixels) == 360 * 641
        assert max(pixels) < len(chunks[b"PLTE"]) // 3 <= 256


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    found, at = [], 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + content)
        found.append((kind, content))
        at += 12 + length
    return found


async def test_pages_load_nothing_from_elsewhere_and_hold_no_script(visitor: Visitor) -> None:
    article = str((await ledger(visitor))["articles"][3]["url"])
    for url in (
        visitor.sample.city_url + "/",
        article,
        visitor.sample.wire_url + "/",
        visitor.sample.partner_url + "/",
    ):
        tree = LexborHTMLParser((await visitor.get(url)).text)
        assert not tree.css("script")
        sources = [
            node.attributes.get("src") or node.attributes.get("href") or ""
            for node in tree.css("img, link[rel=stylesheet], link[rel=icon]")
        ]
        assert sources
        assert all(each.startswith(("data:", url[:16])) for each in sources)


async def test_robots_are_told_where_to_go(visitor: Visitor) -> None:
    assert (await city(visitor, "/robots.txt")).text.startswith("User-agent: *\n")


async def test_old_articles_keep_their_related_links(visitor: Visitor) -> None:
    for _ in range(600):
        visitor.sample.world.publish()
    row = (await ledger(visitor))["articles"][40]
    page = await visitor.get(str(row["url"]))
    for selector, fewest, most in ((".read-also", 1, 1), (".list-index h2 a", 3, 5)):
        found = links(page, selector)
        assert fewest <= len(found) <= most
        assert all("/read/9000" in link and link != row["url"] for link in found)
