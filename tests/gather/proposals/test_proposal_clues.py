"""What tells articles, lasting names and next pages, in the shapes that portals have."""

from urllib.parse import quote

import pytest
from gather.gather_values import fetched, source

from syndicator.gather.articles.clues import is_article
from syndicator.gather.listings.list_page import read_list
from syndicator.gather.proposals.selector_inference import propose_for_list
from syndicator.gather.proposals.stable_selectors import is_stable
from syndicator.model.source import SourceKind

HOST = "https://www.kota.example"
LIST = HOST + "/berita/terkini"


@pytest.mark.parametrize(
    "name",
    [
        "Card-ehGPZM", "styles__Title-bdVaJa", "sc-gsTCUz", "ehGPZM", "story_kicker__jHdRq",
        "Headline-sc-iUpZqX",
    ],
)  # fmt: skip
def test_names_of_letters_alone_that_a_build_made_are_not_relied_on(name: str) -> None:
    assert not is_stable(name)


@pytest.mark.parametrize(
    "name",
    ["newsTitle", "news-title", "postItem", "article-bodyText", "Card-Headline", "cardBody", "media__judul",
     "list-BERITA", "topNews", "mainContent", "card-title", "JudulBerita"],
)  # fmt: skip
def test_names_that_people_gave_are_relied_on(name: str) -> None:
    assert is_stable(name)


@pytest.mark.parametrize(
    "path",
    [
        "/desh/दिल्ली-में-बाढ़-से-हजारों-लोग-बेघर",
        "/desh/" + quote("दिल्ली-में-बाढ़-से-हजार"),
        "/khao/น้ำท่วม-กรุงเทพ-ฝน-ตกหนัก",
        "/2014/07/24/world/asia/kota-banjir/index.html",
        "/2014/07/24/kota-banjir/",
        "/read/banjir-surut",
        "/berita/banjir-jakarta-surut",
        "/nasional/gempa-guncang-cianjur.html",
        "/artikel/harga-beras",
    ],
)
def test_addresses_of_articles(path: str) -> None:
    assert is_article(HOST + path)


@pytest.mark.parametrize(
    "path",
    [
        "/", "/nasional", "/news/asia-pacific", "/berita/ekonomi-bisnis", "/gaya-hidup",
        "/nasional/hukum-dan-kriminal", "/news/science-and-environment", "/2014/07/24/",
        "/2014/07/24/index.html", "/index.html", "/nasional/index.html", "/tag/banjir-jakarta-surut",
        "/hi/देश", "/tentang-kami", "/kebijakan-data-pribadi",
    ],
)  # fmt: skip
def test_addresses_of_sections_and_lists(path: str) -> None:
    assert not is_article(HOST + path)


CARDS = "".join(
    f"<div class=card><h3><a href='/read/{number}/banjir-kota-mulai-surut-{number}'>Banjir kota mulai surut {number}"
    f"</a></h3><small>{number % 28 + 1} November 2026 10:00 WIB</small></div>"
    for number in range(1001, 1011)
)


@pytest.mark.parametrize(
    ("head", "links", "following"),
    [
        (f"<link rel=next href='{LIST}?page=2'>", "", "?page=2"),
        ("", "<a href='?page=2' aria-label='Next page'>&gt;&gt;</a>", "?page=2"),
        ("", "<a class=older href='/berita/terkini/page/2'>« Older Entries</a>", "/page/2"),
        ("", "<a href='?paged=2'>Next Page »</a>", "?paged=2"),
        ("", "<a href='?offset=20'>Muat lebih banyak</a>", "?offset=20"),
        ("", "<a href='/berita/terkini/2'>Berita Selanjutnya</a>", "/2"),
        ("", "<a href='?pg=2'>Siguiente</a>", "?pg=2"),
        ("", "<a href='?seite=2'>Weiter</a>", "?seite=2"),
        ("", "<a href='?page=2'>अगला</a>", "?page=2"),
        ("", "<a href='?page=2' title='Halaman berikutnya'><i></i></a>", "?page=2"),
        ("", "<ul class=nomor><li><span aria-current=page>1</span></li><li><a href='?page=2'>2</a></li></ul>", "?page=2"),
        ("", "<div class=pages><b>1</b><a href='?page=2'>2</a><a href='?page=3'>3</a></div>", "?page=2"),
    ],
)  # fmt: skip
def test_the_link_to_the_next_list_page_is_proposed(head: str, links: str, following: str) -> None:
    markup = f"<html><head>{head}</head><body><main>{CARDS}<div>{links}</div></main></body></html>"
    described = source(kind=SourceKind.PAGE, url=LIST, timezone="Asia/Jakarta")
    page = fetched(markup, url=LIST)
    proposal = propose_for_list(described, page)
    reading = read_list(
        source(kind=SourceKind.PAGE, url=LIST, timezone="Asia/Jakarta", list=proposal.list), page
    )
    assert reading.next_url == LIST + following


@pytest.mark.parametrize(
    "links",
    [
        "<a href='/video/terbaru'>Selanjutnya</a>",
        "<a href='/read/9/banjir-besar-tahun-ini-surut'>Next</a>",
        "<a href='/berita/terkini'>1</a><a href='/berita/2'>Dua</a>",
    ],
)
def test_a_link_elsewhere_is_no_next_list_page(links: str) -> None:
    page = fetched(f"<html><body><main>{CARDS}</main><div>{links}</div></body></html>", url=LIST)
    assert propose_for_list(source(kind=SourceKind.PAGE, url=LIST), page).list.next is None
