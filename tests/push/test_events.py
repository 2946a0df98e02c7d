"""Every type of event: its schema is frozen, its sample keeps it."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from push.push_values import ID, NOON, SITE, article, event

from syndicator.errors import PushError
from syndicator.model.delivery import Payload
from syndicator.model.event import Event, EventType
from syndicator.model.ids import ArticleId, StoryId
from syndicator.push.catalogue import catalogue
from syndicator.push.payload import MAX_BODY_BYTES, payload
from syndicator.push.samples import sample
from syndicator.store.codec import pack, unpack

FROZEN = Path(__file__).with_name("event_schemas.json")


@pytest.mark.parametrize("kind", [*EventType, "digest"])
def test_a_sample_is_what_its_schema_says(kind: str) -> None:
    told = catalogue()[kind]
    check = Draft202012Validator(told.schema, format_checker=FormatChecker())
    Draft202012Validator.check_schema(told.schema)
    check.validate(told.sample)
    assert told.sample["type"] == kind == told.type
    del told.sample["data"]["digest_id" if kind == "digest" else "event_id"]
    with pytest.raises(ValidationError):
        check.validate(told.sample)


def test_the_schemas_are_frozen() -> None:
    """What is there stays; what is added is added to the file, by hand, in the same change."""
    types = {kind: one.schema for kind, one in catalogue().items()}
    objects = {name: part for schema in types.values() for name, part in schema.pop("$defs").items()}
    assert {"types": types, "objects": objects} == json.loads(FROZEN.read_text("utf-8"))


@pytest.mark.parametrize(
    "kind", [kind for kind in EventType if kind.family in {"feed", "source", "endpoint"}]
)
def test_an_event_of_no_article_comes_without_one(kind: EventType) -> None:
    assert "article" not in sample(kind)["data"]


class OtherType(StrEnum):
    """An event of a family that samples do not know."""

    WEATHER_CHANGED = "weather.changed"

    @property
    def family(self) -> str:
        return "weather"


def test_a_family_without_a_sample_is_refused() -> None:
    with pytest.raises(PushError, match="'weather' have no sample"):
        sample(cast("EventType", OtherType.WEATHER_CHANGED))


def told(level: Payload, **fields: Any) -> dict[str, Any]:
    body = payload(event(), article(**fields), site=SITE, level=level)
    assert len(body) < MAX_BODY_BYTES
    found: dict[str, Any] = json.loads(body)["data"]["article"]
    return found


def test_a_summary_has_no_text() -> None:
    full, summary = told(Payload.FULL), told(Payload.SUMMARY)
    assert full["content_html"]
    assert full["quote"]
    assert {name for name in full if full[name] != summary[name]} == {"content_html", "quote"}
    assert "truncated" not in summary


def test_a_thin_one_tells_which_it_is() -> None:
    thin = told(Payload.THIN, title="x" * 900)
    assert (thin["id"], thin["url"], thin["title"]) == (ID, article().url, "x" * 500)
    assert not any(thin[name] for name in ("content_html", "images", "tags", "authors"))
    assert thin["story_id"]
    assert "truncated" not in thin


def test_what_is_too_long_even_so_is_cut_and_says_so() -> None:
    assert told(Payload.SUMMARY, lead="é" * 30_000)["truncated"] is True


def test_an_event_is_told_with_its_own_article_only() -> None:
    other = article(id=ArticleId("ponmlkjihgfedcba"))
    for given in (other, None):
        with pytest.raises(PushError, match="without it"):
            payload(event(), given, site=SITE)


def test_a_story_has_a_page() -> None:
    story = sample(EventType.STORY_GROWN)["data"]["story"]
    assert story["url"] == f"https://news.example/stories/{story['id']}"


def test_events_that_wait_since_an_older_version_can_be_read() -> None:
    stored = {
        "id": "evt_1",
        "type": "article.withdrawn",
        "article": ID,
        "revision": 3,
        "at": NOON,
        "reason": "x",
    }
    found = unpack(pack(stored), Event)
    assert (found.article, found.subject, found.revision, found.reason) == (ID, ID, 3, "x")
    assert unpack(pack(found), Event) == found


def test_threads_are_told_apart() -> None:
    grown = event(type=EventType.STORY_GROWN, subject=StoryId(ID))
    assert event().thread == event(type=EventType.ARTICLE_WITHDRAWN, revision=9).thread
    assert grown.thread != event().thread
