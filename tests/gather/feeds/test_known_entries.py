"""Entries that are as they were are left out, unless they mean something else together."""

import pytest
from msgspec.structs import replace
from support import NOON

from syndicator.gather.feeds.candidates import FeedReading
from syndicator.gather.feeds.feed import read_thoroughly
from syndicator.model.fetch import Fetched
from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import Source, SourceKind

SOURCE = Source(
    id=SourceId("city"),
    title="Kota",
    kind=SourceKind.FEED,
    url="https://city.example/rss",
    schedule=Every(interval_s=300),
)


def item(number: int, *, title: str = "", link: str = "", guid: str = "", more: str = "") -> str:
    return (
        f"<item><title>{title or f'Berita {number}'}</title>"
        f"<link>{link or f'https://city.example/berita-{number}'}</link><guid>{guid or f'g{number}'}</guid>"
        f"<pubDate>Thu, 05 Nov 2026 10:0{number}:00 +0000</pubDate>"
        f"<description>Isi berita nomor {number}.</description>{more}</item>"
    )


def read(items: list[str], known: bytes, *, head: str = "", url: str = SOURCE.url) -> FeedReading:
    names = 'xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
    text = f'<rss version="2.0" {names}><channel><title>Kota</title>{head}{"".join(items)}</channel></rss>'
    fetched = Fetched(
        requested_url=SOURCE.url, url=url, status=200, headers={}, body=text.encode(), fetched_at=NOON
    )
    return read_thoroughly(SOURCE, fetched, known)


def marks(reading: FeedReading) -> bytes:
    return b"".join((*reading.entries.known, *reading.entries.fresh))


def titles(reading: FeedReading) -> list[str]:
    return [one.title for one in reading.candidates]


def test_what_is_as_it_was_is_left_out() -> None:
    first = read([item(1), item(2)], b"")
    assert first.entries.all_plain
    again = read([item(3), item(2), item(1)], marks(first))
    assert titles(again) == ["Berita 3"]
    assert (len(again.entries.known), again.entries.named, len(again.entries.fresh)) == (2, 2, 1)
    assert again.entries.all_plain
    assert titles(read([item(3), item(2), item(1)], marks(again))) == []


def test_an_entry_that_says_anything_else_is_read() -> None:
    known = marks(read([item(1), item(2)], b""))
    assert titles(read([item(1, title="Ralat"), item(2)], known)) == ["Ralat"]


def test_what_all_entries_inherit_counts() -> None:
    known = marks(read([item(1)], b""))
    assert titles(read([item(1)], known, head="<language>id</language>")) == ["Berita 1"]
    assert titles(read([item(1)], known, url="https://other.example/rss")) == ["Berita 1"]


def test_entries_that_share_an_address_or_a_guid_are_all_read() -> None:
    known = marks(read([item(1), item(2)], b""))
    same_link = read(
        [item(3, link="http://www.city.example/berita-1/?utm_source=x"), item(2), item(1)], known
    )
    assert titles(same_link) == ["Berita 3", "Berita 1"]
    assert not same_link.entries.fresh
    same_guid = read([item(3, guid="g2"), item(2), item(1)], known)
    assert titles(same_guid) == ["Berita 3", "Berita 2"]


def test_what_is_counted_is_read_each_time() -> None:
    items = [item(1, more="<slash:comments>3</slash:comments>"), item(2)]
    first = read(items, b"")
    assert titles(read(items, marks(first))) == ["Berita 1"]


def atom(deleted: str) -> Fetched:
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">'
        f"<title>Kota</title>{deleted}<entry><id>g1</id><title>Berita 1</title>"
        '<link href="https://city.example/berita-1"/><updated>2026-11-05T08:00:00Z</updated></entry></feed>'
    )
    return Fetched(
        requested_url=SOURCE.url, url=SOURCE.url, status=200, headers={}, body=body.encode(), fetched_at=NOON
    )


def test_a_feed_that_takes_entries_back_is_read_whole() -> None:
    known = marks(read_thoroughly(SOURCE, atom(""), b""))
    assert titles(read_thoroughly(SOURCE, atom(""), known)) == []
    reading = read_thoroughly(SOURCE, atom('<at:deleted-entry ref="g1" when="2026-11-05T09:00:00Z"/>'), known)
    assert reading.deleted
    assert titles(reading) == ["Berita 1"]


@pytest.mark.parametrize(
    "date", ["Tue, 05 Jan 2027 10:00:00 +0000", "yesterday 10:00", "5 November 2026", "10:00"]
)
def test_dates_that_are_read_otherwise_later_are_not_plain(date: str) -> None:
    dated = item(1).replace("Thu, 05 Nov 2026 10:01:00 +0000", date)
    assert not read([dated], b"").entries.all_plain


def test_what_could_be_judged_otherwise_later_is_not_plain() -> None:
    assert not read(["<item><category>x</category></item>", item(2)], b"").entries.all_plain
    english = "The mayor said on Monday that the new market will be opened to the public before the end of the year. "
    item_in_english = item(1, title="Mayor opens the new market").replace("Isi berita nomor 1.", english * 8)
    reading = read([item_in_english], b"", head="<language>id</language>")
    assert reading.candidates[0].language == "en"
    assert not reading.entries.all_plain


def test_the_language_of_a_feed_is_not_judged_by_a_few_entries() -> None:
    head = "<language>id</language>"
    indonesian = (
        "Pemerintah kota akan membuka pasar yang baru untuk warga sebelum akhir tahun ini, kata wali kota. "
    )
    items = [item(number).replace(f"Isi berita nomor {number}.", indonesian * 8) for number in range(1, 8)]
    known = marks(read(items, b"", head=head))
    english = "The mayor said on Monday that the new market will be opened to the public before the end of the year. "
    fresh = item(8, title="Mayor opens the new market").replace("Isi berita nomor 8.", english * 8)
    whole, part = read([fresh, *items], b"", head=head), read([fresh, *items], known, head=head)
    assert titles(part) == ["Mayor opens the new market"]
    assert part.candidates[0] in whole.candidates


def test_nothing_is_marked_where_nobody_asks() -> None:
    fetched = Fetched(
        requested_url=SOURCE.url,
        url=SOURCE.url,
        status=200,
        headers={},
        body=f'<rss version="2.0"><channel>{item(1)}</channel></rss>'.encode(),
        fetched_at=NOON,
    )
    assert read_thoroughly(replace(SOURCE, timezone="Asia/Jakarta"), fetched).entries.fresh == ()
