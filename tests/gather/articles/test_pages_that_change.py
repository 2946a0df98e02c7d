"""Pages after a redesign, short ones, and those that say when and by whom next to their headline only."""

from datetime import UTC, datetime

import pytest
from gather.article_pages import PARAGRAPHS, TEXT, TITLE, page, read, reading

from syndicator.errors import NotReadable
from syndicator.model.article import ListedItem
from syndicator.model.source import ArticleRule

META = "Senin, 23 November 2026 10:28 WIB 2606 Reporter : Nurito Editor : Toni"
SPANS = (
    "<div class=i><span>Senin, 23 November 2026 10:28 WIB</span><span>2606</span>"
    "<span>Reporter : Nurito</span><span>Editor : Toni</span></div>"
)
AT = datetime(2026, 11, 23, 3, 28, tzinfo=UTC)
HEAD = f"<title>{TITLE}</title>"
BOX = (
    "<div class='daftar'><h3>Berita Terkait</h3><ul>"
    + "".join(
        f"<li><h4><a href='/read/{n}/lain'>Berita lain nomor {n} tentang kota</a></h4><p>{n} jam lalu</p></li>"
        for n in range(1, 6)
    )
    + "</ul></div>"
)
REDESIGNED = (
    f"<div class=atas><ul><li><a href=/>Beranda</a></li><li><a href=/kota>Kota</a></li></ul></div>"
    f"<div class=news-read><h1>{TITLE}</h1><p> {META}</p><div class=isi>{TEXT}</div></div>{BOX}"
)
RULE = ArticleRule(title=".judul", body=".content-body", date=".tanggal")


def paragraphs(body_html: str) -> list[str]:
    return [part.partition("</p>")[0] for part in body_html.split("<p>")[1:]]


@pytest.mark.parametrize(
    "body",
    [
        REDESIGNED,
        f"<div class=news-read><h1>{TITLE}</h1><p>{META}</p>{TEXT}</div>{BOX}",
        f"<div class=news-read><h1>{TITLE}</h1>{SPANS}{TEXT}{BOX}</div>",
    ],
)
def test_a_redesign_brings_the_text_alone(body: str) -> None:
    rule = ArticleRule(title="h1", body=".content-body", date=".tanggal")
    one = reading(page(body, HEAD), rule)
    assert paragraphs(one.candidate.body_html) == list(PARAGRAPHS)
    assert one.missing == ("article.body", "article.date")
    assert one.candidate.lead == ""
    assert (one.candidate.published_at, one.candidate.authors) == (AT, ("Nurito",))


def test_the_description_is_the_lead_of_a_page_whose_body_was_guessed() -> None:
    head = HEAD + "<meta name=description content='Air surut sejak pagi.'>"
    one = reading(page(REDESIGNED, head), ArticleRule(title="h1", body=".content-body"))
    assert one.candidate.lead == "Air surut sejak pagi."


def test_a_redesign_of_headline_and_body_names_both() -> None:
    head = (
        HEAD
        + '<script type=\'application/ld+json\'>{"@type":"NewsArticle","headline":"'
        + TITLE
        + '"}</script>'
    )
    one = reading(page(REDESIGNED, head), RULE)
    assert one.missing == ("article.title", "article.body", "article.date")


COMMENTS = ("cmt", "comment-list", "komentar-box", "tanggapan", "disqus")


@pytest.mark.parametrize(
    ("name", "where"),
    [*((name, where) for name in COMMENTS for where in ("inside", "beside")), ("lapak-x7", "beside")],
)
def test_comments_of_readers_stay_out(name: str, where: str) -> None:
    comments = f"<div class='{name}'>" + "".join(
        f"<p>Komentar {word} dari seorang pembaca yang merasa sangat terbantu oleh petugas di kampungnya.</p>"
        for word in ("pertama", "kedua", "ketiga")
    )
    four = "".join(f"<p>{text}</p>" for text in PARAGRAPHS[:4])
    inner, outer = (f"{comments}</div>", "") if where == "inside" else ("", f"{comments}</div>")
    body = f"<div class=wrap><h1>{TITLE}</h1><div class=isi>{four}{inner}</div>{outer}</div>"
    assert paragraphs(read(page(body, HEAD)).body_html) == list(PARAGRAPHS[:4])


def test_a_text_in_several_parts_is_whole() -> None:
    parts = "".join(
        f"<div class='part part-{n}'><p>{text}</p></div><div class=sisip>Iklan</div>"
        for n, text in enumerate(PARAGRAPHS)
    )
    assert paragraphs(read(page(f"<main><h1>{TITLE}</h1>{parts}</main>", HEAD)).body_html) == list(PARAGRAPHS)
    first = f"<div class=awal><p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p></div>"
    rest = "".join(f"<p>{text}</p>" for text in PARAGRAPHS[2:])
    body = f"<main><h1>{TITLE}</h1>{first}<div class=lanjut>{rest}</div></main>"
    assert paragraphs(read(page(body, HEAD)).body_html) == list(PARAGRAPHS)


SHORT = (
    "<div class='nav-wrapper'><ul class='breadcrumbs'><li><a href='/'>Beranda</a></li><li><a href='/t'>Transportasi</a></li></ul></div>"
    "<div class=news-read><div class=image-info><span><i class=material-icons>photo</i> Nama Fotografer - Kota</span></div>"
    f"<div class=content><h1>{TITLE}</h1><div class=content-info>"
    "<span><i class=material-icons>access_time</i> Kamis, 06 Februari 2025 14:50 WIB</span><span>2619</span>"
    "<span>Reporter : Nama Reporter</span><span>Editor : Nama Editor</span></div>"
    '<div class=content-body><p>Paragraf pembuka.</p><blockquote>"kutipan utama,"</blockquote><p>Paragraf penutup.</p></div></div></div>'
    f"{BOX}<div class=news-grey><div class=header><span>Berita Terpopuler</span></div><ol><li><h3><a href=/p>Populer Satu</a></h3>"
    "<div><span>08-10-2026</span><span>5815</span><span>Nama Lain</span></div></li></ol></div>"
)


def test_a_short_page_gives_no_body_rather_than_all_of_itself() -> None:
    one = reading(page(SHORT, HEAD + "<meta name=description content='Ringkasan contoh.'>"))
    assert (one.candidate.body_html, one.candidate.lead) == ("", "Ringkasan contoh.")
    assert one.candidate.published_at == datetime(2025, 2, 6, 7, 50, tzinfo=UTC)
    assert one.candidate.authors == ("Nama Reporter",)
    assert one.candidate.provenance.read_from["published_at"] == "text near the headline"
    assert one.warnings == ("no text of an article was found: give article.body a selector",)
    with pytest.raises(NotReadable, match=r"no text is found on the page: give article\.body a selector"):
        read(page(SHORT, HEAD))


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("<div>Senin, 23 November 2026 10:28 WIB</div>", AT),
        ("<div><span>Nurito</span> - <time>Senin, 23 Nov 2026 | 10:28 WIB</time></div>", AT),
        ("<p>Reporter : Nurito</p><p>23/11/2026, 10.28 WIB</p>", AT),
        ("<p>Kota, 23 November 2025</p>", datetime(2025, 11, 22, 17, tzinfo=UTC)),
        ("<p>2 jam lalu</p>", None),
        ("<p>10:28 WIB</p>", None),
        ("<ul class=terkait><li><h3>Lain</h3><span>Senin, 23 November 2026 10:28 WIB</span></li></ul>", None),
        ("<p>Pada Senin, 23 November 2026 10:28 WIB, warga di kawasan utara kota sudah kembali ke rumah mereka.</p>", None),
    ],
)  # fmt: skip
def test_a_date_beside_the_headline(line: str, at: datetime | None) -> None:
    one = reading(page(f"<div class=a><h1>{TITLE}</h1>{line}<div class=isi>{TEXT}</div></div>{BOX}", HEAD))
    assert one.candidate.published_at == at
    missing = "no date was found: the time of first sight counts"
    assert (missing in one.warnings) == (at is None)


def test_a_date_beside_the_headline_is_the_last_to_count() -> None:
    body = page(
        f"<div><h1>{TITLE}</h1><p>{META}</p>{TEXT}</div>",
        HEAD + "<meta name=date content='2026-11-03T10:00:00+07:00'>",
    )
    assert read(body).provenance.read_from["published_at"] == "meta"
    listed = ListedItem(
        url="https://www.kota.example/read/900001/banjir-surut", published_at=AT.replace(hour=1)
    )
    one = read(page(f"<div><h1>{TITLE}</h1><p>{META}</p>{TEXT}</div>", HEAD), listed=listed)
    assert one.provenance.read_from["published_at"] == "list"


@pytest.mark.parametrize(
    ("claimed", "read_from"),
    [
        ("2026-11-23T00:00:00+07:00", "text near the headline"),
        ("2026-11-22T00:00:00+07:00", "list"),
        ("2026-11-23T08:15:00+07:00", "list"),
    ],
)
def test_an_instant_beside_the_headline_completes_a_bare_day_of_the_list(
    claimed: str, read_from: str
) -> None:
    listed = ListedItem(
        url="https://www.kota.example/read/900001/banjir-surut",
        published_at=datetime.fromisoformat(claimed).astimezone(UTC),
        claimed_at=claimed,
    )
    one = read(page(f"<div><h1>{TITLE}</h1><p>{META}</p>{TEXT}</div>", HEAD), listed=listed)
    assert one.provenance.read_from["published_at"] == read_from
    assert one.published_at == (AT if read_from != "list" else listed.published_at)
