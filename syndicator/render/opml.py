"""OPML 2.0 (opml.org/spec2): the list of feeds that a reader can import in one go."""

from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime

from lxml.etree import Element, SubElement, _Element, tostring

from syndicator.model.feed import FeedSpec, Format, Site
from syndicator.model.source import Source, SourceKind
from syndicator.render.dates import whole_seconds
from syndicator.render.text import line

CONTENT_TYPE = "text/x-opml; charset=utf-8"


def render_opml(site: Site, specs: Iterable[FeedSpec], changed_at: datetime | None = None) -> bytes:
    """List the feeds, in the order given; the RSS of each, because every reader knows that.

    `changed_at` is when the list changed last, where that is known.
    """
    root, body = _empty(site, changed_at)
    for spec in specs:
        SubElement(body, "outline", _outline(site, spec))
    return _document(root)


def render_sources_opml(site: Site, sources: Iterable[Source]) -> bytes:
    """List the feeds that are gathered, in a folder for each section that a source is given."""
    root, body = _empty(site, None)
    folders = {"": body}
    for source in sources:
        if source.kind is not SourceKind.FEED:
            continue
        section = line(source.section or "")
        if section not in folders:
            folders[section] = SubElement(body, "outline", text=section)
        fields = {"type": "rss", "text": line(source.title), "xmlUrl": source.url}
        fields |= {"htmlUrl": source.home_url} if source.home_url else {}
        fields |= {"language": source.language} if source.language else {}
        SubElement(folders[section], "outline", fields)
    return _document(root)


def _empty(site: Site, changed_at: datetime | None) -> tuple[_Element, _Element]:
    root = Element("opml", version="2.0")
    head = SubElement(root, "head")
    SubElement(head, "title").text = line(site.title)
    if changed_at is not None:
        SubElement(head, "dateModified").text = format_datetime(whole_seconds(changed_at))
    if site.contact:
        # OPML 2.0: the address of the owner, else where to find who that is.
        is_mail = "@" in site.contact and not set(site.contact) & set(" :/")
        SubElement(head, "ownerEmail" if is_mail else "ownerId").text = line(site.contact)
    return root, SubElement(root, "body")


def _document(root: _Element) -> bytes:
    document: bytes = tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return document


def _outline(site: Site, spec: FeedSpec) -> dict[str, str]:
    title = line(spec.title) or spec.id
    attributes = {
        "type": "rss",
        "text": title,
        "title": title,
        "xmlUrl": site.url(f"/feeds/{spec.id}.{Format.RSS.value}"),
        "htmlUrl": site.url(f"/feeds/{spec.id}"),
        "language": spec.language or site.language,
        "version": "RSS2",
    }
    if spec.description:
        attributes["description"] = line(spec.description)
    return attributes
