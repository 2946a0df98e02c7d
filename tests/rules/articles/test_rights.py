"""No output shows more of an article than its portal and its feed allow."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import NOON

from syndicator.model.article import Article, Enclosure, Photo, Provenance, RelatedLink
from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.rights import Content, Rights
from syndicator.rules.articles.rights import allowed, shortened, text_of

BODY = '<p>Isi <b>lengkap</b> &amp; panjang.</p><figure><img src="https://i.example/a.jpg"></figure>'


def article(**changes: Any) -> Article:
    values: dict[str, Any] = {
        "id": ArticleId("abcdefghijklmnop"),
        "revision": 1,
        "source": SourceId("wire"),
        "url": "https://wire.example/1",
        "title": "Judul",
        "lead": "Satu dua tiga empat lima.",
        "body_html": BODY,
        "quote": "Kutipan.",
        "correction": "Ralat: bukan dua.",
        "authors": ("Sari",),
        "tags": ("banjir",),
        "photos": (Photo(url="https://i.example/b.jpg"),),
        "enclosures": (Enclosure(url="https://i.example/b.mp3"),),
        "related": (RelatedLink(url="https://wire.example/2", title="Lain"),),
        "published_at": NOON,
        "first_seen_at": NOON,
        "updated_at": NOON,
        "listed_at": NOON,
        "content_hash": "x",
        "provenance": Provenance(source=SourceId("wire"), requested_url="x", fetched_at=NOON),
    }
    return Article(**(values | changes))


def test_whose_portal_asks_for_nothing_is_shown_as_it_is() -> None:
    whole = article()
    assert allowed(whole, Rights()) is whole


def test_a_summary_is_the_lead_without_text_and_quote() -> None:
    shown = allowed(article(), Rights(content=Content.SUMMARY))
    assert (shown.lead, shown.body_html, shown.quote) == ("Satu dua tiga empat lima.", "", None)
    assert shown.photos
    assert shown.correction


def test_a_summary_without_a_lead_is_the_beginning_of_the_text() -> None:
    shown = allowed(article(lead=""), Rights(content=Content.SUMMARY, excerpt=14))
    assert shown.lead == "Isi lengkap…"


def test_a_headline_has_neither_text_nor_picture_but_says_where_to_read() -> None:
    whole = article()
    shown = allowed(whole, Rights(content=Content.HEADLINE))
    assert (shown.lead, shown.body_html, shown.quote, shown.photos, shown.correction) == (
        "",
        "",
        None,
        (),
        None,
    )
    kept = ("id", "url", "title", "authors", "tags", "published_at", "updated_at", "related", "source")
    assert all(getattr(shown, name) == getattr(whole, name) for name in kept)


@pytest.mark.parametrize("granted", Content)
def test_recordings_belong_to_the_whole_article(granted: Content) -> None:
    shown = allowed(article(), Rights(content=granted, images=False))
    assert bool(shown.enclosures) is (granted is Content.FULL)


def test_pictures_are_left_out_beside_and_inside_the_text() -> None:
    shown = allowed(article(), Rights(images=False))
    assert shown.photos == ()
    assert shown.body_html == "<p>Isi <b>lengkap</b> &amp; panjang.</p>"


@pytest.mark.parametrize("choice", Content)
@pytest.mark.parametrize("granted", Content)
def test_a_feed_shows_less_if_it_likes_and_never_more(granted: Content, choice: Content) -> None:
    shown = allowed(article(), Rights(content=granted), choice)
    assert bool(shown.body_html) == (granted is choice is Content.FULL)
    assert bool(shown.lead) == (Content.HEADLINE not in {granted, choice})


@given(
    lead=st.text(max_size=80),
    body=st.text(max_size=80),
    rights=st.builds(
        Rights,
        content=st.sampled_from(Content),
        excerpt=st.none() | st.integers(1, 60),
        images=st.booleans(),
    ),
    choice=st.sampled_from(Content),
)
def test_what_is_shown_twice_is_shown_alike_and_within_bounds(
    lead: str, body: str, rights: Rights, choice: Content
) -> None:
    once = allowed(article(lead=lead, body_html=body), rights, choice)
    assert allowed(once, rights, choice) == once
    if not once.body_html and rights.excerpt is not None:
        assert len(once.lead) <= rights.excerpt or rights.content is choice is Content.FULL


def test_texts_are_cut_between_words() -> None:
    assert shortened("satu dua tiga empat", 12) == "satu dua…"
    assert shortened("satu", 12) == "satu"
    assert shortened("x" * 20, 5) == "xxxx…"
    assert text_of("<p>a&amp;b</p><p>c<br>d</p>") == "a&b c d"
