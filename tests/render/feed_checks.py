"""The rules by which validators of the web judge RSS, Atom and OPML, beside those of the published schemas.

Written down anew from RSS 2.0 and its profile by the RSS Advisory Board, RFC 4287, RFC 5005, RFC 6721, Media
RSS 1.5.1, OPML 2.0, and from what the W3C's feed validator documents as errors and warnings. Nothing of the
renderers is used here.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from lxml import etree, html

ATOM = "http://www.w3.org/2005/Atom"
MEDIA = "http://search.yahoo.com/mrss/"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
SLASH = "http://purl.org/rss/1.0/modules/slash/"
THREADING = "http://purl.org/syndication/thread/1.0"
HISTORY = "http://purl.org/syndication/history/1.0"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

CHANNEL = frozenset(
    [
        "title", "link", "description", "language", "copyright", "managingEditor", "webMaster", "pubDate",
        "lastBuildDate", "category", "generator", "docs", "cloud", "ttl", "image", "rating", "skipHours",
        "skipDays", "item",
    ]
)  # fmt: skip
ITEM = frozenset(
    [
        "title", "link", "description", "author", "category", "comments", "enclosure", "guid", "pubDate",
        "source",
    ]
)  # fmt: skip
SEVERAL = frozenset({"category", "item", f"{{{ATOM}}}link", f"{{{DC}}}creator", f"{{{MEDIA}}}content"})
EXTENSIONS = {
    ATOM: {"link", "updated"},
    CONTENT: {"encoded"},
    DC: {"creator", "language", "publisher", "rights"},
    DCTERMS: {"modified"},
    MEDIA: {"content"},
    SLASH: {"comments", "hit_parade"},
    THREADING: {"total"},
    HISTORY: {"archive", "complete"},
}
RELATIONS = frozenset(
    [
        "alternate", "self", "hub", "related", "via", "license", "enclosure", "first", "last", "next",
        "previous", "current", "prev-archive", "next-archive",
    ]
)  # fmt: skip
ACTIVE = frozenset(
    [
        "script", "style", "iframe", "object", "embed", "form", "link", "meta", "base", "input", "applet",
        "frame", "frameset",
    ]
)  # fmt: skip
ROLES = frozenset({"photographer"})
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*")
_TAG = re.compile(r"tag:([a-z0-9._-]+@)?[a-z0-9.-]+,\d{4}(-\d\d(-\d\d)?)?:[0-9a-zA-Z;/?:@&=+$.\-_!~*'()%,#]*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
_MIME = re.compile(r"[a-z]+/[a-z0-9.+-]+")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z]+);")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

Faults = Iterator[str]


def rss_faults(body: bytes, url: str) -> list[str]:
    """Judge a feed that is fetched from an address."""
    root: Any = etree.fromstring(body)
    assert (root.tag, root.get("version"), len(root)) == ("rss", "2.0", 1)
    channel = root[0]
    return [
        *_channel(channel, url),
        *(fault for item in channel.findall("item") for fault in _item(item, channel)),
    ]


def atom_faults(body: bytes, url: str) -> list[str]:
    """Judge a feed that is fetched from an address, beyond what the schema of RFC 4287 says."""
    feed: Any = etree.fromstring(body)
    return [*_feed(feed, url), *(fault for one in _all(feed, "entry") for fault in _entry(one))]


def opml_faults(body: bytes) -> list[str]:
    root: Any = etree.fromstring(body)
    faults = [] if root.get("version") == "2.0" else ["no OPML 2.0"]
    if not root.findtext("head/title"):
        faults.append("no title")
    # OPML 2.0 knows `docs` as well, but the validator does not.
    known = {"title", "dateCreated", "dateModified", "ownerName", "ownerEmail", "ownerId"}
    faults += [f"head has {one.tag}" for one in root.iterfind("head/*") if one.tag not in known]
    changed = root.findtext("head/dateModified")
    if changed is not None:
        faults += _rfc_822(changed, "dateModified")
    for one in root.iter("outline"):
        faults += [
            f"outline without {name}" for name in ("text", "title", "xmlUrl", "htmlUrl") if not one.get(name)
        ]
        if one.get("type") != "rss" or one.get("version") not in {"RSS", "RSS1", "RSS2"}:
            faults.append("outline of no known type or version")
        faults += _url(one.get("xmlUrl", ""), "xmlUrl") + _url(one.get("htmlUrl", ""), "htmlUrl")
        faults += _language(one.get("language", ""))
    return faults


def _channel(channel: Any, url: str) -> Faults:
    yield from (
        f"channel without {name}" for name in ("title", "link", "description") if not channel.findtext(name)
    )
    yield from _names(channel, CHANNEL)
    tags = [child.tag for child in channel]
    if "item" in tags and set(tags[tags.index("item") :]) != {"item"}:
        yield "metadata behind the items"
    yield from _plain(channel, "title", "description", "copyright")
    yield from _language(channel.findtext("language", ""))
    yield from _url(channel.findtext("link", ""), "link of the channel")
    yield from _rfc_822(channel.findtext("lastBuildDate", ""), "lastBuildDate")
    if not channel.findtext("ttl", "1").isdigit():
        yield "ttl is no number of minutes"
    links = channel.findall(f"{{{ATOM}}}link")
    if [link.get("href") for link in links if link.get("rel") == "self"] != [url]:
        yield "its own address is not named, or another"
    yield from (fault for link in links for fault in _link(link))
    image = channel.find("image")
    if image is not None:
        for name in ("title", "link"):
            if image.findtext(name) != channel.findtext(name):
                yield f"the {name} of the image is not that of the channel"
        if not image.findtext("url", "").lower().endswith((".png", ".gif", ".jpg", ".jpeg")):
            yield "the image is none of the web's"
    guids = Counter(channel.xpath("item/guid/text()"))
    yield from (f"two items are {guid}" for guid, count in guids.items() if count > 1)


def _item(item: Any, channel: Any) -> Faults:
    yield from _names(item, ITEM)
    yield from _plain(item, "title", f"{{{DC}}}rights", "source", "category")
    guid = item.find("guid")
    if guid is None or guid.get("isPermaLink") != "false":
        yield "no guid, or one that is to be a link"
    else:
        yield from _identity(guid.text)
    yield from _url(item.findtext("link", ""), "link of an item")
    yield from _rfc_822(item.findtext("pubDate", ""), "pubDate")
    enclosure = item.find("enclosure")
    if enclosure is not None:
        yield from _url(enclosure.get("url", ""), "enclosure")
        if not enclosure.get("length", "").isdigit() or not _MIME.fullmatch(enclosure.get("type", "")):
            yield "an enclosure without length or type"
    if item.find("description") is None and item.find(f"{{{CONTENT}}}encoded") is not None:
        yield "content without a description before it"
    yield from _html(item.findtext(f"{{{CONTENT}}}encoded", ""))
    source = item.find("source")
    publisher = item.findtext(f"{{{DC}}}publisher")
    if source is None and not publisher:
        yield "neither source nor publisher"
    if source is not None:
        yield from _url(source.get("url", ""), "source")
    for category in item.findall("category"):
        yield from _url(category.get("domain", ""), "domain of a category")
    if item.find(f"{{{SLASH}}}comments") is not None and channel.find("lastBuildDate") is None:
        yield "comments of no date"
    for name in (f"{{{DCTERMS}}}modified", f"{{{ATOM}}}updated"):
        yield from _rfc_3339(item.findtext(name), name)
    language = item.findtext(f"{{{DC}}}language")
    yield from _language(language) if language is not None else ()
    yield from (fault for link in item.findall(f"{{{ATOM}}}link") for fault in _link(link))
    yield from _extensions(item)


def _feed(feed: Any, url: str) -> Faults:
    entries = _all(feed, "entry")
    yield from _language(feed.get(XML_LANG, ""))
    if not entries and not _all(feed, "author"):
        yield "nobody wrote it"
    if [link.get("href") for link in _all(feed, "link") if link.get("rel") == "self"] != [url]:
        yield "its own address is not named, or another"
    yield from _identity(_text(feed, "id"))
    yield from _plain_atom(feed, "title", "subtitle", "rights")
    yield from (fault for link in _all(feed, "link") for fault in _link(link))
    tags = [child.tag for child in feed]
    if entries and set(tags[tags.index(f"{{{ATOM}}}entry") :]) != {f"{{{ATOM}}}entry"}:
        yield "metadata behind the entries"
    for name, what in (("id", "ids"), ("updated", "updates")):
        if len({_text(entry, name) for entry in entries}) < len(entries):
            yield f"two entries have equal {what}"
    changes = [datetime.fromisoformat(_text(entry, "updated")) for entry in entries]
    if changes and datetime.fromisoformat(_text(feed, "updated")) < max(changes):
        yield "it was updated before one of its entries"
    for deleted in feed.findall(f"{{{TOMBSTONES}}}deleted-entry"):
        yield from _identity(deleted.get("ref"))
        yield from _rfc_3339(deleted.get("when"), "when")


def _entry(entry: Any) -> Faults:
    yield from _identity(_text(entry, "id"))
    yield from _plain_atom(entry, "title", "summary", "rights")
    if not _all(entry, "author"):
        yield "nobody wrote an entry"
    if not _all(entry, "summary") and not _all(entry, "content"):
        yield "an entry without words"
    alternates = [link for link in _all(entry, "link") if link.get("rel") == "alternate"]
    if [link.get("type") for link in alternates] != ["text/html"]:
        yield "not one alternate"
    yield from (fault for link in _all(entry, "link") for fault in _link(link))
    for content in _all(entry, "content"):
        if content.get("type") != "html":
            yield f"content of type {content.get('type')}"
        yield from _html(content.text or "")
    for category in _all(entry, "category"):
        yield from _url(category.get("scheme", ""), "scheme of a category")
    for name in ("published", "updated"):
        yield from _rfc_3339(_text(entry, name), name)
    (source,) = _all(entry, "source")
    yield from (f"source without {name}" for name in ("id", "title", "updated") if not _text(source, name))
    if entry.get(XML_LANG) is not None:
        yield from _language(entry.get(XML_LANG))
    yield from _extensions(entry)


def _names(parent: Any, known: frozenset[str]) -> Faults:
    """Only known elements, those outside of RSS in namespaces, and each once where it is to be once."""
    for child in parent:
        namespace, _, name = child.tag.rpartition("}")
        if name not in (EXTENSIONS.get(namespace.removeprefix("{"), ()) if namespace else known):
            yield f"unknown element {child.tag}"
    counts = Counter(child.tag for child in parent)
    yield from (f"{tag} {count} times" for tag, count in counts.items() if count > 1 and tag not in SEVERAL)


def _link(link: Any) -> Faults:
    if link.get("rel") not in RELATIONS:
        yield f"a link of relation {link.get('rel')}"
    yield from _url(link.get("href", ""), "href")
    if link.get("type") is not None and not _MIME.fullmatch(link.get("type")):
        yield f"a link of type {link.get('type')}"
    if link.get("title") is not None and not link.get("title").strip():
        yield "a link with an empty title"
    if link.get("hreflang") is not None:
        yield from _language(link.get("hreflang"))
    if link.text or len(link):
        yield "a link that is not empty"


def _extensions(entry: Any) -> Faults:
    """Judge Media RSS, and counts."""
    if entry.find(f".//{{{MEDIA}}}group") is not None:
        yield "a media:group without alternatives"
    for picture in entry.findall(f"{{{MEDIA}}}content"):
        yield from _url(picture.get("url", ""), "media:content")
        if picture.get("medium") not in {"image", "audio", "video", "document"} or not _MIME.fullmatch(
            picture.get("type", "image/x")
        ):
            yield "a picture of no type"
        sizes = [picture.get(name, "1") for name in ("width", "height", "fileSize")]
        yield from (f"a picture of size {size}" for size in sizes if not size.isdigit() or int(size) < 1)
        roles = {credit.get("role") for credit in picture.findall(f"{{{MEDIA}}}credit")}
        yield from (f"credit of role {role}" for role in roles - ROLES)
    for name in (f"{{{SLASH}}}comments", f"{{{SLASH}}}hit_parade", f"{{{THREADING}}}total"):
        if not entry.findtext(name, "0").isdigit():
            yield f"{name} is no number"


def _html(text: str) -> Faults:
    if not text:
        return
    body: Any = html.fragment_fromstring(text, create_parent="div")
    for one in body.iter(etree.Element):
        if one.tag in ACTIVE:
            yield f"<{one.tag}> in a text"
        for name, value in one.attrib.items():
            if name.startswith("on") or name == "style":
                yield f"{name} in a text"
            if name in {"href", "src"}:
                yield from _url(value, f"{name} in a text")


def _plain(parent: Any, *names: str) -> Faults:
    for name in names:
        for one in parent.findall(name):
            if not (one.text or "").strip():
                yield f"{name} is empty"
            if _MARKUP.search(one.text or ""):
                yield f"markup in {name}"


def _plain_atom(parent: Any, *names: str) -> Faults:
    for name in names:
        for one in _all(parent, name):
            if not (one.text or "").strip():
                yield f"{name} is empty"
            if one.get("type", "text") == "text" and _MARKUP.search(one.text or ""):
                yield f"markup in {name}"


def _identity(value: str | None) -> list[str]:
    return [] if value and _TAG.fullmatch(value) else [f"{value} is no id"]


def _url(value: str, what: str) -> list[str]:
    is_one = (
        _URI.fullmatch(value) and urlsplit(value).scheme in {"http", "https"} and urlsplit(value).hostname
    )
    return [] if is_one else [f"{what}: {value!r} is no absolute URL"]


def _language(value: str) -> list[str]:
    return [] if _LANGUAGE.fullmatch(value) else [f"{value!r} is no language"]


def _rfc_822(value: str, what: str) -> list[str]:
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return [f"{what}: {value!r} is no date"]
    if format_datetime(at) != value:  # weekday, four digits of the year, a zone in numbers
        return [f"{what}: {value!r} is written oddly"]
    return _plausible(at, what)


def _rfc_3339(value: str | None, what: str) -> list[str]:
    if value is None:
        return []
    return (
        _plausible(datetime.fromisoformat(value), what)
        if _RFC_3339.fullmatch(value)
        else [f"{what}: {value}"]
    )


def _plausible(at: datetime, what: str) -> list[str]:
    is_plausible = datetime(1990, 1, 1, tzinfo=UTC) <= at <= datetime.now(UTC) + timedelta(days=400)
    return [] if is_plausible else [f"{what}: {at} cannot be"]


def _all(parent: Any, name: str) -> list[Any]:
    found: list[Any] = parent.findall(f"{{{ATOM}}}{name}")
    return found


def _text(parent: Any, name: str) -> str:
    text: str = parent.findtext(f"{{{ATOM}}}{name}", "")
    return text


FAULTS: dict[str, Callable[[bytes, str], list[str]]] = {"rss": rss_faults, "atom": atom_faults}
