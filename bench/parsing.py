"""Reading a feed of twenty entries, against feedparser alone."""

import asyncio
import io

import feedparser

from bench.measure import cpu_seconds, tell
from syndicator.gather.candidates import to_reading
from syndicator.gather.feed import read_strictly
from syndicator.model.clock import system_clock
from syndicator.model.fetch import Fetched
from syndicator.model.ids import SourceId
from syndicator.model.source import Every, Source, SourceKind

REPEATS = 20


async def run() -> None:
    await asyncio.to_thread(_measure)


def _measure() -> None:
    body = _feed()
    fetched = Fetched(
        requested_url="https://portal.example/rss",
        url="https://portal.example/rss",
        status=200,
        headers={},
        body=body,
        fetched_at=system_clock(),
    )
    source = Source(
        id=SourceId("portal"),
        title="Portal",
        kind=SourceKind.FEED,
        url="https://portal.example/rss",
        schedule=Every(interval_s=60),
    )

    def ours() -> None:
        for _ in range(REPEATS):
            to_reading(source, fetched, read_strictly(fetched, source.max_articles))

    def peer() -> None:
        for _ in range(REPEATS):
            feedparser.parse(io.BytesIO(body))

    print(f"a feed of {len(body):,} bytes")
    tell(
        "parse, normalise, clean",
        cpu_seconds(ours) / REPEATS * 1000,
        cpu_seconds(peer) / REPEATS * 1000,
        unit="ms/feed",
        against="feedparser",
    )


def _feed() -> bytes:
    text = "<p>Kalimat tentang kota dan warganya.</p>" * 30
    items = "".join(
        f"<item><title>Judul berita nomor {number}</title><link>https://portal.example/{number}</link>"
        f"<guid>{number}</guid><pubDate>Thu, 05 Nov 2026 10:{number:02}:00 +0700</pubDate>"
        f"<category>Kota</category><dc:creator>Sari Dewi</dc:creator>"
        f"<description>Pembuka berita {number}.</description>"
        f"<content:encoded><![CDATA[{text}]]></content:encoded></item>"
        for number in range(20)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Portal</title>'
        f"<link>https://portal.example/</link>{items}</channel></rss>"
    ).encode()
