"""What a reader would notice, and what changes by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support import candidate

from syndicator.model.article import Enclosure, Photo, Placement, RelatedLink
from syndicator.rules.identity.content_fingerprint import content_hash, noticeable, picture_name

BODY = (
    "<p>Jakarta - Banjir di Jakarta Utara surut pada Kamis pagi, kata Budi.</p>"
    "<p>Sedikitnya 1.200 warga mengungsi sejak 3 hari.</p>"
)


def body_words(body: str) -> tuple[str, ...]:
    return noticeable(candidate(1, body_html=body)).body


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Lain"},
        {"lead": "Lain."},
        {"body_html": "<p>Lain.</p>"},
        {"quote": "Lain"},
        {"authors": ("Sari",)},
        {"section": "Olahraga"},
        {"tags": ("mrt",)},
        {"photos": (Photo(url="https://kota.example/1.jpg", credit="Sari"),)},
        {"enclosures": (Enclosure(url="https://kota.example/1.mp3"),)},
    ],
)
def test_what_a_reader_would_notice_is_a_change(change: dict[str, object]) -> None:
    assert content_hash(candidate(1)) != content_hash(replace(candidate(1), **change))


@pytest.mark.parametrize(
    ("url", "is_same"),
    [
        ("https://cdn2.kota.example/episode/12.mp3?token=b", True),
        ("https://count.example/redirect.mp3/kota.example/episode/12.mp3", True),
        ("https://kota.example/episode/13.mp3", False),
        ("https://kota.example/lain/12.mp3", False),
    ],
)
def test_a_file_goes_by_the_end_of_its_path(url: str, *, is_same: bool) -> None:
    one, other = (
        replace(candidate(1), enclosures=(Enclosure(url=each, length_bytes=len(each)),))
        for each in ("https://kota.example/episode/12.mp3?token=a", url)
    )
    assert (content_hash(one) == content_hash(other)) is is_same


def test_a_file_that_a_script_gives_out_goes_by_its_query_too() -> None:
    one, other = (
        replace(candidate(1), enclosures=(Enclosure(url=f"https://kota.example/media.php?id={each}"),))
        for each in (1, 2)
    )
    assert content_hash(one) != content_hash(other)


@pytest.mark.parametrize(
    "change",
    [
        {"views": 9000},
        {"updated_at": candidate(1).published_at},
        {"related": (RelatedLink(url="https://kota.example/2", title="x", placement=Placement.BOXED),)},
        {"url": "https://kota.example/moved"},
    ],
)
def test_what_a_reader_would_not_notice_is_none(change: dict[str, object]) -> None:
    assert content_hash(candidate(1)) == content_hash(replace(candidate(1), **change))


@pytest.mark.parametrize(
    "body",
    [
        BODY.replace("1.200", "1.250"),
        BODY.replace("surut", "belum surut"),
        BODY.replace("Budi", "Sari"),
        BODY + "<p>Pompa dijalankan.</p>",
        BODY.partition("</p>")[0] + "</p>",
        BODY + '<p><img src="https://kota.example/foto/banjir-2.jpg"></p>',
        BODY.replace("sejak 3 hari", "sejak 5 hari"),
    ],
)
def test_other_words_are_noticed(body: str) -> None:
    assert content_hash(candidate(1, body_html=body)) != content_hash(candidate(1, body_html=BODY))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p>3 jam lalu</p>", "<p>4 jam yang lalu</p>"),
        ("<p>59 menit lalu</p>", "<p>1 jam lalu</p>"),
        ("<p>Posted 2 hours ago</p>", "<p>Posted 10 minutes ago</p>"),
        ("<p>an hour ago</p>", "<p>2 hours ago</p>"),
        ("<p>Dibaca: 1.234 kali</p>", "<p>Dibaca: 1.301 kali</p>"),
        ("<p>dibaca 987 kali</p>", "<p>dibaca 1,2 ribu kali</p>"),
        ("<p>1.234 kali dibaca</p>", "<p>2.000 kali dibaca</p>"),
        ("<p>1,234 views</p>", "<p>1,3k views</p>"),
        ("<p>12 komentar</p>", "<p>14 komentar</p>"),
        ("<p>Baca juga: Harga cabai naik</p>", "<p>Baca juga: MRT tambah kereta</p>"),
        ("", "<p>Baca Juga: <a href='https://kota.example/9'>Harga cabai naik</a></p>"),
        ("<p>Simak juga video ini</p>", ""),
        ("<p>Read also: Floods recede</p>", "<p>Read also: Prices rise</p>"),
        ("<p>ADVERTISEMENT</p>", ""),
        ("<p>Scroll to continue with content</p>", ""),
        ("<p>Diperbarui: Kamis, 5 Nov 2026 12:03 WIB</p>", "<p>Diperbarui: Kamis, 5 Nov 2026 13:15 WIB</p>"),
    ],
)
def test_what_changes_by_itself_is_not_noticed(before: str, after: str) -> None:
    one, other = (content_hash(candidate(1, body_html=BODY + extra)) for extra in (before, after))
    assert one == other


def test_a_clock_in_the_lead_is_not_noticed() -> None:
    one = replace(candidate(1), lead="Banjir surut. 3 jam lalu")
    assert content_hash(one) == content_hash(replace(one, lead="Banjir surut. 4 jam lalu"))


@pytest.mark.parametrize(
    "body",
    [
        "<p>Harga naik sejak 3 tahun lalu.</p>",
        "<p>Baca juga aturan itu dengan teliti, kata hakim.</p>" + "<p>" + "x" * 300 + "</p>",
        "<p>Lihat saja nanti, kata pelatih.</p>",
        "<p>Kapasitas dinaikkan menjadi 5 hari.</p>",
    ],
)
def test_prose_stays(body: str) -> None:
    assert body_words(body)


def test_years_ago_are_no_clock() -> None:
    one, other = (body_words(f"<p>Kasus {years} tahun lalu dibuka lagi.</p>") for years in (3, 5))
    assert one != other


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p>Banjir  surut.</p>", "<div>\n  Banjir surut.\n</div>"),
        ("<p>Banjir <b>su</b>rut.</p>", "<p>Banjir surut.</p>"),
        ("<p>&quot;Surut&quot;, katanya.</p>", "<p>“Surut”, katanya.</p>"),
        ("<p>Banjir – surut.</p>", "<p>Banjir - surut.</p>"),
        ("<p>Banjir&nbsp;surut.</p>", "<p>Banjir surut.</p>"),
        ('<p><a href="https://a.example/?utm_source=x">Banjir</a></p>', '<p><a href="https://a.example/">Banjir</a></p>'),
        (
            '<p>Ini</p><img src="https://a.example/foto-banjir-300x200.jpg?w=300">',
            '<p>Ini</p><img alt="x" src="https://cdn.a.example/resize/foto-banjir-1024x683.jpg?w=1024">',
        ),
    ],
)  # fmt: skip
def test_markup_is_not_noticed(before: str, after: str) -> None:
    assert body_words(before) == body_words(after)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/foto/banjir.jpg", "https://a.example/foto/banjir.jpg?w=640&q=75"),
        ("https://a.example/foto/banjir.jpg", "http://cdn.a.example/foto/banjir.jpg.webp"),
        ("https://a.example/foto/banjir-300x200.jpg", "https://a.example/foto/banjir-1024x683.jpg"),
        ("https://a.example/foto/banjir-scaled.jpg", "https://a.example/foto/banjir.jpg"),
        (
            "https://asset.a.example/crops/h1=/0x0:800x533/750x500/data/photo/2026/11/05/68f0ab12.jpg",
            "https://asset.a.example/crops/h2=/0x10:600x410/195x98/data/photo/2026/11/05/68f0ab12.jpg",
        ),
        ("https://a.example/media/8812/large.jpg", "https://a.example/media/8812/small.jpg"),
        ("https://a.example/media/8812/640x480.jpg", "https://a.example/media/8812/320x240.jpg"),
        ("https://a.example/Foto%20Banjir.jpg", "https://a.example/foto banjir.jpg"),
    ],
)
def test_sizes_and_servers_make_no_other_picture(one: str, other: str) -> None:
    assert picture_name(one) == picture_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/foto/banjir-1.jpg", "https://a.example/foto/banjir-2.jpg"),
        ("https://a.example/foto/20261105-1201.jpg", "https://a.example/foto/20261105-1202.jpg"),
        ("https://a.example/media/8812/large.jpg", "https://a.example/media/8813/large.jpg"),
        ("https://a.example/1234.jpg", "https://a.example/1235.jpg"),
        ("https://a.example/foto.php?id=7", "https://a.example/foto.php?id=8"),
        ("https://a.example/show?id=7", "https://a.example/show?id=8"),
    ],
)
def test_other_pictures_have_other_names(one: str, other: str) -> None:
    assert picture_name(one) != picture_name(other)


def test_order_of_tags_and_case_of_names_are_not_noticed() -> None:
    one = replace(candidate(1, tags=("MRT", "Jalan")), authors=("BUDI  SANTOSO",))
    other = replace(candidate(1, tags=("jalan", "mrt")), authors=("Budi Santoso",))
    assert content_hash(one) == content_hash(other)


@given(st.text(alphabet=st.sampled_from("<>/a \"='img src1234 jamlalu.,-&;#\n")), st.text())
def test_any_text_has_a_hash(body: str, url: str) -> None:
    hostile = replace(candidate(1, body_html=body or "x"), photos=(Photo(url=url),), lead=body)
    assert len(content_hash(hostile)) == 16
