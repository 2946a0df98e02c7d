"""Encodings and repairs on any bytes whatever: never a fault of ours, never quadratic, nothing good is lost."""

import time

import pytest
from gather.gather_values import fetched, rss, source
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from syndicator.errors import NotReadable
from syndicator.gather.documents.encoding import decode, label_doubt
from syndicator.gather.documents.xml_repair import repaired
from syndicator.gather.feeds.feed import read_thoroughly
from syndicator.gather.feeds.feed_hints import feed_hints
from syndicator.gather.listings.sitemap import read_sitemap

LABELS = [
    "", "text/xml", "text/xml; charset=utf-8", "text/xml; charset=koi8-r", "x; charset=\r\n", "; charset=",
]  # fmt: skip
SIZE = 200_000


@settings(max_examples=300)
@given(body=st.binary(max_size=300), label=st.sampled_from(LABELS))
def test_any_bytes_decode(body: bytes, label: str) -> None:
    decoded = decode(body, label)
    assert len(decoded.text) <= len(body)
    assert all(decoded.warnings)
    label_doubt(body, label)


@settings(max_examples=100)
@given(
    text=st.text(min_size=1, max_size=100),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-8-sig", "utf-32"]),
)
def test_what_unicode_says_of_itself_is_never_guessed(text: str, encoding: str) -> None:
    body = ("<x>" + text.encode("utf-8", "replace").decode()).encode(encoding)
    assert decode(body).text.encode() == ("<x>" + text.encode("utf-8", "replace").decode()).encode()
    assert decode(body).warnings == ()


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_words_that_nobody_escaped_arrive(text: str) -> None:
    words = " ".join(text.encode("utf-8", "replace").decode().replace("<", " ").replace("]]>", " ").split())
    body, _warnings = repaired(fetched(rss(f"<title>a{words}</title>")))
    title = etree.fromstring(body).findtext("channel/item/title")
    assert title is not None
    assert title.startswith("a")


def test_a_good_document_is_left_as_it_is() -> None:
    document = rss("<title>5 &lt; 6 &amp; 7</title><description><![CDATA[a & b <br> &nbsp;]]></description>")
    body, warnings = repaired(fetched(document))
    assert etree.tostring(etree.fromstring(body)) == etree.tostring(etree.fromstring(document.encode()))
    assert warnings == []


PIECES = {
    "ampersands": "&",
    "references": "&eacute;",
    "comments never closed": "<!--",
    "data never closed": "<![CDATA[",
    "data": "<![CDATA[x]]>",
    "roots": "<rss ",
    "ends": "</rss>",
    "prefixes": "<a:b ",
    "zeros": "\0",
    "instructions": "<?x",
    "entries": "</item>",
    "channels": "<channel ",
}


@pytest.mark.parametrize("name", PIECES)
def test_repairing_is_linear(name: str) -> None:
    def seconds(count: int) -> float:
        document = fetched("junk <rss version='2.0'>" + PIECES[name] * count)
        began = time.process_time()
        repaired(document)
        return time.process_time() - began

    seconds(1000)
    # Ten times as much may take ten times as long; a hundred times would be quadratic.
    assert seconds(SIZE // 4) < 30 * max(seconds(SIZE // 40), 0.005)


@pytest.mark.parametrize(
    "document",
    [
        "<urlset>" + "<a>" * 200_000,
        "<urlset><url>" + "<x/>" * 1_100_000,
        "<urlset " + " ".join(f'a{number}="1"' for number in range(50_000)),
        '<!DOCTYPE urlset [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>',
    ],
)
def test_hostile_sitemaps_are_refused(document: str) -> None:
    with pytest.raises(NotReadable) as caught:
        read_sitemap(source(), fetched(document))
    assert caught.value.reason == "malformed"
    assert len(caught.value.detail) < 600


def test_a_feed_of_nothing_but_tags_is_refused() -> None:
    with pytest.raises(NotReadable, match="more than 1000000 tags"):
        read_thoroughly(source(), fetched(rss("<x/>" * 1_000_001)))


@given(st.text(max_size=30), st.text(max_size=30), st.lists(st.text(max_size=8), max_size=5))
def test_any_hint_is_understood_or_left_out(number: str, period: str, names: list[str]) -> None:
    hints = feed_hints(ttl=number, period=period, frequency=number, hours=names, days=names)
    assert hints.ttl_s is None or hints.ttl_s > 0
    assert hints.update_interval_s is None or hints.update_interval_s > 0
    assert set(hints.skip_hours) <= set(range(24))
    assert set(hints.skip_days) <= set(range(7))
