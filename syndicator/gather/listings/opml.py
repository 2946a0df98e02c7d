"""OPML 1.0 and 2.0 (opml.org/spec2), as readers export their lists of feeds: bytes in, outlines out.

Nothing is fetched: an outline that includes another list is reported, not followed.
"""

from collections.abc import Iterator, Mapping

from lxml import etree
from msgspec import Struct

from syndicator.errors import NotReadable
from syndicator.gather.documents.safe_xml import refuse_entities, refuse_excess, xml_parser
from syndicator.gather.documents.sniff import as_ascii, read_prolog
from syndicator.gather.documents.text import MAX_NAME, MAX_URL, plain_text
from syndicator.model.fetch import Reason

MAX_OUTLINES = 10_000


class Outline(Struct, frozen=True, kw_only=True):
    """One feed of a list, as it says."""

    url: str
    title: str = ""
    home_url: str = ""
    language: str = ""
    folder: str = ""
    """The innermost folder that it lies in, else its first category; may be empty."""
    line: int = 0


class OutlineFault(Struct, frozen=True, kw_only=True):
    line: int
    reason: str


class FeedList(Struct, frozen=True, kw_only=True):
    title: str
    outlines: tuple[Outline, ...]
    faults: tuple[OutlineFault, ...] = ()
    """What of it is no feed; the others go on."""


def read_opml(body: bytes) -> FeedList:
    """Read a list; what is broken is read as far as it goes, with a fault that says where.

    Raises:
        NotReadable: it is no OPML, or made to harm.

    """
    refuse_entities(body)
    refuse_excess(body)
    prolog = read_prolog(as_ascii(body))
    if prolog.first_element != "opml":
        begins = f"it begins with <{prolog.first_element}>" if prolog.first_element else "it holds no XML"
        raise NotReadable(Reason.NOT_A_FEED, f"this is not OPML: {begins}")
    root, faults = _parsed(body)
    outlines: list[Outline] = []
    for element, folders in _walked(root):
        found = _outline(element, folders)
        if isinstance(found, OutlineFault):
            faults.append(found)
        elif found is not None:
            outlines.append(found)
        if len(outlines) > MAX_OUTLINES:
            raise NotReadable(Reason.MALFORMED, f"it lists more than {MAX_OUTLINES} feeds")
    title = plain_text(root.findtext("head/title") or "", MAX_NAME)
    return FeedList(title=title, outlines=tuple(outlines), faults=tuple(faults))


def _parsed(body: bytes) -> tuple[etree._Element, list[OutlineFault]]:
    try:
        return etree.fromstring(body, xml_parser()), []
    except (etree.XMLSyntaxError, ValueError) as error:
        line, reason = getattr(error, "lineno", 0) or 0, getattr(error, "msg", None) or str(error)
    try:
        root = etree.fromstring(body, xml_parser(recover=True))
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise NotReadable(Reason.MALFORMED, f"line {line} is not XML: {reason}")
    return root, [OutlineFault(line=line, reason=f"is not XML ({reason}); what could be read was taken")]


def _walked(root: etree._Element) -> Iterator[tuple[etree._Element, tuple[str, ...]]]:
    """Yield every outline with the names of the folders around it, in the order of the document."""
    waiting: list[tuple[etree._Element, tuple[str, ...]]] = []
    waiting += [(body, ()) for body in reversed(root.findall("body"))]
    while waiting:
        element, folders = waiting.pop()
        inner = folders
        if element.tag == "outline":
            yield element, folders
            name = plain_text(_attributes(element).get("text", ""), MAX_NAME)
            is_folder = "xmlurl" not in _attributes(element)
            inner = (*folders, name) if is_folder and name else folders
        waiting += [(one, inner) for one in reversed(element) if one.tag == "outline"]


def _outline(element: etree._Element, folders: tuple[str, ...]) -> Outline | OutlineFault | None:
    attributes = _attributes(element)
    line, kind = _line(element), attributes.get("type", "").lower()
    url = attributes.get("xmlurl", "").strip()
    if not url:
        if kind == "include":
            return OutlineFault(line=line, reason="includes another list, which is not fetched")
        if kind in {"rss", "atom", "feed"}:
            return OutlineFault(line=line, reason="is a feed without xmlUrl")
        return None
    if len(url) > MAX_URL:
        return OutlineFault(line=line, reason="has an address that is too long")
    title = plain_text(attributes.get("title", ""), MAX_NAME) or plain_text(
        attributes.get("text", ""), MAX_NAME
    )
    # `category` holds paths, as in "/News/Local,/Weather": the last name of the first one.
    category = attributes.get("category", "").partition(",")[0].strip("/ ").rpartition("/")[2]
    return Outline(
        url=url,
        title=title,
        home_url=attributes.get("htmlurl", "").strip()[:MAX_URL],
        language=attributes.get("language", "").strip(),
        folder=folders[-1] if folders else plain_text(category, MAX_NAME),
        line=line,
    )


def _line(element: etree._Element) -> int:
    line: int | None = element.sourceline  # type: ignore[assignment]  # missing in the stubs
    return line or 0


def _attributes(element: etree._Element) -> Mapping[str, str]:
    """Return the attributes by names in small letters: programs spell xmlUrl in many ways."""
    return {str(name).lower(): str(value) for name, value in element.attrib.items()}
