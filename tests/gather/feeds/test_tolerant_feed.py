"""Feeds with ordinary dirt: the good entries arrive, and what was odd is said."""

from datetime import UTC, datetime

import pytest
from gather.gather_values import fetched, rss, source

from syndicator.errors import NotReadable
from syndicator.gather.documents.xml_names import Doubt
from syndicator.gather.feeds.candidates import FeedReading
from syndicator.gather.feeds.feed import read_strictly, read_thoroughly
from syndicator.model.article import Photo


def read(document: str | bytes, **headers: str) -> FeedReading:
    """Read what the strict reader leaves to the tolerant one."""
    answer = fetched(document, headers={name.replace("_", "-"): value for name, value in headers.items()})
    with pytest.raises(Doubt):
        read_strictly(answer, 200)
    return read_thoroughly(source(), answer)


def titles(reading: FeedReading) -> list[str]:
    return [candidate.title for candidate in reading.candidates]


def test_bare_ampersands() -> None:
    reading = read(rss("<title>a & b</title><link>https://news.example/?a=1&b=2</link>"))
    assert titles(reading) == ["a & b"]
    assert reading.candidates[0].url == "https://news.example/?a=1&b=2"
    assert reading.warnings == ("bare ampersands are escaped: 2, the first at line 1",)


def test_entities_of_html() -> None:
    assert titles(read(rss("<title>Caf&eacute; &nbsp;x</title>"))) == ["Café x"]


def test_tags_left_open() -> None:
    reading = read(rss("<title>1</title><description>a <b>b</description>", "<title>2</title>"))
    assert titles(reading) == ["1", "2"]
    assert reading.candidates[0].lead == "a b"


def test_deleted_entries_of_a_broken_document() -> None:
    document = b"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">
    <title>Kota</title>
    <!-- <at:deleted-entry ref="urn:no:1" when="2026-11-05T10:00:00Z"/> -->
    <entry><id>urn:1</id><title>1</title><summary>a <b>b</summary><updated>2026-11-05T09:00:00Z</updated></entry>
    <entry><id>urn:2</id><title>2</title><content type="html"><![CDATA[<at:deleted-entry ref="urn:no:2"/>]]>
    </content></entry>
    <at:deleted-entry ref="urn:3?a=1&amp;b=2" when="2026-11-05T11:00:00Z"><at:comment>Keliru &amp; ditarik
    </at:comment></at:deleted-entry>
    <at:deleted-entry when='2026-11-05T11:30:00Z' ref='urn:4'/>
    </feed>"""
    reading = read(document)
    assert titles(reading) == ["1", "2"]
    assert any("not well-formed" in warning for warning in reading.warnings)
    first, second = reading.deleted
    assert (first.guid, first.comment, second.guid) == ("urn:3?a=1&b=2", "Keliru & ditarik", "urn:4")
    assert str(first.at) == "2026-11-05 11:00:00+00:00"


def test_a_document_cut_off() -> None:
    reading = read(rss("<title>1</title>", "<title>2</title>", "<title>cut")[:-30])
    assert titles(reading) == ["1", "2"]
    assert reading.warnings == ("the document is cut off at line 1: what is complete is read",)


@pytest.mark.parametrize("poison", ["&#xD800;", "&#0;", "&#x1;", "&#57005;", "\x01", "\x00", "\ufffe"])
def test_characters_that_xml_does_not_have(poison: str) -> None:
    reading = read(rss(f"<title>a{poison}b</title><link>/1</link>", "<title>2</title>"))
    assert titles(reading) == ["ab", "2"]


def test_undeclared_latin_1() -> None:
    document = rss("<title>Café</title>").replace(' encoding="UTF-8"', "").encode("latin-1")
    assert titles(read(document)) == ["Café"]


def test_the_charset_of_the_response_counts() -> None:
    document = rss("<title>Кремль & b</title>").replace(' encoding="UTF-8"', "").encode("koi8-r")
    assert titles(read(document, content_type="application/xml; charset=koi8-r")) == ["Кремль & b"]


def test_undeclared_prefixes_and_odd_dates() -> None:
    reading = read(
        rss(
            "<title>t</title><link>/1</link><media:content url='/p.jpg' medium='image'/><dc:creator>Nama</dc:creator>"
            "<pubDate>Thu, 05 Nov 2026 10:11 CEST</pubDate>"
        )
    )
    candidate = reading.candidates[0]
    assert candidate.photos == (Photo(url="https://news.example/p.jpg"),)
    assert candidate.authors == ("Nama",)
    assert candidate.published_at == datetime(2026, 11, 5, 8, 11, tzinfo=UTC)
    assert candidate.provenance.claimed_date == "Thu, 05 Nov 2026 10:11 CEST"
    assert candidate.url == "https://news.example/1"


@pytest.mark.parametrize(
    "before", ["\n\n  ", "PHP Warning: x in y on line 3\n", "<br />\n<b>Warning</b>: x<br />\n"]
)
def test_junk_before_the_feed(before: str) -> None:
    assert titles(read(before + rss("<title>a</title>"))) == ["a"]


def test_an_entry_that_says_nothing_costs_only_itself() -> None:
    reading = read(rss("<title>a & b</title>", "<description> </description>", "<title>c</title>"))
    assert titles(reading) == ["a & b", "c"]
    assert "entry 2 skipped: it has neither link nor guid nor title nor text" in reading.warnings


def test_feed_words_without_a_feed() -> None:
    with pytest.raises(NotReadable) as caught:
        read("hello <feed world")
    assert caught.value.reason == "not_a_feed"


def test_a_feed_beyond_repair() -> None:
    with pytest.raises(NotReadable) as caught:
        read("<rss version='2.0'><channel><item")
    assert caught.value.reason == "malformed"
