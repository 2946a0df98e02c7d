"""Photos of article pages: in their largest form, with caption, credit and size."""

import time
from typing import Any

import pytest
from gather.article_pages import TITLE, page, read

from syndicator.gather.articles.article_photos import with_credit
from syndicator.gather.documents.html_cleaning import HtmlCleaner
from syndicator.gather.documents.picture_sources import is_stand_in, largest
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
        ("<img class=foto data-cfsrc='/a.jpg' src='/blank.png'>", "a", None, None),
        ("<img class=foto data-src='/lazy.gif' data-original='/a.jpg' src='/lazy.gif'>", "a", None, None),
        ("<img class=foto data-src='data:image/gif;base64,R0' src='/a.jpg'>", "a", None, None),
        ("<img class=foto src='/lazy.gif' srcset='/blank.png 2000w, /a.jpg 900w'>", "a", 900, None),
        ("<img class=foto src='/s.jpg' srcset='/s.jpg 300w, /a.jpg 1200w, /x.jpg 9000w'>", "a", 1200, None),
        ("<img class=foto src='/s.jpg' srcset='/x.jpg 9000w, /a.jpg 5000w'>", "a", 5000, None),
        ("<picture><source srcset='/a.webp'><img class=foto src='/placeholder-16x9.png'></picture>", "a", None, None),
        ("<div class=foto><img src='/spacer.gif'><img src='/a.jpg'></div>", "a", None, None),
        ("<div class=foto><img src='/lazy.gif'> <noscript><img src='/a.jpg'></noscript></div>", "a", None, None),
        ("<div class=foto><a href=x><img src='data:x'></a><noscript><img src='/a.jpg'></noscript></div>", "a", None, None),
        ("<figure class=foto><noscript><img src='/a.jpg' width=640></noscript></figure>", "a", 640, None),
        ("<div class=foto><img data-src='/a.jpg' width=1><noscript><img src='/b.jpg'></noscript></div>", "a", 1, None),
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
        "<img class=foto>", "<img class=foto src='data:image/png;base64,AA'>",
        "<img class=foto src='javascript:x'>", "<i class=foto>x</i>",
        "<img class=foto src='/img/lazy.gif'>", "<img class=foto src='/blank.png?v=2'>",
        "<img class=foto src='/1x1.gif'>", "<img class=foto src='/hitung.php' width=1 height=1>",
        "<div class=foto><img src='/lazy.gif'><noscript><img src='/p.gif' width=1 height=1></noscript></div>",
    ],
)  # fmt: skip
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
    assert with_credit(Photo(url=BASE, caption=caption)) == Photo(url=BASE, caption=left, credit=credit)


def test_a_credit_of_its_own_leaves_the_caption_whole() -> None:
    photo = Photo(url=BASE, caption="Warga (Foto: Ani)", credit="Budi")
    assert with_credit(photo) == photo


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


@pytest.mark.parametrize(
    ("behind", "caption", "credit"),
    [
        ("<div>Warga pulang (Foto: Warta/Dwi Putra)</div>", "Warga pulang", "Warta/Dwi Putra"),
        (" <p>(Foto: Dwi Putra)</p>", None, "Dwi Putra"),
        ("<p>Warga pulang pada Senin.</p><p>(Foto: Dwi Putra)</p>", "Alternatif", None),
        ("<p>Kota Utara (ANTARA/Ani)</p>", "Alternatif", None),
        (f"<p>{'Warga pulang. ' * 30}(Foto: Dwi Putra)</p>", "Alternatif", None),
        ("Warga pulang (Foto: Dwi Putra)", "Alternatif", None),
        ("", "Alternatif", None),
    ],
)
def test_a_text_directly_behind_a_photo_is_its_caption_if_it_ends_with_a_credit(
    behind: str, caption: str | None, credit: str | None
) -> None:
    for before, after in (("", ""), ("<a href=/1>", "</a>")):
        markup = f"<div>{before}<img class=foto src=/1.jpg alt='Alternatif'>{after}{behind}</div>"
        (photo,) = photos(markup)
        assert (photo.caption, photo.credit) == (caption, credit)


def test_captions_and_credits_of_the_rule_are_paired_in_order() -> None:
    markup = "<img class=foto src=/1.jpg><i>satu</i><b>Ani</b><img class=foto src=/2.jpg><i>dua</i><b>Budi</b><i>tiga</i>"
    assert [(photo.caption, photo.credit) for photo in photos(markup, caption="i", credit="b")] == [
        ("satu", "Ani"),
        ("dua", "Budi"),
    ]


@pytest.mark.parametrize(
    ("srcset", "url"),
    [
        ("a.jpg 1x, b.jpg 2x", "b.jpg"),
        ("a.jpg 300w,b.jpg 200w", "a.jpg"),
        ("a,b.jpg 300w, c.jpg 400w", "c.jpg"),
        ("a.jpg", "a.jpg"),
        ("a.jpg oddw", "a.jpg"),
    ],
)
def test_the_largest_picture_of_a_set(srcset: str, url: str) -> None:
    offered = largest(srcset)
    assert offered is not None
    assert offered.url == url


@pytest.mark.parametrize(
    ("name", "stands_in"),
    [
        ("blank-640x360.png", True),
        ("img_placeholder.jpg", True),
        ("lazyload.svg", True),
        ("loading.gif?v=1", True),
        ("1x1.png", True),
        ("1x1.jpg", False),  # the square format of a photo
        ("google-pixel-9.jpg", False),
        ("loading-dock.jpg", False),
        ("blank-check-scandal.jpg", False),
        ("transparansi-anggaran.jpg", False),
    ],
)
def test_names_of_what_stands_in(name: str, stands_in: bool) -> None:
    assert is_stand_in(f"https://www.kota.example/foto/{name}") is stands_in


@pytest.mark.parametrize(
    "image",
    [
        "<img src='/lazy.gif' data-srcset='/s.jpg 300w, /a.jpg 900w'>",
        "<img src='/blank.png' data-cfsrc='/a.jpg'>",
        "<picture><source data-srcset='/a.jpg 1200w'><img src='/lazy.gif'></picture>",
        "<img src='/lazy.gif'><noscript><img src='/a.jpg'></noscript>",
        "<noscript><img src='/a.jpg'></noscript>",
    ],
)
def test_pictures_inside_the_body(image: str) -> None:
    body = f"<h1>{TITLE}</h1><div class=x><p>Isi.</p><figure>{image}</figure></div>"
    found = read(page(body), ArticleRule(title="h1", body=".x")).body_html
    assert found == f'<p>Isi.</p><figure><img src="{BASE}/a.jpg"></figure>'


@pytest.mark.parametrize(
    "image", ["<img src='/lazy.gif'>", "<img src='/blank.png' data-src='data:image/gif,'>"]
)
def test_what_stands_in_leaves_the_body(image: str) -> None:
    body = f"<h1>{TITLE}</h1><div class=x><p>Isi.</p><figure>{image}</figure></div>"
    assert read(page(body), ArticleRule(title="h1", body=".x")).body_html == "<p>Isi.</p>"


def test_a_feeds_picture_that_loads_late() -> None:
    content = "<p>Isi.</p><img src='/lazy.gif'><noscript><img src='/a.jpg' alt='Foto'></noscript>"
    assert HtmlCleaner(BASE).clean(content) == f'<p>Isi.</p><img src="{BASE}/a.jpg" alt="Foto">'
    content = "<p>Isi.</p><img src='/a.jpg' data-x=1><noscript><img src='/a.jpg'></noscript>"
    assert HtmlCleaner(BASE).clean(content) == f'<p>Isi.</p><img src="{BASE}/a.jpg">'


@pytest.mark.parametrize(
    "picture",
    [
        "<picture><source srcset='/s.jpg 300w'><source srcset='/a.jpg 900w'><img alt='Foto'></picture>",
        "<picture><source data-srcset='/a.jpg 1200w' type=image/webp></source> <img src='/lazy.gif' alt=Foto>",
        "<source srcset='/b.jpg 2x'><img src='/a.jpg' alt='Foto'>",
    ],
)
def test_a_picture_element_of_a_feed(picture: str) -> None:
    assert (
        HtmlCleaner(BASE).clean(f"<p>Isi.</p>{picture}") == f'<p>Isi.</p><img src="{BASE}/a.jpg" alt="Foto">'
    )


def test_sources_without_end_cost_little() -> None:
    began = time.process_time()
    HtmlCleaner(BASE).clean("<source srcset=a>" * 25_000)
    HtmlCleaner(BASE).clean("<source srcset=a" + " " * 400_000)
    assert time.process_time() - began < 2


def test_the_widest_offer() -> None:
    assert largest() is None
    assert largest("", "  ,, ") is None
    offered = largest("/a,b.jpg 2x", "/c.jpg 100w")
    assert offered is not None
    assert (offered.url, offered.size, offered.in_pixels) == ("/c.jpg", 100.0, True)
