"""Documents made to hurt: refused or read, with a clear reason, in bounded time, whatever door they come by."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from gather.gather_values import atom, fetched, rss, source
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicator.errors import NotReadable
from syndicator.gather.articles.article_page import read_article
from syndicator.gather.documents.parser_pool import ParserPool, open_pool
from syndicator.gather.feeds.feed import read_feed, read_thoroughly
from syndicator.gather.listings.list_page import read_list
from syndicator.model.source import ArticleRule, ListRule, SourceKind

MANY = 10_000
ATTRIBUTES = " ".join(f'a{number}="1"' for number in range(100_000))
BOMB = '<!DOCTYPE rss [<!ENTITY a0 "lol">' + "".join(
    f'<!ENTITY a{number} "{f"&a{number - 1};" * 10}">' for number in range(1, 12)
)

REFUSED: dict[str, tuple[bytes | str, str, str]] = {
    "entity bomb": (BOMB + "]><rss><channel><item><title>&a11;</title></item></channel></rss>", "malformed", "entit"),
    "quadratic entities": (
        f'<!DOCTYPE rss [<!ENTITY a "{"x" * 80_000}">]><rss><channel><item><title>{"&a;" * 3000}</title></item></channel></rss>',
        "malformed",
        "entit",
    ),
    "entities in attributes": (
        f'<!DOCTYPE rss [<!ENTITY a "{"x" * 80_000}">]><rss v="{"&a;" * 3000}"><channel/></rss>',
        "malformed",
        "entit",
    ),
    "entities hidden by UTF-16": (
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        "<rss><channel><item><title>&a;</title></item></channel></rss>".encode("utf-16"),
        "malformed",
        "entit",
    ),
    "entities in a broken document": (
        '<!DOCTYPE rss [<!ENTITY a "x">]><rss><channel><item><title>a & b &a;</title></item></channel></rss>',
        "malformed",
        "entit",
    ),
    "nested tags": ("<rss><channel>" + "<a>" * 200_000, "malformed", "depth"),
    "many attributes, not well-formed": (
        f"<rss {ATTRIBUTES.replace(chr(34), '')}><channel></channel></rss>", "malformed", "attributes",
    ),
    "random bytes": (bytes((number * 7919) % 251 for number in range(1_000_000)), "not_a_feed", "not a feed"),
    "a million brackets": ("<" * 1_000_000, "not_a_feed", "not a feed"),
    "a feed of brackets": ("<rss>" + "<" * 500_000, "malformed", "not well-formed"),
    "deep JSON": ("[" * 1_000_000, "malformed", "nested too deeply"),
    "a page": ("<!DOCTYPE html><html><body>404", "not_a_feed", "HTML page"),
    "nothing": ("", "not_a_feed", "empty"),
    "white space": (" \n" * 100_000, "not_a_feed", "empty"),
}  # fmt: skip

ITEM = "<title>{title}</title><link>/{number}</link>"
READ: dict[str, tuple[bytes | str, int]] = {
    "one tag with many attributes": (f"<rss {ATTRIBUTES}><channel></channel></rss>", 0),
    "many items": (rss(*(ITEM.format(title=number, number=number) for number in range(MANY))), 200),
    "many broken items": (rss(*(ITEM.format(title="a & b", number=number) for number in range(MANY // 4))), 200),
    "many categories": (rss("<title>t</title>" + "<category>c</category>" * MANY), 1),
    "many broken categories": (rss("<title>a & b</title>" + "<category>c</category>" * MANY), 1),
    "many authors": (atom("<title>t</title>" + "<author><name>n</name></author>" * MANY), 1),
    "many pictures": (rss("<title>t</title>" + '<enclosure url="/a.jpg" type="image/jpeg"/>' * MANY), 1),
    "a base without end": (
        atom(*["<title>t</title><id>1</id><link href='x'/>"] * 200, attributes=f'xml:base="{"a/" * 100_000}"'), 200
    ),
    "prefixes without end": (
        rss("<title>t</title>", attributes=" ".join(f'xmlns:p{number}="urn:{number}"' for number in range(30_000))), 1
    ),
    "markup that nobody escaped": (rss("<title>t</title><description>" + "<b>x</b>" * 100_000 + "</description>"), 1),
    "items that say nothing": (rss(*([""] * 60_000)), 0),
    "formatting in every item": (
        rss(
            *(
                f"<title>{number}</title><description>"
                + "".join(f"&lt;b a={depth}>" for depth in range(45)) + "&lt;p>" * 45 + "</description>"
                for number in range(400)
            )
        ),
        200,
    ),
    "a title without end": (rss(f"<title>{'x' * 900_000}</title>"), 1),
    "a date without end": (rss(f"<title>t</title><pubDate>{'1' * 900_000}</pubDate>"), 1),
    "a link without end": (rss(f"<title>t</title><link>https://{'x' * 900_000}</link>"), 1),
    "nested HTML in one of three": (
        rss("<title>a</title>", f"<title>b</title><description>{'&lt;div>' * 100_000}</description>", "<title>c</title>"),
        3,
    ),
    "attributes in one of three": (
        rss("<title>a</title>", f"<title>b</title><description>&lt;p {ATTRIBUTES}&gt;</description>", "<title>c</title>"),
        3,
    ),
    "formatting without end in one of three": (
        rss(
            "<title>a</title>",
            "<title>b</title><description>"
            + "".join(f"&lt;b a={number}>" for number in range(20_000)) + "&lt;p>" * 20_000 + "</description>",
            "<title>c</title>",
        ),
        3,
    ),
    "a name without end in a feed that is not well-formed": (
        f"<rss version='2.0'><channel><item><title>a <b>c</title></item><item><title>d</title><dc:creator xmlns:dc='http://purl.org/dc/elements/1.1/'>{'N' * 100_000}</dc:creator></item></channel></rss>",
        2,
    ),
}  # fmt: skip


@pytest.fixture
async def pool() -> AsyncIterator[ParserPool]:
    async with open_pool(workers=1) as opened:
        yield opened


@asynccontextmanager
async def measured_lag() -> AsyncIterator[list[float]]:
    """Measure how long the event loop stands still meanwhile, in seconds."""
    lags = [0.0]

    async def tick() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            lags.append(time.monotonic() - began - 0.01)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    try:
        yield lags
        await asyncio.sleep(0.02)  # one more tick, which was due while the loop stood still
    finally:
        ticking.cancel()


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_says_why(name: str, pool: ParserPool) -> None:
    document, reason, words = REFUSED[name]
    with pytest.raises(NotReadable) as caught:
        await read_feed(source(), fetched(document), pool)
    assert caught.value.reason == reason  # another one where the time of a worker had been up
    assert words in caught.value.detail
    assert len(caught.value.detail) < 600


@pytest.mark.parametrize("name", READ)
async def test_what_is_read_is_bounded(name: str, pool: ParserPool) -> None:
    document, count = READ[name]
    async with measured_lag() as lag:
        reading = await read_feed(source(max_articles=200), fetched(document), pool)
    assert max(lag) < 2.0
    assert len(reading.candidates) == count
    for candidate in reading.candidates:
        assert len(candidate.title) <= 500
        assert len(candidate.tags) <= 50
        assert len(candidate.authors) <= 20
        assert len(candidate.photos) <= 20
    assert all(len(warning) < 600 for warning in reading.warnings)


HEAVY = {
    "nested": "&lt;div>" * 100_000,
    "attributes": f"&lt;p {ATTRIBUTES}&gt;",
    "formatting without end": "".join(f"&lt;b a={number}>" for number in range(20_000)) + "&lt;p>" * 20_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HEAVY)
async def test_an_entry_whose_text_is_refused_is_kept_without_it(name: str, pool: ParserPool) -> None:
    entry = (
        f"<title>Banjir</title><link>https://news.example/1</link><description>{HEAVY[name]}</description>"
    )
    reading = await read_feed(source(), fetched(rss(entry)), pool)
    (candidate,) = reading.candidates
    assert (candidate.title, candidate.url) == ("Banjir", "https://news.example/1")
    assert (candidate.lead, candidate.body_html) == ("", "")
    (change,) = candidate.provenance.changes
    assert change.field == "lead"
    assert change.why.startswith("left out: its HTML")
    assert reading.warnings == (f"entry 1: its text is {change.why}",)


async def test_a_lead_stays_where_only_the_body_is_refused(pool: ParserPool) -> None:
    entry = (
        f"<title>Banjir</title><summary>Air naik.</summary><content type='html'>{HEAVY['nested']}</content>"
    )
    (candidate,) = (await read_feed(source(), fetched(atom(entry)), pool)).candidates
    assert (candidate.lead, candidate.body_html) == ("Air naik.", "")


PAGES = {
    "nested tags": "<div>" * 200_000,
    "nested inline tags": "<b>" * 200_000 + "<p>" * 1_000,
    "attributes": f"<p {ATTRIBUTES}>",
    "brackets": "<" * 1_000_000,
    "comments": "<!--" * 200_000,
    "links": "<li><a href='/x'>x</a></li>" * 100_000,
    "random bytes": "".join(chr((number * 7919) % 251) for number in range(300_000)),
}


@pytest.mark.parametrize("name", PAGES)
async def test_pages_are_read_or_refused(name: str, pool: ParserPool) -> None:
    page = source(
        kind=SourceKind.PAGE,
        list=ListRule(item="li"),
        article=ArticleRule(title="h1", body="body", related="a", quote="p", tags="li"),
    )
    heading = "<h1>t</h1>" + PAGES[name]
    for reader in (read_list, read_article):
        reason = None
        try:
            await pool.run(reader, page, fetched(heading))
        except NotReadable as error:
            reason = error.reason
        assert reason in {None, "malformed", "empty", "parser"}


PIECES = [
    "<rss>", "<channel>", "<item>", "</item>", "</channel>", "</rss>", "<title>", "</title>", "<feed xmlns='http://www.w3.org/2005/Atom'>",
    "<entry>", "</entry>", "</feed>", "<link href='//['/>", "<link>http://[</link>", "<pubDate>99 Foo 9999</pubDate>", "<![CDATA[", "]]>",
    "&#xD800;", "&amp;", "&", "<!--", "-->", "<?xml version='1.0'?>", "\x00", "é", "<guid>", "{", "}", '"', "<!DOCTYPE html>", "<author>a@b (c)</author>",
    "<enclosure url='http://[' type='image/png'/>", "<media:content url='x'/>", "<description>&lt;svg&gt;</description>", "<rdf:RDF>", "x" * 50,
]  # fmt: skip


def reason_of(document: bytes | str) -> str | None:
    """Read a document, and give the reason why it cannot be."""
    try:
        reading = read_thoroughly(source(), fetched(document))
    except NotReadable as error:
        return error.reason
    assert all(candidate.url or candidate.guid or candidate.title for candidate in reading.candidates)
    return None


@settings(max_examples=150)
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_mixture_is_a_feed_or_has_a_reason(pieces: list[str]) -> None:
    assert reason_of("".join(pieces)) in {None, "not_a_feed", "malformed"}


@settings(max_examples=150)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_feed_or_have_a_reason(body: bytes) -> None:
    for prefix in (b"", b"<rss>", b"{", b"<feed xmlns='http://www.w3.org/2005/Atom'><entry>"):
        assert reason_of(prefix + body) in {None, "not_a_feed", "malformed"}
