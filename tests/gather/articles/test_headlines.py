"""The headline of a page: not the portal's name, not what stands on every page, not what stands around it."""

import pytest
from gather.article_pages import TEXT, TITLE, meta, news, page, read, reading, script

from syndicator.gather.articles.headlines import without_site
from syndicator.model.article import ListedItem

SLUG = "https://www.kota.example/read/900001/banjir-di-kawasan-utara-surut"
NUMBER = "https://www.kota.example/read/900001"
BODY = f"<div class=detail><h1>{TITLE}</h1><div class=isi>{TEXT}</div></div>"


@pytest.mark.parametrize(
    "head",
    [
        "",
        "<title>Berita Kota</title>",
        "<title>Kota - Portal Berita Terpercaya</title>",
        meta(og_title="Berita Kota", og_site__name="Berita Kota"),
        meta(og_title="Kota.example"),
        script(news(headline="Berita Kota", publisher={"@type": "Organization", "name": "Kota"})),
    ],
)
@pytest.mark.parametrize("url", [SLUG, NUMBER])
def test_the_portals_name_gives_way_to_the_h1(head: str, url: str) -> None:
    one = read(page(BODY, head), url=url)
    assert one.title == TITLE
    assert one.provenance.read_from["title"] == "h1"


@pytest.mark.parametrize(
    "head",
    [
        "<title>Informasi Terlengkap dan Akurat</title>",
        meta(og_title="Kabar Nusantara Setiap Detik"),
        script(news(headline="Kabar Nusantara Setiap Detik")),
    ],
)
def test_what_is_the_same_on_every_page_gives_way_to_the_h1_that_the_address_speaks_for(head: str) -> None:
    assert read(page(BODY, head), url=SLUG).title == TITLE
    listed = ListedItem(url=NUMBER, title=TITLE)
    assert read(page(BODY, head), url=NUMBER, listed=listed).provenance.read_from["title"] == "h1"


def test_a_headline_in_other_words_stays() -> None:
    one = read(page(BODY, meta(og_title="Warga Pulang Setelah Banjir")), url=SLUG)
    assert one.title == "Warga Pulang Setelah Banjir"


@pytest.mark.parametrize(
    "written",
    [
        f"{TITLE} - Berita Kota",
        f"{TITLE} | Kompas.com",
        f"{TITLE} - Metro - Kompas.com",
        f"{TITLE} | Halaman 2",
        f"{TITLE} Halaman all - Kompas.com",
        f"Kompas.com - {TITLE}",
        f"detikNews | {TITLE}",
        f"{TITLE} » Media Nusantara",
    ],
)
def test_what_stands_around_the_h1_is_cut_off(written: str) -> None:
    one = read(page(BODY, meta(og_title=written)))
    assert (one.title, one.provenance.read_from["title"]) == (TITLE, "opengraph")
    assert [change.received for change in one.provenance.changes if change.field == "title"] == [written]


def test_which_part_of_an_article_a_page_is_leaves_its_headline() -> None:
    written = "Banjir Surut Halaman 2 - Kota.example"
    assert read(page(f"<div>{TEXT}</div>", meta(og_title=written)), url=NUMBER).title == "Banjir Surut"


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("Banjir Surut - Berita Kota", "Banjir Surut"),
        ("Banjir Surut - Kota News", "Banjir Surut"),
        ("Banjir Surut | Kota.example", "Banjir Surut"),
        ("Banjir Surut - Warga Kota Mengungsi", "Banjir Surut - Warga Kota Mengungsi"),
        ("Banjir Surut - Berita Terkini", "Banjir Surut - Berita Terkini"),
    ],
)
def test_the_name_among_words_that_portals_have_in_theirs(title: str, bare: str) -> None:
    assert without_site(title, "Kota", NUMBER) == bare


@pytest.mark.parametrize(
    "headings",
    [
        f"<header><h1><a href='/'>Berita Kota</a></h1></header><h1>{TITLE}</h1>",
        f"<h1>{TITLE}</h1><aside><h1>Terpopuler</h1></aside>",
        f"<nav><h1>Metro</h1></nav><h1>{TITLE}</h1>",
    ],
)
def test_of_several_h1_that_of_the_article_counts(headings: str) -> None:
    assert read(page(f"{headings}<div>{TEXT}</div>"), url=SLUG).title == TITLE


def test_a_headline_cut_for_machines_is_completed_by_the_h1() -> None:
    assert read(page(BODY, meta(og_title=TITLE[:20] + "..."))).title == TITLE


def test_json_ld_of_something_else_is_told() -> None:
    other = "Harga Cabai Rawit Turun Tajam"
    found = reading(page(BODY, script(news(headline=other))), url=NUMBER)
    assert found.candidate.title == other
    assert f'the page\'s json-ld gives the headline "{other}", its h1 "{TITLE}"' in found.warnings
    assert not any("its h1" in one for one in reading(page(BODY, script(news()))).warnings)
