"""Element names and texts of XML, for the strict readers of RSS and Atom."""

from collections.abc import Mapping
from html import escape

from lxml import etree
from lxml.etree import _Element

_CORE = (
    "",
    "http://purl.org/rss/1.0",
    "http://my.netscape.com/rdf/simple/0.9",
    "http://channel.netscape.com/rdf/simple/0.9",
    "http://purl.org/net/rss1.1#",
    "http://backend.userland.com/rss2",
    "http://backend.userland.com/rss",
    "http://backend.userland.com/rss091",
    "http://backend.userland.com/rss092",
    "http://backend.userland.com/rss093",
    "http://blogs.law.harvard.edu/tech/rss",
    "http://cyber.law.harvard.edu/rss/rss.html",
)
_PREFIXES = {
    **dict.fromkeys(_CORE, ""),
    "http://www.w3.org/2005/atom": "atom:",
    "http://purl.org/atom/ns#": "atom:",
    "http://purl.org/atompub/tombstones/1.0": "at:",
    "http://purl.org/dc/elements/1.1": "dc:",
    "http://purl.org/dc/elements/1.0": "dc:",
    "http://purl.org/dc/terms": "dcterms:",
    "http://purl.org/rss/1.0/modules/content": "content:",
    "http://purl.org/rss/1.0/modules/syndication": "sy:",
    "http://purl.org/rss/1.0/modules/slash": "slash:",
    "http://purl.org/syndication/thread/1.0": "thr:",
    "http://search.yahoo.com/mrss": "media:",
    "http://video.search.yahoo.com/mrss": "media:",
    "http://www.rssboard.org/media-rss": "media:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://prismstandard.org/namespaces/basic/1.2": "prism:",
    "http://prismstandard.org/namespaces/basic/2.0": "prism:",
    "http://prismstandard.org/namespaces/basic/2.1": "prism:",
    "http://prismstandard.org/namespaces/basic/3.0": "prism:",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
}
XHTML = "http://www.w3.org/1999/xhtml"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
WELL_KNOWN: Mapping[str, str] = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "prism": "http://prismstandard.org/namespaces/basic/2.0/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "thr": "http://purl.org/syndication/thread/1.0",
}
"""What a prefix means that is declared nowhere, or bound to a namespace that nobody knows."""
Fields = dict[str, list[_Element]]
_VOID = frozenset({"br", "hr", "img"})


class Doubt(Exception):
    """The strict reader is not sure what is meant; the text says at what, `line` where."""

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.line = line


class QualifiedNames(dict[str, str]):
    """Short names of qualified ones (`{http://purl.org/dc/elements/1.1/}creator` → `dc:creator`), kept.

    A namespace that nobody knows means what its prefix on the root element usually means; that of the root
    itself, the format that its name shows. `odd` names what was taken so.
    """

    def __init__(self, root: _Element) -> None:
        super().__init__()
        self._aliases: dict[str, str] = {}
        self.odd: list[str] = []
        for prefix, uri in root.nsmap.items():
            known = (prefix or "").lower()
            if known in WELL_KNOWN and _uniform(uri) not in _PREFIXES:
                self._aliases[_uniform(uri)] = f"{known}:"
                self.odd.append(f"the prefix {prefix} is bound to an unknown namespace, its usual one counts")
        self._adopt_root(root)

    def _adopt_root(self, root: _Element) -> None:
        """Let the elements of a root in no namespace, or an unknown one, be those of the format it names."""
        uri, _, local = root.tag.rpartition("}")
        uri = _uniform(uri.removeprefix("{"))
        local = local.lower()
        if local == "feed" and _PREFIXES.get(uri) != "atom:":
            self._aliases[uri] = "atom:"
        elif local == "rss" and uri not in _PREFIXES:
            self._aliases[uri] = ""
        else:
            return
        self.odd.append(f"the root element <{local}> is in {'an unknown' if uri else 'no'} namespace")

    def __missing__(self, tag: object) -> str:
        if not isinstance(tag, str):  # an entity left as it stands
            raise Doubt("an undeclared entity")
        uri, _, local = tag.rpartition("}")
        uri = _uniform(uri.removeprefix("{"))
        prefix = self._aliases.get(uri)
        name = self[tag] = (_PREFIXES.get(uri, "?:") if prefix is None else prefix) + local.lower()
        return name


def _uniform(uri: str) -> str:
    return uri.strip().lower().replace("https://", "http://", 1).rstrip("/")


def fields_of(element: _Element, names: QualifiedNames) -> Fields:
    """Return the children of an element by short name, in document order."""
    fields: Fields = {}
    for child in element:
        name = names[child.tag]
        if name in fields:
            fields[name].append(child)
        else:
            fields[name] = [child]
    return fields


def text_of(element: _Element) -> str:
    """Return an element's text; that of elements inside it (markup that nobody escaped) belongs to it."""
    if len(element):
        _refuse_references(element)
        return "".join(map(str, element.itertext())).strip()
    return (element.text or "").strip()


def markup_of(element: _Element) -> str:
    """Return what an element holds as HTML: escaped text unescaped once, unescaped markup as it stands."""
    return inner_markup(element) if len(element) else (element.text or "").strip()


def inner_markup(element: _Element) -> str:
    """Return the inside of an element as HTML source, without prefixes and namespaces."""
    _refuse_references(element)
    parts = [escape(element.text or "", quote=False)]
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if node is element:
            continue
        tag = node.tag.rpartition("}")[2]
        if event == "start":
            parts.append(f"<{tag}{_attributes(node)}>{escape(node.text or '', quote=False)}")
        else:
            parts.append(f"{'' if tag in _VOID else f'</{tag}>'}{escape(node.tail or '', quote=False)}")
    return "".join(parts).strip()


def _attributes(node: _Element) -> str:
    named = ((str(name), str(value)) for name, value in node.items())
    return "".join(f' {name}="{escape(value)}"' for name, value in named if "}" not in name)


def _refuse_references(element: _Element) -> None:
    if next(element.iter(etree.Entity), None) is not None:
        raise Doubt("an undeclared entity")


def first_text(fields: Fields, *names: str) -> str:
    """Return the first text that is not empty, by the order of the names."""
    for name in names:
        if name in fields:
            for element in fields[name]:
                if text := text_of(element):
                    return text
    return ""


def first_markup(fields: Fields, *names: str) -> str:
    """Return the first HTML that is not empty, by the order of the names."""
    for name in names:
        if name in fields:
            for element in fields[name]:
                if markup := markup_of(element):
                    return markup
    return ""


def texts(fields: Fields, *names: str) -> list[str]:
    """Return every text that is not empty, by the order of the names."""
    return [
        text for name in names if name in fields for element in fields[name] if (text := text_of(element))
    ]
