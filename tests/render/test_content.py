"""What every format tells beside the articles themselves: whose they are, where they lead, how they fare."""

import json
from datetime import timedelta
from typing import Any

import feedparser
import pytest
from lxml import etree
from msgspec.structs import replace
from render.feed_checks import opml_faults
from render.render_values import NOON, ORIGIN, SITE, article, entry, snapshot

from syndicator.model.feed import AlsoAt, EntryPopularity, FeedSnapshot, Format
from syndicator.model.rights import Rights
from syndicator.render import render, render_opml

XML = (Format.RSS, Format.ATOM)
NAMES = {
    "a": "http://www.w3.org/2005/Atom",
    "dc": "http://purl.org/dc/elements/1.1/",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "thr": "http://purl.org/syndication/thread/1.0",
}
TOLD = Rights(statement="© Berita <Kota>", license_url="https://berita.example/licence")


def xml(of: FeedSnapshot, form: Format, path: str) -> list[Any]:
    tree: Any = etree.fromstring(render(of, form).body)
    found: list[Any] = tree.xpath(path, namespaces=NAMES)
    return found


def document(of: FeedSnapshot, form: Format = Format.JSON) -> Any:
    return json.loads(render(of, form).body)


def test_what_a_portal_says_of_its_rights_is_told_with_each_entry() -> None:
    of = snapshot(entries=(entry(article(0), origin=replace(ORIGIN, rights=TOLD)), entry(article(1))))
    assert xml(of, Format.RSS, "//item/dc:rights/text()") == [TOLD.statement]
    assert xml(of, Format.ATOM, "//a:entry/a:rights/text()") == [TOLD.statement]
    for form in XML:
        assert xml(of, form, "//a:link[@rel='license']/@href") == [TOLD.license_url]
    first, second = document(of)["items"]
    assert first["_syndicator"]["rights"] == {
        "statement": TOLD.statement,
        "license": TOLD.license_url,
        "content": "full",
    }
    assert "rights" not in second["_syndicator"]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("id", "Hak atas setiap artikel tetap pada portal asalnya. Kontak dan permintaan penghapusan: tolong@x.example"),
        ("en-GB", "The rights in each article remain with its portal. Contact and take-down requests: tolong@x.example"),
    ],
)  # fmt: skip
def test_every_feed_says_whom_to_ask_to_take_something_down(language: str, told: str) -> None:
    of = snapshot(article(0), site=replace(SITE, contact="tolong@x.example", language=language))
    assert xml(of, Format.RSS, "/rss/channel/copyright/text()") == [told]
    assert xml(of, Format.ATOM, "/a:feed/a:rights/text()") == [told]
    assert document(of)["_syndicator"]["rights"] == {"statement": told, "contact": "tolong@x.example"}
    assert document(of, Format.NINJS)["usageTerms"] == told


@pytest.mark.parametrize(
    ("contact", "element"),
    [
        ("tolong@x.example", "ownerEmail"),
        ("https://x.example/tolong", "ownerId"),
        ("Jalan Melati 5", "ownerId"),
    ],
)
def test_so_does_the_list_of_feeds(contact: str, element: str) -> None:
    body = render_opml(replace(SITE, contact=contact), [])
    assert opml_faults(body) == []
    assert etree.fromstring(body).findtext(f"head/{element}") == contact


def test_the_picture_of_the_site_is_in_each_format_of_readers() -> None:
    of = snapshot(site=replace(SITE, logo_url="https://feeds.example/logo.png"))
    image = {one.tag: one.text for one in xml(of, Format.RSS, "//channel/image/*")}
    assert image == {
        "url": "https://feeds.example/logo.png",
        "title": "Berita terbaru",
        "link": "https://feeds.example/news/feeds/latest",
    }
    assert xml(of, Format.ATOM, "/a:feed/a:logo/text()") == ["https://feeds.example/logo.png"]
    assert xml(of, Format.ATOM, "/a:feed/a:icon/text()") == ["https://feeds.example/news/favicon.ico"]
    assert document(of)["icon"] == "https://feeds.example/logo.png"


def test_without_a_picture_of_its_own_a_channel_has_ours() -> None:
    assert xml(snapshot(), Format.RSS, "//channel/image/url/text()") == [
        "https://feeds.example/news/static/icon.png"
    ]


def test_the_source_of_an_item_of_rss_is_a_feed_and_a_portal_without_one_the_publisher() -> None:
    without = replace(ORIGIN, feed_url=None)
    of = snapshot(entries=(entry(article(0)), entry(article(1), origin=without)))
    assert [one.get("url") for one in xml(of, Format.RSS, "//item/source")] == [ORIGIN.feed_url]
    assert xml(of, Format.RSS, "//item[2]/*[local-name()='publisher']/text()") == ["Berita Kota"]
    assert xml(of, Format.RSS, "//item[1]/*[local-name()='publisher']") == []


def test_a_feed_that_counts_clicks_leads_by_way_of_us_and_keeps_its_ids() -> None:
    plain = snapshot(article(0))
    counting = replace(plain, spec=replace(plain.spec, count_clicks=True))
    ours = "https://feeds.example/news/r/abcdefghijklm000"
    for form in XML:
        before, after = (feedparser.parse(render(of, form).body).entries[0] for of in (plain, counting))
        assert (before.link, after.link) == (article(0).url, ours)
        assert after.id == before.id
        assert [link.href for link in after.links if link.rel == "via"] == [article(0).url]
        assert [link.href for link in before.links if link.rel == "via"] == []
    (item,) = document(counting)["items"]
    assert (item["url"], item["external_url"]) == (ours, article(0).url)
    assert "external_url" not in document(plain)["items"][0]
    lost = snapshot(article(0, url="javascript:alert(1)"), spec=counting.spec)
    assert document(lost)["items"][0]["url"].endswith("/articles/abcdefghijklm000")


@pytest.mark.parametrize("form", XML)
def test_comments_are_told_to_one_digit(form: Format) -> None:
    def of(comments: int | None) -> FeedSnapshot:
        return snapshot(
            entries=(entry(article(0), popularity=EntryPopularity(rank=1, score=2.0, comments=comments)),)
        )

    assert xml(of(123), form, "//slash:comments/text() | //thr:total/text()") == ["100", "100"]
    assert render(of(123), form).body == render(of(199), form).body
    assert xml(of(None), form, "//slash:comments | //thr:total") == []
    assert document(of(123))["items"][0]["_syndicator"]["popularity"]["comments"] == 123


@pytest.mark.parametrize("form", Format)
def test_what_is_dated_ahead_was_published_when_it_was_first_shown(form: Format) -> None:
    ahead = article(0, published_at=NOON + timedelta(days=30), first_seen_at=NOON)
    body = render(snapshot(ahead), form).body
    assert b"2026-12" not in body
    assert b"Dec 2026" not in body
    assert body == render(snapshot(replace(ahead, published_at=NOON)), form).body


def test_who_else_tells_a_story_is_told_in_text_and_links() -> None:
    other = replace(article(5), title="Banjir <besar>", source="lain")
    of = snapshot(
        entries=(
            entry(article(0), also_at=(AlsoAt(article=other, origin=replace(ORIGIN, title="Kabar & Co")),)),
        )
    )
    for form in XML:
        (link, *_) = xml(of, form, "//a:link[@rel='related']")
        assert (link.get("href"), link.get("title")) == (other.url, "Banjir <besar>")
        one = feedparser.parse(render(of, form).body, sanitize_html=False).entries[0]
        assert f'<p>Juga di: <a href="{other.url}">Kabar &amp; Co</a></p>' in one.content[0].value
    (told,) = document(of)["items"][0]["_syndicator"]["also_at"]
    assert told["source"] == "Kabar & Co"


def test_each_other_portal_is_named_once_below_the_text() -> None:
    def told(number: int, portal: str) -> AlsoAt:
        return AlsoAt(article=article(number), origin=replace(ORIGIN, title=portal))

    others = (told(5, "Kabar"), told(6, "Berita Kota"), told(7, "Kabar"), told(8, "Pos"))
    (item,) = document(snapshot(entries=(entry(article(0), also_at=others),)))["items"]
    links = f'<a href="{article(5).url}">Kabar</a>, <a href="{article(8).url}">Pos</a>'
    assert item["content_html"].endswith(f"<p>Juga di: {links}</p>")
    assert len(item["_syndicator"]["also_at"]) == 4
    (own,) = document(snapshot(entries=(entry(article(0), also_at=others[1:2]),)))["items"]
    assert "Juga di" not in own["content_html"]
