"""The feeds of "Kabar Nusantara": RSS 2.0 in Indonesian, Atom in English, JSON Feed 1.1 in both."""

from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

import msgspec

from syndicator.sample import calendar
from syndicator.sample.newsroom import SampleArticle
from syndicator.sample.portals.wire_pages import FIRST_ID, PAPER, Wired
from syndicator.sample.portals.xml import NAMESPACES, add, document

_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
_SINCE = "2026"
"""The year of the tag URIs (RFC 4151)."""


def rss(base: str, articles: Sequence[Wired], changed_at: datetime) -> bytes:
    """Return the Indonesian feed: whole bodies in `content:encoded`."""
    root = ET.Element("rss", {"version": "2.0", **NAMESPACES})
    channel = add(root, "channel")
    add(channel, "title", PAPER)
    add(channel, "link", f"{base}/")
    add(channel, "description", "Kabar pilihan dari seluruh penjuru")
    add(channel, "language", "id")
    add(channel, "lastBuildDate", calendar.rfc_822(changed_at))
    add(channel, "atom:link", href=f"{base}/rss.xml", rel="self", type="application/rss+xml")
    for wired in articles:
        item = add(channel, "item")
        add(item, "title", wired.text.title)
        add(item, "link", wired.feed_url)
        add(item, "guid", f"kn-{wired.id}", isPermaLink="false")
        add(item, "pubDate", calendar.rfc_822(wired.article.published_at))
        add(item, "description", wired.text.lead)
        add(item, "content:encoded", wired.content_html)
        add(item, "dc:creator", wired.author)
        for category in (wired.text.section, *wired.text.tags):
            add(item, "category", category)
        photo = add(item, "media:content", url=wired.photo_url, type="image/png", medium="image")
        add(photo, "media:credit", wired.text.photographer)
    return document(root)


def atom(base: str, articles: Sequence[Wired], gone: Sequence[SampleArticle], changed_at: datetime) -> bytes:
    """Return the English feed: a summary and the whole body; what was taken back is named (RFC 6721)."""
    root = ET.Element(
        "feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": "en", "xmlns:at": _TOMBSTONES}
    )
    add(root, "id", f"tag:kabar-nusantara.example,{_SINCE}:world")
    add(root, "title", f"{PAPER} — World")
    add(root, "updated", calendar.rfc_3339(changed_at))
    add(root, "link", rel="self", type="application/atom+xml", href=f"{base}/atom.xml")
    add(root, "link", rel="alternate", type="text/html", href=f"{base}/")
    for article in gone:
        reference = _entry_id(FIRST_ID + article.n)
        deleted = add(root, "at:deleted-entry", ref=reference, when=calendar.rfc_3339(article.updated_at))
        add(deleted, "at:comment", "Retracted: the report could not be confirmed.")
    for wired in articles:
        entry = add(root, "entry")
        add(entry, "id", _entry_id(wired.id))
        add(entry, "title", wired.text.title)
        add(entry, "link", rel="alternate", type="text/html", href=wired.feed_url)
        add(entry, "link", rel="enclosure", type="image/png", href=wired.photo_url)
        add(entry, "published", calendar.rfc_3339(wired.article.published_at))
        add(entry, "updated", calendar.rfc_3339(wired.article.updated_at))
        add(add(entry, "author"), "name", wired.author)
        for category in (wired.text.section, *wired.text.tags):
            add(entry, "category", term=category)
        add(entry, "summary", wired.text.lead)
        add(entry, "content", wired.content_html, type="html")
    return document(root)


def _entry_id(number: int) -> str:
    return f"tag:kabar-nusantara.example,{_SINCE}:artikel/{number}"


def json_feed(base: str, articles: Sequence[Wired]) -> bytes:
    """Return the feed of both languages."""
    items = [
        {
            "id": f"kn-{wired.id}",
            "url": wired.feed_url,
            "title": wired.text.title,
            "summary": wired.text.lead,
            "content_html": wired.content_html,
            "image": wired.photo_url,
            "date_published": calendar.rfc_3339(wired.article.published_at),
            "date_modified": calendar.rfc_3339(wired.article.updated_at),
            "authors": [{"name": wired.author}],
            "tags": [wired.text.section, *wired.text.tags],
            "language": wired.language,
        }
        for wired in articles
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": PAPER,
        "home_page_url": f"{base}/",
        "feed_url": f"{base}/feed.json",
        "items": items,
    }
    return msgspec.json.encode(feed)
