"""Sources and documents for the tests of gathering."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from syndicator.model.fetch import Fetched
from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import Source, SourceKind

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
URL = "https://news.example/feed"


def source(**changes: Any) -> Source:
    described: dict[str, Any] = {
        "id": SourceId("news"),
        "title": "News",
        "kind": SourceKind.FEED,
        "url": URL,
        "schedule": Every(interval_s=60),
    }
    return Source(**(described | changes))


def fetched(body: bytes | str, *, url: str = URL, headers: Mapping[str, str] = {}) -> Fetched:
    return Fetched(
        requested_url=url,
        url=url,
        status=200,
        headers=headers,
        body=body.encode() if isinstance(body, str) else body,
        fetched_at=NOW,
    )


def rss(*items: str, channel: str = "", attributes: str = "") -> str:
    inside = "".join(f"<item>{item}</item>" for item in items)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<rss version="2.0" {attributes}><channel><title>News</title><link>https://news.example/</link>{channel}'
        f"{inside}</channel></rss>"
    )


def atom(*entries: str, feed: str = "", attributes: str = "") -> str:
    inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>News</title>'
        f'<link href="https://news.example/"/>{feed}{inside}</feed>'
    )
