"""Feeds that strict XML refuses, read by feedparser. For the pool only: some inputs take it seconds.

feedparser gets bytes, never a URL or a path; its own cleaning is off (ours is faster and safer), and so are
its dates (it knows neither zone names nor words).
"""

import io
import re
from collections.abc import Mapping
from typing import Any

from syndicator.errors import NotReadable
from syndicator.gather.entry import Channel, Entry, Picture
from syndicator.gather.html import MAX_ATTRIBUTES, weight
from syndicator.gather.sniff import as_ascii
from syndicator.gather.text import plain_text
from syndicator.gather.xml_feed import refuse_entities
from syndicator.gather.xml_media import is_picture
from syndicator.model.fetch import Fetched, Reason

_REFERENCE = re.compile(rb"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,9}));")
_RAISED = (ValueError, TypeError, LookupError, AttributeError, OverflowError)
"""What feedparser has been seen to raise on odd documents."""
_PLAIN = "text/plain"
_HARMLESS = frozenset({"NonXMLContentType", "CharacterEncodingOverride"})
"""Complaints of feedparser about labels, where the document itself is fine."""
_XML_CHARACTERS = ({9, 10, 13}, range(0x20, 0xD800), range(0xE000, 0xFFFE), range(0x10000, 0x110000))
"""XML 1.0, 2.2."""


def read_tolerantly(fetched: Fetched, limit: int) -> Channel:
    """Read what can be read of the first `limit` entries.

    Raises NotReadable: "not_a_feed" where nothing looks like one, "malformed" where it is one beyond repair.
    """
    refuse_entities(fetched.body)
    if weight(as_ascii(fetched.body)).attributes > MAX_ATTRIBUTES:
        raise NotReadable(Reason.MALFORMED, "a tag has too many attributes")
    parsed = _parsed(fetched)
    warnings = []
    if parsed.get("bozo") and type(parsed.get("bozo_exception")).__name__ not in _HARMLESS:
        warnings.append(f"not well-formed: {plain_text(str(parsed.get('bozo_exception', '')))}")
    if not parsed.entries:
        _check_empty(parsed, warnings)
    entries = []
    for number, entry in enumerate(parsed.entries[:limit], 1):
        try:
            entries.append(_entry(entry, fetched.url))
        except _RAISED as error:
            warnings.append(f"entry {number} skipped: {plain_text(str(error))}")
    return Channel(
        title=_markup(parsed.feed, "title"),
        home_url=parsed.feed.get("link", ""),
        language=parsed.feed.get("language", ""),
        entries=entries,
        left_out=max(0, len(parsed.entries) - limit),
        warnings=warnings,
    )


def _parsed(fetched: Fetched) -> Any:
    import feedparser  # noqa: PLC0415 -- takes a tenth of a second and is needed in the pool's workers only

    headers = {"content-location": fetched.url}
    if content_type := fetched.headers.get("content-type"):
        headers["content-type"] = content_type
    body = _REFERENCE.sub(_legal_reference, fetched.body)
    try:
        return feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except _RAISED as error:
        raise NotReadable(Reason.MALFORMED, f"it cannot be read: {plain_text(str(error))}") from error


def _legal_reference(match: re.Match[bytes]) -> bytes:
    """Drop a reference to a character that XML has not: it would cost all entries."""
    number = int(match[1], 16) if match[1] else int(match[2])
    return match[0] if any(number in characters for characters in _XML_CHARACTERS) else b""


def _check_empty(parsed: Any, warnings: list[str]) -> None:
    if not parsed.get("version"):
        raise NotReadable(Reason.NOT_A_FEED, "it is no feed of any known format")
    if warnings:
        raise NotReadable(Reason.MALFORMED, warnings[0])
    warnings.append("the feed has no entries")


def _entry(entry: Any, url: str) -> Entry:
    content, base = _content(entry, url)
    summary = _markup(entry, "summary")
    published = _own(entry, "published") or _own(entry, "created")
    tags = [tag.get("label") or tag.get("term") or "" for tag in entry.get("tags", [])]
    return Entry(
        base=base,
        link=entry.get("link", ""),
        guid=entry.get("id", ""),
        guid_is_link=bool(entry.get("guidislink")) or entry.get("id", "").startswith("http"),
        title=_markup(entry, "title"),
        summary="" if summary == content else summary,
        content=content,
        authors=[author.get("name") or author.get("email") or "" for author in entry.get("authors", [])],
        tags=tags,
        section=tags[0] if tags else "",
        published=published,
        updated=_own(entry, "updated"),
        pictures=_pictures(entry),
    )


def _own(entry: Any, key: str) -> str:
    """Give an entry's own field: `get` lets one date stand in for another."""
    return str(dict.get(entry, key) or "")


def _markup(entry: Any, key: str) -> str:
    detail = entry.get(f"{key}_detail") or {}
    value: str = entry.get(key) or ""
    return value.replace("<", "&lt;") if detail.get("type") == _PLAIN and key != "title" else value


def _content(entry: Any, url: str) -> tuple[str, str]:
    """Give the first HTML content, else the first, and its base."""
    contents = entry.get("content", [])
    best = next((item for item in contents if item.get("type") != _PLAIN), contents[0] if contents else None)
    if best is None:
        return "", (entry.get("summary_detail") or {}).get("base") or url
    value: str = best.get("value") or ""
    if best.get("type") == _PLAIN:
        value = value.replace("<", "&lt;")
    return value, best.get("base") or url


def _pictures(entry: Any) -> list[Picture]:
    credit = next((item.get("content", "") for item in entry.get("media_credit", [])), "")
    found = [
        Picture(
            url=media["url"],
            media_type=media.get("type", ""),
            length=media.get("filesize", ""),
            width=media.get("width", ""),
            height=media.get("height", ""),
            credit=credit,
        )
        for media in entry.get("media_content", [])
        if media.get("url") and is_picture(media["url"], media.get("type", ""), media.get("medium", ""))
    ]
    found += [_enclosure(link) for link in entry.get("links", []) if _is_enclosed_picture(link)]
    if not found:
        found = [
            Picture(url=item["url"], credit=credit)
            for item in entry.get("media_thumbnail", [])[:1]
            if item.get("url")
        ]
    return found


def _is_enclosed_picture(link: Mapping[str, str]) -> bool:
    return link.get("rel") == "enclosure" and is_picture(link.get("href", ""), link.get("type", ""))


def _enclosure(link: Mapping[str, str]) -> Picture:
    return Picture(url=link.get("href", ""), media_type=link.get("type", ""), length=link.get("length", ""))
