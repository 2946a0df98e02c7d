"""Foreign HTML made harmless, and words made plain."""

import html.parser
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.gather.documents.html_cleaning import (
    MAX_STEPS,
    HtmlCleaner,
    check_weight,
    first_image,
    most_steps,
    parsing_steps,
    same_site,
    to_text,
    weight,
)
from syndicator.gather.documents.text import absolute_url, plain_text, shortened, title_text, whole_number

BASE = "https://news.example/read/1/x"
ACTIVE = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='  javascript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<form action='https://evil.example'><button formaction='javascript:alert(1)'>x</button></form>",
    "<object data='x.swf'></object><embed src='x.swf'>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<style>@import 'https://evil.example';</style>",
    "<link rel=stylesheet href=https://evil.example>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href='https://evil.example/'><a href='x'>x</a>",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<video src=x onerror=alert(1)><source src=x></video>",
    "<template><script>alert(1)</script></template>",
    "<a href='https://ok.example' onclick='alert(1)' ping='https://evil.example'>x</a>",
    "<<script>alert(1)//<</script>",
    "<img data-src='javascript:alert(1)'>",
    "<img srcset='javascript:alert(1) 1x'>",
    "<img alt='\"><script>alert(1)</script>' data-src='/a.jpg'>",
]
SAFE_ATTRIBUTES = {
    "href", "src", "alt", "title", "rel", "width", "height", "colspan", "rowspan", "scope", "start", "datetime"
}  # fmt: skip
UNSAFE_TAGS = {
    "script", "style", "svg", "math", "iframe", "form", "object", "embed", "noscript", "template", "base",
}  # fmt: skip


class _Reader(html.parser.HTMLParser):
    """Reads back what was cleaned, with a parser of another make."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSAFE_TAGS:
            self.faults.append(tag)
        for name, value in attrs:
            if name not in SAFE_ATTRIBUTES:
                self.faults.append(f"{tag} {name}")
            if name in {"href", "src"} and not (value or "").startswith(("https://", "http://")):
                self.faults.append(f"{tag} {name}={value}")


def faults(cleaned: str) -> list[str]:
    reader = _Reader()
    reader.feed(cleaned)
    reader.close()
    return reader.faults


def clean(markup: str) -> str:
    return HtmlCleaner(BASE).clean(markup)


@pytest.mark.parametrize("markup", ACTIVE)
def test_nothing_active_is_left(markup: str) -> None:
    cleaned = clean(f"<p>before {markup} after</p><p>next</p>")
    assert faults(cleaned) == []
    assert "before" in cleaned
    assert "alert" not in to_text(markup) or "<<" in markup


@given(
    st.lists(
        st.sampled_from(
            [*ACTIVE, "<p>", "</p>", "<table>", "<td>", "</table>", "<b>", "</", "'", '"', ">", "<!--", "x"]
        ),
        max_size=12,
    )
)
def test_nothing_active_is_left_of_any_mixture(parts: list[str]) -> None:
    assert faults(clean("".join(parts))) == []


@given(st.text(max_size=300))
def test_cleaning_what_is_clean_changes_nothing(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<a href='/x'>l</a>", '<a href="https://news.example/x" rel="noopener">l</a>'),
        ("<a href='y?a=1&amp;b=2#f'>l</a>", '<a href="https://news.example/read/1/y?a=1&amp;b=2#f" rel="noopener">l</a>'),
        ("<a href='//cdn.example/x'>l</a>", '<a href="https://cdn.example/x" rel="noopener">l</a>'),
        ("<a href='mailto:a@b.example'>l</a>", '<a rel="noopener">l</a>'),
        ("<img src='/a.jpg' alt='x' class='y' width='3'>", '<img src="https://news.example/a.jpg" alt="x" width="3">'),
        ("<img data-src='/a.jpg' src='/blank.gif'>", '<img src="https://news.example/a.jpg">'),
        ("<img data-original='/a.jpg'>", '<img src="https://news.example/a.jpg">'),
        ("<img srcset='/s.jpg 100w, /l.jpg 900w' alt='x'>", '<img src="https://news.example/l.jpg" alt="x">'),
        ("<img src='/a.jpg' srcset='/l.jpg 2x'>", '<img src="https://news.example/a.jpg">'),
        ("<img src='data:image/gif;base64,R0' alt='x'>", ""),
        ("<p>a</p><p>&nbsp;</p><p><br></p><p> </p><div><p></p></div><p>b</p>", "<p>a</p><p>b</p>"),
        ("<p>a<span style='display: none'>x</span><span id='sceditor-end-marker'> </span></p>", "<p>a</p>"),
        ("<p>a <span class='x'>b</span></p>", "<p>a b</p>"),
        ("<form><p>a</p><input value='x'></form>", "<p>a</p>"),
        ("<p>a<!-- c -->b</p>", "<p>ab</p>"),
        ("<p>a\x01b\x85c\ufffe&#x1;d</p>", "<p>abcd</p>"),
        ("5 < 6 & 7", "5 &lt; 6 &amp; 7"),
        (
            "<h2>a</h2><ul><li>b</li></ul><table><tr><td>c</td></tr></table>",
            "<h2>a</h2><ul><li>b</li></ul><table><tbody><tr><td>c</td></tr></tbody></table>",
        ),
        ("<p>unclosed <b>bold", "<p>unclosed <b>bold</b></p>"),
    ],
)  # fmt: skip
def test_what_is_kept_and_how(markup: str, expected: str) -> None:
    assert clean(markup) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>a</p><p>b</p>", "a b"),
        ("a<br>b", "a b"),
        ("a<b>b</b>c", "abc"),
        ("5 &lt; 6 &amp;amp; 7", "5 < 6 &amp; 7"),
        ("I <3 you", "I <3 you"),
        ("a<script>x</script>b<style>y</style>", "ab"),
        ("  a \n\t b\u00a0c ", "a b c"),
        ("a\x00\x1f\ud800\u200bb", "ab"),
        ("<a href='x'>a</a> &eacute;", "a é"),
        ("", ""),
    ],
)
def test_the_words_of_html(markup: str, expected: str) -> None:
    assert to_text(markup) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Harga < 5 & > 3", "Harga < 5 & > 3"),
        ("a &amp; b &#8217;c&#8217;", "a & b ’c’"),
        ("<b>a</b> <i class='x'>b</i>", "a b"),
        ("a <unknown> b", "a <unknown> b"),
        ("List<String> in <code>x</code>", "List<String> in x"),
        (" a\n b ", "a b"),
        ("if a <b then", "if a <b then"),
    ],
)
def test_titles_are_plain_text(text: str, expected: str) -> None:
    assert title_text(text) == expected


def test_lengths_are_bounded() -> None:
    assert plain_text("kata " * 1000, 20) == "kata kata kata kata…"
    assert len(plain_text("x" * 1_000_000, 500)) == 500
    assert shortened("abc", 3) == "abc"
    assert len(to_text("<p>" + "kata " * 100_000, 1000)) <= 1000


@given(st.text(max_size=600), st.integers(10, 100))
def test_plain_text_is_one_legal_line(text: str, limit: int) -> None:
    line = plain_text(text, limit)
    assert len(line) <= limit
    assert line == " ".join(line.split())
    assert not any(
        character < " " or "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff"
        for character in line
    )


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("x", "https://news.example/read/1/x"),
        ("", None),
        ("  https://a.example/b c ", "https://a.example/b%20c"),
        ("HTTPS://A.example/x", "https://A.example/x"),
        ('https://a.example/<b>"', "https://a.example/%3Cb%3E%22"),
        ("https://[::1", None),
        ("https:///nohost", None),
        ("https://a.example:99999/", None),
        ("https://a.example:54321/x", "https://a.example:54321/x"),
        ("https://a.example:65535?x", "https://a.example:65535?x"),
        ("https://a.example:65536/", None),
        ("https://a.example:0/", None),
        ("https://a.example:/x", "https://a.example:/x"),
        ("ftp://a.example/", None),
        ("file:///etc/passwd", None),
        ("https://a.example/" + "x" * 5000, None),
        ("https://a.example/é", "https://a.example/é"),
        ("https://a.example/a\nb", "https://a.example/ab"),
    ],
)
def test_addresses(reference: str, url: str | None) -> None:
    assert absolute_url(BASE, reference) == url


@pytest.mark.parametrize(
    ("text", "number"),
    [("640", 640), ("640px", 640), ("100%", None), ("0", None), ("", None), ("9" * 30, None), ("²", None)],
)
def test_sizes(text: str, number: int | None) -> None:
    assert whole_number(text) == number


def test_the_first_picture() -> None:
    assert (
        first_image(
            '<p>a</p><img alt="x" src="https://a.example/?a=1&amp;b=2"><img src="https://b.example/">'
        )
        == "https://a.example/?a=1&b=2"
    )
    assert first_image("<p>a</p>") is None


def test_one_site() -> None:
    assert same_site("https://www.a.example/x", "http://m.a.example/y")
    assert not same_site("https://b.a.example/", "https://a.example/")
    assert not same_site("https://[", "https://a.example/")


HEAVY = {
    "nested": "<div>" * 200_000,
    "formatting": "".join(f"<b a={number}>" for number in range(30_000)) + "<p>" * 30_000,
    "through tables": "<div><table><tr><td></div></table>" * 20_000,
    "references": "&" * 400_000,
    "attributes": "<p " + " ".join(f"a{number}=1" for number in range(100_000)) + ">",
    "attributes without spaces": "<p " + "/".join(f"a{number}" for number in range(100_000)) + ">",
}


@pytest.mark.parametrize("name", HEAVY)
@pytest.mark.timeout(60)
def test_what_would_take_a_parser_long_is_refused(name: str) -> None:
    began = time.process_time()
    assert parsing_steps(HEAVY[name]) > MAX_STEPS
    with pytest.raises(ValueError, match="its HTML"):
        check_weight(HEAVY[name])
    assert time.process_time() - began < 2


LIGHT = {
    "paragraphs": "<p>a <b>b</b> <a href='/x'>c</a> " * 3_000,
    "open items": "<ul>" + "<li>a" * 4_000 + "</ul>",
    "words": "kata " * 90_000,
    "a big picture": "<img src='data:image/png;base64," + "A" * 400_000 + "'>",
}


@pytest.mark.parametrize("name", LIGHT)
@pytest.mark.timeout(60)
def test_long_honest_html_is_light(name: str) -> None:
    assert parsing_steps(LIGHT[name]) < MAX_STEPS / 50
    began = time.process_time()
    clean(LIGHT[name])
    assert time.process_time() - began < 2


@given(st.lists(st.sampled_from(("<b>", "</b>", "<p", "<td>", "</", "&", " x=1", "kata ")), max_size=300))
def test_a_bound_of_what_parsing_takes_is_no_less_than_it(parts: list[str]) -> None:
    for markup in ("".join(parts), "".join(parts) * 60):
        assert most_steps(markup, markup.count("<")) >= parsing_steps(markup)


@pytest.mark.parametrize("name", [*HEAVY, *LIGHT])
def test_a_bound_of_what_parsing_long_html_takes_is_no_less_than_it(name: str) -> None:
    markup = {**HEAVY, **LIGHT}[name]
    assert min(most_steps(markup, markup.count("<")), MAX_STEPS) >= min(parsing_steps(markup), MAX_STEPS)


@pytest.mark.parametrize(
    "part",
    [
        "<", "<a", "<img ", "<span ", "<p> ", "&nbsp;", "<p>&nbsp;", "<!--", "<img data-src ",
        "<img srcset=', ", "</p>", "<x/", "&",
    ],
)  # fmt: skip
@pytest.mark.timeout(60)
def test_no_expression_of_ours_is_quadratic(part: str) -> None:
    markup = part * (400_000 // len(part))
    began = time.process_time()
    weight(markup)
    title_text(markup)
    if parsing_steps(markup) <= MAX_STEPS:
        clean(markup)
        to_text(markup)
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    ("tag", "attributes"),
    [
        (f"<p data-page='{'kata ' * 5_000}'>", 1),
        (f'<p a="1" data-page="{"kata " * 5_000}" b>', 3),
        ("<p " + 'a="1"b="2"' * 5_000 + ">", 10_000),
        (f'<p x=y="{"a " * 5_000}">', 5_001),
        (f'<p ="{"a " * 5_000}">', 5_001),
        (f'<p x=="{"a " * 5_000}">', 5_001),
        (f'<p x="{"a " * 5_000}', 5_001),
        ("<p " + "/a" * 5_000 + ">", 5_000),
    ],
)
def test_attributes_are_counted_as_the_tokenizer_takes_them(tag: str, attributes: int) -> None:
    assert weight(tag).attributes == attributes
