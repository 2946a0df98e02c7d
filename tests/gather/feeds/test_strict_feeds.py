"""RSS and Atom whose meaning is beyond doubt: field by field."""

from datetime import UTC, datetime

import pytest
from gather.gather_values import atom, fetched, rss, source

from syndicator.errors import NotReadable
from syndicator.gather.documents.xml_names import Doubt
from syndicator.gather.feeds.candidates import FeedReading, to_reading
from syndicator.gather.feeds.feed import read_strictly
from syndicator.model.article import Candidate, Photo

DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
CONTENT = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'
ATOM_IN_RSS = 'xmlns:atom="http://www.w3.org/2005/Atom"'


def read(document: str | bytes, **changes: object) -> FeedReading:
    answer, described = fetched(document), source(**changes)
    return to_reading(described, answer, read_strictly(answer, described.max_articles))


def only(document: str | bytes, **changes: object) -> Candidate:
    reading = read(document, **changes)
    assert len(reading.candidates) == 1, reading.warnings
    return reading.candidates[0]


def test_rss_arrives_whole() -> None:
    candidate = only(
        rss(
            "<title>Banjir &amp;amp; macet</title><link>https://news.example/1</link>"
            '<guid isPermaLink="false">n-1</guid><description>Ringkasan &lt;b&gt;singkat&lt;/b&gt;.</description>'
            "<content:encoded><![CDATA[<p>Isi <a href='/2'>tautan</a></p>]]></content:encoded>"
            "<pubDate>Tue, 03 Nov 2026 10:00:00 +0700</pubDate><dc:creator>Nama Satu</dc:creator>"
            "<dc:creator>Nama Dua</dc:creator><category>Metro</category><category>Banjir</category>"
            "<atom:updated>2026-11-03T04:00:00Z</atom:updated>",
            channel="<language>id</language>",
            attributes=f"{DC} {CONTENT} {ATOM_IN_RSS}",
        )
    )
    assert candidate.title == "Banjir & macet"
    assert candidate.url == "https://news.example/1"
    assert candidate.guid == "n-1"
    assert candidate.lead == "Ringkasan singkat."
    assert candidate.body_html == '<p>Isi <a href="https://news.example/2" rel="noopener">tautan</a></p>'
    assert candidate.published_at == datetime(2026, 11, 3, 3, tzinfo=UTC)
    assert candidate.updated_at == datetime(2026, 11, 3, 4, tzinfo=UTC)
    assert candidate.authors == ("Nama Satu", "Nama Dua")
    assert candidate.section == "Metro"
    assert candidate.tags == ("Metro", "Banjir")
    assert candidate.language == "id"
    assert candidate.provenance.claimed_date == "Tue, 03 Nov 2026 10:00:00 +0700"


def test_what_the_channel_says_of_itself() -> None:
    reading = read(rss("<title>a</title>", channel="<language>id-ID</language>"))
    assert (reading.title, reading.home_url, reading.language) == ("News", "https://news.example/", "id-ID")


def test_a_configured_language_wins_over_the_channels() -> None:
    # Templates declare en-US on portals of any language.
    document = rss("<title>a</title>", channel="<language>en-US</language>")
    assert only(document, language="id").language == "id"


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ("<link>/a b</link>", "https://news.example/a%20b"),
        ("<guid>https://news.example/g</guid>", "https://news.example/g"),
        ('<guid isPermaLink="false">https://news.example/g</guid><title>t</title>', ""),
        ("<guid>tag:1</guid>", ""),
        ('<atom:link rel="alternate" href="https://news.example/a"/><title>t</title>', "https://news.example/a"),
        ('<atom:link rel="self" href="https://news.example/s"/><link>https://news.example/a</link>', "https://news.example/a"),
        ('<link href="https://news.example/a"/><title>t</title>', "https://news.example/a"),
        ("<link>javascript:alert(1)</link><title>t</title>", ""),
        ("<link>https://news.example/?a=1&amp;b=2</link>", "https://news.example/?a=1&b=2"),
    ],
)  # fmt: skip
def test_the_link_of_an_item(item: str, url: str) -> None:
    assert only(rss(item, attributes=ATOM_IN_RSS)).url == url


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("<author>redaksi@news.example (Nama Satu)</author>", ("Nama Satu",)),
        ("<author>redaksi@news.example</author>", ()),
        ("<author>Reporter : Nama Satu</author>", ("Nama Satu",)),
        ("<dc:creator>Nama Satu</dc:creator><author>Nama Satu</author>", ("Nama Satu",)),
        ("<atom:author><atom:name>Nama Satu</atom:name></atom:author>", ("Nama Satu",)),
    ],
)
def test_names_without_labels_and_addresses(author: str, names: tuple[str, ...]) -> None:
    assert only(rss("<title>t</title>" + author, attributes=f"{DC} {ATOM_IN_RSS}")).authors == names


@pytest.mark.parametrize(
    ("media", "photos"),
    [
        (
            '<enclosure url="/a.jpg" type="image/jpeg" length="1234"/>',
            (Photo(url="https://news.example/a.jpg", media_type="image/jpeg", length_bytes=1234),),
        ),
        ('<enclosure url="/a.mp3" type="audio/mpeg" length="1234"/>', ()),
        (
            (
                '<media:content url="/a.jpg" medium="image" width="640" height="480"><media:credit>Nama</media:credit>'
                "<media:description>Banjir</media:description></media:content>"
            ),
            (
                Photo(
                    url="https://news.example/a.jpg", caption="Banjir", credit="Nama", width=640, height=480
                ),
            ),
        ),
        (
            (
                '<media:group><media:content url="/s.jpg" type="image/jpeg" width="100"/>'
                '<media:content url="/l.jpg" type="image/jpeg" width="900"/><media:credit>Nama</media:credit></media:group>'
            ),
            (Photo(url="https://news.example/l.jpg", credit="Nama", media_type="image/jpeg", width=900),),
        ),
        ('<media:content url="/v.mp4" type="video/mp4"><media:thumbnail url="/v.jpg"/></media:content>', (Photo(url="https://news.example/v.jpg"),)),
        (
            (
                '<media:content url="/a.jpg" medium="image"/><media:thumbnail url="/t.jpg"/>'
                "<media:description>Banjir</media:description>"
            ),
            (Photo(url="https://news.example/a.jpg", caption="Banjir"),),
        ),
        ("<image><url>/a.jpg</url></image>", (Photo(url="https://news.example/a.jpg"),)),
        ('<description>&lt;img src="/d.jpg"&gt; Ringkasan</description>', (Photo(url="https://news.example/d.jpg"),)),
    ],
)  # fmt: skip
def test_photos(media: str, photos: tuple[Photo, ...]) -> None:
    assert only(rss("<title>t</title>" + media, attributes=MEDIA)).photos == photos


def test_a_long_description_is_the_body_and_a_short_one_the_lead() -> None:
    short = only(
        rss("<title>t</title><description>&lt;p&gt;Satu&lt;/p&gt;&lt;p&gt;dua&lt;/p&gt;</description>")
    )
    assert (short.lead, short.body_html) == ("Satu dua", "")
    words = "kata " * 300
    long = only(rss(f"<title>t</title><description>&lt;p&gt;{words}&lt;/p&gt;</description>"))
    assert (long.lead, long.body_html) == ("", f"<p>{words}</p>")


def test_rss_1_0_keeps_its_items_beside_the_channel() -> None:
    document = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        f"{DC}><channel><title>News</title><dc:language>id</dc:language></channel>"
        '<item rdf:about="https://news.example/1"><title>t</title><link>https://news.example/1</link>'
        "<dc:date>2026-11-03T10:00+07:00</dc:date></item></rdf:RDF>"
    )
    candidate = only(document)
    assert (candidate.guid, candidate.url) == ("https://news.example/1", "https://news.example/1")
    assert candidate.published_at == datetime(2026, 11, 3, 3, tzinfo=UTC)
    assert candidate.language == "id"


def test_rss_0_91_with_a_doctype_and_latin_1() -> None:
    document = (
        '<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" '
        '"http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel><title>N</title>'
        "<item><title>Café</title><link>https://news.example/1</link></item></channel></rss>"
    )
    assert only(document.encode("latin-1")).title == "Café"


def test_atom_arrives_whole() -> None:
    candidate = only(
        atom(
            '<title type="html">Banjir &amp;amp; &lt;b&gt;macet&lt;/b&gt;</title><id>urn:1</id>'
            '<link rel="alternate" href="1"/><link rel="enclosure" type="image/png" href="/a.png" length="9"/>'
            '<summary>5 &lt; 6</summary><content type="html">&lt;p&gt;Isi&lt;/p&gt;</content>'
            "<published>2026-11-03T10:00:00+07:00</published><updated>2026-11-03T11:00:00+07:00</updated>"
            '<author><name>Nama Satu</name></author><category term="metro" label="Metro"/><category term="b"/>',
            attributes='xml:lang="id"',
        )
    )
    assert candidate.title == "Banjir & macet"
    assert candidate.url == "https://news.example/1"
    assert candidate.guid == "urn:1"
    assert (candidate.lead, candidate.body_html) == ("5 < 6", "<p>Isi</p>")
    assert candidate.published_at == datetime(2026, 11, 3, 3, tzinfo=UTC)
    assert candidate.updated_at == datetime(2026, 11, 3, 4, tzinfo=UTC)
    assert candidate.authors == ("Nama Satu",)
    assert candidate.tags == ("Metro", "b")
    assert candidate.language == "id"
    assert candidate.photos == (
        Photo(url="https://news.example/a.png", media_type="image/png", length_bytes=9),
    )


def test_atom_entries_inherit_the_author_and_date_by_update() -> None:
    candidate = only(
        atom(
            "<title>t</title><id>urn:1</id><updated>2026-11-03T11:00:00Z</updated>",
            feed="<author><name>Nama Satu</name></author>",
        )
    )
    assert candidate.authors == ("Nama Satu",)
    assert candidate.published_at == datetime(2026, 11, 3, 11, tzinfo=UTC)


def test_xml_base_counts_where_it_stands() -> None:
    candidate = only(
        atom(
            '<title>t</title><link href="a"/>'
            '<content type="html" xml:base="https://other.example/x/">&lt;a href="b"&gt;b&lt;/a&gt;</content>',
            attributes='xml:base="/blog/"',
        )
    )
    assert candidate.url == "https://news.example/blog/a"
    assert candidate.body_html == '<a href="https://other.example/x/b" rel="noopener">b</a>'


def test_atom_0_3() -> None:
    document = (
        '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>N</title><entry><title>t</title>'
        '<link rel="alternate" type="text/html" href="https://news.example/1"/><id>urn:1</id>'
        "<issued>2026-11-03T10:00:00Z</issued><modified>2026-11-03T11:00:00Z</modified>"
        '<content type="text/html" mode="escaped">&lt;p&gt;Isi&lt;/p&gt;</content></entry></feed>'
    )
    candidate = only(document)
    assert candidate.published_at == datetime(2026, 11, 3, 10, tzinfo=UTC)
    assert candidate.body_html == "<p>Isi</p>"


def test_namespaces_are_known_in_their_common_misspellings() -> None:
    candidate = only(
        rss(
            '<title>t</title><dc:creator>Nama</dc:creator><media:content url="/a.jpg" medium="image"/>',
            attributes='xmlns:dc="https://purl.org/dc/elements/1.1" xmlns:media="http://search.yahoo.com/mrss"',
        )
    )
    assert candidate.authors == ("Nama",)
    assert len(candidate.photos) == 1


@pytest.mark.parametrize(
    "document",
    [
        rss("<title>a & b</title>"),
        rss("<title>a &nbsp; b</title>"),
        rss("<title>a</title><media:title>no such prefix</media:title>"),
        rss("<title>a</title>")[:-20],
    ],
)
def test_what_is_in_doubt_is_left_to_the_tolerant_reader(document: str) -> None:
    with pytest.raises(Doubt):
        read(document)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-7"])
def test_declared_entities_are_refused_in_any_encoding(encoding: str) -> None:
    document = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE rss [<!ENTITY a "x">]>'
        "<rss><channel><item><title>&a;</title></item></channel></rss>"
    )
    with pytest.raises(NotReadable, match="declares entities") as caught:
        read_strictly(fetched(document.encode(encoding)), 200)
    assert caught.value.reason == "malformed"


def test_declared_prefixes_of_a_root_do_not_swell_what_is_inside() -> None:
    declarations = " ".join(f'xmlns:p{number}="urn:{number}"' for number in range(1000))
    candidate = only(
        rss(f"<title>t</title><description>{'<b>satu </b>' * 1000}</description>", attributes=declarations)
    )
    assert candidate.body_html == "<b>satu </b>" * 1000


def test_an_entry_that_says_nothing_costs_only_itself() -> None:
    reading = read(rss("<title>a</title>", "<description> </description>", "<title>c</title>"))
    assert [candidate.title for candidate in reading.candidates] == ["a", "c"]
    assert reading.warnings == ("entry 2 skipped: it has neither link nor guid nor title nor text",)


def test_no_more_than_the_source_allows() -> None:
    reading = read(rss(*(f"<title>{number}</title>" for number in range(10))), max_articles=3)
    assert [candidate.title for candidate in reading.candidates] == ["0", "1", "2"]
    assert reading.warnings == ("7 more entries than the 3 that one round takes",)


def test_a_bare_day_of_today_is_no_claim() -> None:
    today = only(rss("<title>t</title><pubDate>2026-11-23</pubDate>"))
    assert today.published_at is None
    assert today.provenance.claimed_date == "2026-11-23"
    assert only(rss("<title>t</title><pubDate>2026-11-22</pubDate>")).published_at == datetime(
        2026, 11, 22, tzinfo=UTC
    )


def test_xhtml_contents_are_cleaned_and_resolved() -> None:
    reading = read(
        atom(
            '<title>t</title><link href="x"/><id>urn:1</id><content type="xhtml">'
            '<div xmlns="http://www.w3.org/1999/xhtml"><p>x <a href="y">y</a></p><script>1</script></div></content>',
            attributes='xml:base="https://blog.example/q/"',
        )
    )
    candidate = reading.candidates[0]
    assert candidate.url == "https://blog.example/q/x"
    assert candidate.body_html == '<p>x <a href="https://blog.example/q/y" rel="noopener">y</a></p>'
    assert reading.warnings == ()


@pytest.mark.parametrize("document", [rss(), atom()])
def test_a_feed_without_entries_is_one(document: str) -> None:
    reading = read(document)
    assert reading.candidates == ()
    assert reading.warnings == ("the feed has no entries",)
    assert reading.title == "News"


def test_a_content_type_that_names_something_else_is_told() -> None:
    answer = fetched(atom("<title>t</title>"), headers={"content-type": "text/html; charset=utf-8"})
    reading = to_reading(source(), answer, read_strictly(answer, 200))
    assert reading.warnings == ("the Content-Type is text/html, which is not that of a feed",)
