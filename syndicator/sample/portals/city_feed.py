"""The RSS 2.0 feed of "Berita Kota": the latest articles, each with its lead."""

from datetime import datetime
from itertools import islice
from xml.etree import ElementTree as ET

from syndicator.sample import calendar
from syndicator.sample.portals import city_pages
from syndicator.sample.portals.landscapes import HEIGHT, WIDTH
from syndicator.sample.portals.xml import NAMESPACES, add, document
from syndicator.sample.world import World

ENTRIES = 20


def city_feed(world: World, base: str) -> tuple[bytes, datetime]:
    """Return the feed, and when something in it changed last."""
    articles = list(islice(world.city.newest_first(), ENTRIES))
    changed_at = world.city.last_at or world.clock()
    root = ET.Element("rss", {"version": "2.0", **NAMESPACES})
    channel = add(root, "channel")
    add(channel, "title", city_pages.PAPER)
    add(channel, "link", f"{base}/")
    add(channel, "description", "Kabar terbaru dari Kota Lengkara")
    add(channel, "language", "id")
    add(channel, "lastBuildDate", calendar.rfc_822(changed_at))
    add(channel, "atom:link", href=f"{base}/rss.xml", rel="self", type="application/rss+xml")
    for article in articles:
        _add_item(channel, city_pages.show(world, base, article))
    return document(root), changed_at


def _add_item(channel: ET.Element, shown: city_pages.ShownArticle) -> None:
    item = add(channel, "item")
    add(item, "title", shown.text.title)
    add(item, "link", shown.url)
    add(item, "guid", f"berita-kota-{shown.id}", isPermaLink="false")
    add(item, "pubDate", calendar.rfc_822(shown.article.published_at))
    add(item, "description", shown.text.lead)
    add(item, "category", shown.text.section)
    add(item, "dc:creator", shown.text.reporter)
    photo = add(
        item, "media:content", url=shown.photo_url, type="image/png", medium="image",
        width=str(WIDTH), height=str(HEIGHT),
    )  # fmt: skip
    add(photo, "media:description", shown.text.caption)
    add(photo, "media:credit", f"{shown.text.photographer} - {city_pages.PAPER}")
