"""Values for the tests of this room; also run by another process, to compare its bytes with ours."""

import hashlib
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from syndicator.model.article import (
    Article,
    Enclosure,
    Photo,
    Provenance,
    RelatedLink,
    Withdrawal,
    WithdrawnBy,
)
from syndicator.model.feed import (
    AlsoAt,
    EntryPopularity,
    FeedEntry,
    FeedSnapshot,
    FeedSpec,
    FeedVersion,
    Format,
    Origin,
    Site,
)
from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.model.rights import Rights
from syndicator.render import render

NOON = datetime(2026, 11, 5, 5, 0, 0, tzinfo=UTC)
SITE = Site(
    title="Warta & Kabar",
    public_url="https://feeds.example/news",
    language="id",
    timezone="Asia/Jakarta",
    tag_authority="feeds.example,2026",
)
ORIGIN = Origin(
    id=SourceId("beritakota"),
    title="Berita Kota",
    home_url="https://berita.example/",
    feed_url="https://berita.example/rss",
)


def article(number: int, **changes: Any) -> Article:
    """Give the article with that number; each is an hour older than the one before."""
    at = NOON - timedelta(hours=number)
    values: dict[str, Any] = {
        "id": ArticleId(f"abcdefghijklm{number:03d}"),
        "revision": 1,
        "source": SourceId("beritakota"),
        "url": f"https://berita.example/2026/11/05/banjir-{number}",
        "title": f"Banjir melanda Kemang, hari ke-{number}",
        "published_at": at,
        "first_seen_at": at + timedelta(minutes=2),
        "updated_at": at,
        "listed_at": at,
        "provenance": Provenance(
            source=SourceId("beritakota"), requested_url="https://berita.example/rss", fetched_at=at
        ),
        "content_hash": f"{number:x}",
        "lead": "Air setinggi lutut menggenangi jalan utama.",
        "body_html": "<p>Warga mengungsi ke balai kota sejak pagi.</p><p>Pompa belum bekerja.</p>",
        "authors": ("Sari Dewi", "Budi Santoso"),
        "photos": (
            Photo(
                url=f"https://img.berita.example/{number}.jpg?w=800&h=450",
                caption="Jalan utama pada pagi hari",
                credit="Rina/Berita Kota",
                width=800,
                height=450,
            ),
        ),
        "section": "Metropolitan",
        "tags": ("banjir", "Kemang"),
        "language": "id",
        "related": (RelatedLink(url="https://berita.example/lama", title="Banjir tahun lalu"),),
    }
    return Article(**(values | changes))


def withdrawal(of: Article, **changes: Any) -> Withdrawal:
    values: dict[str, Any] = {
        "article": of,
        "revision": of.revision + 1,
        "at": NOON + timedelta(minutes=3),
        "by": WithdrawnBy.OPERATOR,
        "reason": "atas permintaan portal",
    }
    return Withdrawal(**(values | changes))


def entry(of: Article, **changes: Any) -> FeedEntry:
    values: dict[str, Any] = {"article": of, "origin": ORIGIN}
    return FeedEntry(**(values | changes))


def snapshot(*articles: Article, **changes: Any) -> FeedSnapshot:
    """Give a snapshot of the articles, in their order."""
    values: dict[str, Any] = {
        "spec": FeedSpec(id=FeedId("latest"), title="Berita terbaru", description="Dari semua portal"),
        "site": SITE,
        "version": FeedVersion(version=7, changed_at=NOON + timedelta(minutes=3, microseconds=654_321)),
        "entries": tuple(entry(one) for one in articles),
    }
    return FeedSnapshot(**(values | changes))


def busy_snapshot() -> FeedSnapshot:
    """Give one that uses everything that a feed can carry."""
    articles = (
        article(0, quote="Kami belum tidur semalam."),
        article(1, language="en", updated_at=NOON, authors=()),
        article(2, photos=(), body_html="", tags=(), section=None),
        article(
            3, title='Tanda <kurung> & "kutip" ]]> tetap', body_html="<p>a &lt; b &amp;&amp; c ]]&gt;</p>"
        ),
    )
    entries = tuple(
        entry(one, popularity=EntryPopularity(rank=rank, score=10.5 / rank, views=1000 // rank))
        for rank, one in enumerate(articles, 1)
    )
    return snapshot(entries=entries)


def full_snapshot() -> FeedSnapshot:
    """Give one in which nothing that can be told is missing."""
    busy = busy_snapshot()
    first = entry(
        article(
            0,
            quote="Kami belum tidur semalam.",
            correction="Ralat: bukan dua.",
            revision=3,
            updated_at=NOON,
            enclosures=(
                Enclosure(url="https://berita.example/siaran.mp3", media_type="audio/mpeg", length_bytes=99),
                Enclosure(url="https://berita.example/laporan.pdf"),
            ),
        ),
        origin=replace(
            ORIGIN, rights=Rights(statement="© Kota", license_url="https://berita.example/c", mining=False)
        ),
        popularity=EntryPopularity(rank=1, score=9.5, views=1234, comments=56),
        also_at=(AlsoAt(article=article(5), origin=ORIGIN), AlsoAt(article=article(6), origin=ORIGIN)),
    )
    return replace(
        busy,
        site=replace(SITE, contact="redaksi@feeds.example", logo_url="https://feeds.example/logo.png"),
        spec=replace(busy.spec, count_clicks=True),
        entries=(first, *busy.entries[1:]),
        withdrawn=(withdrawal(article(8)), withdrawal(article(9), reason="")),
    )


if __name__ == "__main__":
    for form in Format:
        made = render(full_snapshot(), form)
        whole = made.body + made.gzip + made.brotli + made.zstd
        sys.stdout.write(f"{form.value} {hashlib.sha256(whole).hexdigest()}\n")
