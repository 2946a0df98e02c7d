"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), tolerant item by item."""

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from syndicator.errors import NotReadable
from syndicator.gather.documents.encoding import decode
from syndicator.gather.documents.text import plain_text
from syndicator.gather.feeds.entry import Attachment, Channel, Deleted, Entry, Picture
from syndicator.gather.feeds.entry_window import FeedWindow
from syndicator.gather.feeds.xml_feed import NO_ENTRIES
from syndicator.gather.feeds.xml_media import is_picture
from syndicator.model.fetch import Fetched, Reason

_VERSION = "jsonfeed.org/version/"
_TOO_DEEP = "its JSON is nested too deeply"
_DECODER = json.JSONDecoder(strict=False)
_ITEMS = re.compile(r'"items"\s{0,100}:\s{0,100}\[\s{0,1000}')
_COMMA = re.compile(r"\s{0,1000},\s{0,1000}")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(fetched: Fetched, limit: int) -> Channel:
    """Read the `limit` newest items of a JSON Feed, in their own order.

    Raises NotReadable: "malformed" for broken JSON, "not_a_feed" for any other JSON.
    """
    warnings: list[str] = []
    document = _decoded(fetched, warnings)
    repairs = list(warnings)
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list) or _VERSION not in _text(document, "version"):
        raise NotReadable(Reason.NOT_A_FEED, "it is JSON, but no JSON Feed")
    entries = []
    owners = _authors(document)
    window = FeedWindow(limit=limit, now=fetched.fetched_at)
    for number, item in enumerate(window.of(items, _date), 1):
        if isinstance(item, dict):
            entries.append(_entry(item, fetched.url, owners))
        else:
            warnings.append(f"entry {number} skipped: it is not an object")
    if not items:
        warnings.append(NO_ENTRIES)
    return Channel(
        title=_text(document, "title"),
        home_url=_text(document, "home_page_url"),
        language=_text(document, "language"),
        hubs=_hubs(document),
        self_url=_text(document, "feed_url"),
        earlier_url=_text(document, "next_url"),
        entries=entries,
        deleted=_deleted(document),
        left_out=max(0, len(items) - limit),
        warnings=warnings,
        repairs=repairs,
    )


def _decoded(fetched: Fetched, warnings: list[str]) -> Any:
    try:
        return msgspec.json.decode(fetched.body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # the slower decoder bears lone surrogates and controls: one bad item must not cost all
    except RecursionError:
        raise NotReadable(Reason.MALFORMED, _TOO_DEEP) from None
    decoded = decode(fetched.body, fetched.headers.get("content-type", ""))
    warnings += decoded.warnings
    try:
        return _DECODER.decode(decoded.text.strip("\0"))
    except RecursionError:
        raise NotReadable(Reason.MALFORMED, _TOO_DEEP) from None
    except ValueError as error:
        fault = f"broken JSON: {plain_text(str(error))}"
    if (whole := _whole_items(decoded.text)) is None:
        raise NotReadable(Reason.MALFORMED, fault)
    warnings.append(f"{fault}; the items before that are read")
    return whole


def _whole_items(text: str) -> Any:
    """Return a document that breaks off among its items with those that are whole; None without any."""
    head = _ITEMS.search(text)
    if head is None or _VERSION not in text[: head.start()]:
        return None
    items: list[Any] = []
    at = head.end()
    try:
        while True:
            item, at = _DECODER.raw_decode(text, at)
            items.append(item)
            comma = _COMMA.match(text, at)
            if comma is None:
                break
            at = comma.end()
    except (ValueError, RecursionError):
        pass  # here it breaks off
    if not items:
        return None
    return _head_of(text[: head.start()]) | {"items": items}


def _head_of(text: str) -> dict[str, Any]:
    """Return what the feed says of itself ahead of its items."""
    try:
        head = _DECODER.decode(text.rstrip().rstrip(",") + "}")
    except (ValueError, RecursionError):
        return {"version": _VERSION}
    return head if isinstance(head, dict) else {"version": _VERSION}


def _hubs(document: Mapping[str, Any]) -> list[str]:
    """Return the addresses of hubs that speak WebSub; others (rssCloud) are nothing to us."""
    hubs = document.get("hubs")
    return [
        url
        for hub in (hubs if isinstance(hubs, list) else [])
        if isinstance(hub, dict) and _text(hub, "type").lower() == "websub" and (url := _text(hub, "url"))
    ]


def _deleted(document: Mapping[str, Any]) -> list[Deleted]:
    """Return the deleted items of a feed of this service, as in Atom by RFC 6721."""
    extension = document.get("_syndicator")
    items = extension.get("deleted") if isinstance(extension, dict) else None
    return [
        Deleted(guid=_text(one, "id"), when=_text(one, "when"), comment=_text(one, "comment"))
        for one in (items if isinstance(items, list) else [])
        if isinstance(one, dict)
    ]


def _date(item: object) -> str:
    return _text(item, "date_published") or _text(item, "date_modified") if isinstance(item, dict) else ""


def _entry(item: Mapping[str, Any], url: str, owners: list[str]) -> Entry:
    html = _text(item, "content_html")
    summary = _text(item, "summary")
    tags = item.get("tags")
    pictures, files = _attachments(item)
    images = [image for key in ("image", "banner_image") if (image := _text(item, key))]
    return Entry(
        base=url,
        link=_text(item, "url") or _text(item, "external_url"),
        guid=_text(item, "id"),
        guid_is_link=True,
        title=_text(item, "title"),
        title_is_plain=True,
        summary=summary,
        summary_is_plain=True,
        content=html or _text(item, "content_text"),
        content_is_plain=not html,
        authors=_authors(item) or owners,
        tags=[_legal(tag) for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        language=_text(item, "language"),
        published=_text(item, "date_published"),
        updated=_text(item, "date_modified"),
        pictures=[*(Picture(url=image) for image in images[:1]), *pictures],
        attachments=files,
        embargo=_text(item, "_embargo_until"),
        status=_text(item, "pubstatus") or _text(item, "_pubstatus"),
    )


def _text(item: Mapping[str, Any], key: str) -> str:
    """Return a text; an id may be a number (JSON Feed 1.1 asks readers to take it)."""
    value = item.get(key)
    if isinstance(value, str):
        return _legal(value)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _legal(value: str) -> str:
    """Leave out what JSON can escape, but no text can hold: it must not cost the item."""
    return _LONE_SURROGATE.sub("", value)


def _authors(item: Mapping[str, Any]) -> list[str]:
    """Return the names: `authors` in 1.1, `author` in 1.0."""
    authors = item.get("authors")
    several = authors if isinstance(authors, list) else [item.get("author")]
    return [name for author in several if isinstance(author, dict) and (name := _text(author, "name"))]


def _attachments(item: Mapping[str, Any]) -> tuple[list[Picture], list[Attachment]]:
    """Return what is attached: pictures, and all else."""
    pictures: list[Picture] = []
    files: list[Attachment] = []
    attachments = item.get("attachments")
    for one in attachments if isinstance(attachments, list) else ():
        if isinstance(one, dict) and (url := _text(one, "url")):
            kind, length = _text(one, "mime_type"), _text(one, "size_in_bytes")
            if is_picture(url, kind):
                pictures.append(Picture(url=url, media_type=kind, length=length))
            else:
                files.append(Attachment(url=url, media_type=kind, length=length))
    return pictures, files
