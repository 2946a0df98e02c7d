"""RSS 2.0 with content, Dublin Core, Media RSS and an Atom link to itself.

Only the description of an item is HTML (RSS Best Practices Profile, 3.1): text is escaped for HTML there,
and for XML as everywhere. All other text is plain.
"""

import re
from html import escape
from urllib.parse import urlsplit

from feedgen.entry import FeedEntry as Entry
from feedgen.feed import FeedGenerator

from syndicator.model.feed import CONTENT_TYPES, FeedSnapshot, Format, Site
from syndicator.render.dates import newest_change
from syndicator.render.extension import NAME, EntryExtension, FeedExtension
from syndicator.render.items import Item, prepare, rights_of
from syndicator.render.text import line

GENERATOR = "syndicator"

_PLAIN_TEXT = re.compile(
    rb"<(?:title|description|copyright|category|source|dc:creator|dc:rights|media:description|media:credit)"
    rb"(?: [^<>]*+)?>[^<]++<"
)
_REFERENCES = ((b"&lt;", b"&#x3C;"), (b"&gt;", b"&#x3E;"), (b"&amp;", b"&#x26;"))


def render_rss(snapshot: FeedSnapshot) -> bytes:
    """Write the snapshot as RSS 2.0, in UTF-8."""
    items = prepare(snapshot)
    feed = _channel(snapshot)
    for item in items:
        _add_item(feed, item, snapshot)
    return _PLAIN_TEXT.sub(_by_number, feed.rss_str(pretty=True))


def _by_number(element: re.Match[bytes]) -> bytes:
    """Write `<`, `>` and `&` as hexadecimal references: readers that decode twice show those as text.

    RSS Best Practices Profile, 3.1. To an XML parser it is the same.
    """
    text = element[0]
    for name, number in _REFERENCES:
        text = text.replace(name, number)
    return text


def _channel(snapshot: FeedSnapshot) -> FeedGenerator:
    feed = FeedGenerator()
    # feedgen writes its dates by switching the locale of the process, and this one would be "now":
    # without it, our extension writes the date.
    feed._FeedGenerator__rss_lastBuildDate = None  # noqa: SLF001  feedgen has no public way to unset it
    feed.register_extension(NAME, FeedExtension, EntryExtension, atom=False, rss=True)
    getattr(feed, NAME).build_date = newest_change(snapshot)
    title = line(snapshot.spec.title) or snapshot.spec.id
    feed.title(title)
    feed.description(line(snapshot.spec.description) or title)
    getattr(feed, NAME).hubs = snapshot.hubs
    if snapshot.is_topic and snapshot.site.serves_rsscloud:
        feed.cloud(**_cloud(snapshot.site))
    # feedgen takes the last link for the channel's own, hence the page comes last.
    own_type = CONTENT_TYPES[Format.RSS].partition(";")[0]
    extension = getattr(feed, NAME)
    extension.links, extension.media_type = snapshot.related_urls(Format.RSS), own_type
    extension.is_archive = snapshot.is_archive
    if (own_url := snapshot.self_url(Format.RSS)) is not None:
        feed.link(href=own_url, rel="self", type=own_type)
    feed.link(href=snapshot.page_url, rel="alternate")
    feed.language(snapshot.language)
    feed.copyright(rights_of(snapshot))
    # RSS Advisory Board: with the title and the link of the channel.
    feed.image(snapshot.site.image_url, title, snapshot.page_url)
    feed.ttl(max(1, -(-snapshot.ttl_s // 60)))
    feed.generator(GENERATOR)
    return feed


def _cloud(site: Site) -> dict[str, str]:
    """Return where to register with rssCloud (RSS 2.0, `cloud`; `https-post` is a later word for its TLS)."""
    parts = urlsplit(site.url("/rsscloud/pleaseNotify"))
    secure = parts.scheme == "https"
    return {
        "domain": parts.hostname or "",
        "port": str(parts.port or (443 if secure else 80)),
        "path": parts.path,
        "registerProcedure": "",
        "protocol": "https-post" if secure else "http-post",
    }


def _add_item(feed: FeedGenerator, item: Item, snapshot: FeedSnapshot) -> None:
    entry = Entry()
    entry.title(item.title)
    entry.link(href=item.link)
    entry.guid(item.id, permalink=False)
    # Readers of old show this alone, so that it never lacks beside the whole text.
    entry.description(escape(item.summary or item.title, quote=False))
    if item.html:
        entry.content(item.html)
    if item.section:
        entry.category(term=item.section, scheme=item.sections_uri)
    for tag in item.tags:
        entry.category(term=tag, scheme=item.tags_uri)
    if (file := item.main_file) is not None:
        # RSS Advisory Board: one for each item, and "0" for a length that is not known.
        entry.enclosure(url=file.url, length=str(file.length_bytes or 0), type=file.media_type)
    if item.source.feed_url:  # RSS 2.0: its address is that of a feed
        entry.source(url=item.source.feed_url, title=item.source.title)
    feed.add_entry(entry, order="append")
    extension = getattr(entry, NAME)
    extension.item = item
    extension.feed_language = snapshot.language
