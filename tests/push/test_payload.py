import json
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from push.push_values import NOON, SITE, article, event

from syndicator.model.article import (
    Article,
    ChangeSize,
    Enclosure,
    Photo,
    Placement,
    RelatedLink,
    Revised,
)
from syndicator.model.event import ARTICLE_EVENTS, Event, EventType
from syndicator.model.ids import StoryId
from syndicator.push import payload as bodies
from syndicator.push.payload import MAX_BODY_BYTES

FIELDS = [
    "id",
    "url",
    "title",
    "lead",
    "content_html",
    "quote",
    "authors",
    "published_at",
    "updated_at",
    "images",
    "enclosures",
    "section",
    "tags",
    "language",
    "source",
    "story_id",
    "related",
    "correction",
]  # fmt: skip


def payload(told: Event, about: Article | None, story: StoryId | None = None) -> bytes:
    return bodies.payload(told, about, story, site=SITE)


def decoded(**fields: Any) -> dict[str, Any]:
    body = payload(event(), article(**fields))
    assert len(body) < MAX_BODY_BYTES
    told: dict[str, Any] = json.loads(body)
    return told


def test_the_whole_body_is_frozen() -> None:
    assert payload(event(), article()).decode() == (
        '{"type":"article.updated","timestamp":"2026-05-04T12:00:00Z","data":{'
        '"event_id":"evt_abcdefghijklmnopqrstuvwxyz","revision":2,"change":null,"article":{'
        '"id":"abcdefghijklmnop","url":"https://beritakota.example/banjir","title":"Banjir di Jakarta",'
        '"lead":"Air naik.","content_html":"<p>Air naik sejak pagi.</p>","quote":"“Kami siap.”",'
        '"authors":["Ani","Budi"],"published_at":"2026-05-04T12:00:00Z","updated_at":"2026-05-04T12:00:00Z",'
        '"images":[{"url":"https://beritakota.example/1.jpg","caption":"Air","credit":"Ani",'
        '"media_type":null,"width":800,"height":null,"length_bytes":null}],"enclosures":[],"section":"Kota","tags":["banjir"],"language":"id",'
        '"source":"beritakota","story_id":"abcdefghijklmnop","related":[],"correction":null}}}'
    )


def test_the_same_event_gives_the_same_bytes() -> None:
    assert payload(event(), article()) == payload(event(), article())


def test_instants_are_utc_wherever_they_come_from() -> None:
    jakarta = NOON.astimezone(timezone(timedelta(hours=7)))
    told = json.loads(payload(event(at=jakarta), article(published_at=jakarta, updated_at=jakarta)))
    assert told["timestamp"] == "2026-05-04T12:00:00Z"
    assert (
        told["data"]["article"]["published_at"] == told["data"]["article"]["updated_at"] == told["timestamp"]
    )


@pytest.mark.parametrize("kind", ARTICLE_EVENTS)
def test_the_type_is_the_events(kind: EventType) -> None:
    assert json.loads(payload(event(type=kind), article()))["type"] == kind.value


def test_what_is_not_known_is_null_or_empty_but_there() -> None:
    told = decoded(
        quote=None, section=None, language=None, authors=(), photos=(), tags=(), lead="", body_html=""
    )
    bare = told["data"]["article"]
    assert list(bare) == FIELDS
    assert (bare["quote"], bare["section"], bare["language"]) == (None, None, None)
    assert (bare["authors"], bare["images"], bare["enclosures"], bare["tags"]) == ([], [], [], [])


def test_a_long_article_comes_without_its_body() -> None:
    told = decoded(body_html="<p>é</p>" * 4000)
    long = told["data"]["article"]
    assert long["content_html"] is None
    assert long["truncated"] is True
    assert long["lead"] == "Air naik."
    assert long["images"]
    assert "truncated" not in decoded()["data"]["article"]


def test_an_article_that_is_long_elsewhere_comes_thin() -> None:
    photos = tuple(Photo(url=f"https://beritakota.example/{number}.jpg") for number in range(2000))
    audio = (Enclosure(url="https://beritakota.example/1.mp3"),)
    thin = decoded(photos=photos, enclosures=audio, quote="q" * 9000, lead="é" * 9000)["data"]["article"]
    assert list(thin) == [*FIELDS, "truncated"]
    assert thin["lead"] == "é" * 500
    assert (thin["images"], thin["quote"], thin["tags"], thin["related"]) == ([], None, [], [])
    assert thin["enclosures"] == []
    assert thin["url"] == "https://beritakota.example/banjir"


def test_recordings_are_told() -> None:
    audio = Enclosure(url="https://beritakota.example/1.mp3", media_type="audio/mpeg", length_bytes=99)
    told = decoded(enclosures=(audio,))["data"]["article"]["enclosures"]
    assert told == [
        {"url": "https://beritakota.example/1.mp3", "media_type": "audio/mpeg", "length_bytes": 99}
    ]


def test_related_articles_are_told() -> None:
    inline = RelatedLink(url="https://beritakota.example/lama", title="Lama", placement=Placement.INLINE)
    told = decoded(related=(inline,))["data"]["article"]["related"]
    assert told == [{"url": "https://beritakota.example/lama", "title": "Lama", "placement": "inline"}]


def test_the_bound_is_just_met() -> None:
    spare = MAX_BODY_BYTES - 1 - len(payload(event(), article(body_html="")))
    assert "truncated" not in decoded(body_html="x" * spare)["data"]["article"]
    assert decoded(body_html="x" * (spare + 1))["data"]["article"]["truncated"] is True


def test_a_revision_tells_how_it_differs() -> None:
    change = Revised(
        size=ChangeSize.MAJOR,
        words_changed=0.021,
        words_added=3,
        words_removed=2,
        title_changed=False,
        figures_changed=True,
        fields=("body",),
    )
    told = decoded(revised=change, correction="Ralat: 12 orang, bukan 21.")
    assert told["data"]["change"] == {
        "size": "major",
        "words_changed": 0.021,
        "title_changed": False,
        "figures_changed": True,
        "fields": ["body"],
    }
    assert told["data"]["article"]["correction"] == "Ralat: 12 orang, bukan 21."


def test_a_withdrawal_tells_which_and_why_and_nothing_that_it_said() -> None:
    gone = event(type=EventType.ARTICLE_WITHDRAWN, reason="atas permintaan portal")
    audio = (Enclosure(url="https://beritakota.example/1.mp3"),)
    told = json.loads(payload(gone, article(correction="Ralat: x", enclosures=audio)))["data"]
    assert told["reason"] == "atas permintaan portal"
    bare = told["article"]
    assert list(bare) == FIELDS
    assert (bare["id"], bare["url"]) == (article().id, article().url)
    assert (bare["title"], bare["lead"], bare["content_html"], bare["quote"]) == ("", "", None, None)
    assert (bare["authors"], bare["images"], bare["section"], bare["correction"]) == ([], [], None, None)
    assert bare["enclosures"] == []
    assert "reason" not in json.loads(payload(event(), article()))["data"]


@given(
    title=st.text(st.characters(exclude_categories=["Cs"]), max_size=3000),
    body=st.text(st.characters(exclude_categories=["Cs"]), max_size=30_000),
    tags=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), max_size=200),
)
def test_every_article_fits(title: str, body: str, tags: list[str]) -> None:
    told = decoded(title=title, body_html=body * 3, tags=tuple(tags))
    assert title.startswith(told["data"]["article"]["title"])


def test_articles_of_one_story_name_it() -> None:
    told = json.loads(payload(event(), article(), StoryId("anotherarticleid")))
    assert told["data"]["article"]["story_id"] == "anotherarticleid"
