"""What feedgen leaves out or gets wrong, written by an extension of ours.

feedgen hands each finished element to its extensions. Ours completes it: dates (feedgen's own RSS
dates switch the locale of the whole process), link attributes, `atom:source`, `xml:lang`, Media RSS,
Dublin Core. feedgen takes any object with these three methods for an extension.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from lxml.etree import SubElement

from syndicator.render.items import File, Item, ItemPicture
from syndicator.render.withdrawn import Gone

NAME = "syndicator"
"""Under this name feedgen keeps the extension, as an attribute of feed and entry."""

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
HISTORY = "http://purl.org/syndication/history/1.0"
MEDIA = "http://search.yahoo.com/mrss/"
SLASH = "http://purl.org/rss/1.0/modules/slash/"
THREADING = "http://purl.org/syndication/thread/1.0"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

NAMESPACES = {"dc": DC, "dcterms": DCTERMS, "media": MEDIA, "slash": SLASH, "thr": THREADING}

Element = Any
"""An element of lxml's; feedgen gives its own without types."""


class FeedExtension:
    """Completes the feed itself."""

    build_date: datetime | None = None
    gone: tuple[Gone, ...] = ()
    hubs: tuple[str, ...] = ()
    """For RSS: of Atom's links, feedgen puts only the first of itself there."""
    links: tuple[tuple[str, str], ...] = ()
    """Other documents of the feed: relation and URL (RFC 5005; feedgen knows few of them)."""
    media_type = ""
    is_archive = False

    def extend_ns(self) -> Mapping[str, str]:
        deleted = {"at": TOMBSTONES} if self.gone else {}
        history = {"fh": HISTORY} if self.is_archive else {}
        return NAMESPACES | deleted | history

    def extend_rss(self, rss: Element) -> Element:
        if self.build_date is not None:
            _text(rss[0], "lastBuildDate", rfc_822(self.build_date))
        for hub in self.hubs:
            SubElement(rss[0], f"{{{ATOM}}}link", rel="hub", href=hub)
        self._history(rss[0], f"{{{ATOM}}}link")
        return rss

    def extend_atom(self, feed: Element) -> Element:
        """RFC 6721: entries that readers are to forget. feedgen puts the others behind them."""
        self._history(feed, "link")
        for gone in self.gone:
            attributes = {"ref": gone.id, "when": gone.at.isoformat()}
            deleted = SubElement(feed, f"{{{TOMBSTONES}}}deleted-entry", attributes)
            if gone.comment:
                _text(deleted, f"{{{TOMBSTONES}}}comment", gone.comment)
        return feed

    def _history(self, parent: Element, tag: str) -> None:
        for rel, url in self.links:
            SubElement(parent, tag, rel=rel, type=self.media_type, href=url)
        if self.is_archive:
            SubElement(parent, f"{{{HISTORY}}}archive")


class EntryExtension:
    """Completes one entry."""

    item: Item
    feed_language: str

    def extend_ns(self) -> Mapping[str, str]:
        return NAMESPACES

    def extend_rss(self, element: Element) -> Element:
        item = self.item
        # One for all: of several, readers keep the first or the last.
        _text(element, f"{{{DC}}}creator", ", ".join(item.byline))
        if not item.source.feed_url:
            _text(element, f"{{{DC}}}publisher", item.source.title)
        _text(element, "pubDate", rfc_822(item.published))
        if item.updated > item.published:
            _text(element, f"{{{DCTERMS}}}modified", item.updated.isoformat())
            _text(element, f"{{{ATOM}}}updated", item.updated.isoformat())
        if item.language and item.language != self.feed_language:
            _text(element, f"{{{DC}}}language", item.language)
        if item.rights.statement:
            _text(element, f"{{{DC}}}rights", item.rights.statement)
        _links(element, item, f"{{{ATOM}}}link")
        _media(element, item.pictures)
        # Readers that know Media RSS too would show the one in the enclosure twice.
        enclosed = item.main_file
        _media_files(element, (file for file in item.files if file != enclosed))
        _popularity(element, item)
        return element

    def extend_atom(self, element: Element) -> Element:
        item = self.item
        if item.language and item.language != self.feed_language:
            element.set(XML_LANG, item.language)
        _complete_link(element, item)
        _enclosures(element, item)
        _links(element, item, "link")
        _source(element, item)
        _media(element, item.pictures)
        _popularity(element, item)
        return element


def rfc_822(instant: datetime) -> str:
    """Write a date as RSS requires it, in English whatever the locale: `Thu, 05 Nov 2026 10:11:12 +0000`."""
    return format_datetime(instant)


def _text(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = text


def _complete_link(entry: Element, item: Item) -> None:
    """Add the attributes that feedgen left out to the one link that it wrote."""
    link = entry.find("link")
    link.set("rel", "alternate")
    link.set("type", "text/html")
    if item.language:
        link.set("hreflang", item.language)


def _links(parent: Element, item: Item, tag: str) -> None:
    """Other articles of the story, then what the portal itself points to (RFC 4287); its licence (RFC 4946).

    RSS borrows the links, as for the feed's own.
    """
    others = [(other.url, other.title) for other in item.also_at]
    for url, title in (*others, *((link.url, link.title) for link in item.related)):
        SubElement(parent, tag, {"rel": "related", "type": "text/html", "href": url, "title": title})
    if item.portal_url != item.link:
        SubElement(parent, tag, {"rel": "via", "type": "text/html", "href": item.portal_url})
    if item.rights.license_url:
        SubElement(parent, tag, {"rel": "license", "href": item.rights.license_url})


def _enclosures(entry: Element, item: Item) -> None:
    """RFC 4287, 4.2.7.2."""
    for file in item.files:
        known = {"length": str(file.length_bytes)} if file.length_bytes else {}
        SubElement(entry, "link", {"rel": "enclosure", "href": file.url, "type": file.media_type} | known)


def _source(entry: Element, item: Item) -> None:
    """RFC 4287, 4.2.11: who an aggregated entry comes from."""
    origin = item.source
    source = SubElement(entry, "source")
    _text(source, "id", origin.feed_url or origin.home_url)
    _text(source, "title", origin.title)
    _text(source, "updated", item.updated.isoformat())
    if origin.feed_url:
        SubElement(source, "link", rel="self", href=origin.feed_url)
    SubElement(source, "link", rel="alternate", type="text/html", href=origin.home_url)


def _media(parent: Element, pictures: tuple[ItemPicture, ...]) -> None:
    """Media RSS 1.5.1. Not in a `media:group`: that is for variants of one picture."""
    for picture in pictures:
        content = SubElement(parent, f"{{{MEDIA}}}content", _media_attributes(picture))
        if picture.caption:
            SubElement(content, f"{{{MEDIA}}}description", type="plain").text = picture.caption
        if picture.credit:
            SubElement(content, f"{{{MEDIA}}}credit", role="photographer").text = picture.credit


def _media_files(parent: Element, files: Iterable[File]) -> None:
    for file in files:
        known = {"fileSize": str(file.length_bytes)} if file.length_bytes else {}
        fields = {"url": file.url, "medium": file.medium, "type": file.media_type}
        SubElement(parent, f"{{{MEDIA}}}content", fields | known)


def _popularity(parent: Element, item: Item) -> None:
    """Slash: `comments`, and `hit_parade` for views; RFC 4685: `total`."""
    popularity = item.popularity
    if popularity is None:
        return
    if popularity.comments is not None:
        _text(parent, f"{{{SLASH}}}comments", _about(popularity.comments))
        _text(parent, f"{{{THREADING}}}total", _about(popularity.comments))
    if popularity.views is not None:
        _text(parent, f"{{{SLASH}}}hit_parade", _about(popularity.views))


def _about(count: int) -> str:
    """Return a count to one digit, so that a few more change nothing."""
    count = max(count, 0)
    return str(count - count % 10 ** (len(str(count)) - 1))


def _media_attributes(picture: ItemPicture) -> dict[str, str]:
    known = {
        "url": picture.url,
        "medium": "image",
        "type": picture.media_type,
        "fileSize": picture.length_bytes,
        "width": picture.width,
        "height": picture.height,
    }
    return {name: str(value) for name, value in known.items() if value is not None}
