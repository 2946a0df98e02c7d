"""Atom 1.0 (RFC 4287) and 0.3, with dc and media."""

import html
from urllib.parse import urljoin

from lxml.etree import _Element

from syndicator.gather.entry import Channel, Entry
from syndicator.gather.xml_media import enclosed_pictures, media_pictures
from syndicator.gather.xml_names import LANG, Doubt, Fields, Names, fields_of, first_text, text_of, texts

_PLAIN_TYPES = frozenset({"", "text", "text/plain"})
_HTML_TYPES = frozenset({"html", "text/html"})


def read_atom(root: _Element, names: Names, base: str, limit: int) -> Channel:
    """Map a `feed` document. xhtml and base64 contents are a doubt."""
    fields = fields_of(root, names)
    entries = fields.get("atom:entry", [])
    if not entries:
        raise Doubt("no items")
    language = root.get(LANG, "")
    owners = _authors(fields, names)
    return Channel(
        title=_html(fields, "atom:title"),
        home_url=_link(fields, base),
        language=language,
        entries=[_entry(entry, names, base, owners) for entry in entries[:limit]],
        left_out=max(0, len(entries) - limit),
    )


def _entry(element: _Element, names: Names, base: str, owners: list[str]) -> Entry:
    fields = fields_of(element, names)
    categories = [
        term
        for category in fields.get("atom:category", ())
        if (term := category.get("label") or category.get("term") or "")
    ]
    categories += texts(fields, "dc:subject")
    return Entry(
        base=_text_base(fields, base),
        link=_link(fields, base),
        guid=first_text(fields, "atom:id"),
        guid_is_link=True,
        title=_html(fields, "atom:title"),
        summary=_html(fields, "atom:summary"),
        content=_html(fields, "atom:content"),
        authors=_authors(fields, names) or owners,
        tags=categories,
        section=categories[0] if categories else "",
        language=element.get(LANG, ""),
        published=first_text(fields, "atom:published", "atom:issued", "atom:created", "dc:date"),
        updated=first_text(fields, "atom:updated", "atom:modified"),
        pictures=media_pictures(fields, names)
        + enclosed_pictures(
            [link for link in fields.get("atom:link", ()) if link.get("rel") == "enclosure"], "href"
        ),
    )


def _html(fields: Fields, name: str) -> str:
    """Give a text construct (RFC 4287 3.1) as HTML."""
    for element in fields.get(name, ()):
        if element.get("src"):
            continue
        kind = element.get("type", "").strip().lower()
        mode = element.get("mode", "")
        if mode == "base64" or (kind not in _PLAIN_TYPES and kind not in _HTML_TYPES):
            raise Doubt(f"content of type {kind or mode}")
        text = text_of(element)
        if text:
            return text if kind in _HTML_TYPES or mode == "escaped" else html.escape(text, quote=False)
    return ""


def _link(fields: Fields, base: str) -> str:
    """Give the first alternate link, resolved against its own base."""
    for element in fields.get("atom:link", ()):
        if element.get("rel", "alternate") in {"alternate", ""} and (reference := element.get("href", "")):
            return urljoin(element.base or base, reference.strip())
    return ""


def _text_base(fields: Fields, base: str) -> str:
    for name in ("atom:content", "atom:summary", "atom:id"):
        for element in fields.get(name, ()):
            return element.base or base
    return base


def _authors(fields: Fields, names: Names) -> list[str]:
    found = []
    for element in fields.get("atom:author", ()):
        inside = fields_of(element, names)
        if name := first_text(inside, "atom:name"):
            found.append(name)
    return found + list(texts(fields, "dc:creator"))
