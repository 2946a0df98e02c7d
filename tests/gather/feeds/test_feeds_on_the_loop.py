"""What is read in the process of the event loop, and what is left to a worker: by how long it would take."""

import time
from html import escape

import pytest
from gather.gather_values import atom, fetched, rss, source

from syndicator.errors import NotReadable
from syndicator.gather.bylines import reporters
from syndicator.gather.documents.parser_pool import ParserPool
from syndicator.gather.feeds.candidates import FeedReading
from syndicator.gather.feeds.feed import read_feed, read_thoroughly
from syndicator.rules.identity.content_fingerprint import noticeable
from syndicator.rules.stories.clustering import fingerprint

KIB = 1024
PARAGRAPH = '<p class="wp-block-paragraph">' + "Kalimat tentang kota dan warganya &#8211; " * 7 + "</p>\n"
ARTICLE = PARAGRAPH * 4 + '<figure><img src="/a.jpg" srcset="/a.jpg 300w"></figure><a href="/kota">kota</a>'
EXTRAS = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"'
    ' xmlns:atom="http://www.w3.org/2005/Atom"'
)
JSON_FEED = '{{"version":"https://jsonfeed.org/version/1.1","title":"x","items":[{}]}}'


def feed(entries: int, inside: str) -> str:
    return rss(
        *(
            f"<title>Judul {number}</title><link>https://portal.example/{number}</link><guid>{number}</guid>"
            f"<pubDate>Thu, 05 Nov 2026 10:00:00 +0700</pubDate><dc:creator>Sari</dc:creator>{inside}"
            for number in range(entries)
        ),
        attributes=EXTRAS,
    )


def described(entries: int, html: str) -> str:
    return feed(entries, f"<description>{escape(html, quote=False)}</description>")


def json_feed(entries: int, field: str, text: str) -> str:
    items = (f'{{"id":"{number}","url":"/{number}","{field}":"{text}"}}' for number in range(entries))
    return JSON_FEED.format(",".join(items))


HONEST = {
    "twenty articles": described(20, ARTICLE),
    "a hundred articles": described(100, ARTICLE),
    "two hundred headlines": described(200, "Kalimat tentang kota. " * 20),
    "a hundred with pictures": feed(100, '<media:content url="/a.jpg" medium="image"/>' * 3),
    "twenty of Atom": atom(
        *(f"<title>{number}</title><id>{number}</id><content>teks</content>" for number in range(20))
    ),
    "a hundred of JSON": json_feed(100, "content_text", "Satu.\\n\\nDua.\\n\\nTiga." * 10),
}

HEAVY = {
    "large": described(100, "kata tentang kota " * 160),
    "many elements of HTML": described(200, "<b>x</b> " * 60),
    "many elements of one entry": described(2, "<b>x</b> " * 6_000),
    "many pictures in HTML": json_feed(200, "content_html", "<img src=x>" * 40),
    "pictures with odd addresses": described(200, "<img srcset='x 1w'>" * 12),
    "many paragraphs of text": json_feed(200, "content_text", "a\\n\\n" * 100),
    "many pictures": feed(200, '<enclosure url="a.jpg" type="image/jpeg"/>' * 20),
    "many names": feed(200, "<category>kota</category>" * 40),
    "many links": feed(200, "<atom:link href='x'/>" * 40),
    "long addresses": rss(*(f"<title>t</title><link>/{'a b/' * 250}</link>" for _ in range(200))),
    "many references": feed(2, f"<category>{'&amp;a' * 12_000}</category>"),
    "nested": described(100, "<b>" * 45 + "<p>" * 20),
    "many small entries": json_feed(600, "title", "x"),
    "odd dates": feed(300, f"<atom:updated>{'12:12:12:12 ' * 20}</atom:updated>"),
    "many attributes": described(1, ("<p " + " ".join(f"a{number}" for number in range(1_500)) + ">x") * 12),
    "attributes of one short tag": described(
        9, "<p " + " ".join(f"a{number}" for number in range(4_000)) + ">x"
    ),
}


async def read_without_workers(document: str) -> FeedReading:
    """Read a feed where no worker can be had: NotReadable("parser") where one is wanted."""
    pool = ParserPool(workers=1)
    await pool.close()
    return await read_feed(source(max_articles=1000), fetched(document), pool)


@pytest.mark.parametrize("name", HONEST)
async def test_what_portals_send_is_read_at_once(name: str) -> None:
    reading = await read_without_workers(HONEST[name])
    assert len(reading.candidates) >= 20


@pytest.mark.parametrize("name", HEAVY)
async def test_what_takes_long_is_left_to_a_worker(name: str) -> None:
    with pytest.raises(NotReadable, match="stopped before it was done") as caught:
        await read_without_workers(HEAVY[name])
    assert caught.value.reason == "parser"
    assert read_thoroughly(source(max_articles=1000), fetched(HEAVY[name])) is not None


LONG = {
    "one word": "a" * 200_000,
    "no mail address": "a." * 100_000,
    "half a mail address": "a@" * 100_000,
    "mail addresses": "a@b " * 50_000,
    "mail addresses without names": "a@b (" * 40_000,
    "white space before a name": "a@b" + " " * 200_000,
    "brackets": "(" * 200_000,
}


@pytest.mark.parametrize("name", LONG)
@pytest.mark.timeout(60)
def test_a_name_without_end_takes_no_time_without_end(name: str) -> None:
    began = time.process_time()
    assert all(len(one) <= 200 for one in reporters([LONG[name]] * 20))
    assert time.process_time() - began < 1  # milliseconds; where it is quadratic, minutes


@pytest.mark.timeout(30)
async def test_an_author_without_end_costs_its_feed_nothing() -> None:
    reading = await read_without_workers(feed(1, f"<author>{'a' * 200 * KIB}</author>"))
    assert [len(author) for author in reading.candidates[0].authors] == [4, 200]


def pictured(entries: int, address: str) -> str:
    pictures = "".join(
        f'<media:content url="https://portal.example/{address.format(number)}" medium="image"/>'
        for number in range(5)
    )
    return feed(entries, pictures)


SLOW_ONCE = {
    "digits in addresses of pictures": pictured(20, "1" * 1900 + "{0}/p{0}.jpg"),
    "a picture that is called nearly as a stand-in": described(2, f'<p>Awal.</p><img src="/lazy-{"0" * 50}!">'),
    "blanks in a body": described(2, f"<p>Awal berita.</p><p>{' ' * 60_000}x</p>"),
    "blanks that are not broken": described(2, f"<p>Awal berita.</p><p>{'&nbsp;' * 10_000}x</p>"),
    "blanks in a headline": rss(f"<title>Judul{' ' * 60_000}- x</title><link>/1</link>"),
    "blanks in a caption": feed(20, f'<enclosure url="/a.jpg" type="image/jpeg"/><media:description>{" " * 60_000}x</media:description>'),
}  # fmt: skip


@pytest.mark.parametrize("name", SLOW_ONCE)
@pytest.mark.timeout(30)
def test_a_feed_is_read_and_compared_in_proportion_to_its_length(name: str) -> None:
    began = time.process_time()
    reading = read_thoroughly(source(), fetched(SLOW_ONCE[name]))
    for candidate in reading.candidates:
        fingerprint(candidate)
        noticeable(candidate)
    assert reading.candidates
    assert time.process_time() - began < 2  # tenths of a second; where it is quadratic, minutes
