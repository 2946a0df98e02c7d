"""Sitemaps of every kind: what they list, in which order, and what is odd about them."""

import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from gather.gather_values import NOW, fetched, rss, source

from syndicator.errors import NotReadable
from syndicator.gather.documents.parser_pool import open_pool
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.listings.sitemap import (
    MAX_URLS,
    PORTION,
    ChildSitemap,
    SitemapReading,
    pack_sitemap,
    read_sitemap,
    sitemap_candidate,
    unpack_sitemap,
)
from syndicator.model.article import ListedItem, Photo
from syndicator.model.source import FetchLimits, SourceKind
from syndicator.rules.identity.identity import spec_hash, url_key

NAMESPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
    'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
)
PORTAL = source(kind=SourceKind.SITEMAP, timezone="Asia/Jakarta")


def urlset(*urls: str) -> str:
    inside = "\n".join(f"<url>{url}</url>" for url in urls)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {NAMESPACES}>\n{inside}\n</urlset>'


def index(*sitemaps: str) -> str:
    return f"<sitemapindex {NAMESPACES}>{''.join(f'<sitemap>{one}</sitemap>' for one in sitemaps)}</sitemapindex>"


def read(body: str | bytes) -> SitemapReading:
    return read_sitemap(PORTAL, fetched(body))


def urls(reading: SitemapReading) -> list[str]:
    return [item.url.removeprefix("https://news.example/") for item in reading.items]


NEWS = urlset(
    "<loc>https://news.example/1</loc><lastmod>2026-11-23T12:00:00+07:00</lastmod>"
    "<news:news><news:publication><news:name>News</news:name><news:language>id</news:language></news:publication>"
    "<news:publication_date>2026-11-23T10:00:00+07:00</news:publication_date>"
    "<news:title>Banjir &amp;amp; macet</news:title><news:keywords>banjir, metro,,banjir</news:keywords></news:news>"
    "<image:image><image:loc>/a.jpg</image:loc></image:image><image:image><image:loc>/b.jpg</image:loc></image:image>"
    '<xhtml:link rel="alternate" hreflang="en" href="https://news.example/en/1"/>'
)


def test_a_news_sitemap_arrives_whole() -> None:
    assert read(NEWS) == SitemapReading(
        items=(
            ListedItem(
                url="https://news.example/1",
                title="Banjir & macet",
                published_at=datetime(2026, 11, 23, 3, tzinfo=UTC),
                claimed_at="2026-11-23T10:00:00+07:00",
                updated_at=datetime(2026, 11, 23, 5, tzinfo=UTC),
                tags=("banjir", "metro"),
                language="id",
                image_url="https://news.example/a.jpg",
            ),
        )
    )


def test_a_candidate_without_its_page() -> None:
    item = read(NEWS).items[0]
    candidate = sitemap_candidate(PORTAL, fetched(NEWS, headers={"etag": '"e"'}), item)
    assert candidate is not None
    assert (candidate.url, candidate.title, candidate.language) == (item.url, "Banjir & macet", "id")
    assert candidate.photos == (Photo(url="https://news.example/a.jpg"),)
    assert (candidate.published_at, candidate.updated_at) == (item.published_at, item.updated_at)
    assert candidate.provenance.rules == spec_hash(PORTAL)
    assert candidate.provenance.etag == '"e"'
    assert candidate.provenance.date_rule == "as the sitemap says"
    assert candidate.provenance.claimed_at == "2026-11-23T10:00:00+07:00"
    assert sitemap_candidate(PORTAL, fetched(NEWS), ListedItem(url="https://news.example/2")) is None


def test_the_newest_stand_first_and_the_undated_last() -> None:
    reading = read(
        urlset(
            "<loc>https://news.example/a</loc>",
            "<loc>https://news.example/b</loc><lastmod>2026-11-01</lastmod>",
            "<loc>https://news.example/c</loc><lastmod>2026-11-23</lastmod>",
            "<loc>https://news.example/d</loc><lastmod>no date</lastmod>",
        )
    )
    assert urls(reading) == ["c", "b", "a", "d"]
    # A day is enough to say when something changed, though not to say when it was published.
    assert reading.items[0].updated_at == datetime(2026, 11, 22, 17, tzinfo=UTC)


def test_an_index_lists_sitemaps() -> None:
    reading = read(
        index(
            "<loc>https://news.example/old.xml</loc><lastmod>2025-01-01T00:00:00Z</lastmod>",
            "<loc>/new.xml.gz</loc><lastmod>2026-01-01T00:00:00Z</lastmod>",
            "<lastmod>2026-01-01</lastmod>",
        )
    )
    assert reading.items == ()
    assert reading.children == (
        ChildSitemap(url="https://news.example/new.xml.gz", modified_at=datetime(2026, 1, 1, tzinfo=UTC)),
        ChildSitemap(url="https://news.example/old.xml", modified_at=datetime(2025, 1, 1, tzinfo=UTC)),
    )
    assert reading.warnings == ("1 lines without an address that can be read, the first is “”",)


@pytest.mark.parametrize(
    "loc",
    ["ftp://news.example/x", "javascript:alert(1)", "", "https://news.example/" + "x" * 2048, "http://["],
)
def test_an_address_out_of_bounds_costs_only_itself(loc: str) -> None:
    reading = read(urlset(f"<loc>{loc}</loc>", "<loc>https://news.example/1</loc>"))
    assert urls(reading) == ["1"]
    assert len(reading.warnings) == 1
    assert reading.warnings[0].startswith("1 lines without an address that can be read")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_text_file(mark: bytes) -> None:
    reading = read(
        mark + b"\n# comment\r\nhttps://news.example/1\r\n\r\nhttps://news.example/2\nnonsense://x"
    )
    assert urls(reading) == ["1", "2"]
    assert reading.warnings == ("1 lines without an address that can be read, the first is “nonsense://x”",)


def test_a_feed_may_stand_in_for_a_sitemap() -> None:
    reading = read(rss("<title>a</title><link>/1</link><pubDate>Mon, 23 Nov 2026 10:00:00 +0700</pubDate>"))
    assert reading.items == (
        ListedItem(
            url="https://news.example/1",
            title="a",
            published_at=datetime(2026, 11, 23, 3, tzinfo=UTC),
            claimed_at="2026-11-23T10:00:00+07:00",
        ),
    )
    assert reading.warnings == ("it is a feed, read as one",)


def test_gzip_in_one_piece_or_several() -> None:
    body = urlset("<loc>https://news.example/1</loc>").encode()
    assert urls(read(gzip.compress(body))) == ["1"]
    assert urls(read(gzip.compress(body[:100]) + gzip.compress(body[100:]))) == ["1"]


def test_gzip_that_swells_is_read_up_to_the_limit() -> None:
    body = urlset(*(f"<loc>https://news.example/{number}</loc>" for number in range(1000))).encode()
    small = source(kind=SourceKind.SITEMAP, limits=FetchLimits(max_body_bytes=5000))
    reading = read_sitemap(small, fetched(gzip.compress(body + b" " * 50_000_000)))
    assert 50 < len(reading.items) < 150
    assert "unpacked it is over 5000 bytes: the rest is not read" in reading.warnings


def test_gzip_cut_off() -> None:
    body = urlset(*(f"<loc>https://news.example/{number * 7919 % 10007}</loc>" for number in range(5000)))
    reading = read(gzip.compress(body.encode())[:5000])
    assert len(reading.items) > 100
    assert "its gzip ends early: what came before is read" in reading.warnings
    assert any(warning.startswith("the document is cut off at line ") for warning in reading.warnings)


def test_gzip_of_nothing_sensible() -> None:
    with pytest.raises(NotReadable) as caught:
        read(b"\x1f\x8b" + b"x" * 100)
    assert caught.value.reason == "malformed"


def test_bare_ampersands() -> None:
    reading = read(urlset("<loc>https://news.example/?a=1&b=2</loc>"))
    assert urls(reading) == ["?a=1&b=2"]
    assert reading.warnings == ("bare ampersands are escaped: 1, the first at line 3",)


def test_a_document_broken_in_the_middle() -> None:
    document = urlset("<loc>https://news.example/1</loc>", "<loc>https://news.example/2</loc></oops>")
    reading = read(document)
    assert urls(reading) == ["1"]
    assert len(reading.warnings) == 1
    assert reading.warnings[0].startswith("broken at line ")


def test_no_more_than_the_protocol_allows() -> None:
    reading = read("https://news.example/1\n" * (MAX_URLS + 5))
    assert len(reading.items) == MAX_URLS
    assert reading.warnings == ("it lists more than 50000 addresses: the rest is not read",)


def test_an_unknown_namespace_or_none() -> None:
    for namespace in ("", 'xmlns="http://www.google.com/schemas/sitemap/0.84"'):
        assert urls(read(f"<urlset {namespace}><url><loc>https://news.example/1</loc></url></urlset>")) == [
            "1"
        ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "not_a_feed"),
        ("<!DOCTYPE html><html><body>404", "not_a_feed"),
        ("{}", "not_a_feed"),
        ("<other/>", "not_a_feed"),
        ('<!DOCTYPE urlset [<!ENTITY a "x">]><urlset><url><loc>https://a/&a;</loc></url></urlset>', "malformed"),
        ("<urlset><url", "malformed"),
    ],
)  # fmt: skip
def test_what_is_no_sitemap(body: str, reason: str) -> None:
    with pytest.raises(NotReadable) as caught:
        read(body)
    assert caught.value.reason == reason


@pytest.fixture
async def gatherer() -> AsyncIterator[Gatherer]:
    async with open_pool(workers=1) as pool:
        yield Gatherer(pool)


async def test_a_full_sitemap_is_read_in_the_pool(gatherer: Gatherer) -> None:
    dated = "<lastmod>2026-11-01T10:00:00+07:00</lastmod>"
    document = urlset(*(f"<loc>https://news.example/{number}</loc>{dated}" for number in range(MAX_URLS)))
    reading = await gatherer.read_sitemap(PORTAL, fetched(document))
    assert len(reading.items) == MAX_URLS
    assert reading.items[0].updated_at is not None
    assert reading.items[0].updated_at < NOW


def test_gzip_of_a_million_empty_pieces() -> None:
    piece = gzip.compress(b"")
    reading = read(gzip.compress(b"https://news.example/1\n") + piece * (5_000_000 // len(piece)))
    assert urls(reading) == ["1"]
    assert reading.warnings == ("its gzip has more than 100 pieces: the rest is not read",)


async def test_each_line_of_a_full_sitemap_comes_with_its_key(gatherer: Gatherer) -> None:
    """They are made where the sitemap is read: for 50,000 they take seconds."""
    count = 2 * PORTION + 1
    document = urlset(*(f"<loc>https://news.example/{number}?utm_source=x</loc>" for number in range(count)))
    packed = pack_sitemap(PORTAL, fetched(document))
    assert len(packed) == 4
    reading = await gatherer.read_sitemap(PORTAL, fetched(document))
    assert reading == await unpack_sitemap(packed)
    assert reading.items == read(document).items
    assert reading.keys == tuple(url_key(f"https://news.example/{number}") for number in range(count))
