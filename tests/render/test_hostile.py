"""Whatever one article holds, the feed stays well formed and the other articles are untouched."""

import json
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from render.render_values import NOON, article, entry, snapshot

from syndicator.model.article import Enclosure, Photo, RelatedLink
from syndicator.model.feed import AlsoAt, EntryPopularity, FeedEntry, FeedSnapshot, Format, Origin
from syndicator.model.ids import SourceId
from syndicator.model.rights import Rights
from syndicator.render import render
from syndicator.render.text import legal, line

POISON: dict[str, dict[str, Any]] = {
    "control characters": {"title": "a\x00b\x0bc\x1f", "body_html": "<p>\x08x</p>", "authors": ("\x01",)},
    "lone surrogates": {"title": "a\ud800b", "lead": "\udfff", "tags": ("\udc00",), "section": "\ud800"},
    "noncharacters": {"title": "a\ufffeb\uffff", "quote": "\ufffe"},
    "nothing to show": {"title": "", "lead": "", "body_html": "", "authors": ("",), "tags": ("", " ")},
    "no usable link": {"url": "javascript:alert(1)", "photos": (Photo(url="data:x"), Photo(url=""))},
    "odd files": {
        "enclosures": (Enclosure(url="data:x", media_type="\x00"), Enclosure(url="https://x.example/\ud800"))
    },
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


def entries_of(of: FeedSnapshot, form: Format) -> list[Any]:
    """Give each entry as it stands there, read by a strict parser; the document must be well formed."""
    body = render(of, form).body
    if form is Format.JSON:
        return list(json.loads(body)["items"])
    if form is Format.NINJS:
        return list(json.loads(body)["associations"])
    tree: Any = etree.fromstring(body)
    return [
        etree.tostring(one, with_tail=False)
        for one in tree.iter("item", "{http://www.w3.org/2005/Atom}entry")
    ]


CLEAN, OTHER = article(1, quote="Kami <b>menunggu</b>."), article(2)


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
def test_a_poisoned_article_costs_the_others_nothing(poison: dict[str, Any], form: Format) -> None:
    first, odd, last = entries_of(snapshot(CLEAN, article(0, **poison), OTHER), form)
    assert [first, last] == entries_of(snapshot(CLEAN, OTHER), form)
    assert odd


ODD_TEXT = st.text(max_size=60) | st.sampled_from(
    [
        "]]>",
        "<p>",
        "</p></div>",
        "<![CDATA[",
        "&bogus;",
        "&#0;",
        "\x00\x0b",
        "\ud800",
        "\ufffe",
        "\u202eabc",
        "😀" * 9,
        "\r\n",
        "",
    ]
)
ODD_BODY = st.lists(
    ODD_TEXT
    | st.sampled_from(["<div>" * 300, "<table><tr>", "<img src=x>", "<!--", "<a href='", "<p>wajar</p>"]),
    max_size=5,
).map("".join)
ODD_URL = ODD_TEXT | st.sampled_from(
    ["https://[::1", "http://", "//x", "https://x.example/\x00 \ud800?a=<&", "tel:1"]
)
ODD_DATE = st.datetimes() | st.datetimes(timezones=st.timezones() | st.just(timezone(timedelta(hours=14))))
POISONED = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("title", "lead", "quote", "section", "language", "correction"), ODD_TEXT),
        **dict.fromkeys(("authors", "tags"), st.lists(ODD_TEXT, max_size=3).map(tuple)),
        **dict.fromkeys(("published_at", "updated_at", "first_seen_at"), ODD_DATE),
        "body_html": ODD_BODY,
        "url": ODD_URL,
        "enclosures": st.sampled_from(((), (Enclosure(url="https://x.example/\x00", length_bytes=-1),))),
        "photos": st.lists(
            st.builds(
                Photo,
                url=ODD_URL,
                caption=ODD_TEXT,
                credit=ODD_TEXT,
                media_type=ODD_TEXT,
                width=st.integers(),
            ),
            max_size=2,
        ).map(tuple),
        "related": st.lists(st.builds(RelatedLink, url=ODD_URL, title=ODD_TEXT), max_size=2).map(tuple),
    },
)
ODD_ORIGIN = st.builds(
    Origin,
    id=ODD_TEXT,
    title=ODD_TEXT,
    home_url=ODD_URL,
    feed_url=st.none() | ODD_URL,
    rights=st.builds(Rights, statement=st.none() | ODD_TEXT, license_url=st.none() | ODD_URL),
)


@settings(max_examples=60)
@given(poison=POISONED, origin=ODD_ORIGIN, views=st.none() | st.integers(), also=POISONED)
def test_whatever_one_article_holds_the_others_stay_as_they_are(
    poison: dict[str, Any], origin: Origin, views: int | None, also: dict[str, Any]
) -> None:
    bad = FeedEntry(
        article=article(0, **poison),
        origin=origin,
        popularity=EntryPopularity(rank=1, score=float("nan"), views=views, comments=views),
        also_at=(AlsoAt(article=article(7, **also), origin=origin),),
    )
    feed = snapshot(entries=(entry(CLEAN), bad, entry(OTHER)))
    for form in Format:
        first, odd, last = entries_of(feed, form)
        assert [first, last] == ALONE[form]
        assert odd
    told = document(feed)
    rss: Any = etree.fromstring(render(feed, Format.RSS).body).findall(".//item")[1]
    assert rss.findtext("guid") == told["id"]
    assert rss.findtext("title") == told["title"]
    assert rss.findtext("link") == told["url"]
    assert parsedate_to_datetime(rss.findtext("pubDate")) == datetime.fromisoformat(told["date_published"])


ALONE = {form: entries_of(snapshot(CLEAN, OTHER), form) for form in Format}


def document(of: FeedSnapshot) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(render(of, Format.JSON).body)["items"][1]
    return told


@pytest.mark.parametrize("form", Format)
def test_an_endless_article_takes_no_place_from_others(form: Format) -> None:
    endless = article(
        0,
        title="judul " * 180_000,
        lead="x" * 3_000_000,
        quote="y" * 3_000_000,
        body_html=f"<p>{'z' * 3_000_000}</p>",
        tags=tuple(f"t{number}" for number in range(2_000)),
        authors=tuple(f"a{number}" for number in range(2_000)),
        related=tuple(RelatedLink(url=f"https://x.example/{n}", title="w" * 5000) for n in range(2_000)),
        photos=tuple(Photo(url=f"https://x.example/{n}.jpg", caption="v" * 9000) for n in range(2_000)),
        enclosures=tuple(Enclosure(url=f"https://x.example/{n}.mp3") for n in range(2_000)),
    )
    feed = snapshot(endless, CLEAN)
    assert len(render(feed, form).body) < 1_500_000
    assert entries_of(feed, form)[1] == entries_of(snapshot(CLEAN), form)[0]


def test_an_origin_may_be_odd_too() -> None:
    odd = Origin(id=SourceId("x"), title="\x00", home_url="not a url", feed_url="\ud800")
    feed = snapshot(entries=(entry(article(0), origin=odd),))
    for form in (Format.RSS, Format.ATOM):
        etree.fromstring(render(feed, form).body)
    (item,) = json.loads(render(feed, Format.JSON).body)["items"]
    assert item["_syndicator"]["source"] == {"id": "x", "title": "x", "url": article(0).url}


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


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("piece", ["x", "ж", "<br>", "&amp;", "日本"])
def test_no_feed_is_larger_than_readers_take(piece: str, form: Format) -> None:
    body = piece * (300_000 // len(piece))
    heavy = [article(number, body_html=f"<p>{body}</p>") for number in range(12)]
    of = snapshot(*heavy, article(12))
    assert len(render(of, form).body) < 3 * 2**20
    items = json.loads(render(of, Format.JSON).body)["items"]
    assert len(items) == 13
    shown = ["content_html" in item for item in items]
    assert shown[0]
    assert not all(shown)
    assert shown[12], "what is small finds room behind what is not"
    assert all(item.get("content_html") or item.get("content_text") for item in items)
