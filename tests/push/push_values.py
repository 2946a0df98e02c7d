"""An article, its event, and an endpoint, for the tests of pushing."""

import base64
from datetime import UTC, datetime
from typing import Any

from syndicator.model.article import Article, Photo, Provenance
from syndicator.model.delivery import Delivery, Endpoint, Secret
from syndicator.model.event import Event, EventType
from syndicator.model.feed import Site
from syndicator.model.ids import ArticleId, EndpointId, EventId, SourceId

SITE = Site(title="Kabar", public_url="https://news.example")
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ID = ArticleId("abcdefghijklmnop")
SECRET = Secret("whsec_" + base64.b64encode(b"k" * 32).decode())


def article(**fields: Any) -> Article:
    values: dict[str, Any] = {
        "id": ID,
        "revision": 2,
        "source": SourceId("beritakota"),
        "url": "https://beritakota.example/banjir",
        "title": "Banjir di Jakarta",
        "lead": "Air naik.",
        "body_html": "<p>Air naik sejak pagi.</p>",
        "quote": "“Kami siap.”",
        "authors": ("Ani", "Budi"),
        "photos": (Photo(url="https://beritakota.example/1.jpg", caption="Air", credit="Ani", width=800),),
        "section": "Kota",
        "tags": ("banjir",),
        "language": "id",
        "published_at": NOON,
        "first_seen_at": NOON,
        "updated_at": NOON,
        "listed_at": NOON,
        "provenance": Provenance(
            source=SourceId("beritakota"), requested_url="https://beritakota.example/", fetched_at=NOON
        ),
        "content_hash": "00",
    }
    return Article(**(values | fields))


def event(**fields: Any) -> Event:
    values: dict[str, Any] = {
        "id": EventId("evt_abcdefghijklmnopqrstuvwxyz"),
        "type": EventType.ARTICLE_UPDATED,
        "subject": ID,
        "revision": 2,
        "at": NOON,
    }
    return Event(**(values | fields))


def delivery(**fields: Any) -> Delivery:
    values: dict[str, Any] = {"endpoint": EndpointId("partner-a"), "event": event()}
    return Delivery(**(values | fields))


def endpoint(url: str, **fields: Any) -> Endpoint:
    values: dict[str, Any] = {"id": EndpointId("partner-a"), "url": url, "secrets": (SECRET,)}
    return Endpoint(**(values | fields))
