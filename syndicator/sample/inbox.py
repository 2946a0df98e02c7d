"""What the partner received: each event once, with how often it came; bounded, the oldest leave first."""

from collections import OrderedDict
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

MAX_EVENTS = 25_000


class Received(Struct, frozen=True, kw_only=True):
    """One event, known by its `webhook-id`."""

    id: str
    type: str
    received_at: datetime
    """When it came first."""
    times_seen: int = 1
    article_id: str | None = None
    article_url: str | None = None
    article_title: str | None = None
    revision: int | None = None


class Inbox:
    def __init__(self) -> None:
        self._events: OrderedDict[str, Received] = OrderedDict()
        self.deliveries = 0
        """Accepted ones, repeats too."""
        self.refused = 0
        """Those whose signature was wrong."""

    @property
    def distinct(self) -> int:
        return len(self._events)

    @property
    def repeats(self) -> int:
        return sum(event.times_seen - 1 for event in self._events.values())

    def newest_first(self) -> list[Received]:
        return list(reversed(self._events.values()))

    def accept(self, webhook_id: str, body: bytes, at: datetime) -> Received:
        """Note one delivery whose signature was right."""
        self.deliveries += 1
        known = self._events.get(webhook_id)
        event = (
            replace(known, times_seen=known.times_seen + 1)
            if known
            else self._with_title(_read(webhook_id, body, at))
        )
        self._events[webhook_id] = event
        while len(self._events) > MAX_EVENTS:
            self._events.popitem(last=False)
        return event

    def _with_title(self, event: Received) -> Received:
        """Return an event of an article with a title, also where it brings none, as withdrawals do."""
        article = event.article_id
        if event.article_title or article is None:
            return event
        titles = (one.article_title for one in self.newest_first() if one.article_id == article)
        return replace(event, article_title=next(filter(None, titles), article))


def _read(webhook_id: str, body: bytes, at: datetime) -> Received:
    """Take from a body what the partner shows; a body of another shape is noted by its id alone."""
    payload = _table(_decoded(body))
    data = _table(payload.get("data"))
    article = _table(data.get("article"))
    revision = data.get("revision")
    return Received(
        id=webhook_id,
        type=str(payload.get("type", "unknown")),
        received_at=at,
        article_id=_text(article.get("id")),
        article_url=_text(article.get("url")),
        article_title=_text(article.get("title")) or _subject(data),
        revision=revision if isinstance(revision, int) else None,
    )


def _subject(data: dict[str, Any]) -> str | None:
    """Return what an event of no article is about."""
    events = data.get("events")
    if isinstance(events, list):
        return f"{len(events)} events"
    named = (_table(data.get(part)) for part in ("feed", "source", "endpoint"))
    return next((text for one in named if (text := _text(one.get("title")) or _text(one.get("id")))), None)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
