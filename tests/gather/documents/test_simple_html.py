"""What is known of simple HTML without parsing is what the parser makes of it."""

from random import Random

import pytest

from syndicator.gather.documents.html import HtmlCleaner
from syndicator.gather.documents.simple_html import cleaned_if_simple

_HOSTS = (
    "portal.example", "a", "a.1", "a.0x1", "1", "1.2.3.4", "1.2.3", "1.2.3.400", "01.2.3.4", "1.2.3.09",
    "255.255.255.255", "127.0.0.1:8080", "a.b:59999", "a.b:65536", "xn--a.id", "xn--80ak6aa92e.com", "a.xn--b",
    "a--b.c", "-a.b", "a-.b-", "a..b", "..", "A.b", "a_b.c", "user@a.b", "[::1]",
)  # fmt: skip
_PATHS = (
    "",
    "/",
    "/a-b/1.html",
    "/?a=b#c",
    "/[",
    "/a%20b",
    "/%zz",
    "?a&b",
    "/a b",
    "/\u00e9",
    "/'(x)*+,;=@!$",
)
_TEXTS = (
    "kata, kata.", " ", "\n", "\t", "\"q\" 'a'", "\u00e9 \u2014", "\u2003", "\u2028", "\xa0", "\r\n", "\x0c", "\x00",
    "\ufeff", "\u200b", "\ud800", "\U0001f600", "&amp;", "&#60;", "&", "x > y", "x < y", "5/>", " />", "",
)  # fmt: skip
_TAGS = ("p", "b", "i", "em", "strong", "h2", "h3", "h4", "figure", "figcaption", "div", "li", "script", "P")
_IMAGES = (
    'alt="Foto" width="6" height="4"',
    'alt=""',
    'alt="a /"',
    "alt='x'",
    'width="6%"',
    'onerror="x"',
    "",
)


def _inline(rng: Random, depth: int = 0) -> str:
    kind = rng.randrange(6 if depth < 2 else 4)
    if kind <= 1:
        return rng.choice(_TEXTS[:7] if rng.random() < 0.9 else _TEXTS)
    if kind == 2:
        return rng.choice(("<br>", "<br/>", "<br />", "</br>", "<br class>", "<!-- -->"))
    if kind == 3:
        return f'<img src="{_url(rng)}" {rng.choice(_IMAGES)}{rng.choice(("", "/", " /"))}>'.replace(
            " >", ">"
        )
    if kind == 4:
        return f'<a href="{_url(rng)}">{_inline(rng, depth + 1)}</a>'
    tag = rng.choice(_TAGS[1:5])
    return f"<{tag}>{_inline(rng, depth + 1)}</{tag}>"


def _url(rng: Random) -> str:
    # Most are plain: of several that are not, the text would never be simple.
    if rng.random() < 0.5:
        return "https://portal.example/a.jpg"
    return f"{rng.choice(('http', 'https'))}://{rng.choice(_HOSTS)}{rng.choice(_PATHS)}"


def _markup(rng: Random) -> str:
    pieces = []
    for _ in range(rng.randrange(1, 4)):
        inside = "".join(_inline(rng) for _ in range(rng.randrange(4)))
        tag = rng.choice(_TAGS if rng.random() < 0.2 else ("p", "h2", "figure"))
        closing = tag if rng.random() < 0.95 else rng.choice(_TAGS)
        pieces.append(inside if rng.random() < 0.2 else f"<{tag}>{inside}</{closing}>")
    return "".join(pieces)


def test_simple_html_is_cleaned_as_by_the_parser() -> None:
    rng, simple = Random(7), 0
    cleaner = HtmlCleaner("https://portal.example/")
    for _ in range(20_000):
        markup = _markup(rng)
        known = cleaned_if_simple(markup)
        if known is None:
            continue
        simple += 1
        # A comment is left out, and has the parser clean the rest.
        assert known.strip() == cleaner.clean(f"{markup}<!-- -->"), markup
        assert cleaner.clean(markup) == known.strip()
    assert simple > 1_000


@pytest.mark.parametrize(
    "markup",
    [
        "<p></p>",
        "<p> <br></p>",
        "<p>a<p>b</p></p>",
        "<b>a<i>b</b></i>",
        '<a href="javascript:alert(1)">a</a>',
        '<a href="/relative">a</a>',
        '<a href="http://1.2.3.400/">a</a>',
        '<a href="https://a.b/" onclick="x()">a</a>',
        '<img src="https://a.b/c.jpg" onerror="x()">',
        "<script>a</script>",
        "a &amp; b",
        "a\u00a0b",
        "a\x00b",
        "a > b",
    ],
)
def test_what_is_not_simple_is_parsed(markup: str) -> None:
    assert cleaned_if_simple(markup) is None


def test_links_and_images_end_as_they_are_written_out() -> None:
    markup = '<p>a <a href="https://a.b/">b</a></p><figure><img src="https://a.b/c.jpg" alt="Foto"/></figure>'
    assert cleaned_if_simple(markup) == (
        '<p>a <a href="https://a.b/" rel="noopener">b</a></p>'
        '<figure><img src="https://a.b/c.jpg" alt="Foto"></figure>'
    )
