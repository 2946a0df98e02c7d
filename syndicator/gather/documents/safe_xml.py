"""An XML parser for documents of strangers, and checks that refuse attacks: entities, and trees too large."""

from lxml import etree

from syndicator.errors import NotReadable
from syndicator.gather.documents.sniff import as_ascii, read_prolog
from syndicator.model.fetch import Reason

MAX_TAGS = 1_000_000
"""Opening and closing ones; honest feeds of 10 MiB have half of them."""


def refuse_excess(body: bytes) -> None:
    """Refuse a document of nothing but tags: a tree takes forty times the memory of its text."""
    if len(body) > MAX_TAGS and body.count(b"<") > MAX_TAGS:
        raise NotReadable(Reason.MALFORMED, f"it has more than {MAX_TAGS} tags")


def refuse_entities(body: bytes) -> None:
    """Refuse a document that declares entities ahead of its first element, whatever its encoding."""
    if read_prolog(as_ascii(body)).declares_entities:
        raise entities_refused()


def xml_parser(*, recover: bool = False) -> etree.XMLParser:
    """Return a parser that reads nothing but the document: no entities, no other files."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )


def entities_refused() -> NotReadable:
    """Return the error for a document that declares entities."""
    return NotReadable(Reason.MALFORMED, "the document declares entities in its DTD, which is refused")
