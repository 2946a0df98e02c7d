"""Who wrote it, in the lines that portals write: names come out whole, and nothing else does."""

import pytest
from gather.article_pages import NEWS, PARAGRAPHS, TEXT, TITLE, page, read, script
from gather.gather_values import fetched, rss, source

from syndicator.gather.bylines import reporters
from syndicator.gather.feeds.feed import read_thoroughly
from syndicator.model.source import ArticleRule


@pytest.mark.parametrize(
    ("text", "names"),
    [
        # labels, with a colon and without
        ("Reporter : Nama Satu", ("Nama Satu",)),
        ("REPORTER: Nama", ("Nama",)),
        ("Penulis:Nama", ("Nama",)),
        ("Penulis Budi Santoso", ("Budi Santoso",)),
        ("Oleh Budi & Sari", ("Budi", "Sari")),
        ("OLEH BUDI SANTOSO DAN SARI DEWI", ("BUDI SANTOSO", "SARI DEWI")),
        ("Ditulis oleh Budi Santoso", ("Budi Santoso",)),
        ("Written by Jane Doe", ("Jane Doe",)),
        ("Byron Satu", ("Byron Satu",)),
        ("Penulis/Editor: Budi Santoso", ("Budi Santoso",)),
        ("Penulis:", ()),
        # editors and others
        ("Penulis: A. B. Susanto | Editor: Siti Nur'aini", ("A. B. Susanto",)),
        ("Penulis Budi Santoso Editor Siti Nur'aini", ("Budi Santoso",)),
        ("Pewarta : Budi Santoso\nEditor : Siti Nur'aini", ("Budi Santoso",)),
        ("REPORTER: BUDI SANTOSO / EDITOR: SITI AMINAH", ("BUDI SANTOSO",)),
        ("Editor: Ani, Penulis: Budi", ("Budi",)),
        ("Reporting by Jane Doe; editing by John Roe", ("Jane Doe",)),
        ("Rep: Budi Santoso/ Red: Siti Nur'aini", ("Budi Santoso",)),
        ("Editor Siti Nur'aini", ()),
        ("Fotografer: Ani Wijaya", ()),
        # degrees, and names of other forms
        ("Reporter: Budi Santoso, S.Sos.", ("Budi Santoso, S.Sos.",)),
        ("Prof. Dr. Budi Santoso, M.Si., Ph.D.", ("Prof. Dr. Budi Santoso, M.Si., Ph.D.",)),
        ("Ani Wijaya, S.Pd., M.Pd. dan Budi Santoso, SH", ("Ani Wijaya, S.Pd., M.Pd.", "Budi Santoso, SH")),
        ("Ani Wijaya, Dr. Budi Santoso", ("Ani Wijaya", "Dr. Budi Santoso")),
        ("John Smith, Jr.", ("John Smith, Jr.",)),
        ("VAN DER BERG, ANNA", ("VAN DER BERG, ANNA",)),
        ("Jane O'Neil-Smith", ("Jane O'Neil-Smith",)),
        ("Angel di Maria", ("Angel di Maria",)),
        ("Jane Doe, John Roe and Max Mustermann", ("Jane Doe", "John Roe", "Max Mustermann")),
        # roles and places
        ("By Jane Doe and John Roe, Staff Writers", ("Jane Doe", "John Roe")),
        ("Jane Doe | Staff Writer", ("Jane Doe",)),
        ("Budi Santoso (Kontributor Surabaya)", ("Budi Santoso",)),
        ("Oleh Budi Santoso, Guru Besar UI", ("Budi Santoso",)),
        ("Laporan Budi Santoso dari Surabaya", ("Budi Santoso",)),
        ("Penulis: Kontributor Malang, Budi Santoso", ("Budi Santoso",)),
        ("Kontributor Malang, Budi Santoso", ("Budi Santoso",)),
        ("Kontributor: Budi Santoso, Sari Dewi", ("Budi Santoso", "Sari Dewi")),
        ("Jane Doe in London and John Roe in Paris", ("Jane Doe", "John Roe")),
        ("By Our Correspondent", ()),
        ("admin", ()),
        # agencies and portals
        ("Budi Santoso/Antara", ("Budi Santoso",)),
        ("ANTARA/Budi Santoso", ("Budi Santoso",)),
        ("By JANE DOE, Associated Press", ("JANE DOE",)),
        ("By Jane Doe and Agencies", ("Jane Doe",)),
        ("By Jane Doe for Reuters", ("Jane Doe",)),
        ("Budi Santoso, CNN Indonesia", ("Budi Santoso",)),
        ("Budi Santoso - Kompas.com", ("Budi Santoso",)),
        ("Budi Santoso, Okezone · Senin 1 Mei 2023", ("Budi Santoso",)),
        ("Dewi Susilowati (The Jakarta Post)", ("Dewi Susilowati",)),
        ("Laporan wartawan TribunJatim.com, Budi Santoso", ("Budi Santoso",)),
        ("Laporan Wartawan Tribunnews.com Budi Santoso dan Sari Dewi", ("Budi Santoso", "Sari Dewi")),
        ("Laporan Kontributor Harian Pagi, Budi Santoso", ("Budi Santoso",)),
        ("Laporan Wartawan Budi Santoso, S.Sos.", ("Budi Santoso, S.Sos.",)),
        ("Associated Press", ("Associated Press",)),
        ("kota.co.id", ()),
        # mail addresses, initials, signs
        ("a@b.example (Nama Satu)", ("Nama Satu",)),
        ("Nama Satu <a@b.example>", ("Nama Satu",)),
        ("a@b.example", ()),
        ("Budi Santoso @budi", ("Budi Santoso",)),
        ("Oleh: Budi Santoso*", ("Budi Santoso",)),
        ("Budi Santoso.", ("Budi Santoso",)),
        ("(bud/sar)", ()),
        ("", ()),
    ],
)  # fmt: skip
def test_names_come_out_whole_and_nothing_else(text: str, names: tuple[str, ...]) -> None:
    assert reporters([text]) == names


def test_the_portal_is_nobody() -> None:
    assert reporters(["Laporan Kontributor Kota Pos, Budi Santoso", "Kota Pos"], site="Kota Pos") == (
        "Budi Santoso",
    )
    assert reporters(["Kota Pos"], site="KotaPos") == ()


def test_one_name_in_different_capitals_is_one_reporter() -> None:
    assert reporters(["JANE DOE", "Jane Doe"]) == ("Jane Doe",)


def test_of_an_article_page() -> None:
    byline = "<p class=by>Laporan wartawan TribunJatim.com, Budi Santoso, S.Sos. | Editor: Siti Nur'aini</p>"
    one = read(
        page(f"<h1>Judul</h1>{byline}<p class=x>Isi.</p>"), ArticleRule(title="h1", body=".x", authors=".by")
    )
    assert one.authors == ("Budi Santoso, S.Sos.",)


def test_initials_give_way_to_the_name_that_the_page_tells_machines() -> None:
    body = "<h1>Judul</h1><p class=x>Isi.</p><i class=by>(bud/sar)</i>"
    one = read(page(body, script(NEWS)), ArticleRule(title="h1", body=".x", authors=".by"))
    assert one.authors == ("Budi Santoso",)
    assert one.provenance.read_from["authors"] == "json-ld"


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Laporan wartawan TribunJatim.com, Budi Santoso", ("Budi Santoso",)),
        ("Oleh Budi Santoso - Selasa, 3 November 2026 10:00 WIB", ("Budi Santoso",)),
        ("By JANE DOE and John Roe, Staff Writers", ("JANE DOE", "John Roe")),
        ("Penulis Budi Santoso, S.Sos. | Editor Siti Nur'aini", ("Budi Santoso, S.Sos.",)),
        ("Reporter : Nurito", ("Nurito",)),
        ("By Friday, the water was gone", ()),
        ("Oleh karena itu warga diminta waspada", ()),
        ("Editor Siti Nur'aini", ()),
        ("Budi Santoso", ()),
    ],
)
def test_beside_the_headline(line: str, names: tuple[str, ...]) -> None:
    markup = f"<div><h1>{TITLE}</h1><p>{line}</p><div>{TEXT}</div></div>"
    assert read(page(markup, f"<title>{TITLE}</title>")).authors == names


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("<div class='detail__author'>Budi Santoso - <span>kanalBerita</span></div>", ("Budi Santoso",)),
        ("<div>Oleh tim <a rel=author href='/p/1'>Budi Santoso</a></div>", ("Budi Santoso",)),
        ("<div class=byline><a class=author-link>Budi Santoso</a>, <a class=author-link>Siti Nur'aini</a></div>", ("Budi Santoso", "Siti Nur'aini")),
        ("<p class=penulis>Budi Santoso, S.Sos. - Selasa, 3 November 2026 10:00</p>", ("Budi Santoso, S.Sos.",)),
        ("<p class=author>Kabar Kota</p>", ()),
        ("<p class=author>Tim Redaksi</p>", ()),
        ("<p class=author>CNN Indonesia</p>", ()),
        ("<p class='author editor'>Siti Nur'aini</p>", ()),
        ("<p class=author>Ditulis sambil menunggu air surut</p>", ()),
        ("<p class=info>Budi Santoso - kanalBerita</p>", ()),
    ],
)  # fmt: skip
def test_in_an_element_of_the_author(byline: str, names: tuple[str, ...]) -> None:
    head = f"<title>{TITLE}</title><meta property='og:site_name' content='Kabar Kota'>"
    one = read(page(f"<article><h1>{TITLE}</h1>{byline}<div>{TEXT}</div></article>", head))
    assert one.authors == names


def test_the_element_of_the_author_is_no_part_of_the_text() -> None:
    byline = "<p class=author>Budi Santoso - kanalBerita</p>"
    one = read(page(f"<div><h1>{TITLE}</h1><div>{byline}{TEXT}</div></div>", f"<title>{TITLE}</title>"))
    assert one.authors == ("Budi Santoso",)
    assert one.lead == PARAGRAPHS[0]
    assert "Budi Santoso" not in one.body_html


def test_authors_of_other_articles_are_not_this_ones() -> None:
    other = "<ul class=terkait><li><h3><a href=/x>Lain</a></h3><i class=author>Joko Widodo</i></li></ul>"
    one = read(page(f"<div><h1>{TITLE}</h1>{other}<div>{TEXT}</div></div>", f"<title>{TITLE}</title>"))
    assert one.authors == ()


def test_a_byline_ahead_of_the_text_is_no_part_of_it() -> None:
    byline = "<p>Laporan Wartawan TribunJatim.com, Budi Santoso</p>"
    one = read(page(f"<div><h1>{TITLE}</h1><div>{byline}{TEXT}</div></div>", f"<title>{TITLE}</title>"))
    assert one.authors == ("Budi Santoso",)
    assert one.lead == PARAGRAPHS[0]
    assert "Laporan Wartawan" not in one.body_html


def test_a_selector_that_finds_the_date_too() -> None:
    assert reporters(["Budi Santoso", "Selasa, 3 November 2026 10:00 WIB"]) == ("Budi Santoso",)


def test_of_a_feed() -> None:
    item = "<title>t</title><author>Penulis: Budi Santoso, S.Sos. | Editor: Siti Nur'aini</author>"
    (one,) = read_thoroughly(source(), fetched(rss(item))).candidates
    assert one.authors == ("Budi Santoso, S.Sos.",)
    assert [change.field for change in one.provenance.changes] == ["authors"]


EDITOR = {"@type": "Person", "name": "Siti Nur'aini"}
BELOW = "<p>Pewarta: Budi Santoso<br>Editor: Siti Nur'aini<br>Copyright &copy; ANTARA 2026</p>"


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("<div>Reporter: Budi Santoso</div><div>Editor: Siti Nur'aini</div>", ""),
        ("<p>Penulis: Budi Santoso | Editor: SITI NUR'AINI</p>", ""),
        ("<p>Reporter <a>Budi Santoso</a></p><p>Editor <a>Siti Nur'aini</a></p>", ""),
        ("<p><span>Penulis</span><span>Budi Santoso</span></p><p>Editor: Siti Nur'aini</p>", ""),
        ("", "<p>Reporter: Budi Santoso</p><p>Editor: Siti Nur'aini</p>"),
        ("", BELOW),
    ],
)
def test_whom_a_page_labels_as_editor_is_not_its_reporter(above: str, below: str) -> None:
    markup = f"<article><h1>{TITLE}</h1>{above}<div>{TEXT}</div>{below}</article>"
    one = read(page(markup, script({**NEWS, "author": EDITOR})))
    assert one.authors == ("Budi Santoso",)
    assert one.provenance.read_from["authors"] == "text near the headline"
    several = read(page(markup, script({**NEWS, "author": [EDITOR, {"name": "Sari Dewi"}]})))
    assert several.authors == ("Sari Dewi",)


def test_an_editor_beside_whom_nobody_is_named_stays() -> None:
    markup = f"<article><h1>{TITLE}</h1><p>Editor: Siti Nur'aini</p><div>{TEXT}</div></article>"
    assert read(page(markup, script({**NEWS, "author": EDITOR}))).authors == ("Siti Nur'aini",)
    assert read(page(markup)).authors == ()


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("", BELOW),
        ("", "<div><b>Penulis:</b> Budi Santoso</div><div><b>Editor:</b> Siti Nur'aini</div>"),
        ("", "<p><strong>Oleh: Budi Santoso</strong></p>"),
        ("<a href='/author/budi-santoso'>Budi Santoso</a>", ""),
        ("<p><img alt='' src=/a.jpg><a href='/reporter/12/budi'>Budi Santoso</a> <i>3 November 2026</i></p>", ""),
        ("<p><a href='/penulis/budi'>Budi Santoso</a></p><p>Editor <a href='/penulis/siti'>Siti Nur'aini</a></p>", ""),
        ("<div class=contributor><b>Budi Santoso</b></div>", ""),
        ("<div data-testid=byline-new><span>Budi Santoso</span></div>", ""),
        ("<address>Budi Santoso</address>", ""),
        ("<p><span>Reporter</span><span>Budi Santoso</span></p>", ""),
    ],
)  # fmt: skip
def test_a_byline_that_readers_see(above: str, below: str) -> None:
    markup = f"<article><h1>{TITLE}</h1>{above}<div>{TEXT}</div>{below}</article>"
    one = read(page(markup, f"<title>{TITLE}</title>"))
    assert one.authors == ("Budi Santoso",)
    assert "Budi" not in one.body_html


@pytest.mark.parametrize(
    ("inside", "below"),
    [
        ("<p>Judul: Pulang</p><p>Penulis: Joko Widodo</p><p>Penerbit: Pustaka</p>", ""),
        ("", "<aside><p>Penulis: Joko Widodo</p></aside>"),
        ("", "<div class=comments><p>Penulis: Joko Widodo</p></div>"),
        ("", "<ul><li><h3><a href=/x>Lain</a></h3><p>Penulis: Joko Widodo</p></li></ul>"),
        ("", "<p>Penulis adalah pengamat kebijakan publik</p>"),
        ("", "<a href='/author/joko'>Joko Widodo</a>"),
    ],
)
def test_what_is_no_byline_of_the_article(inside: str, below: str) -> None:
    markup = f"<article><h1>{TITLE}</h1><div>{TEXT}{inside}{TEXT}</div>{below}</article>"
    assert read(page(markup, f"<title>{TITLE}</title>")).authors == ()
