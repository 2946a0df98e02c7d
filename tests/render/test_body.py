import pytest
from render.render_values import article

from syndicator.model.article import Photo
from syndicator.render.body import full_html, parts_of, without_pictures
from syndicator.render.text import holds, web_url

URL = "https://img.example/a.jpg?x=1&y=2"
IMG = '<img src="https://img.example/a.jpg?x=1&amp;y=2" alt="a &gt; b">'
SMALLER = '<img src="https://img.example/300x200/a-300x200.jpg?x=9">'
OTHER_PLACE = '<img src="https://img.example/lain/a.jpg">'
OTHER = '<img src="https://img.example/b.jpg">'


def body_of(html: str, *, lead: str = "", quote: str | None = None) -> str:
    of = article(
        0, body_html=without_pictures(html, (URL,)), lead=lead, quote=quote, photos=(Photo(url=URL),)
    )
    return full_html(parts_of(of, lead))


@pytest.mark.parametrize(
    ("html", "left"),
    [
        (f"<p>satu</p>{IMG}<p>dua</p>", "<p>satu</p><p>dua</p>"),
        (f"<p>{IMG}</p><p>dua</p>", "<p>dua</p>"),
        (f"<p>{IMG} teks</p>", "<p> teks</p>"),
        (f'<p><a href="x">{IMG}</a></p><p>dua</p>', "<p>dua</p>"),
        (f"<figure>{IMG}<figcaption>Foto</figcaption></figure><p>dua</p>", "<p>dua</p>"),
        (f"<figure><picture>{IMG}</picture></figure><p>dua</p>", "<p>dua</p>"),
        (f"<figure>{IMG}{OTHER}</figure>", f"<figure>{OTHER}</figure>"),
        (f"<p>dua</p>{OTHER}", f"<p>dua</p>{OTHER}"),
        (f"<p>dua</p>{SMALLER}", "<p>dua</p>"),
        (f"<p>dua</p>{OTHER_PLACE}", f"<p>dua</p>{OTHER_PLACE}"),
        ("<p>tanpa gambar &amp; tetap</p>", "<p>tanpa gambar &amp; tetap</p>"),
    ],
)
def test_the_photo_is_not_shown_twice(html: str, left: str) -> None:
    assert body_of(html) == left


def test_the_quote_stands_in_the_body_once() -> None:
    assert (
        body_of("<p>Isi.</p><p>Lagi.</p>", quote="Kata <dia>")
        == "<p>Isi.</p>\n<blockquote>Kata &lt;dia&gt;</blockquote>\n<p>Lagi.</p>"
    )
    inside = "<p>Isi.</p><blockquote>“Kata  <b>dia</b>”</blockquote>"
    assert body_of(inside, quote='"kata dia"') == inside


def test_a_pull_quote_stands_out_though_the_body_says_it_too() -> None:
    body = "<p>Isi.</p><p>“Kata dia,” ujar Sari.</p>"
    assert "<blockquote>kata dia</blockquote>" in body_of(body, quote="kata dia")


@pytest.mark.parametrize(
    "lead", ["Air naik", "Air naik sejak…", "AIR NAIK SEJAK [...]", "Air naik sejak pagi."]
)
def test_a_lead_that_the_body_says_is_not_repeated(lead: str) -> None:
    body = "<p>Air <b>naik</b> sejak pagi.</p>"
    assert body_of(body, lead=lead) == body


def test_only_a_lead_is_no_body() -> None:
    assert body_of("", lead="Air naik") == ""
    assert body_of("", lead="Air naik", quote="Aduh") == "<p>Air naik</p>\n<blockquote>Aduh</blockquote>"


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://a.example/ü b?q=é", "https://a.example/%C3%BC%20b?q=%C3%A9"),
        ("https://a.example/%C3%BC?a=1&b=2#c", "https://a.example/%C3%BC?a=1&b=2#c"),
        (" HTTP://a.example/100%", "HTTP://a.example/100%25"),
        ('https://a.example/"><script>', "https://a.example/%22%3E%3Cscript%3E"),
        ("javascript:alert(1)", None),
        ("//a.example/x", None),
        ("https:///x", None),
        ("", None),
    ],
)
def test_urls(url: str, clean: str | None) -> None:
    assert web_url(url) == clean


def test_what_is_not_said_is_not_held() -> None:
    assert not holds("satu dua", "tiga")
