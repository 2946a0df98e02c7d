"""Photos of article pages: in their largest form, with caption, credit and size."""

from typing import Any

import pytest
from gather.article_pages import TITLE, page, read

from syndicator.gather.article_photos import told_apart
from syndicator.gather.html import largest
from syndicator.model.article import Photo
from syndicator.model.source import ArticleRule

BASE = "https://www.kota.example"


def photos(markup: str, photo: str = ".foto", **rule: Any) -> tuple[Photo, ...]:
    body = f"<h1>{TITLE}</h1>{markup}<p class=x>Isi.</p>"
    return read(page(body), ArticleRule(title="h1", body=".x", photo=photo, **rule)).photos


@pytest.mark.parametrize(
    ("markup", "name", "width", "height"),
    [
        ("<img class=foto src='/a.jpg' width=640 height=360>", "a", 640, 360),
        ("<img class=foto src='/a.jpg' width='640px' height='50%'>", "a", 640, None),
        ("<img class=foto data-src='/a.jpg' src='data:image/gif;base64,R0lGOD'>", "a", None, None),
        ("<img class=foto data-original='/a.jpg' src='/blank.gif'>", "a", None, None),
        ("<img class=foto data-lazy-src='/a.jpg' src='/blank.gif'>", "a", None, None),
        ("<img class=foto data-lazy='/a.jpg' src='/blank.gif'>", "a", None, None),
        ("<img class=foto src='/s.jpg' srcset='/s.jpg 300w, /a.jpg 1200w, /m.jpg 600w'>", "a", 1200, None),
        ("<img class=foto width=300 height=200 src='/s.jpg' srcset='/s.jpg 300w, /a.jpg 1200w'>", "a", 1200, 800),
        ("<img class=foto src='/s.jpg' srcset='/s.jpg, /a.jpg 2x'>", "a", None, None),
        ("<img class=foto src='/a.jpg' srcset='/a-copy.jpg 1x'>", "a", None, None),
        ("<img class=foto src='data:x' srcset='data:image/gif;base64,R0 1w, /a.jpg 300w'>", "a", 300, None),
        ("<img class=foto src='/blank.gif' data-srcset='/s.jpg 300w,/a.jpg 900w'>", "a", 900, None),
        ("<img class=foto src='/s.jpg' srcset='/a.jpg 900w, kaputt, /x.jpg w, /y.jpg infw'>", "a", 900, None),
        ("<picture><source srcset='/a.webp 1600w'><source srcset='/s.jpg 800w'><img class=foto src='/t.jpg'></picture>", "a", 1600, None),
        ("<picture class=foto><source data-srcset='/a.jpg 1600w'><img src='/t.jpg'></picture>", "a", 1600, None),
        ("<figure class=foto><a href='/besar'><img src='/a.jpg'></a></figure>", "a", None, None),
        ("<div class=foto><img data-src='/a.jpg'><img src='/b.jpg'></div>", "a", None, None),
        ("<amp-img class=foto src='/a.jpg' width=9 height=6></amp-img>", "a", 9, 6),
    ],
)  # fmt: skip
def test_the_largest_form_of_a_photo(markup: str, name: str, width: int | None, height: int | None) -> None:
    (photo,) = photos(markup)
    assert photo.url.removeprefix(BASE).partition(".")[0] == f"/{name}"
    assert (photo.width, photo.height) == (width, height)


@pytest.mark.parametrize(
    "markup",
    [
        "<img class=foto>",
        "<img class=foto src='data:image/png;base64,AA'>",
        "<img class=foto src='javascript:x'>",
        "<i class=foto>x</i>",
    ],
)
def test_what_shows_nothing_is_no_photo(markup: str) -> None:
    assert photos(markup) == ()


def test_an_attribute_of_any_element() -> None:
    assert photos("<a class=foto href='/besar.jpg'><img src='/kecil.jpg'></a>", ".foto@href") == (
        Photo(url=f"{BASE}/besar.jpg"),
    )
    assert photos("<div class=foto data-bg='/b.jpg'></div>", ".foto@data-bg") == (Photo(url=f"{BASE}/b.jpg"),)


@pytest.mark.parametrize(
    ("caption", "left", "credit"),
    [
        ("Warga pulang. (Foto: Ani/Kota)", "Warga pulang.", "Ani/Kota"),
        ("Warga pulang (ANTARA FOTO/Ani Wijaya)", "Warga pulang", "ANTARA FOTO/Ani Wijaya"),
        ("Warga pulang. Foto: Ani Wijaya", "Warga pulang", "Ani Wijaya"),
        ("Warga pulang. Dok: Humas", "Warga pulang", "Humas"),
        ("Warga pulang [Photo by: Ani]", "Warga pulang", "Ani"),
        ("Foto: Ani", None, "Ani"),
        ("Warga pulang (06/02/2025)", "Warga pulang (06/02/2025)", None),
        ("Warga pulang (kiri)", "Warga pulang (kiri)", None),
        ("Foto: Ani memotret warga (kanan) di jalan", "Foto: Ani memotret warga (kanan) di jalan", None),
        ("Warga membawa foto kenangan", "Warga membawa foto kenangan", None),
    ],
)
def test_a_credit_at_the_end_of_a_caption(caption: str, left: str | None, credit: str | None) -> None:
    assert told_apart(Photo(url=BASE, caption=caption)) == Photo(url=BASE, caption=left, credit=credit)


def test_a_credit_of_its_own_leaves_the_caption_whole() -> None:
    photo = Photo(url=BASE, caption="Warga (Foto: Ani)", credit="Budi")
    assert told_apart(photo) == photo


def test_each_photo_has_the_caption_of_its_figure() -> None:
    figures = (
        "<figure><div><img class=foto src=/1.jpg></div><figcaption>Satu (Ani/Kota)</figcaption></figure>"
        "<img class=foto src=/2.jpg alt='Dua'>"
        "<figure><img class=foto src=/3.jpg><figcaption>Tiga</figcaption></figure>"
    )
    assert [(photo.caption, photo.credit) for photo in photos(figures)] == [
        ("Satu", "Ani/Kota"),
        ("Dua", None),
        ("Tiga", None),
    ]


def test_captions_and_credits_of_the_rule_are_paired_in_order() -> None:
    markup = "<img class=foto src=/1.jpg><i>satu</i><b>Ani</b><img class=foto src=/2.jpg><i>dua</i><b>Budi</b><i>tiga</i>"
    assert [(photo.caption, photo.credit) for photo in photos(markup, caption="i", credit="b")] == [
        ("satu", "Ani"),
        ("dua", "Budi"),
    ]


def test_the_widest_offer() -> None:
    assert largest() is None
    assert largest("", "  ,, ") is None
    offered = largest("/a,b.jpg 2x", "/c.jpg 100w")
    assert offered is not None
    assert (offered.url, offered.size, offered.in_pixels) == ("/c.jpg", 100.0, True)
