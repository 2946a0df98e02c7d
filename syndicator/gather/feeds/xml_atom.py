"""Atom 1.0 (RFC 4287) and 0.3, with dc, media, thread (RFC 4685), syndication and tombstones (RFC 6721)."""

import base64
import binascii
import html

from lxml.etree import _Element

from syndicator.gather.documents.text import absolute_url
from syndicator.gather.documents.xml_names import (
    LANG,
    XHTML,
    Fields,
    QualifiedNames,
    fields_of,
    first_text,
    inner_markup,
    markup_of,
    text_of,
    texts,
)
from syndicator.gather.feeds.entry import Channel, Deleted, Entry
from syndicator.gather.feeds.entry_window import FeedWindow
from syndicator.gather.feeds.feed_hints import feed_hints
from syndicator.gather.feeds.xml_media import (
    enclosed_files,
    enclosed_pictures,
    media_files,
    media_pictures,
    media_text,
    media_views,
)

_HTML_TYPES = frozenset({"html", "text/html", "application/xhtml+xml", "xhtml"})
_XML_ENDINGS = ("+xml", "/xml")
_REPLIES = "{http://purl.org/syndication/thread/1.0}count"
_PUBLISHED = ("atom:published", "atom:issued", "atom:created", "dc:date", "dcterms:issued")
_UPDATED = ("atom:updated", "atom:modified", "dcterms:modified")


def read_atom(root: _Element, names: QualifiedNames, base: str, window: FeedWindow) -> Channel:
    """Map a `feed` document, or a lone `entry`."""
    alone = names[root.tag] == "atom:entry"
    fields = {} if alone else fields_of(root, names)
    entries = [root] if alone else fields.get("atom:entry", [])
    owners = _authors(fields, names)
    return Channel(
        title=_html(fields, "atom:title"),
        home_url=next(iter(_addresses(fields, "alternate", base)), ""),
        language=root.get(LANG, "") or first_text(fields, "dc:language"),
        hints=feed_hints(
            period=first_text(fields, "sy:updateperiod"), frequency=first_text(fields, "sy:updatefrequency")
        ),
        hubs=_addresses(fields, "hub", base),
        self_url=next(iter(_addresses(fields, "self", base)), ""),
        earlier_url=next(
            iter(_addresses(fields, "prev-archive", base) or _addresses(fields, "next", base)), ""
        ),
        entries=[
            _entry(entry, names, base, owners)
            for entry in window.of(entries, lambda entry: _date(entry, names))
        ],
        deleted=[_deleted(element, names) for element in fields.get("at:deleted-entry", ())],
        left_out=max(0, len(entries) - window.limit),
        warnings=names.odd,
    )


def _deleted(element: _Element, names: QualifiedNames) -> Deleted:
    """RFC 6721, 3: `ref` is the id of the entry that was."""
    comment = first_text(fields_of(element, names), "at:comment")
    return Deleted(guid=element.get("ref", ""), when=element.get("when", ""), comment=comment)


def _date(entry: _Element, names: QualifiedNames) -> str:
    return first_text(fields_of(entry, names), *_PUBLISHED, *_UPDATED)


def _entry(element: _Element, names: QualifiedNames, base: str, owners: list[str]) -> Entry:
    fields = fields_of(element, names)
    categories = [
        term
        for category in fields.get("atom:category", ())
        if (term := category.get("label") or category.get("term") or text_of(category))
    ]
    categories += texts(fields, "dc:subject")
    enclosures = [link for link in fields.get("atom:link", ()) if link.get("rel") == "enclosure"]
    summary, content = _html(fields, "atom:summary"), _html(fields, "atom:content")
    is_plain = False
    if not (summary or content):
        summary, is_plain = media_text(fields, names)
    link, link_base = next(iter(_links(fields, "alternate")), ("", ""))
    return Entry(
        base=_text_base(fields, element.base or base),
        link=link,
        link_base=link_base,
        guid=first_text(fields, "atom:id"),
        guid_is_link=True,
        title=_html(fields, "atom:title"),
        summary=summary,
        summary_is_plain=is_plain,
        content=content,
        authors=_authors(fields, names) or _source_authors(fields, names) or owners,
        tags=categories,
        section=categories[0] if categories else "",
        language=_language(element, fields),
        published=first_text(fields, *_PUBLISHED),
        updated=first_text(fields, *_UPDATED),
        pictures=media_pictures(fields, names) + enclosed_pictures(enclosures, "href"),
        attachments=enclosed_files(enclosures, "href") + media_files(fields, names),
        comments=first_text(fields, "thr:total", "slash:comments") or _replies(fields),
        views=media_views(fields, names),
        embargo=first_text(fields, "prism:embargodate", "dcterms:embargo", "dcterms:available"),
    )


def _html(fields: Fields, name: str) -> str:
    """Return the first text construct (RFC 4287 3.1) that says something, as HTML."""
    return next((text for element in fields.get(name, ()) if (text := _construct(element))), "")


def _construct(element: _Element) -> str:
    if element.get("src"):
        return ""
    kind = element.get("type", "").strip().lower()
    mode = element.get("mode", "").strip().lower()
    if mode == "base64" or ("/" in kind and not kind.startswith("text/") and not kind.endswith(_XML_ENDINGS)):
        return _decoded(element, kind)
    if len(element):
        return _inner(element, kind)
    text = text_of(element)
    return text if kind in _HTML_TYPES or mode == "escaped" else html.escape(text, quote=False)


def _inner(element: _Element, kind: str) -> str:
    """Return xhtml without the `div` that RFC 4287 3.1.1.3 puts around it; other elements as they stand."""
    if kind in {"html", "text/html"}:
        return markup_of(element)
    only = element[0]
    if len(element) == 1 and only.tag in {f"{{{XHTML}}}div", "div"} and not (element.text or "").strip():
        return inner_markup(only)
    return inner_markup(element)


def _decoded(element: _Element, kind: str) -> str:
    """Return base64 as HTML where it is text; pictures and the like are no words."""
    if kind and not kind.startswith("text/") and kind not in _HTML_TYPES:
        return ""
    try:
        text = base64.b64decode("".join(text_of(element).split())).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return ""
    return text if kind in _HTML_TYPES else html.escape(text, quote=False)


def _links(fields: Fields, relation: str) -> list[tuple[str, str]]:
    """Return the links of a relation, each with its own base."""
    return [
        (reference.strip(), element.base or "")
        for element in fields.get("atom:link", ())
        if relation in (element.get("rel", "").lower().split() or ["alternate"])
        and (reference := element.get("href", ""))
    ]


def _addresses(fields: Fields, relation: str, base: str) -> list[str]:
    addresses = (absolute_url(own_base or base, link) for link, own_base in _links(fields, relation))
    return [address for address in addresses if address]


def _text_base(fields: Fields, base: str) -> str:
    for name in ("atom:content", "atom:summary", "atom:id"):
        for element in fields.get(name, ()):
            return element.base or base
    return base


def _language(entry: _Element, fields: Fields) -> str:
    """Return the language of the entry, or that of what it holds."""
    of_content = (element.get(LANG, "") for element in fields.get("atom:content", ()))
    return entry.get(LANG, "") or first_text(fields, "dc:language") or next(of_content, "")


def _replies(fields: Fields) -> str:
    counts = (link.get(_REPLIES, "") for link in fields.get("atom:link", ()) if link.get("rel") == "replies")
    return next(counts, "")


def _authors(fields: Fields, names: QualifiedNames) -> list[str]:
    found = []
    for element in fields.get("atom:author", ()):
        if len(element):
            inside = fields_of(element, names)
            found.append(first_text(inside, "atom:name", "atom:email", "name"))
        elif name := text_of(element):
            found.append(name)
    return [name for name in found if name] + (texts(fields, "dc:creator") or texts(fields, "dc:author"))


def _source_authors(fields: Fields, names: QualifiedNames) -> list[str]:
    """Return the authors of the feed that an entry was taken from (RFC 4287 4.2.11)."""
    for element in fields.get("atom:source", ()):
        return _authors(fields_of(element, names), names)
    return []
