"""List pages whose articles are found by the shape of their addresses; what selectors found and missed."""

from typing import Any

import pytest
from gather.gather_values import fetched, source

from syndicator.errors import NotReadable
from syndicator.gather.listings.list_page import ListReading, read_list
from syndicator.model.source import ListRule, PopularRule, SourceKind

BASE = "https://www.kota.example"
URL = BASE + "/terkini"


def listed(markup: str, popular: PopularRule | None = None, **rule: Any) -> ListReading:
    described = source(
        kind=SourceKind.PAGE, url=URL, timezone="Asia/Jakarta", list=ListRule(**rule), popular=popular
    )
    return read_list(described, fetched(markup, url=URL))


CARDS = """
<div class=card><a href="/kategori/kota">Kota</a><a href="/read/1/satu"><img src="/blank.gif" data-src="/1.jpg"></a>
 <h3><a href="/read/1/satu">Satu</a></h3><small>3 November 2026 10:00 WIB</small></div>
<div class=card><a href="/video/9">Video</a></div>
<div class=card><a href="https://lain.example/read/5">Lain</a><h3>Dua</h3><a href="/read/2/dua#komentar"></a></div>
"""


def test_links_by_the_shape_of_their_addresses() -> None:
    reading = listed(
        CARDS,
        item=".card",
        url=r"re:^https://www\.kota\.example/read/\d+",
        title="h3",
        date="small",
        image="img",
    )
    assert [(item.url, item.title, item.image_url) for item in reading.items] == [
        (f"{BASE}/read/1/satu", "Satu", f"{BASE}/1.jpg"),
        (f"{BASE}/read/2/dua#komentar", "Dua", None),
    ]
    assert reading.items[0].published_at is not None
    assert reading.items[1].published_at is None
    assert reading.missing == ()


def test_every_link_of_one_large_item_with_what_stands_inside_it() -> None:
    markup = (
        "<main><h3>Terbaru</h3><small>1 Januari 2020 10:00</small>"
        '<a href="/read/1"><img src="/1.jpg" alt="Gambar"></a><a href="/read/1">Satu</a>'
        '<a href="/read/2"><h3>Dua</h3><p>ringkasan</p><small>3 November 2026 10:00</small><img srcset="/2s.jpg 100w, /2.jpg 900w"></a>'
        '<a href="/en/read/3">Three</a><a href="/read/4"><img alt="Empat" src="/4.jpg"></a></main><a href="/read/7">Luar</a>'
    )
    reading = listed(markup, item="main", url=r"re:example/read/\d+$", title="h3", date="small", image="img")
    assert [
        (item.url.rpartition("/")[2], item.title, item.image_url and item.image_url.rpartition("/")[2])
        for item in reading.items
    ] == [
        ("1", "Satu", "1.jpg"),
        ("2", "Dua", "2.jpg"),
        ("4", "Empat", "4.jpg"),
    ]
    assert [bool(item.published_at) for item in reading.items] == [False, True, False]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("re:/berita/", 'list.url "re:/berita/" finds nothing'),
        ("re:(", '"re:(" is not a valid regular expression: missing ), unterminated subpattern at position 0'),
    ],
)  # fmt: skip
def test_a_pattern_that_finds_nothing_is_named(url: str, message: str) -> None:
    with pytest.raises(NotReadable) as caught:
        listed(CARDS, item=".card", url=url)
    assert (caught.value.reason, caught.value.detail) == ("empty", message)


def test_what_was_found_and_missed_on_the_whole_page() -> None:
    box = "<ol><li><a href='/read/1/satu'>Satu</a> <b>2.619</b></li></ol>"
    popular = PopularRule(item="ol li", views="b", date="i", author="u", title="h4")
    reading = listed(
        CARDS + box,
        popular,
        item=".card",
        url="h3 a",
        title="h3",
        date="small",
        section=".badge",
        image="video",
        next="a.next",
    )
    assert reading.found == (
        "list.item", "list.url", "list.title", "list.date", "popular.item", "popular.views",
    )  # fmt: skip
    assert reading.missing == (
        "list.section", "list.image", "list.next", "popular.title", "popular.date", "popular.author",
    )  # fmt: skip
    assert reading.warnings == ()
    without = listed(CARDS, popular, item=".card", url="h3 a")
    assert without.missing[0] == "popular.item"
    assert without.warnings == ('popular.item "ol li" finds nothing',)


def test_a_bare_day_that_is_not_over_is_a_date_that_was_found() -> None:
    markup = "<li><a href='/read/1'>Satu</a><small>23-11-2026</small></li><ol><li><a href='/read/1'>Satu</a><i>23-11-2026</i></li></ol>"
    reading = listed(markup, PopularRule(item="ol li", date="i"), item="li", date="small")
    assert reading.items[0].published_at is None
    assert reading.popular[0].published_at is None
    assert reading.missing == ()


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("<img class=g src='/a.jpg'>", "/a.jpg"),
        ("<img class=g data-src='/a.jpg' src='data:image/gif;base64,R0'>", "/a.jpg"),
        ("<figure class=g><picture><source srcset='/a.jpg 800w'><img src='/s.jpg'></picture></figure>", "/a.jpg"),
        ("<amp-img class=g src='/a.jpg'></amp-img>", "/a.jpg"),
        ("<div class=g></div>", None),
    ],
)  # fmt: skip
def test_pictures_of_items(image: str, expected: str | None) -> None:
    reading = listed(f"<li><a href='/read/1'>Satu</a>{image}</li>", item="li", image=".g")
    assert reading.items[0].image_url == (BASE + expected if expected else None)


def test_a_thousand_links_of_one_item_are_shared_out_in_one_pass() -> None:
    markup = (
        "<main>" + "".join(f"<a href='/read/{n}'><h3>Judul {n}</h3></a>" for n in range(1500)) + "</main>"
    )
    reading = listed(markup, item="main", url="re:/read/", title="h3")
    assert [item.title for item in reading.items] == [f"Judul {n}" for n in range(1000)]
