from datetime import timedelta
from html import unescape
from typing import Any

import feedparser
import pytest
from lxml import etree
from lxml import html as lxml_html
from render.render_values import NOON, article, busy_snapshot, entry, snapshot

from syndicator.model.feed import EntryPopularity, Format
from syndicator.render import render

NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "media": "http://search.yahoo.com/mrss/",
}


def tree(of: Any) -> Any:
    return etree.fromstring(render(of, Format.RSS).body)


def found(root: Any, path: str) -> list[Any]:
    result: list[Any] = root.xpath(path, namespaces=NAMESPACES)
    return result


def test_the_channel_says_who_it_is() -> None:
    channel = tree(snapshot(article(0), ttl_s=301))[0]
    assert channel.findtext("title") == "Berita terbaru"
    assert channel.findtext("description") == "Dari semua portal"
    assert [link.text for link in channel.findall("link")] == ["https://feeds.example/news/feeds/latest"]
    assert channel.findtext("language") == "id"
    assert channel.findtext("ttl") == "6"
    assert channel.findtext("generator") == "syndicator"
    (own,) = found(channel, "atom:link")
    assert dict(own.attrib) == {
        "href": "https://feeds.example/news/feeds/latest.rss",
        "rel": "self",
        "type": "application/rss+xml",
    }


def test_the_build_date_is_the_newest_change_in_the_feed() -> None:
    channel = tree(snapshot(article(0), article(1)))[0]
    assert [date.text for date in channel.findall("lastBuildDate")] == ["Thu, 05 Nov 2026 05:02:00 +0000"]
    corrected = tree(snapshot(article(0), article(1, updated_at=NOON + timedelta(hours=1))))[0]
    assert corrected.findtext("lastBuildDate") == "Thu, 05 Nov 2026 06:00:00 +0000"
    assert tree(snapshot())[0].findtext("lastBuildDate") == "Thu, 05 Nov 2026 05:03:00 +0000"


def test_an_item_carries_everything() -> None:
    first, second, third, _ = found(tree(busy_snapshot()), "//item")
    guid = first.find("guid")
    assert guid.get("isPermaLink") == "false"
    assert guid.text == "tag:feeds.example,2026:article/abcdefghijklm000"
    assert first.findtext("pubDate") == "Thu, 05 Nov 2026 05:00:00 +0000"
    assert first.findtext("description") == "Air setinggi lutut menggenangi jalan utama."
    assert [creator.text for creator in found(first, "dc:creator")] == ["Sari Dewi, Budi Santoso"]
    assert [creator.text for creator in found(second, "dc:creator")] == ["Berita Kota"]
    assert first.find("author") is None, "RSS wants an e-mail address there"
    categories = [(one.text, one.get("domain")) for one in first.findall("category")]
    assert categories == [
        ("Metropolitan", "https://berita.example/#sections"),
        ("banjir", "https://berita.example/#tags"),
        ("Kemang", "https://berita.example/#tags"),
    ]
    source = first.find("source")
    assert (source.text, source.get("url")) == ("Berita Kota", "https://berita.example/rss")
    assert found(first, "dcterms:modified") == found(first, "dc:language") == []
    assert [date.text for date in found(second, "dcterms:modified | atom:updated")] == [NOON.isoformat()] * 2
    assert [one.text for one in found(second, "dc:language")] == ["en"]
    assert found(third, "content:encoded") == []


MARKUP = "<script>alert(1)</script> AT&T, a < b &amp; c"


def test_plain_text_is_never_markup_for_readers() -> None:
    odd = article(0, title=MARKUP, lead=MARKUP, body_html="", section=MARKUP, authors=(MARKUP,), tags=())
    body = render(snapshot(odd, article(1, title=MARKUP, lead="", body_html="")), Format.RSS).body
    for item in etree.fromstring(body).iterfind(".//item"):
        shown = lxml_html.fragment_fromstring(item.findtext("description") or "", create_parent="div")
        assert [len(shown), shown.text_content()] == [0, MARKUP]
        assert item.findtext("title") == MARKUP
    read: Any = feedparser.parse(body).entries[0]
    assert unescape(read.summary) == MARKUP
    written = MARKUP.replace("&", "&#x26;").replace("<", "&#x3C;").replace(">", "&#x3E;").encode()
    for tag in (b"title>", b"dc:creator>", b'#sections">'):
        assert tag + written + b"</" in body


def test_the_photo_is_media_rss_with_caption_and_credit() -> None:
    first = found(tree(busy_snapshot()), "//item")[0]
    (photo,) = found(first, "media:content")
    assert dict(photo.attrib) == {
        "url": "https://img.berita.example/0.jpg?w=800&h=450",
        "medium": "image",
        "type": "image/jpeg",
        "width": "800",
        "height": "450",
    }
    assert found(photo, "media:description")[0].text == "Jalan utama pada pagi hari"
    assert found(photo, "media:credit")[0].text == "Rina/Berita Kota"
    assert found(first, ".//media:thumbnail") == [], "there is no smaller picture than the photo itself"
    assert found(first, ".//media:group") == []


def test_related_articles_are_links_of_atom_and_not_the_items_own() -> None:
    first = found(tree(busy_snapshot()), "//item")[0]
    assert [link.text for link in first.findall("link")] == ["https://berita.example/2026/11/05/banjir-0"]
    assert [dict(link.attrib) for link in found(first, "atom:link")] == [
        {
            "rel": "related",
            "type": "text/html",
            "href": "https://berita.example/lama",
            "title": "Banjir tahun lalu",
        }
    ]


def test_nothing_stands_in_a_namespace_of_chance() -> None:
    for form in (Format.RSS, Format.ATOM):
        body = render(busy_snapshot(), form).body
        assert b"ns0" not in body
        assert b"CDATA" not in body


@pytest.mark.parametrize("form", [Format.RSS, Format.ATOM])
def test_views_are_told_to_one_digit(form: Format) -> None:
    def body(views: int | None) -> bytes:
        one = entry(article(0), popularity=EntryPopularity(rank=1, score=2.0, views=views))
        return render(snapshot(entries=(one,)), form).body

    told = found(etree.fromstring(body(45_678)), "//slash:hit_parade/text()")
    assert told == ["40000"]
    assert body(45_678) == body(49_999)
    assert body(45_678) != body(50_000)
    assert found(etree.fromstring(body(0)), "//slash:hit_parade/text()") == ["0"]
    assert b"hit_parade" not in body(None)
