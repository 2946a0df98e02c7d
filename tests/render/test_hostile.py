"""Whatever one article holds, the feed stays well formed and the other articles are untouched."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from render.render_values import NOON, article, entry, snapshot

from syndicator.model.article import Photo
from syndicator.model.feed import Format, Origin
from syndicator.model.ids import SourceId
from syndicator.render import render
from syndicator.render.text import legal, line

POISON: dict[str, dict[str, Any]] = {
    "control characters": {"title": "a\x00b\x0bc\x1f", "body_html": "<p>\x08x</p>", "authors": ("\x01",)},
    "lone surrogates": {"title": "a\ud800b", "lead": "\udfff", "tags": ("\udc00",), "section": "\ud800"},
    "noncharacters": {"title": "a\ufffeb\uffff", "quote": "\ufffe"},
    "nothing to show": {"title": "", "lead": "", "body_html": "", "authors": ("",), "tags": ("", " ")},
    "no usable link": {"url": "javascript:alert(1)", "photos": (Photo(url="data:x"), Photo(url=""))},
    "broken link": {"url": "https://[::1/\x00%zz ü"},
    "end of CDATA": {"title": "]]>", "body_html": "<p>]]></p>", "quote": "]]>"},
    "markup in titles": {"title": "<script>alert(1)</script><!-- &#0; &bogus;"},
    "a date without a zone": {"published_at": datetime(2026, 1, 1), "updated_at": datetime(2026, 1, 2)},  # noqa: DTZ001
    "an ancient date": {"published_at": NOON.replace(year=1), "updated_at": NOON.replace(year=1)},
    "broken HTML": {"body_html": '<p><b><img src="https://img.berita.example/0.jpg?w=800&h=450"<i></p></p>'},
    "deep HTML": {
        "body_html": "<div>" * 5000 + '<img src="https://img.berita.example/0.jpg?w=800&amp;h=450">'
    },
    "an odd language": {"language": 'x" y\x00'},
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
def test_a_poisoned_article_costs_the_others_nothing(poison: dict[str, Any]) -> None:
    clean, other = article(1), article(2)
    alone = json.loads(render(snapshot(clean, other), Format.JSON).body)["items"]
    feed = snapshot(clean, article(0, **poison), other)
    items = json.loads(render(feed, Format.JSON).body)["items"]
    assert [items[0], items[2]] == alone
    assert items[1]["url"].startswith("https://")
    assert items[1]["title"]
    assert len(etree.fromstring(render(feed, Format.RSS).body).findall(".//item")) == 3
    atom = etree.fromstring(render(feed, Format.ATOM).body)
    assert len(atom.findall("{http://www.w3.org/2005/Atom}entry")) == 3


def test_an_origin_may_be_odd_too() -> None:
    odd = Origin(id=SourceId("x"), title="\x00", home_url="not a url", feed_url="\ud800")
    feed = snapshot(entries=(entry(article(0), origin=odd),))
    for form in (Format.RSS, Format.ATOM):
        etree.fromstring(render(feed, form).body)
    (item,) = json.loads(render(feed, Format.JSON).body)["items"]
    assert item["_source"] == {"id": "x", "title": "x", "url": article(0).url}


@given(text=st.text(), more=st.text(alphabet="<>&]'\"\x00\ud800\ufffe \n\té😀"))
def test_any_text_comes_back_as_it_was(text: str, more: str) -> None:
    title = "x" + text + more
    feed = snapshot(article(0, title=title, body_html="<p>x</p>", quote=more, lead=text))
    rss = etree.fromstring(render(feed, Format.RSS).body)
    assert rss.findtext(".//item/title") == line(title)
    (item,) = json.loads(render(feed, Format.JSON).body)["items"]
    assert item["title"] == line(title)
    encoded = rss.findtext(".//{http://purl.org/rss/1.0/modules/content/}encoded")
    assert encoded == item["content_html"] == legal(item["content_html"])


def test_a_feed_has_a_bound() -> None:
    heavy = [article(number, body_html=f"<p>{'x' * 1_000_000}</p>") for number in range(5)]
    items = json.loads(render(snapshot(*heavy), Format.JSON).body)["items"]
    assert ["content_html" in item for item in items] == [True, True, True, False, False]
    assert all(item.get("content_text", "x") for item in items)
