"""Names and texts of XML elements, for the strict readers of RSS and Atom."""

from collections.abc import Iterator

from lxml.etree import _Element

_CORE = (
    "",
    "http://purl.org/rss/1.0",
    "http://my.netscape.com/rdf/simple/0.9",
    "http://channel.netscape.com/rdf/simple/0.9",
    "http://purl.org/net/rss1.1#",
    "http://backend.userland.com/rss2",
    "http://backend.userland.com/rss",
    "http://blogs.law.harvard.edu/tech/rss",
)
_PREFIXES = {
    **dict.fromkeys(_CORE, ""),
    "http://www.w3.org/2005/atom": "atom:",
    "http://purl.org/atom/ns#": "atom:",
    "http://purl.org/dc/elements/1.1": "dc:",
    "http://purl.org/dc/elements/1.0": "dc:",
    "http://purl.org/dc/terms": "dcterms:",
    "http://purl.org/rss/1.0/modules/content": "content:",
    "http://search.yahoo.com/mrss": "media:",
    "http://video.search.yahoo.com/mrss": "media:",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
}
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
Fields = dict[str, list[_Element]]


class Doubt(Exception):
    """The strict reader is not sure what is meant; the text says at what."""


class Names(dict[str, str]):
    """Short names of qualified ones (`{http://purl.org/dc/elements/1.1/}creator` → `dc:creator`), kept."""

    def __missing__(self, tag: object) -> str:
        if not isinstance(tag, str):  # an entity left as it stands
            raise Doubt("an undeclared entity")
        uri, _, local = tag.rpartition("}")
        uri = uri.removeprefix("{").lower().replace("https://", "http://", 1).rstrip("/")
        name = self[tag] = _PREFIXES.get(uri, "?:") + local.lower()
        return name


def fields_of(element: _Element, names: Names) -> Fields:
    """Give the children of an element by short name, in document order."""
    fields: Fields = {}
    for child in element:
        fields.setdefault(names[child.tag], []).append(child)
    return fields


def text_of(element: _Element) -> str:
    """Give an element's text; an element inside it is a doubt: markup that nobody escaped."""
    if len(element):
        raise Doubt("markup inside a text")
    return (element.text or "").strip()


def first_text(fields: Fields, *names: str) -> str:
    """Give the first text that is not empty, by the order of the names."""
    return next(texts(fields, *names), "")


def texts(fields: Fields, *names: str) -> Iterator[str]:
    """Give every text that is not empty, by the order of the names."""
    for name in names:
        for element in fields.get(name, ()):
            if text := text_of(element):
                yield text
