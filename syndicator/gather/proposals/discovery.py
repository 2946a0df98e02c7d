"""What a page says of feeds and of itself: in its head, by HTTP, by its links. Sync: the pool's work."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from syndicator.errors import NotReadable
from syndicator.gather.articles.claim_merge import language_code
from syndicator.gather.documents.html_cleaning import same_site
from syndicator.gather.documents.selectors import Page, Selector, text_of
from syndicator.gather.documents.text import MAX_NAME, absolute_url
from syndicator.model.fetch import Fetched

MAX_POINTERS = 10
MAX_LINKS = 3000
"""Links of a page that are looked at."""

_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})
_LIKE_A_FEED = re.compile(
    r"(?:^|[/._?=&-])(?:rss|feeds?|atom|rdf)(?:$|[/._?=&-])|\.(?:xml|rss|atom)$", re.IGNORECASE
)
_NO_FEED = re.compile(
    r"sitemap|\.(?:html?|css|js|png|jpe?g|gif|svg|ico|pdf|apk)$|/feedback|opensearch", re.IGNORECASE
)
_LINK_VALUE = re.compile(r"<(?P<url>[^<>]{1,4096})>(?P<parameters>(?:\s*;[^;,<]{0,300}){0,10})")
_PARAMETER = re.compile(r";\s*(?P<name>[\w*-]{1,20})\s*=\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>[^\s;,\"]+))")
_TITLE_MARK = re.compile(r"(?<!\s)\s++[|–—»-]\s++")
_OF_PAGES = frozenset(
    {"beranda", "home", "homepage", "frontpage", "halamanutama", "halamandepan", "index", "indeks"}
)
"""What the front page of any portal is called, in letters alone."""
_SHORTEST_NAME = 4
_WELL_KNOWN = (
    "/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed/rss", "/feed.json",
    "/index.rdf", "/rss/index.xml",
)  # fmt: skip
_SITEMAPS = ("/news-sitemap.xml", "/sitemap-news.xml", "/sitemap.xml")


class How(StrEnum):
    """By what something was found."""

    ITSELF = "the address itself"
    LINK = 'announced by <link rel="alternate">'
    HEADER = "announced by the HTTP header Link"
    ANCHOR = "a link on the page"
    WELL_KNOWN = "a well-known path"
    ROBOTS = "named in robots.txt"
    STRUCTURE = "the structure of the page"


class Pointer(Struct, frozen=True, kw_only=True):
    """An address that may be a feed or a sitemap."""

    url: str
    how: How
    title: str | None = None


class PageFindings(Struct, frozen=True, kw_only=True):
    """What a page says of itself and of feeds."""

    title: str | None = None
    names: tuple[str, ...] = ()
    """Parts of the page's title, where the portal's name is one of them and is said nowhere else."""
    language: str | None = None
    canonical_url: str | None = None
    article: bool = False
    """Whether it calls itself one article (`og:type`)."""
    feeds: tuple[Pointer, ...] = ()
    """The surest first, at most `MAX_POINTERS`."""


def read_findings(fetched: Fetched) -> PageFindings:
    """Read what an HTML page announces. Of what only an attack looks like, the header alone is read."""
    header = _announced_in_header(fetched)
    try:
        page = Page(fetched)
    except NotReadable:  # no honest page is that heavy
        return PageFindings(feeds=_unique(header))
    said, parts = _said_name(page), _title_parts(page)
    return PageFindings(
        title=said or _guessed_name(page, parts),
        names=() if said else tuple(parts),
        language=language_code(_first(page, "html[lang]", "lang") or "") or None,
        canonical_url=_canonical(page),
        article=_first(page, "meta[property='og:type']", "content") == "article",
        feeds=_unique([*_announced(page), *header, *_linked(page)]),
    )


def well_known_feeds(url: str) -> tuple[Pointer, ...]:
    """Return the addresses at which portals keep a feed by custom, at most `MAX_POINTERS`."""
    return tuple(Pointer(url=urljoin(url, path), how=How.WELL_KNOWN) for path in _WELL_KNOWN[:MAX_POINTERS])


def well_known_sitemaps(url: str) -> tuple[Pointer, ...]:
    return tuple(Pointer(url=urljoin(url, path), how=How.WELL_KNOWN) for path in _SITEMAPS)


def _announced(page: Page) -> list[Pointer]:
    found = []
    for node in page.find(Selector(name="feeds", css="link[href][rel][type]"))[:MAX_LINKS]:
        words = (node.attributes.get("rel") or "").lower().split()
        address = page.link(node, "href")
        if "alternate" in words and _is_feed_type(node.attributes.get("type")) and address:
            title = text_of(node, "title", MAX_NAME) or None
            found.append(Pointer(url=address, how=How.LINK, title=title))
    return found


def _announced_in_header(fetched: Fetched) -> list[Pointer]:
    """Read the header Link (RFC 8288)."""
    found = []
    for match in _LINK_VALUE.finditer(fetched.headers.get("link", "")[:8192]):
        parameters = {
            each["name"].lower(): each["quoted"] if each["quoted"] is not None else each["bare"]
            for each in _PARAMETER.finditer(match["parameters"])
        }
        address = absolute_url(fetched.url, match["url"])
        if "alternate" in parameters.get("rel", "").lower().split() and _is_feed_type(parameters.get("type")):
            found += [Pointer(url=address, how=How.HEADER, title=parameters.get("title"))] if address else []
    return found


def _linked(page: Page) -> list[Pointer]:
    """Return links whose addresses look like those of feeds, on this host and on those beside it."""
    found = []
    for node in page.find(Selector(name="links", css="a[href]"))[:MAX_LINKS]:
        address = page.link(node, "href")
        if address and _near(address, page.url) and looks_like_a_feed(address):
            found.append(Pointer(url=address, how=How.ANCHOR, title=text_of(node, None, MAX_NAME) or None))
    return found


def looks_like_a_feed(url: str) -> bool:
    """Return whether an address has a word such as `rss` or `feed` in it, or ends as feeds do."""
    parts = urlsplit(url)
    if _NO_FEED.search(parts.path):
        return False
    host = parts.hostname or ""
    path = f"{parts.path.rstrip('/')}?{parts.query}" if parts.query else parts.path.rstrip("/")
    return host.startswith(("rss.", "feed.", "feeds.")) or bool(_LIKE_A_FEED.search(path))


def _near(url: str, other: str) -> bool:
    """Return whether an address is of the same host or of one beside it: `rss.` for `www.portal.example`."""
    if same_site(url, other):
        return True
    ours = (urlsplit(other).hostname or "").removeprefix("www.").removeprefix("m.")
    theirs = urlsplit(url).hostname or ""
    return theirs.endswith(f".{ours}") or (ours.count(".") > 1 and theirs.endswith(ours[ours.index(".") :]))


def _is_feed_type(media_type: str | None) -> bool:
    return (media_type or "").partition(";")[0].strip().lower() in _FEED_TYPES


def _canonical(page: Page) -> str | None:
    nodes = page.find(Selector(name="canonical", css="link[rel~='canonical' i][href]"))
    return page.link(nodes[0], "href") if nodes else None


def agreed_name(names: Sequence[str], articles: Iterable[Fetched]) -> str | None:
    """Return the one of these names that every article page has too, as its portal or in its title."""
    agreed = {_letters(name): name for name in names}
    for fetched in articles:
        try:
            page = Page(fetched)
        except NotReadable:
            return None
        heard = {_letters(name) for name in (_said_name(page) or "", *_title_parts(page))}
        agreed = {letters: name for letters, name in agreed.items() if letters in heard}
    return next(iter(agreed.values())) if len(agreed) == 1 else None


def _said_name(page: Page) -> str | None:
    named = ("meta[property='og:site_name']", "meta[name='application-name']")
    return next(filter(None, (_first(page, css, "content") for css in named)), None)


def _title_parts(page: Page) -> list[str]:
    title = _first(page, "title", None) or ""
    return [part.strip() for part in _TITLE_MARK.split(title) if part.strip()]


def _guessed_name(page: Page, whole: Sequence[str]) -> str | None:
    """Return the part of a title that the host has too, else that a home page has as its headline, else the
    last one.

    In `Terkini | Kabar Kota` that is `Kabar Kota`. A title in one part is a headline, but of a home page.
    """
    parts = [part for part in whole if _letters(part) not in _OF_PAGES] or whole
    address = urlsplit(page.url)
    host = _letters((address.hostname or "").removeprefix("www."))
    alike = [part for part in parts if len(_letters(part)) >= _SHORTEST_NAME and _letters(part) in host]
    if alike:
        return max(alike, key=len)
    is_home = address.path.strip("/") in {"", "index.html", "index.php"} and not address.query
    headline = _letters(_first(page, "h1", None) or "") if is_home else ""
    if headed := [part for part in parts if _letters(part) == headline]:
        return headed[0]
    return parts[-1] if len(whole) > 1 or (parts and is_home) else None


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _first(page: Page, css: str, attribute: str | None) -> str | None:
    nodes = page.find(Selector(name=css, css=css))
    return (text_of(nodes[0], attribute, MAX_NAME) or None) if nodes else None


def _unique(pointers: Iterable[Pointer]) -> tuple[Pointer, ...]:
    first: dict[str, Pointer] = {}
    for pointer in pointers:
        first.setdefault(pointer.url, pointer)
    return tuple(first.values())[:MAX_POINTERS]
