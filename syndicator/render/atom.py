"""Atom 1.0 (RFC 4287) with Media RSS and deleted entries (RFC 6721)."""

from datetime import datetime, timedelta
from zlib import crc32

from feedgen.entry import FeedEntry as Entry
from feedgen.feed import FeedGenerator

from syndicator.model.feed import CONTENT_TYPES, FeedSnapshot, Format
from syndicator.render.dates import newest_change
from syndicator.render.extension import NAME, EntryExtension, FeedExtension
from syndicator.render.items import Item, feed_uri, prepare, rights_of
from syndicator.render.rss import GENERATOR
from syndicator.render.text import line
from syndicator.render.withdrawn import prepare_gone


def render_atom(snapshot: FeedSnapshot) -> bytes:
    """Write the snapshot as an Atom feed document, in UTF-8."""
    items = prepare(snapshot)
    feed = _feed(snapshot, items)
    getattr(feed, NAME).gone = prepare_gone(snapshot)
    for item in items:
        _add_entry(feed, item, snapshot)
    document: bytes = feed.atom_str(pretty=True)
    return document


def _feed(snapshot: FeedSnapshot, items: tuple[Item, ...]) -> FeedGenerator:
    feed = FeedGenerator()
    feed.register_extension(NAME, FeedExtension, EntryExtension, atom=True, rss=False)
    feed.id(feed_uri(snapshot))
    feed.title(line(snapshot.spec.title) or snapshot.spec.id)
    if snapshot.spec.description:
        feed.subtitle(line(snapshot.spec.description))
    feed.updated(max([newest_change(snapshot), *map(_apart, items)]))
    if not items:  # RFC 4287, 4.1.1: else each entry has its own
        feed.author(name=line(snapshot.site.title))
    own_type = CONTENT_TYPES[Format.ATOM].partition(";")[0]
    extension = getattr(feed, NAME)
    extension.links, extension.media_type = snapshot.related_urls(Format.ATOM), own_type
    extension.is_archive = snapshot.is_archive
    if (own_url := snapshot.self_url(Format.ATOM)) is not None:
        feed.link(href=own_url, rel="self", type=own_type)
    for hub in snapshot.hubs:
        feed.link(href=hub, rel="hub")
    feed.link(href=snapshot.page_url, rel="alternate", type="text/html")
    feed.language(snapshot.language)
    feed.rights(rights_of(snapshot))
    feed.icon(snapshot.site.url("/favicon.ico"))
    if snapshot.site.logo_url:
        feed.logo(snapshot.site.logo_url)
    feed.generator(GENERATOR)
    return feed


def _add_entry(feed: FeedGenerator, item: Item, snapshot: FeedSnapshot) -> None:
    entry = Entry()
    entry.id(item.id)
    entry.title(item.title)
    entry.link(href=item.link)
    entry.published(item.published)
    entry.updated(_apart(item))
    for author in item.byline:
        entry.author(name=author)
    if item.summary or not item.html:
        entry.summary(item.summary or item.title)
    if item.html:
        entry.content(item.html, type="html")
    if item.section:
        entry.category(term=item.section, scheme=item.sections_uri, label=item.section)
    for tag in item.tags:
        entry.category(term=tag, scheme=item.tags_uri, label=tag)
    if item.rights.statement:
        entry.rights(item.rights.statement)
    feed.add_entry(entry, order="append")
    extension = getattr(entry, NAME)
    extension.item = item
    extension.feed_language = snapshot.language


def _apart(item: Item) -> datetime:
    """Return a time with microseconds that differ by entry: some validators warn of equal updates."""
    return item.updated + timedelta(microseconds=crc32(item.id.encode()) % 1_000_000)
