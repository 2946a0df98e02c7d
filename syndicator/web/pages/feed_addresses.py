"""The addresses of a feed, one for each format that readers take, and links that add it to web readers."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from msgspec import Struct

from syndicator.model.feed import CONTENT_TYPES, READER_FORMATS, Format, Site

FORMAT_NAMES: Mapping[Format, str] = {Format.RSS: "RSS", Format.ATOM: "Atom", Format.JSON: "JSON Feed"}


class Address(Struct, frozen=True, kw_only=True):
    """One feed in one format."""

    name: str
    url: str
    path: str
    media_type: str


def addresses(site: Site, stem: str, asked: str = "") -> tuple[Address, ...]:
    """Return the addresses of a feed.

    `stem` is its path without the ending, `asked` stands behind the `?`.
    """
    behind = f"?{asked}" if asked else ""
    return tuple(
        Address(
            name=FORMAT_NAMES[form],
            url=site.url(path),
            path=path,
            media_type=CONTENT_TYPES[form].partition(";")[0],
        )
        for form in READER_FORMATS
        if (path := f"{stem}.{form.value}{behind}")
    )


_ADDING = {
    "Feedly": "https://feedly.com/i/subscription/feed%2F{}",
    "Inoreader": "https://www.inoreader.com/?add_feed={}",
    "The Old Reader": "https://theoldreader.com/feeds/subscribe?url={}",
    "NewsBlur": "https://www.newsblur.com/?url={}",
    "Feedbin": "https://feedbin.com/?subscribe={}",
}


class Reader(Struct, frozen=True, kw_only=True):
    """A link by which a reader subscribes to one feed."""

    name: str
    url: str


def app_link(feed_url: str) -> str:
    """Return the link that opens the reader of the device (de-facto scheme `feed:`)."""
    return f"feed:{feed_url}"


def web_readers(feed_url: str) -> tuple[Reader, ...]:
    """Return the link of each reader on the web; none where the feed is out of their reach."""
    if not _is_public(urlsplit(feed_url).hostname or ""):
        return ()
    return tuple(
        Reader(name=name, url=adding.format(quote(feed_url, safe=""))) for name, adding in _ADDING.items()
    )


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".localhost", ".local", ".internal", ".test"))
