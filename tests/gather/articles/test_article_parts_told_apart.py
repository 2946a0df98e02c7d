"""Related links, quotes and credits in the mixtures that portals have them in."""

import pytest
from gather.article_pages import PARAGRAPHS, TITLE, page, read, reading

from syndicator.model.article import Placement
from syndicator.model.source import ArticleRule

P = [f"<p>{text}</p>" for text in PARAGRAPHS]
BARE = '<a class="read-also" href="/read/2/satu">Berita Satu</a>'
LABELLED = '<p>Baca juga: <a href="/read/3/dua">Berita Dua</a></p>'
MIXED = f"{P[0]}{BARE}{P[1]}{LABELLED}{P[2]}"


@pytest.mark.parametrize("related", [None, "a.read-also", ".isi p a", ".terkait a"])
def test_both_ways_of_pointing_elsewhere_leave_the_body(related: str | None) -> None:
    body = f"<h1>{TITLE}</h1><div class=isi>{MIXED}</div>"
    one = read(page(body), ArticleRule(title="h1", body=".isi", related=related))
    assert one.body_html == P[0] + P[1] + P[2]
    assert {(link.title, link.placement) for link in one.related} == {
        ("Berita Satu", Placement.INLINE),
        ("Berita Dua", Placement.INLINE),
    }


def test_links_of_boxes_come_beside_those_in_the_body() -> None:
    body = f"<h1>{TITLE}</h1><div class=isi>{MIXED}</div><ul class=t><li><a href='/read/4/tiga'>Berita Tiga</a></ul>"
    one = reading(page(body), ArticleRule(title="h1", body=".isi", related=".t a"))
    assert [link.url.rpartition("/")[2] for link in one.candidate.related] == ["tiga", "satu", "dua"]
    assert one.missing == ()


@pytest.mark.parametrize(
    "text",
    [
        f"{P[0]}Menurut <a href='/x'>warga</a> kota.{P[1]}",
        f"{P[0]}<p>Menurut <a href='/x'>warga</a></p>{P[1]}",
        f"{P[0]}<a href='/x'>Satu</a> dan <a href='/y'>dua</a>{P[1]}",
        "Isi tanpa paragraf <a href='/x'>Satu</a><br>lagi",
        f"<a href='/x'>Kota</a>{P[1]}",
    ],
)
def test_links_within_the_words_stay(text: str) -> None:
    one = read(page(f"<h1>{TITLE}</h1><div class=isi>{text}</div>"), ArticleRule(title="h1", body=".isi"))
    assert "</a>" in one.body_html
    assert one.related == ()


@pytest.mark.parametrize(
    "quote",
    [
        "“GENANGAN AIR di kawasan utara kota mulai surut”",
        '"Genangan air di kawasan utara kota, mulai surut!"',
        "«Genangan air di kawasan utara kota mulai surut»",
    ],
)
@pytest.mark.parametrize("rule", [None, "blockquote"])
def test_a_pull_quote_that_the_body_says_anyway_leaves_it(quote: str, rule: str | None) -> None:
    body = f"<h1>{TITLE}</h1><div class=isi>{P[0]}<blockquote>{quote}</blockquote>{P[1]}</div>"
    one = read(page(body), ArticleRule(title="h1", body=".isi", quote=rule))
    assert one.body_html == P[0] + P[1]
    assert bool(one.quote) == bool(rule)


def test_of_quotes_that_say_the_same_one_stays() -> None:
    twice = "<blockquote>Hanya di sini, kata warga kota itu.</blockquote>" * 2
    body = f"<h1>{TITLE}</h1><div class=isi>{P[0]}{twice}<blockquote>Sudah.</blockquote></div>"
    one = read(page(body), ArticleRule(title="h1", body=".isi"))
    assert one.body_html.count("Hanya di sini") == 1
    assert "Sudah." in one.body_html


@pytest.mark.parametrize(
    ("written", "credit"),
    [
        ("Foto: Budi/SK", "Budi/SK"),
        ("FOTO : Budi", "Budi"),
        ("(Photo by: Budi)", "Budi"),
        ("Sumber foto: Humas (Kota)", "Humas (Kota)"),
        ("Credit: Budi", "Budi"),
        ("Dok. Humas", "Dok. Humas"),
        ("Fotografer Kota", "Fotografer Kota"),
        ("Budi", "Budi"),
    ],
)
def test_a_credit_has_no_label(written: str, credit: str) -> None:
    body = f"<h1>{TITLE}</h1><img src=/1.jpg><i class=k>{written}</i><div class=isi>{P[0]}</div>"
    one = read(page(body), ArticleRule(title="h1", body=".isi", photo="img", credit=".k"))
    assert one.photos[0].credit == credit
