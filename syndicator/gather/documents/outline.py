"""A page as a light tree: elements with their words, so that its structure can be searched quickly."""

from collections.abc import Iterator, Mapping

from selectolax.lexbor import LexborNode

from syndicator.gather.documents.selectors import Page, Selector
from syndicator.gather.documents.text import plain_text

MAX_ELEMENTS = 20_000
"""What follows is not looked at."""
MAX_WORDS = 600
"""Characters of an element's text that are kept."""

_NOISE = frozenset({"script", "style", "noscript", "template", "svg", "iframe", "select", "button", "form"})
_ICON_CLASSES = ("material-icons", "material-symbols")
_INLINE = frozenset("a abbr b big cite code em font i mark q s small span strong sub sup time tt u".split())  # noqa: SIM905


class Element:
    """One element, its place, and what it says."""

    __slots__ = (
        "attributes", "children", "classes", "depth", "icons", "length", "linked", "node", "order",
        "own", "parent", "pieces", "tag", "text",
    )  # fmt: skip

    def __init__(self, node: LexborNode, parent: "Element | None", order: int) -> None:
        self.node = node
        self.parent = parent
        self.order = order
        self.tag = node.tag or ""
        self.attributes: Mapping[str, str | None] = node.attributes
        self.classes = tuple((self.attributes.get("class") or "").split())
        self.depth: int = parent.depth + 1 if parent else 0
        self.children: list[Element] = []
        self.pieces: list[Element | str | None] = []
        """Words and elements in their order; None for an element that is not looked at."""
        self.icons: tuple[str, ...] = ()
        """Words by which an icon font spells the icons right inside."""
        self.text = ""
        """All words inside, in one line, cut at `MAX_WORDS`."""
        self.own = ""
        """Words of its own: those of its inline children too, if it has no others."""
        self.length = 0
        """Characters of all words inside."""
        self.linked = 0
        """Characters of these that stand in links."""

    def ancestors(self) -> Iterator["Element"]:
        """Yield what it stands in, the nearest first."""
        at = self.parent
        while at is not None:
            yield at
            at = at.parent

    def within(self, other: "Element") -> bool:
        """Return whether it is another element, or stands in it."""
        return self is other or any(each is other for each in self.ancestors())

    def descendants(self) -> Iterator["Element"]:
        """Yield what stands in it, in document order."""
        waiting = self.children[::-1]
        while waiting:
            element = waiting.pop()
            yield element
            waiting += element.children[::-1]

    @property
    def named(self) -> str:
        """Return its id and classes as one text, to look for words in."""
        return " ".join(
            (self.attributes.get("id") or "", *self.classes, self.attributes.get("itemprop") or "")
        )


class PageOutline:
    """The elements of a page's body, in document order."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.elements: list[Element] = []
        bodies = page.find(Selector(name="body", css="body"))
        if bodies:
            self._grow(bodies[0])
            for element in reversed(self.elements):
                _sum_up(element)
        self._by_id = {element.node.mem_id: element for element in self.elements}

    def of(self, node: LexborNode) -> Element | None:
        """Return the element of a node; None for what is not looked at."""
        return self._by_id.get(node.mem_id)

    def find(self, css: str, within: Element | None = None) -> list[Element]:
        """Return what a selector matches of what is looked at."""
        nodes = self.page.find(Selector(name="proposal", css=css), within.node if within else None)
        found = (self.of(node) for node in nodes)
        return [element for element in found if element is not None]

    def tagged(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]

    def _grow(self, body: LexborNode) -> None:
        waiting: list[tuple[LexborNode, Element | None, int]] = [(body, None, 0)]
        while waiting and len(self.elements) < MAX_ELEMENTS:
            node, parent, place = waiting.pop()
            element = Element(node, parent, len(self.elements))
            self.elements.append(element)
            if parent is not None:
                parent.children.append(element)
                parent.pieces[place] = element
            waiting += [(child, element, at) for child, at in reversed(_take_in(node, element))]


def _take_in(node: LexborNode, element: Element) -> list[tuple[LexborNode, int]]:
    """Take in the words of a node; give the elements in it that are to be looked at, and their places."""
    found = []
    icons = []
    for child in node.iter(include_text=True):
        if child.is_text_node:
            element.pieces.append(child.text(deep=False))
        elif child.is_element_node and child.tag not in _NOISE:
            if any(name in (child.attributes.get("class") or "") for name in _ICON_CLASSES):
                icons.append(plain_text(child.text(), 40))
                continue
            found.append((child, len(element.pieces)))
            element.pieces.append(None)
    element.icons = tuple(icons)
    return found


def _sum_up(element: Element) -> None:
    """Put together the words of an element whose children have theirs."""
    words, own = [], []
    for piece in element.pieces:
        if isinstance(piece, str):
            words.append(piece)
            own.append(piece)
            element.length += len(piece.strip())
        elif isinstance(piece, Element):
            inline = piece.tag in _INLINE
            words.append(piece.text if inline else f" {piece.text} ")
            own += [piece.text] if inline else []
            element.length += piece.length
            element.linked += piece.linked
    element.text = plain_text("".join(words), MAX_WORDS)
    only_inline = all(child.tag in _INLINE or child.tag in {"br", "img"} for child in element.children)
    element.own = plain_text("".join(own), MAX_WORDS) if only_inline else ""
    if element.tag == "a":
        element.linked = element.length
