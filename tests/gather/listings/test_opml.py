"""Lists of feeds as readers export them, and as nobody should write them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.errors import NotReadable
from syndicator.gather.listings.opml import FeedList, Outline, read_opml

LIST = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>Langganan  saya</title></head><body>
<outline text="Ekonomi">
  <outline type="rss" text="Kabar &amp; Bisnis" xmlUrl="https://bisnis.example/rss" htmlUrl="https://bisnis.example/" language="id"/>
  <outline text="Pasar"><outline text="Bursa" xmlurl=" https://bursa.example/rss "/></outline>
</outline>
<outline title="Kota" text="kota" XMLURL="https://kota.example/rss" category="/Berita/Daerah,/Lain"/>
<outline text="Catatan"/>
</body></opml>"""


def of(body: str) -> FeedList:
    return read_opml(f'<opml version="2.0"><body>{body}</body></opml>'.encode())


def test_feeds_with_the_folder_that_they_lie_in() -> None:
    found = read_opml(LIST.encode())
    assert found.title == "Langganan saya"
    assert found.faults == ()
    assert [(one.title, one.url, one.folder) for one in found.outlines] == [
        ("Kabar & Bisnis", "https://bisnis.example/rss", "Ekonomi"),
        ("Bursa", "https://bursa.example/rss", "Pasar"),
        ("Kota", "https://kota.example/rss", "Daerah"),
    ]
    assert found.outlines[0] == Outline(
        url="https://bisnis.example/rss",
        title="Kabar & Bisnis",
        home_url="https://bisnis.example/",
        language="id",
        folder="Ekonomi",
        line=4,
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_in_whatever_encoding(encoding: str) -> None:
    text = LIST.replace("UTF-8", encoding.removesuffix("-sig")).replace("Bursa", "Börse")
    found = read_opml(text.encode(encoding))
    assert [one.title for one in found.outlines] == ["Kabar & Bisnis", "Börse", "Kota"]


def test_what_is_no_feed_is_told_with_its_line_and_the_others_go_on() -> None:
    found = of(
        '<outline type="rss" text="a"/>\n<outline type="include" url="https://x.example/list.opml"/>\n'
        f'<outline text="b" xmlUrl="https://b.example/{"x" * 5000}"/>\n<outline xmlUrl="https://c.example/"/>'
    )
    assert [one.url for one in found.outlines] == ["https://c.example/"]
    assert [(one.line, one.reason.split()[0]) for one in found.faults] == [
        (1, "is"),
        (2, "includes"),
        (3, "has"),
    ]
    assert "not fetched" in found.faults[1].reason


def test_a_list_that_is_no_xml_is_read_as_far_as_it_goes() -> None:
    found = of(
        '<outline text="A & B" xmlUrl="https://a.example/?x=1&y=2"/><outline text="c" xmlUrl="https://c.example/"/>'
    )
    assert [one.url for one in found.outlines][-1] == "https://c.example/"
    assert len(found.faults) == 1
    assert "is not XML" in found.faults[0].reason


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('<!DOCTYPE opml [<!ENTITY a "b">]><opml><body/></opml>', "declares entities"),
        ('<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml><body/></opml>', "declares entities"),
        ("<rss version='2.0'><channel/></rss>", "begins with <rss>"),
        ("<html><body/></html>", "begins with <html>"),
        ("not at all", "no XML"),
        ("", "no XML"),
        ("<opml><body>" + "<outline>" * 1_000_001, "tags"),
        ("<opml><body>" + '<outline xmlUrl="u"/>' * 10_001 + "</body></opml>", "more than 10000 feeds"),
    ],
)  # fmt: skip
def test_what_is_no_list_or_made_to_harm_is_refused(body: str, says: str) -> None:
    with pytest.raises(NotReadable) as caught:
        read_opml(body.encode())
    assert says in caught.value.detail


def test_entities_hide_in_no_encoding() -> None:
    with pytest.raises(NotReadable, match="declares entities"):
        read_opml(
            '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE o [<!ENTITY a "b">]><opml/>'.encode("utf-16")
        )


def test_folders_without_end_are_refused_or_read_but_never_run_out_of_room() -> None:
    depth = 100_000
    body = "<opml><body>" + '<outline text="x">' * depth + "</outline>" * depth + "</body></opml>"
    with suppress(NotReadable):
        assert read_opml(body.encode()).outlines == ()


@given(
    st.text(max_size=80).map(lambda text: f"<opml><body>{text}</body></opml>".encode(errors="replace"))
    | st.binary(max_size=80)
)
def test_whatever_stands_in_it(body: bytes) -> None:
    with suppress(NotReadable):
        read_opml(body)
