"""XML written by the standard library; prefixes are written out, so that no registry is touched."""

from xml.etree import ElementTree as ET

NAMESPACES = {
    "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
    "xmlns:media": "http://search.yahoo.com/mrss/",
    "xmlns:atom": "http://www.w3.org/2005/Atom",
}
"""What our RSS feeds use beside RSS itself."""


def add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    """Add an element below another."""
    element = ET.SubElement(parent, name, attributes)
    element.text = text
    return element


def document(root: ET.Element) -> bytes:
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode").encode()
