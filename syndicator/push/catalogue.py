"""All types of events, for those who receive them: when each is sent, the schema of its body, a sample."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from syndicator.model.event import EventType
from syndicator.model.ids import EventId
from syndicator.push.digest import DIGEST, digest_body
from syndicator.push.payload import (
    ArticleData,
    Data,
    EndpointData,
    FeedData,
    PopularityData,
    SourceData,
    StoryData,
)
from syndicator.push.samples import sample
from syndicator.rules.webhooks.digests import digest_id

_WHEN: Mapping[EventType, str] = {
    EventType.ARTICLE_CREATED: "An article was admitted.",
    EventType.ARTICLE_UPDATED: "A reader would notice that an article changed: all of it, as it is now.",
    EventType.ARTICLE_CORRECTED: "The same, and its portal says that it is a correction; told in place of"
    " `article.updated`.",
    EventType.ARTICLE_WITHDRAWN: "An article is not to be shown any more: without its text, ahead of all that"
    " waits.",
    EventType.ARTICLE_RESTORED: "A withdrawal was taken back: all of the article.",
    EventType.STORY_GROWN: "Another portal tells a story that others tell already.",
    EventType.POPULARITY_CROSSED: "An article came to the top of a popular feed, or passed a threshold.",
    EventType.FEED_UPDATED: "A configured feed shows something else: fetch it.",
    EventType.SOURCE_FAILING: "A source cannot be read any more: three rounds in a row failed, it is gone, or"
    " nothing can be read out of what it sends.",
    EventType.SOURCE_QUIET: "A source can be read, and brings nothing for much longer than usual.",
    EventType.SOURCE_RECOVERED: "What was told of a source as trouble is over.",
    EventType.SOURCE_BEHIND: "More articles of a source were shown late in 30 days than its objective"
    " (`fresh_within`) allows.",
    EventType.SOURCE_CAUGHT_UP: "A source that was behind meets its freshness objective again.",
    EventType.ENDPOINT_FAILING: "An endpoint takes nothing: attempts are made more rarely.",
    EventType.ENDPOINT_DISABLED: "Nothing is sent to an endpoint until it is resumed.",
    EventType.ENDPOINT_RECOVERED: "An endpoint takes deliveries again.",
}
_DATA: Mapping[str, type[Data]] = {
    "article": ArticleData,
    "story": StoryData,
    "popularity": PopularityData,
    "feed": FeedData,
    "source": SourceData,
    "endpoint": EndpointData,
}


class Described(Struct, frozen=True, kw_only=True):
    """A type of event, as its receivers need to know it."""

    type: str
    when: str
    sample: dict[str, Any]
    """A body as it would arrive."""
    schema: dict[str, Any]
    """JSON Schema 2020-12 of the body. Fields that it does not name may be added."""


def described(kind: EventType) -> Described:
    return Described(type=kind.value, when=_WHEN[kind], sample=sample(kind), schema=_schema(kind))


def catalogue() -> Mapping[str, Described]:
    """Describe all that may arrive: every type of event, and the digest of several."""
    return {kind.value: described(kind) for kind in EventType} | {DIGEST: _digest()}


def _digest() -> Described:
    when = "To endpoints with `digest`: several events in one push, each as it would come alone."
    bodies = [sample(kind) for kind in (EventType.ARTICLE_CREATED, EventType.POPULARITY_CROSSED)]
    name = digest_id([EventId(body["data"]["event_id"]) for body in bodies])
    at = datetime.fromisoformat(bodies[0]["timestamp"])
    sample_body = json.loads(digest_body(name, [json.dumps(body).encode() for body in bodies], at))
    data = {
        "title": "DigestData",
        "type": "object",
        "properties": {
            "digest_id": {"type": "string", "description": "The same as the header `webhook-id`."},
            "events": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {name: {} for name in ("type", "timestamp", "data")},
                    "required": ["type", "timestamp", "data"],
                },
                "description": "Each as its own type says; the newest first.",
            },
        },
        "required": ["digest_id", "events"],
    }
    schema = _body(DIGEST, when, "#/$defs/DigestData", {"DigestData": data})
    return Described(type=DIGEST, when=when, sample=sample_body, schema=schema)


def data_schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each object that bodies are made of, by its name."""
    _, parts = msgspec.json.schema_components(_DATA.values(), ref_template="#/$defs/{name}")
    return parts


def _schema(kind: EventType) -> dict[str, Any]:
    data = msgspec.json.schema(_DATA[kind.family])
    return _body(kind.value, _WHEN[kind], data["$ref"], data["$defs"])


def _body(kind: str, when: str, data: str, parts: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind,
        "description": when,
        "type": "object",
        "properties": {
            "type": {"const": kind},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened, UTC."},
            "data": {"$ref": data},
            "replay": {
                "type": "string",
                "description": "There where somebody wanted it again: the id of the replay, or `resend`.",
            },
        },
        "required": ["type", "timestamp", "data"],
        "$defs": parts,
    }
