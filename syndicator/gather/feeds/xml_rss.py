"""RSS 0.9x and 2.0 (https://www.rssboard.org/rss-specification), 1.0 and 1.1 (RDF), with their modules.

Known modules: Dublin Core, content, atom, syndication, slash, thread, Media RSS, iTunes, PRISM. What is in
any other namespace (georss, …) is nothing to us.
"""

from lxml.etree import _Element

from syndicator.gather.documents.xml_names import (
    LANG,
    Doubt,
    Fields,
    QualifiedNames,
    fields_of,
    first_markup,
    first_text,
    text_of,
    texts,
)
from syndicator.gather.feeds.entry import Channel, Entry, Picture
from syndicator.gather.feeds.entry_window import FeedWindow
from syndicator.gather.feeds.feed_hints import feed_hints
from syndicator.gather.feeds.xml_media import (
    HOLDERS,
    enclosed_files,
    enclosed_pictures,
    media_files,
    media_pictures,
    media_text,
    media_views,
)
from syndicator.model.source import FeedHints

_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_PICTURED = HOLDERS | {"enclosure", "image", "itunes:image"}
"""Elements that may hold a picture of an item; most items have none of them."""
_PUBLISHED = ("pubdate", "dc:date", "dcterms:issued", "dcterms:created", "atom:published", "date")


def read_rss(root: _Element, names: QualifiedNames, base: str, window: FeedWindow) -> Channel:
    """Map an `rss`, `rdf:RDF` or RSS 1.1 document; its items stand in the channel, or beside it."""
    outside = {"channel": [root]} if names[root.tag] == "channel" else fields_of(root, names)
    channels = outside.get("channel", [])
    inside = fields_of(channels[0], names) if channels else {}
    items = inside.get("item", []) + outside.get("item", [])
    for element in inside.get("items", []):  # RSS 1.1; in 1.0 it holds references only
        items += fields_of(element, names).get("item", [])
    for channel in channels[1:]:
        items += fields_of(channel, names).get("item", [])
    if not channels and not items:
        raise Doubt("neither a channel nor an item")
    return Channel(
        title=first_markup(inside, "title", "dc:title"),
        home_url=_link(inside),
        language=first_text(inside, "language", "dc:language") or root.get(LANG, ""),
        hints=_hints(inside, names),
        hubs=_links(inside, "hub"),
        self_url=next(iter(_links(inside, "self")), ""),
        earlier_url=next(iter(_links(inside, "prev-archive") or _links(inside, "next")), ""),
        generator=first_text(inside, "generator"),
        entries=[_entry(item, names, base) for item in window.of(items, lambda item: _date(item, names))],
        left_out=max(0, len(items) - window.limit),
        warnings=[*names.odd, *(["the document has several channels"] if len(channels) > 1 else [])],
    )


def _hints(channel: Fields, names: QualifiedNames) -> FeedHints:
    skipped: dict[str, list[str]] = {"hour": [], "day": []}
    for element in channel.get("skiphours", []) + channel.get("skipdays", []):
        inside = fields_of(element, names)
        for name, found in skipped.items():
            found.extend(texts(inside, name))
    return feed_hints(
        ttl=first_text(channel, "ttl"),
        period=first_text(channel, "sy:updateperiod"),
        frequency=first_text(channel, "sy:updatefrequency"),
        hours=skipped["hour"],
        days=skipped["day"],
    )


def _date(item: _Element, names: QualifiedNames) -> str:
    return first_text(fields_of(item, names), *_PUBLISHED)


def _entry(item: _Element, names: QualifiedNames, base: str) -> Entry:
    fields = fields_of(item, names)
    guid, guid_is_link = _guid(item, fields)
    categories = texts(fields, "category", "dc:subject")
    summary = first_markup(
        fields,
        "description",
        "dc:description",
        "dcterms:abstract",
        "atom:summary",
        "itunes:summary",
        "itunes:subtitle",
    )
    content = first_markup(fields, "content:encoded", "atom:content", "fullitem")
    is_plain = False
    if not (summary or content):
        summary, is_plain = media_text(fields, names)
    return Entry(
        base=item.base or base,
        link=_link(fields),
        guid=guid,
        guid_is_link=guid_is_link,
        title=first_markup(fields, "title", "dc:title", "media:title", "itunes:title"),
        summary=summary,
        summary_is_plain=is_plain,
        content=content,
        authors=_authors(fields, names),
        tags=categories,
        section=categories[0] if categories else "",
        language=first_text(fields, "dc:language"),
        published=first_text(fields, *_PUBLISHED),
        updated=first_text(fields, "atom:updated", "dcterms:modified", "lastbuilddate"),
        pictures=_pictures(fields, names),
        attachments=enclosed_files(fields.get("enclosure", []), "url") + media_files(fields, names),
        comments=first_text(fields, "slash:comments", "thr:total"),
        views=media_views(fields, names),
        embargo=first_text(fields, "prism:embargodate", "dcterms:embargo", "dcterms:available"),
    )


def _link(fields: Fields) -> str:
    for element in fields.get("link", ()):
        if link := text_of(element) or element.get("href", ""):
            return link
    return next(iter(_links(fields, "alternate")), "")


def _links(fields: Fields, relation: str) -> list[str]:
    return [
        reference
        for element in fields.get("atom:link", ())
        if relation in element.get("rel", "alternate").lower().split()
        and (reference := element.get("href", ""))
    ]


def _guid(item: _Element, fields: Fields) -> tuple[str, bool]:
    for element in fields.get("guid", ()):
        if guid := text_of(element):
            return guid, element.get("isPermaLink", "true").strip().lower() != "false"
    if about := item.get(_ABOUT) or item.get("about", ""):
        return about, True
    return first_text(fields, "atom:id", "dc:identifier"), False


def _authors(fields: Fields, names: QualifiedNames) -> list[str]:
    found = texts(fields, "dc:creator") or texts(fields, "dc:author")
    for element in (*fields.get("author", ()), *fields.get("atom:author", ())):
        if len(element):
            inside = fields_of(element, names)
            found.append(first_text(inside, "atom:name", "name", "atom:email", "email"))
        else:
            found.append(text_of(element))
    return found or texts(fields, "itunes:author")


def _pictures(fields: Fields, names: QualifiedNames) -> list[Picture]:
    if _PICTURED.isdisjoint(fields):
        return []
    pictures = media_pictures(fields, names) + enclosed_pictures(fields.get("enclosure", []), "url")
    for element in fields.get("image", ()):
        url = first_text(fields_of(element, names), "url") if len(element) else text_of(element)
        if url:
            pictures.append(Picture(url=url))
    if not pictures:
        pictures = [
            Picture(url=url) for one in fields.get("itunes:image", ()) if (url := one.get("href", ""))
        ]
    return pictures
