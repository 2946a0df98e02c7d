"""Portals at which one program gives all pages: lists and articles are told apart by what it is asked for."""

import pytest
from gather.gather_values import fetched, source
from gather.portal_pages import Story, framed

from syndicator.gather.articles.clues import is_article, pattern_of
from syndicator.gather.listings.list_page import read_list
from syndicator.gather.proposals.selector_inference import propose_for_list
from syndicator.model.source import SourceKind

HOST = "https://kota.example"
STORIES = [Story(n) for n in range(6)]
ZONED = source(kind=SourceKind.PAGE, timezone="Asia/Jakarta", language="id")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/index.php?baca=4711", True),
        ("/index.php?kanal=1&id=4711", True),
        ("/?p=4711", True),
        ("/berita.php?judul=pasar-baru-dibuka-pagi-ini", True),
        ("/index.php?kanal=1", False),
        ("/index.php?page=2", False),
        ("/?p=2", False),
        ("/?s=pasar+baru+dibuka+pagi+ini", False),
        ("/kategori.php?id=7", False),
    ],
)
def test_a_query_tells_articles_from_lists(path: str, expected: bool) -> None:
    assert is_article(HOST + path) is expected


def test_addresses_of_one_form_differ_in_numbers_and_words_only() -> None:
    one, other, channel = (
        pattern_of(f"{HOST}/index.php?{query}")
        for query in ("baca=1&judul=satu-dua", "judul=tiga-empat&baca=22", "kanal=1")
    )
    assert one == other != channel


def list_page(channel: int, page: int, marked: str) -> str:
    rows = "".join(
        f"<div class='kabar'><h3><a href='/index.php?baca={channel}{page}0{s.n}&judul={s.slug}'>{s.title}</a></h3>"
        f"<span class='tgl'>{s.long_date}</span></div>"
        for s in STORIES
    )
    numbers = "".join(
        marked.format(n=n) if n == page else f"<a href='/index.php?kanal={channel}&page={n}'>{n}</a>"
        for n in range(1, 5)
    )
    channels = "".join(f"<a href='/index.php?kanal={n}'>Kanal {n}</a>" for n in range(1, 6))
    return framed(
        f"<div class='kanal'>{channels}</div><div class='isi'>{rows}</div><div class='paging'>{numbers}</div>"
    )


@pytest.mark.parametrize(
    "marked", ["<a class='aktif' href='#'>{n}</a>", "<span>{n}</span>", "<b aria-current='page'>{n}</b>"]
)
def test_lists_told_apart_by_their_query_are_read_and_paged(marked: str) -> None:
    url = f"{HOST}/index.php?kanal=2"
    rule = propose_for_list(ZONED, fetched(list_page(2, 1, marked), url=url)).list
    described = source(kind=SourceKind.PAGE, url=url, timezone="Asia/Jakarta", list=rule)
    for page in (1, 2, 3):
        reading = read_list(described, fetched(list_page(2, page, marked), url=url))
        assert [item.title for item in reading.items] == [story.title for story in STORIES]
        assert reading.items[0].url.startswith(f"{HOST}/index.php?baca=2{page}00&")
        assert reading.next_url == url.replace("kanal=2", f"kanal=2&page={page + 1}")
