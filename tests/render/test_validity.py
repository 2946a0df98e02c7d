"""No feed gives a validator anything to complain of."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from lxml import etree
from msgspec.structs import replace
from render.feed_checks import FAULTS, opml_faults
from render.render_values import NOON, SITE, article, full_snapshot, snapshot
from render.test_hostile import POISONED

from syndicator.gather.documents.html_cleaning import HtmlCleaner
from syndicator.model.feed import FeedSnapshot, Format
from syndicator.render import render, render_opml

XML = (Format.RSS, Format.ATOM)


def faults(of: FeedSnapshot, form: Format) -> list[str]:
    return FAULTS[form.value](render(of, form).body, of.feed_url(form))


def plain(of: FeedSnapshot) -> FeedSnapshot:
    """Leave out the one headline that looks like markup on purpose: of that, validators warn."""
    entries = tuple(one for one in of.entries if "<" not in one.article.title)
    return replace(of, entries=entries)


AT_ONCE = snapshot(*(article(number, published_at=NOON, updated_at=NOON) for number in range(30)))


PUSHED = snapshot(
    article(0),
    site=replace(SITE, serves_hub=True, serves_rsscloud=True, external_hubs=("https://hub.example/",)),
    is_topic=True,
)
PAGED = snapshot(article(0), links=(("first", ""), ("next", "/page/2"), ("prev-archive", "/archive/3")))


@pytest.mark.parametrize("form", XML)
@pytest.mark.parametrize(
    "of",
    [
        plain(full_snapshot()),
        snapshot(),
        snapshot(article(0, lead="", body_html='<p><img src="https://i.example/x.png"></p>')),
        snapshot(article(0, title="", lead="", body_html="", authors=(), photos=(), tags=(), section=None)),
        AT_ONCE,
        PUSHED,
        PAGED,
    ],
    ids=["full", "empty", "picture alone", "bare", "all at once", "pushed", "paged"],
)
def test_there_is_neither_error_nor_warning(of: FeedSnapshot, form: Format) -> None:
    assert faults(of, form) == []


@pytest.mark.parametrize("form", XML)
@settings(max_examples=40)
@given(poison=POISONED)
@example(poison={"body_html": "<A HREF='¡href='>x</A>"})
@example(poison={"body_html": "<a href='https://x.example/café?q=é'>x</a>"})
def test_whatever_an_article_holds_only_its_words_are_warned_of(form: Format, poison: dict[str, Any]) -> None:
    poison = {name: value for name, value in poison.items() if name not in {"first_seen_at", "updated_at"}}
    cleaner = HtmlCleaner("https://berita.example/")  # what is stored was cleaned at the door
    body_html = cleaner.clean(poison.get("body_html", "").encode("utf-8", "replace").decode())
    found = faults(snapshot(article(1), article(0, **(poison | {"body_html": body_html}))), form)
    assert [one for one in found if not one.startswith("markup in")] == []


@pytest.mark.parametrize(
    ("form", "change", "told"),
    [
        (Format.RSS, ("<ttl>1</ttl>", "<x>1</x>"), "unknown element x"),
        (Format.RSS, ("</title>", " &lt;b&gt;</title>"), "markup in title"),
        (Format.RSS, ("Thu, 05 Nov", "Wed, 05 Nov"), "written oddly"),
        (Format.RSS, ('rel="self"', 'rel="me"'), "relation me"),
        (Format.RSS, ("latest.rss", "other.rss"), "own address"),
        (Format.RSS, ("&lt;p&gt;", "&lt;p onclick=''&gt;"), "onclick"),
        (Format.RSS, ('width="800"', 'width="0"'), "size 0"),
        (Format.ATOM, ("<published>2026", "<published>1926"), "cannot be"),
        (Format.ATOM, ("tag:feeds.example,2026:article/", "article/"), "no id"),
        (Format.ATOM, ('type="html"', 'type="CDATA"'), "type CDATA"),
        (Format.ATOM, ('rel="alternate"', 'rel="x"'), "relation x"),
    ],
)
def test_the_checks_can_fail(form: Format, change: tuple[str, str], told: str) -> None:
    of = snapshot(article(0))
    body = render(of, form).body.decode()
    assert change[0] in body
    found = FAULTS[form.value](body.replace(*change).encode(), of.feed_url(form))
    assert any(told in fault for fault in found), found


def test_the_list_of_feeds_has_no_fault_either() -> None:
    body = render_opml(SITE, [full_snapshot().spec], NOON - timedelta(days=1))
    assert opml_faults(body) == []
    assert opml_faults(body.replace(b"htmlUrl", b"html"))
    assert etree.fromstring(body).tag == "opml"
