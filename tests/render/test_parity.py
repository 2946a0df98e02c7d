"""All formats, read back by independent parsers, tell the same."""

import json
import locale
from calendar import timegm
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import feedparser
import pytest
from msgspec.structs import replace
from render.render_values import NOON, article, busy_snapshot, entry, full_snapshot, snapshot

from syndicator.model.feed import FeedSnapshot, Format
from syndicator.render import render


class Read(NamedTuple):
    """What a reader keeps of one entry."""

    id: str
    title: str
    link: str
    published: datetime
    tags: tuple[str, ...]
    html: str


def read_xml(body: bytes) -> list[Read]:
    document: Any = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
    assert not document.bozo, document.get("bozo_exception")
    return [
        Read(
            id=one.id,
            title=one.title,
            link=one.link,
            published=datetime.fromtimestamp(timegm(one.published_parsed), UTC),
            tags=tuple(tag.term for tag in one.get("tags", ())),
            html=one.content[0].value if "content" in one else one.summary,
        )
        for one in document.entries
    ]


def read_json(body: bytes) -> list[Read]:
    return [
        Read(
            id=one["id"],
            title=one["title"],
            link=one["url"],
            published=datetime.fromisoformat(one["date_published"]),
            tags=tuple(one.get("tags", ())),
            html=one.get("content_html") or one["content_text"],
        )
        for one in json.loads(body)["items"]
    ]


def read_ninjs(body: bytes) -> list[Read]:
    def href(one: Any) -> str:
        return next(str(form["href"]) for form in one["renditions"] if form["name"] == "web")

    return [
        Read(
            id=one["uri"],
            title=one["headlines"][0]["value"],
            link=href(one),
            published=datetime.fromisoformat(one["firstCreated"]),
            tags=tuple(subject["name"] for subject in one.get("subjects", ())),
            html=one.get("bodies", one["descriptions"])[0]["value"],
        )
        for one in json.loads(body).get("associations", ())
    ]


READERS = {
    Format.RSS: read_xml,
    Format.ATOM: read_xml,
    Format.JSON: read_json,
    Format.NINJS: read_ninjs,
}


def read_all(of: FeedSnapshot) -> list[list[Read]]:
    return [READERS[form](render(of, form).body) for form in Format]


def test_all_formats_tell_the_same() -> None:
    rss, *others = read_all(busy_snapshot())
    assert others == [rss] * 3
    assert [one.link for one in rss] == [one.article.url for one in busy_snapshot().entries]
    assert [one.published for one in rss] == [NOON - timedelta(hours=number) for number in range(4)]


def test_all_formats_date_changes_alike() -> None:
    of = full_snapshot()
    rss, atom = (feedparser.parse(render(of, form).body) for form in (Format.RSS, Format.ATOM))
    feed, partners = (json.loads(render(of, form).body) for form in (Format.JSON, Format.NINJS))
    dated = [datetime.fromisoformat(one["date_modified"]) for one in feed["items"]]
    assert [datetime.fromtimestamp(timegm(one.updated_parsed), UTC) for one in atom.entries] == dated
    told = [datetime.fromisoformat(one["versionCreated"]) for one in partners["associations"]]
    assert told[: len(dated)] == dated
    newest = {datetime.fromtimestamp(timegm(one.feed.updated_parsed), UTC) for one in (rss, atom)}
    assert newest == {datetime.fromisoformat(partners["versionCreated"])}


def test_titles_are_plain_text_and_escaped_once() -> None:
    for entries in read_all(busy_snapshot()):
        assert entries[3].title == 'Tanda <kurung> & "kutip" ]]> tetap'


def test_the_body_is_whole() -> None:
    for entries in read_all(busy_snapshot()):
        assert entries[0].html == (
            "<p>Air setinggi lutut menggenangi jalan utama.</p>\n"
            "<blockquote>Kami belum tidur semalam.</blockquote>\n"
            "<p>Warga mengungsi ke balai kota sejak pagi.</p><p>Pompa belum bekerja.</p>"
        )
        assert entries[2].html == "Air setinggi lutut menggenangi jalan utama."
        assert entries[3].html.endswith("<p>a &lt; b &amp;&amp; c ]]&gt;</p>")


def test_ids_are_frozen() -> None:
    """A changed id is a new article to every reader: this literal must never be edited."""
    for entries in read_all(snapshot(article(0))):
        assert entries[0].id == "tag:feeds.example,2026:article/abcdefghijklm000"


def test_ids_outlive_every_change() -> None:
    before = read_all(snapshot(article(0)))[0][0].id
    moved = busy_snapshot()
    changed = article(0, revision=9, title="Lain", url="https://baru.example/x", source="lain")
    elsewhere = snapshot(
        entries=(entry(changed),),
        spec=moved.spec.__class__(id=moved.spec.id.__class__("popular"), title="Populer"),
        site=replace(moved.site, title="Baru", public_url="http://lain.example"),
    )
    assert [entries[0].id for entries in read_all(elsewhere)] == [before] * 4


def test_all_formats_name_the_related_articles_and_the_photo_with_caption_and_credit() -> None:
    rss, atom = (
        feedparser.parse(render(busy_snapshot(), form).body).entries[0] for form in (Format.RSS, Format.ATOM)
    )
    told = json.loads(render(busy_snapshot(), Format.JSON).body)["items"][0]
    (related,) = told["_syndicator"]["related_links"]
    (photo,) = told["_syndicator"]["photos"]
    for one in (rss, atom):
        links = [(link.href, link.title) for link in one.links if link.rel == "related"]
        assert links == [(related["url"], related["title"])]
        (content,) = one.media_content
        assert [content[key] for key in ("url", "type", "width", "height")] == [
            photo["url"],
            photo["media_type"],
            str(photo["width"]),
            str(photo["height"]),
        ]
        assert one.media_credit[0]["content"] == photo["credit"]
    assert photo["caption"] == "Jalan utama pada pagi hari"


def test_an_article_stands_in_a_feed_once() -> None:
    for entries in read_all(snapshot(article(0), article(1), article(0, title="lagi"))):
        assert [one.title for one in entries] == [article(0).title, article(1).title]


def test_an_empty_feed_is_a_feed() -> None:
    assert read_all(snapshot()) == [[], [], [], []]


@pytest.mark.parametrize("form", Format)
def test_the_locale_of_the_process_is_left_alone(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(category: int, value: object = None) -> str:
        raise AssertionError(f"setlocale({category}, {value!r})")

    monkeypatch.setattr(locale, "setlocale", refuse)
    assert render(busy_snapshot(), form).body
