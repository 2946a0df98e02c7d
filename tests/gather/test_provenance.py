"""What a candidate of a feed tells of how it reached us, and of what we made of it."""

import msgspec
import pytest
from gather.gather_values import NOW, fetched, rss, source
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from syndicator.gather.articles.article_page import read_article
from syndicator.gather.feeds.feed import read_thoroughly
from syndicator.gather.provenance_changes import MAX_CHANGES, MAX_RECEIVED
from syndicator.model.article import Candidate
from syndicator.model.source import ArticleRule, ImagePolicy, ListRule, SourceKind
from syndicator.rules.identity.identity import spec_hash

CONTENT = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'


def only(document: str, **changes: object) -> Candidate:
    (candidate,) = read_thoroughly(source(**changes), fetched(document)).candidates
    return candidate


def test_where_it_came_from() -> None:
    described = source(images=ImagePolicy.NONE)
    answer = replace(
        fetched(
            rss("<title>t</title>"), headers={"etag": '"e"', "last-modified": "Mon, 23 Nov 2026 11:00:00 GMT"}
        ),
        url="https://news.example/moved",
    )
    told = read_thoroughly(described, answer).candidates[0].provenance
    assert told.source == described.id
    assert told.requested_url == "https://news.example/feed"
    assert told.url == "https://news.example/moved"
    assert told.fetched_at == NOW
    assert told.status == 200
    assert told.etag == '"e"'
    assert told.last_modified == "Mon, 23 Nov 2026 11:00:00 GMT"
    assert told.rules == spec_hash(described)
    assert told.images is ImagePolicy.NONE
    assert not told.pushed


def test_an_address_that_did_not_move_is_not_told_twice() -> None:
    assert only(rss("<title>t</title>")).provenance.url == ""


def test_what_was_taken_as_it_came_has_no_change() -> None:
    candidate = only(
        rss(
            "<title>Banjir</title><link>https://news.example/1</link><guid>https://news.example/1</guid>"
            "<description>Hujan.</description><content:encoded>&lt;p&gt;Isi&lt;/p&gt;</content:encoded>"
            "<category>Metro</category><pubDate>Mon, 23 Nov 2026 10:00:00 +0700</pubDate>",
            attributes=CONTENT,
        )
    )
    assert candidate.provenance.changes == ()


def test_what_was_received_is_an_excerpt_from_where_it_was_changed() -> None:
    body = f"&lt;p&gt;{'kata ' * 100}&lt;/p&gt;&lt;script&gt;{'x' * 500}&lt;/script&gt;"
    candidate = only(rss(f"<title>t</title><content:encoded>{body}</content:encoded>", attributes=CONTENT))
    (change,) = candidate.provenance.changes
    assert (change.field, change.why) == ("body_html", "active markup is removed: script")
    assert change.received == "<script>" + "x" * (MAX_RECEIVED - 8)


def test_changes_are_bounded() -> None:
    candidate = only(rss("<title>t</title>" + "<category> a&amp;amp;b </category>" * 40))
    assert len(candidate.provenance.changes) == MAX_CHANGES


def test_a_secret_of_the_source_is_not_in_it() -> None:
    candidate = only(rss("<title>t</title>"), headers={"authorization": "Bearer hunter2"})
    assert b"hunter2" not in msgspec.json.encode(candidate)


@pytest.mark.parametrize("field", ["title", "link", "guid", "description", "author", "category", "pubDate"])
@settings(max_examples=25)
@given(text=st.text(max_size=300))
def test_whatever_is_received_can_be_stored(field: str, text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").encode("utf-8", "replace").decode()
    reading = read_thoroughly(source(), fetched(rss(f"<title>t</title><{field}>{escaped}</{field}>")))
    for candidate in reading.candidates:
        assert all(len(change.received) <= MAX_RECEIVED for change in candidate.provenance.changes)
        assert msgspec.json.decode(msgspec.json.encode(candidate), type=Candidate) == candidate


SECRET = "wartawan:rahasia@"
ADDRESSES = {
    "link": ("<title>t</title><link>https://{}news.example/1</link>", "url"),
    "guid": ('<title>t</title><guid isPermaLink="true">https://{}news.example/1</guid>', "url"),
    "link relative to a base": ('<title>t</title><link xml:base="https://{}news.example/">/1</link>', "url"),
    "picture": ('<title>t</title><enclosure url="https://{}news.example/a.jpg" type="image/jpeg"/>', "photos"),
    "body": (
        ("<title>t</title><content:encoded><![CDATA[<p>Isi <a href='https://{}news.example/2'>lagi</a></p>"
        "<img src='https://{}news.example/a.jpg'>]]></content:encoded>"),
        "body_html",
    ),
    "body relative to a base": (
        ("<title>t</title><content:encoded xml:base='https://{}news.example/'><![CDATA[<p>Isi <a href='/2'>lagi</a></p>]]>"
        "</content:encoded>"),
        "body_html",
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", ADDRESSES)
def test_a_name_and_password_in_an_address_are_not_published(place: str) -> None:
    item, field = ADDRESSES[place]
    with_secret = only(rss(item.replace("{}", SECRET), attributes=CONTENT))
    assert "rahasia" not in repr(replace(with_secret, guid=None))
    without = only(rss(item.replace("{}", ""), attributes=CONTENT))
    assert (with_secret.url, with_secret.photos, with_secret.body_html) == (
        without.url, without.photos, without.body_html,
    )  # fmt: skip
    changes = [one for one in with_secret.provenance.changes if one.field == field]
    assert changes
    if "base" not in place:
        assert any("name or password" in one.why for one in changes)


def test_an_at_sign_in_a_path_is_no_password() -> None:
    url = "https://news.example//@penulis/1"
    assert only(rss(f"<title>t</title><link>{url}</link>")).url == url


def test_nor_are_those_in_a_page() -> None:
    page = (
        '<html><head><meta property="og:image" content="https://a:rahasia@news.example/a.jpg">'
        '<link rel="canonical" href="https://a:rahasia@news.example/1"></head><body><h1>Judul berita kota</h1>'
        '<article><p>Isi berita <a href="https://a:rahasia@news.example/2">lagi</a>.</p></article>'
        '<ul><li><a href="//a:rahasia@news.example/3">Berita lain</a></li></ul></body></html>'
    )
    rule = ArticleRule(title="h1", body="article", related="li a")
    read = read_article(source(kind=SourceKind.PAGE, list=ListRule(item="li"), article=rule), fetched(page))
    assert [link.url for link in read.candidate.related] == ["https://news.example/3"]
    assert "rahasia" not in repr(read)
    (change,) = read.candidate.provenance.changes
    assert change.received.startswith('<a href="https://[hidden]@news.example/2"')
    assert "name or password" in change.why
