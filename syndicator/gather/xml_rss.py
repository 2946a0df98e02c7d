"""RSS 0.9x and 2.0 (https://www.rssboard.org/rss-specification) and 1.0 (RDF), with dc, content, media."""

from lxml.etree import _Element

from syndicator.gather.entry import Channel, Entry, Picture
from syndicator.gather.xml_media import enclosed_pictures, media_pictures
from syndicator.gather.xml_names import LANG, Doubt, Fields, Names, fields_of, first_text, text_of, texts

_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"


def read_rss(root: _Element, names: Names, base: str, limit: int) -> Channel:
    """Map an `rss` or `rdf:RDF` document; its items stand in the channel, or beside it in RSS 0.9 and 1.0."""
    outside = fields_of(root, names)
    channels = outside.get("channel", [])
    if len(channels) > 1:
        raise Doubt("several channels")
    inside = fields_of(channels[0], names) if channels else {}
    items = inside.get("item", []) + outside.get("item", [])
    if not items:
        raise Doubt("no items")
    return Channel(
        title=first_text(inside, "title"),
        home_url=_link(inside),
        language=first_text(inside, "language", "dc:language") or root.get(LANG, ""),
        entries=[_entry(item, names, base) for item in items[:limit]],
        left_out=max(0, len(items) - limit),
    )


def _entry(item: _Element, names: Names, base: str) -> Entry:
    fields = fields_of(item, names)
    guid, guid_is_link = _guid(item, fields)
    categories = list(texts(fields, "category", "dc:subject"))
    return Entry(
        base=item.base or base,
        link=_link(fields),
        guid=guid,
        guid_is_link=guid_is_link,
        title=first_text(fields, "title", "dc:title", "media:title"),
        summary=first_text(fields, "description", "dc:description", "dcterms:abstract", "atom:summary"),
        content=first_text(fields, "content:encoded", "atom:content"),
        authors=_authors(fields, names),
        tags=categories,
        section=categories[0] if categories else "",
        language=first_text(fields, "dc:language"),
        published=first_text(
            fields, "pubdate", "dc:date", "dcterms:issued", "dcterms:created", "atom:published", "date"
        ),
        updated=first_text(fields, "atom:updated", "dcterms:modified", "lastbuilddate"),
        pictures=_pictures(fields, names),
    )


def _link(fields: Fields) -> str:
    for element in fields.get("link", ()):
        if link := text_of(element) or element.get("href", ""):
            return link
    for element in fields.get("atom:link", ()):
        if element.get("rel", "alternate") == "alternate" and (link := element.get("href", "")):
            return link
    return ""


def _guid(item: _Element, fields: Fields) -> tuple[str, bool]:
    for element in fields.get("guid", ()):
        if guid := text_of(element):
            return guid, element.get("isPermaLink", "true").strip().lower() != "false"
    if about := item.get(_ABOUT, ""):
        return about, True
    return first_text(fields, "atom:id", "dc:identifier"), False


def _authors(fields: Fields, names: Names) -> list[str]:
    found = list(texts(fields, "dc:creator"))
    for element in fields.get("author", []) + fields.get("atom:author", []):
        if len(element):
            inside = fields_of(element, names)
            found.append(first_text(inside, "atom:name", "name"))
        else:
            found.append(text_of(element))
    return found


def _pictures(fields: Fields, names: Names) -> list[Picture]:
    pictures = media_pictures(fields, names) + enclosed_pictures(fields.get("enclosure", []), "url")
    for element in fields.get("image", ()):
        url = first_text(fields_of(element, names), "url") if len(element) else text_of(element)
        if url:
            pictures.append(Picture(url=url))
    return pictures
