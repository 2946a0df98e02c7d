"""What a document is, by its content: the Content-Type of feeds is wrong too often to decide anything."""

import re
from enum import StrEnum

from msgspec import Struct

_HEAD_BYTES = 64 * 1024
_NAME = re.compile(r"(?:[a-z_][\w.-]*:)?([a-z_][\w.-]*)", re.IGNORECASE)
_DOCTYPE = re.compile(r"doctype\s+([^\s>\[]{1,100})", re.IGNORECASE)
_FEED_ELEMENT = re.compile(r"<(?:rss|rdf:rdf|feed|atom:feed)[\s>]", re.IGNORECASE)
_HTML_ELEMENTS = frozenset({"html", "head", "body"})
_FEED_ELEMENTS = frozenset({"rss", "rdf", "feed", "channel", "entry"})
_FEED_BEYOND_DOUBT = re.compile(
    r"<(?:rss\s[^<>]{0,2000}?version\s?=|rdf:rdf\s[^<>]{0,2000}?xmlns"
    r"|(?:atom:)?feed\s[^<>]{0,2000}?xmlns[:\w]{0,20}\s?=\s?[\"']https?://(?:www\.w3\.org/2005/atom|purl\.org/atom))",
    re.IGNORECASE,
)

_WIDE = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
"""How a document begins whose bytes hide ASCII (XML 1.0, appendix F)."""


class DocumentKind(StrEnum):
    XML_FEED = "xml_feed"
    JSON = "json"
    HTML = "html"
    OTHER = "other"


class Prolog(Struct, frozen=True, kw_only=True):
    """What stands ahead of the first element of a document."""

    first_element: str = ""
    """Its local name in lower case; empty where there is none."""
    doctype: str = ""
    """The name in the first DOCTYPE, in lower case."""
    declares_entities: bool = False


def sniff(body: bytes) -> DocumentKind:
    """Return what a document is from its first 64 KiB."""
    head = as_ascii(body[:_HEAD_BYTES]).lstrip("\ufeff\xef\xbb\xbf \t\r\n\0")
    if head[:1] in {"{", "["}:
        return DocumentKind.JSON
    prolog = read_prolog(head)
    if prolog.doctype == "html" or prolog.first_element in _HTML_ELEMENTS:
        return DocumentKind.HTML
    if prolog.first_element in _FEED_ELEMENTS or _FEED_ELEMENT.search(head):
        return DocumentKind.XML_FEED
    if prolog.declares_entities:  # HTML has none; the reader says that they are refused
        return DocumentKind.XML_FEED
    return DocumentKind.OTHER


def holds_feed(body: bytes) -> bool:
    """Return whether a feed stands in a page of HTML: with its version or namespace, not just as a word."""
    return bool(_FEED_BEYOND_DOUBT.search(as_ascii(body[:_HEAD_BYTES])))


def as_ascii(body: bytes) -> str:
    """Decode just well enough to see markup: wide encodings by their first bytes, all others as Latin-1."""
    for mark, encoding in _WIDE:
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    return body.decode("latin-1")


def read_prolog(text: str) -> Prolog:
    """Walk over comments, instructions and declarations to the first element, looking at nothing twice."""
    doctype, declares_entities = "", False
    at = text.find("<")
    while at >= 0:
        if text.startswith("<!--", at):
            at = text.find("-->", at)
        elif text.startswith("<?", at):
            at = text.find("?>", at)
        elif text.startswith("<!", at):
            declares_entities = declares_entities or text[at + 2 : at + 8].lower() == "entity"
            named = _DOCTYPE.match(text, at + 2)
            doctype = doctype or (named[1].lower() if named else "")
        elif match := _NAME.match(text, at + 1):
            return Prolog(
                first_element=match[1].lower(), doctype=doctype, declares_entities=declares_entities
            )
        at = text.find("<", at + 1) if at >= 0 else at
    return Prolog(doctype=doctype, declares_entities=declares_entities)
