"""Reading a feed of twenty entries of 200 words, against feedparser alone; and what one article costs."""

import asyncio
import io

import feedparser

from bench.measure import cpu_seconds, tell
from syndicator.gather.documents.parser_pool import ParserPool
from syndicator.gather.feeds.candidates import to_reading
from syndicator.gather.feeds.feed import read_feed, read_strictly
from syndicator.model.clock import system_clock
from syndicator.model.fetch import Fetched
from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import Source, SourceKind
from syndicator.rules.identity.identity import identify

REPEATS = 20
ENTRIES = 20
MOST_OF_FEEDPARSER = 0.15
MOST_MS_PER_ARTICLE = 0.4
PLAIN = "<p>Kalimat tentang kota dan warganya.</p>" * 40
BLOG = (
    '<p class="wp-block-paragraph" style="margin:0">'
    + "Kalimat tentang kota dan warganya &#8211; " * 7
    + '<a class="tag" href="/kota?utm_source=rss">kota</a>.</p>\n'
) * 5 + (
    '<figure class="wp-block-image"><img class="wp-image-5" src="/a.jpg" srcset="/a.jpg 300w, /b.jpg 900w">'
    '</figure><script>track("x")</script><div class="share"><iframe src="https://x.example/"></iframe></div>'
)
"""With classes, relative links, a picture in several sizes and active markup."""


async def run() -> None:
    await asyncio.to_thread(_measure)


def _measure() -> None:
    print(f"wanted: at most {MOST_OF_FEEDPARSER} of feedparser, and {MOST_MS_PER_ARTICLE} ms for an article")
    for name, body in (("clean", _feed(PLAIN, "")), ("as blogs write it", _feed(BLOG, "?utm_source=rss"))):
        _measure_feed(name, body)


def _measure_feed(name: str, body: bytes) -> None:
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

    async def all_in() -> None:
        pool = ParserPool(workers=1)  # none starts: nothing here takes long
        for _ in range(REPEATS):
            identify((await read_feed(source, fetched, pool)).candidates[::-1])

    def to_admission() -> None:
        asyncio.run(all_in())

    def peer() -> None:
        for _ in range(REPEATS):
            feedparser.parse(io.BytesIO(body))

    print(f"a feed of {len(body):,} bytes, {name}")
    tell(
        "parse, normalise, clean",
        cpu_seconds(ours) / REPEATS * 1000,
        cpu_seconds(peer) / REPEATS * 1000,
        unit="ms/feed",
        against="feedparser",
    )
    each_ms = cpu_seconds(to_admission) / REPEATS / ENTRIES * 1000
    what = "from bytes to the call that admits"
    print(f"{what:<44} {each_ms:>10.3f} ms/article")


def _feed(text: str, query: str) -> bytes:
    items = "".join(
        f"<item><title>Judul berita nomor {number}</title><link>https://portal.example/{number}{query}</link>"
        f"<guid>{number}</guid><pubDate>Thu, 05 Nov 2026 10:{number:02}:00 +0700</pubDate>"
        f"<category>Kota</category><dc:creator>Sari Dewi</dc:creator>"
        f"<description>Pembuka berita {number}.</description>"
        f"<content:encoded><![CDATA[{text}]]></content:encoded></item>"
        for number in range(ENTRIES)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Portal</title>'
        f"<link>https://portal.example/</link>{items}</channel></rss>"
    ).encode()
