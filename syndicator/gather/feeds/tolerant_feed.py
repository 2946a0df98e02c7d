"""Feeds that strict XML refuses: repaired and read strictly, or by feedparser. For the pool only.

feedparser takes seconds for some inputs; it gets bytes, never a URL or a path; its own cleaning is off (ours
is faster and safer), and so are its dates (it knows neither zone names nor words).
"""

import html
import io
import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from syndicator.errors import NotReadable
from syndicator.gather.documents.html_cleaning import MAX_ATTRIBUTES, weight
from syndicator.gather.documents.safe_xml import refuse_entities, refuse_excess
from syndicator.gather.documents.sniff import as_ascii
from syndicator.gather.documents.text import plain_text
from syndicator.gather.documents.xml_names import Doubt
from syndicator.gather.documents.xml_repair import repaired
from syndicator.gather.feeds.entry import Attachment, Channel, Deleted, Entry, Picture
from syndicator.gather.feeds.entry_window import FeedWindow
from syndicator.gather.feeds.feed_hints import feed_hints
from syndicator.gather.feeds.xml_feed import read_xml
from syndicator.gather.feeds.xml_media import is_file, is_picture
from syndicator.model.fetch import Fetched, Reason

_RAISED = (ValueError, TypeError, LookupError, AttributeError, OverflowError)
"""What feedparser has been seen to raise on odd documents."""
_PLAIN = "text/plain"
_HEAD = 64 * 1024
_TOMBSTONES = b"http://purl.org/atompub/tombstones/1.0"
_NO_MARKUP = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)
_DELETED = re.compile(
    rb"<(?:[\w-]{1,20}:)?deleted-entry\b([^<>]{0,4000})>"
    rb"(?:\s{0,200}<(?:[\w-]{1,20}:)?comment\b[^<>]{0,500}>([^<>]{0,4000}))?"
)
_LONG_WORD = re.compile(rb"(?<=[>\s\[])([a-zA-Z0-9_.+-]{2000})[a-zA-Z0-9_.+-]+")
"""feedparser looks for an address of mail in names in time that grows with the square of a word's length."""
_PLACE = re.compile(r",? line \d+, column \d+$")


def read_tolerantly(fetched: Fetched, limit: int, language: str = "") -> Channel:
    """Read what can be read of the `limit` newest entries.

    Raises NotReadable: "not_a_feed" where nothing looks like one, "malformed" where it is one beyond repair.
    """
    refuse_entities(fetched.body)
    refuse_excess(fetched.body)
    body, repairs = repaired(fetched, language)
    refuse_entities(body)
    mended = replace(fetched, body=body)
    try:
        channel = read_xml(mended, limit)
    except Doubt as doubt:
        channel = _read_parsed(mended, limit, _sentence(doubt))
        channel.repairs.append(_sentence(doubt))
    channel.warnings[:0] = repairs
    channel.repairs = [*repairs, *channel.repairs]
    return channel


def _sentence(doubt: Doubt) -> str:
    where = f" at line {doubt.line}" if doubt.line else ""
    return f"not well-formed{where}: {plain_text(_PLACE.sub('', str(doubt)))}"


def _read_parsed(fetched: Fetched, limit: int, doubt: str) -> Channel:
    if weight(as_ascii(fetched.body)).attributes > MAX_ATTRIBUTES:
        raise NotReadable(Reason.MALFORMED, "a tag has too many attributes")
    parsed = _parsed(fetched)
    warnings = [doubt]
    if not parsed.entries:
        if not parsed.get("version"):
            raise NotReadable(Reason.NOT_A_FEED, "it is not a feed of any known format")
        raise NotReadable(Reason.MALFORMED, doubt)
    entries = []
    window = FeedWindow(limit=limit, now=fetched.fetched_at)
    for number, entry in enumerate(window.of(parsed.entries, _date), 1):
        try:
            entries.append(_entry(entry, fetched.url))
        except _RAISED as error:
            warnings.append(f"entry {number} skipped: {plain_text(str(error))}")
    feed = parsed.feed
    return Channel(
        title=_markup(feed, "title"),
        home_url=feed.get("link", ""),
        language=feed.get("language", ""),
        hints=feed_hints(
            ttl=feed.get("ttl", ""),
            period=feed.get("sy_updateperiod", ""),
            frequency=feed.get("sy_updatefrequency", ""),
            hours=_named_texts(fetched.body, b"hour"),
            days=_named_texts(fetched.body, b"day"),
        ),
        hubs=_links(feed, "hub"),
        self_url=next(iter(_links(feed, "self")), ""),
        earlier_url=next(iter(_links(feed, "prev-archive") or _links(feed, "next")), ""),
        generator=feed.get("generator", ""),
        entries=entries,
        deleted=_deleted(fetched.body),
        left_out=max(0, len(parsed.entries) - limit),
        warnings=warnings,
    )


def _parsed(fetched: Fetched) -> Any:
    import feedparser  # noqa: PLC0415 -- takes a tenth of a second and is needed in the pool's workers only

    headers = {"content-location": fetched.url, "content-type": "application/xml; charset=utf-8"}
    try:
        return feedparser.parse(
            io.BytesIO(_LONG_WORD.sub(rb"\1", fetched.body)),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except _RAISED as error:
        raise NotReadable(Reason.MALFORMED, f"it cannot be read: {plain_text(str(error))}") from error


def _named_texts(body: bytes, name: bytes) -> list[str]:
    """Return the texts of elements ahead of the first entry of which feedparser keeps only the last."""
    head = body[:_HEAD].partition(b"<item")[0]
    named = re.findall(rb"<%b>\s{0,20}([\w-]{1,12})\s{0,20}</%b>" % (name, name), head)
    return [text.decode("ascii", "replace") for text in named]


def _deleted(body: bytes) -> list[Deleted]:
    """Return the deleted entries of Atom (RFC 6721), of which feedparser knows nothing."""
    if _TOMBSTONES not in body:
        return []
    found = _DELETED.finditer(_NO_MARKUP.sub(b"", body))
    return [
        Deleted(
            guid=_attribute(match[1], b"ref"),
            when=_attribute(match[1], b"when"),
            comment=_text(match[2] or b""),
        )
        for match in found
    ]


def _attribute(tag: bytes, name: bytes) -> str:
    match = re.search(rb"""(?<![\w:-])%b\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""" % name, tag)
    return _text(match[1] or match[2] or b"") if match else ""


def _text(raw: bytes) -> str:
    return html.unescape(raw.decode("utf-8", "replace"))


def _links(feed: Any, relation: str) -> list[str]:
    links = (link for link in feed.get("links", []) if relation in str(link.get("rel", "")).split())
    return [reference for link in links if (reference := link.get("href", ""))]


def _date(entry: Any) -> str:
    return _own(entry, "published") or _own(entry, "created") or _own(entry, "updated")


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
        attachments=_attachments(entry),
        comments=str(entry.get("slash_comments") or entry.get("thr_total") or ""),
        views=str((entry.get("media_statistics") or {}).get("views", "")),
        embargo=str(entry.get("prism_embargodate") or entry.get("dcterms_available") or ""),
    )


def _own(entry: Any, key: str) -> str:
    """Return an entry's own field: `get` lets one date stand in for another."""
    return str(dict.get(entry, key) or "")


def _markup(entry: Any, key: str) -> str:
    detail = entry.get(f"{key}_detail") or {}
    value: str = entry.get(key) or ""
    return value.replace("<", "&lt;") if detail.get("type") == _PLAIN and key != "title" else value


def _content(entry: Any, url: str) -> tuple[str, str]:
    """Return the first HTML content, else the first, and its base."""
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


def _attachments(entry: Any) -> list[Attachment]:
    enclosed = [
        Attachment(url=link["href"], media_type=link.get("type", ""), length=link.get("length", ""))
        for link in entry.get("links", [])
        if link.get("rel") == "enclosure" and link.get("href") and not _is_enclosed_picture(link)
    ]
    return enclosed + [
        Attachment(url=one["url"], media_type=one.get("type", ""), length=one.get("filesize", ""))
        for one in entry.get("media_content", [])
        if one.get("url") and is_file(one["url"], one.get("type", ""), one.get("medium", ""))
    ]
