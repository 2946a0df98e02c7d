"""What is remembered of bodies that were cleaned, and what is decided without parsing them."""

import pytest
from gather.gather_values import NOW, fetched, rss, source

from syndicator.gather.documents.html_cleaning import HtmlCleaner, clean_text, to_text
from syndicator.gather.documents.text import one_line, without_unwanted
from syndicator.gather.feeds.candidates import FeedReading, to_reading
from syndicator.gather.feeds.entry_texts import CleanBody, CleanedBodies, Key, digest_of
from syndicator.gather.feeds.feed import read_strictly
from syndicator.rules.dates.date_parser import read_date

BASE = "https://news.example/read/1"
BODY = (
    '<div class="x"><p onclick="f()">Satu <a href="/kota">kota</a>.</p><p></p>'
    '<img src="lazy.gif" data-src="/a.jpg"><iframe src="https://x.example/"></iframe></div>'
)
DOCUMENT = rss(
    *(
        f"<title>Judul {number}</title><link>https://news.example/{number}</link>"
        f"<description><![CDATA[<img src='/{number}.jpg'>Ringkasan]]></description>"
        f"<content:encoded><![CDATA[{BODY}]]></content:encoded>"
        for number in range(3)
    ),
    attributes='xmlns:content="http://purl.org/rss/1.0/modules/content/"',
)
MARKED_UP = (
    "<p>Satu</p><p>dua <b>ti</b>ga<br>empat</p>",
    "<ul><li>a</li><li>b</li></ul><h2>c</h2>d",
    "<figure><img src='https://a.example/1.jpg' alt='5 > 3'><figcaption>Foto</figcaption></figure>",
    "5 &lt; 6 &amp;amp; “kata”\n\n&nbsp; <i>x</i>",
    "<table><tr><td>a</td><td>b</td></tr></table>",
)


def key(text: str, base: str = BASE) -> Key:
    return base, digest_of(text), "body"


def reading(*, is_light: bool, url: str = "https://news.example/feed") -> FeedReading:
    answer = fetched(DOCUMENT, url=url)
    return to_reading(source(), answer, read_strictly(answer, 20), is_light=is_light)


def test_a_feed_reads_the_same_each_time() -> None:
    anew = reading(is_light=False)
    assert reading(is_light=True) == reading(is_light=True) == anew
    assert [change.why for change in anew.candidates[0].provenance.changes if change.field == "body_html"]
    other = reading(is_light=True, url="https://other.example/feed")
    assert "https://other.example/kota" in other.candidates[0].body_html


def test_the_latest_bodies_are_remembered() -> None:
    bodies = CleanedBodies(max_bytes=130_000)
    keys = [key(str(number)) for number in range(200)]
    for number, each in enumerate(keys):
        bodies.put(each, CleanBody(f"<p>{number}</p>" + "x" * 900))
        assert bodies.get(keys[0]) is not None  # for it was asked for lately
    assert bodies.get(keys[1]) is None
    assert bodies.get(keys[-1]) is not None
    assert sum(bodies.get(each) is not None for each in keys) < 130_000 / 900


def test_one_body_does_not_drive_out_all_others() -> None:
    bodies = CleanedBodies(max_bytes=100_000)
    bodies.put(key("long"), CleanBody("x" * 1000))
    assert bodies.get(key("long")) is None


def test_a_body_put_twice_counts_once() -> None:
    bodies = CleanedBodies(max_bytes=100_000)
    for _ in range(1000):
        bodies.put(key("a"), CleanBody("x" * 600))
        bodies.put(key("b"), CleanBody("y" * 600))
    assert bodies.get(key("a")) == CleanBody("x" * 600)


def test_bodies_are_told_apart_by_base_and_text() -> None:
    assert key("a") == key("a")
    assert len({key("a"), key("b"), key("a", BASE + "/"), key("\ud800")}) == 4


@pytest.mark.parametrize("markup", MARKED_UP)
def test_the_words_of_clean_html_are_those_that_parsing_gives(markup: str) -> None:
    cleaned = HtmlCleaner(BASE).clean(markup)
    assert clean_text(cleaned, 1000) == to_text(cleaned)
    assert clean_text(cleaned * 50, 100) == to_text(cleaned * 50, 1000)[:100]


def test_clean_html_may_be_cut_off_anywhere() -> None:
    cleaned = HtmlCleaner(BASE).clean('<p>Kota &amp; <a href="https://a.example/?b&c">desa</a></p><p>x</p>')
    parts = [cleaned[:end] for end in range(1, 60)]
    assert [clean_text(part, 1000) for part in parts] == [to_text(part).rstrip("</ ") for part in parts]


def test_characters_are_stripped_and_folded_the_same_in_all_texts() -> None:
    for code in (*range(0x100), 0x200B, 0x2009, 0x3000, 0xFDD0, 0xFEFF, 0xFFFD, 0x1F600):
        text = f"a{chr(code)}"
        wide = without_unwanted(f"{text}b é")
        assert without_unwanted(f"{text}b") == wide.removesuffix(" é"), code
        assert one_line(f" {text} \n b  é\t ") == " ".join(without_unwanted(f"{text} b é").split()), code


@pytest.mark.parametrize(
    "text",
    [
        "Thu, 05 Nov 2026 10:11:12 +0700", "5 Nov 2026 10:11:12 GMT", "2026-11-05T10:11:12+07:00",
        "2026-11-05T10:11:12Z", "Kam, 05 Nov 2026 10:11:12 WIB", "31 Feb 2026 10:11:12 +0000",
        "05 Nov 1776 10:11:12 +0000", "05 Nov 2026 24:00:00 +0000", "05 Nov 2026 10:11:60 -0500",
        "05 Nov 2026 10:11:12 +1600", "2026-11-05T10:11:12.1234567-03:30",
    ],
)  # fmt: skip
def test_usual_dates_are_read_as_those_written_oddly(text: str) -> None:
    usual, odd = (read_date(one, timezone="Asia/Makassar", now=NOW) for one in (text, f" {text}\n"))
    assert (usual and (usual.at, usual.offset, usual.precision, usual.notes)) == (
        odd and (odd.at, odd.offset, odd.precision, odd.notes)
    )
