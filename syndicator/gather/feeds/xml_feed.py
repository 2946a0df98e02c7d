"""RSS 0.9x, 1.0, 1.1 and 2.0, Atom 0.3 and 1.0, read strictly: well-formed XML whose meaning is beyond doubt.

Where anything is doubtful (`Doubt`), the tolerant reader has its turn. Refused for good is what only an
attack needs: declared entities (how a small document becomes a huge one) and bottomless nesting.
"""

from itertools import islice

from lxml import etree

from syndicator.errors import NotReadable
from syndicator.gather.documents.safe_xml import entities_refused, refuse_excess, xml_parser
from syndicator.gather.documents.text import MAX_URL
from syndicator.gather.documents.xml_names import Doubt, QualifiedNames
from syndicator.gather.feeds.entry import Channel
from syndicator.gather.feeds.entry_window import FeedWindow
from syndicator.gather.feeds.xml_atom import read_atom
from syndicator.gather.feeds.xml_rss import read_rss
from syndicator.model.fetch import Fetched, Reason

_LIMITS = frozenset({etree.ErrorTypes.ERR_ENTITY_LOOP, etree.ErrorTypes.ERR_RESOURCE_LIMIT})
_READERS = {
    "rss": read_rss,
    "rdf:rdf": read_rss,
    "channel": read_rss,
    "atom:feed": read_atom,
    "atom:entry": read_atom,
}
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_OUTER_ELEMENTS = 10
NO_ENTRIES = "the feed has no entries"


def read_xml(fetched: Fetched, limit: int) -> Channel:
    """Read a feed strictly, its `limit` newest entries in their own order.

    Raises Doubt where it is for the tolerant reader to say, NotReadable("malformed") for what is refused.
    """
    refuse_excess(fetched.body)
    root = _parsed(fetched.body, fetched.url)
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(dtd.iterentities()):  # type: ignore[attr-defined] # missing in the stubs
        raise entities_refused()
    _drop_endless_bases(root)
    names = QualifiedNames(root)
    reader = _READERS.get(names[root.tag])
    if reader is None:
        raise Doubt(f"the root element {names[root.tag]}")
    channel = reader(root, names, fetched.url, FeedWindow(limit=limit, now=fetched.fetched_at))
    if not channel.entries:
        channel.warnings.append(NO_ENTRIES)
    return channel


def _parsed(body: bytes, url: str) -> etree._Element:
    try:
        return etree.fromstring(body, xml_parser(), base_url=url)
    except etree.XMLSyntaxError as error:
        if error.code in _LIMITS:  # type: ignore[attr-defined] # missing in the stubs
            raise NotReadable(Reason.MALFORMED, f"the XML parser refuses it: {error.msg}") from None
        raise Doubt(error.msg or "", error.lineno) from None
    except ValueError as error:
        raise Doubt(str(error)) from None


def _drop_endless_bases(root: etree._Element) -> None:
    """Take off what is no address where all entries inherit it: each would resolve it anew."""
    for element in (root, *islice(root, _OUTER_ELEMENTS)):
        if len(element.get(_BASE, "")) > MAX_URL:
            del element.attrib[_BASE]
