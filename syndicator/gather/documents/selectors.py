"""A page and the CSS selectors on it (lexbor: also `:has()` and `:lexbor-contains("text" i)`).

All selectors are matched against the page as it came, so that an icon or a label can show which element is
meant; only then `cut` takes out what nobody reads, and only then texts are taken. Elements inside what is to
be cut count as not found.
"""

import re
from collections.abc import Container, Iterable, Mapping
from copy import copy
from typing import NamedTuple

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from syndicator.errors import NotReadable
from syndicator.gather.documents.html_cleaning import to_text, weight
from syndicator.gather.documents.picture_sources import (
    best_source,
    is_pixel,
    is_stand_in,
    sets_around,
    settle,
)
from syndicator.gather.documents.text import MAX_TITLE, absolute_url, plain_text, whole_number
from syndicator.model.fetch import Fetched, Reason

NOISE = "script, style, noscript, template, [class*='material-icons'], [class*='material-symbols']"
"""Never read: code, and icons that are spelled as words."""
MAX_STEPS, MAX_ATTRIBUTES = 2_000_000_000, 10_000
"""See `html.Weight`; the pool's deadline comes before that."""
MAX_PICKED = 1000
"""Elements that one selector of a rule gives at most."""

_ATTRIBUTE = re.compile(r"(?P<css>.*?)@(?P<attribute>[a-zA-Z_][\w:.-]*)", re.DOTALL)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w:.-]{2,40})", re.IGNORECASE)
_PATTERN = "re:"
_CONTAINS = re.compile(r"(?P<name>:(?:-soup-|i)?contains)\(")
_SELECTOR_REMEDY = 'write one as in "h2 > a", or "img@src" to take an attribute'
_IMAGES = frozenset({"img", "amp-img"})
_ENCODING = re.compile(r"windows-|cp\d|iso-?8859|koi8|gb|big5|euc|shift|x-sjis|iso-2022-jp|mac|tis-620")
_LATIN = frozenset({"iso-8859-1", "iso8859-1", "iso_8859-1"})
_HEAD_BYTES = 4096
_PLAIN_ELEMENTS = frozenset({"title", "option", "textarea"})


class Selector(Struct, frozen=True, kw_only=True):
    """`css` or `css@attribute`; an empty `css` means the element that is looked at itself."""

    name: str
    """The key of the rule, for messages: `article.title`."""
    css: str
    attribute: str | None = None

    def __str__(self) -> str:
        return f'{self.name} "{self.css}{"@" + self.attribute if self.attribute else ""}"'


def selector(name: str, text: str | None, attribute: str | None = None) -> Selector | None:
    """Read a selector of a rule; `attribute` is the one that it means where it names none."""
    if text is None or not text.strip():
        return None
    if match := _ATTRIBUTE.fullmatch(text.strip()):
        return Selector(name=name, css=match["css"].strip(), attribute=match["attribute"].lower())
    return Selector(name=name, css=text.strip(), attribute=attribute)


def selector_fault(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a selector, and what to do; None when it can be used."""
    read = selector("selector", text)
    if read is None:
        return "is empty", _SELECTOR_REMEDY
    if not read.css:
        return None
    try:
        LexborHTMLParser("<p>").css(read.css)
    except SelectolaxError:
        return f'"{plain_text(text)}" is not a CSS selector that can be read here', _selector_remedy(text)
    return None


def _selector_remedy(text: str) -> str:
    if text.startswith(_PATTERN):
        return "only list.url takes re: and a regular expression; write a CSS selector"
    if match := _CONTAINS.search(text):
        return f'CSS has no {match["name"]}(); write :lexbor-contains("text"), or ("text" i) to ignore case'
    return _SELECTOR_REMEDY


def link_pattern(text: str) -> re.Pattern[str] | None:
    """Read `re:` and a regular expression; None for a selector. NotReadable("empty") for one that is none."""
    if not text.startswith(_PATTERN):
        return None
    try:
        return re.compile(text.removeprefix(_PATTERN))
    except (re.error, RecursionError, OverflowError) as error:
        detail = f'"{plain_text(text)}" is not a valid regular expression: {error}'
        raise NotReadable(Reason.EMPTY, detail) from error


class ElementImage(NamedTuple):
    """A picture that an element shows, in the largest form that it offers; `url` is absolute."""

    url: str
    node: LexborNode
    width: int | None = None
    height: int | None = None


def empty(wanted: Selector) -> NotReadable:
    """Make the error that says which selector finds nothing."""
    return NotReadable(Reason.EMPTY, f"{wanted} finds nothing")


class Page:
    """A parsed page. Raises NotReadable("malformed") for what only an attack looks like."""

    def __init__(self, fetched: Fetched) -> None:
        markup = decoded(fetched.body, fetched.headers.get("content-type", ""))
        self.steps = _check(markup)
        """How much there is to parse: see `html.Weight`."""
        self._tree = LexborHTMLParser(markup)
        if self._tree.root is not None:
            settle(self._tree.root)
        self.url = fetched.url
        self.base = self._base(fetched.url)

    def find(self, wanted: Selector | None, within: LexborNode | None = None) -> list[LexborNode]:
        """Return the elements that a selector matches, in document order."""
        if wanted is None:
            return []
        if not wanted.css:
            return [within] if within is not None else []
        root = within if within is not None else self._tree.root
        if root is None:
            return []
        try:
            return root.css(wanted.css)
        except SelectolaxError as error:
            detail = f"{wanted} is not a CSS selector that can be read here"
            raise NotReadable(Reason.EMPTY, detail) from error

    def pick(
        self, doomed: "Doomed", selectors: Iterable[Selector | None], within: LexborNode | None = None
    ) -> "Picked":
        """Find what several selectors mean, before anything is cut; `Picked` reads it afterwards."""
        wanted = [each for each in selectors if each is not None]
        return Picked(
            self, {each.name: (each, doomed.spare(self.find(each, within)[:MAX_PICKED])) for each in wanted}
        )

    def doomed(self, *selectors: Selector | None) -> "Doomed":
        """Mark what noise and the given selectors match, to be taken out later."""
        noise = Selector(name="noise", css=NOISE)
        return Doomed([node for wanted in (noise, *selectors) for node in self.find(wanted)])

    def absolute(self, reference: str) -> str | None:
        """Resolve an address that stands on the page."""
        return absolute_url(self.base, reference)

    def link(self, node: LexborNode, attribute: str) -> str | None:
        """Return the absolute address in an attribute."""
        return absolute_url(self.base, node.attributes.get(attribute) or "")

    def image(self, node: LexborNode, attribute: str | None = None) -> ElementImage | None:
        """Return the picture of an element: its own, or the first one inside; also of one that loads late."""
        if attribute not in {None, "src"}:
            url = self.link(node, attribute or "")
            return ElementImage(url, node) if url else None
        if node.tag in _IMAGES:
            return self._own_image(node)
        inside = node.css("img, amp-img") if attribute is None else []
        if inside:
            return next((image for each in inside if (image := self._own_image(each))), None)
        url = self.link(node, "src")
        return ElementImage(url, node) if url and not is_stand_in(url) else None

    def _own_image(self, node: LexborNode) -> ElementImage | None:
        attributes = node.attributes
        found = best_source(attributes, sets_around(node))
        if found is None or (found.url == attributes.get("src") and is_pixel(node)):
            return None
        width, height = (whole_number(attributes.get(name) or "") for name in ("width", "height"))
        if found.in_pixels and found.size >= 1:
            wide = int(found.size)
            height = round(height * wide / width) if height and width else None
            width = wide
        url = absolute_url(self.base, found.url)
        return ElementImage(url, node, width, height) if url else None

    def copy(self) -> "Page":
        """Return the page as it stands now, to be cut on its own."""
        other = copy(self)
        try:
            tree = self._tree.clone()
        except SelectolaxError:  # lexbor cannot copy `<!DOCTYPE html SYSTEM "about:legacy-compat">`
            tree = LexborHTMLParser(self.html())
        other._tree = tree  # noqa: SLF001 -- of its own class
        return other

    def html(self) -> str:
        """Return the page as it stands now, as HTML."""
        return self._tree.html or ""

    def _base(self, url: str) -> str:
        node = self._tree.css_first("base[href]")
        return (node is not None and absolute_url(url, node.attributes.get("href") or "")) or url


class Picked:
    """What the selectors of a rule found. Read it after the page was cut."""

    def __init__(self, page: Page, found: Mapping[str, tuple[Selector, list[LexborNode]]]) -> None:
        self._page = page
        self._found = found

    def split(self, holders: Mapping[int, str]) -> Mapping[str, "Picked"]:
        """Share out what was found among the elements in which it stands (by `mem_id`: name of the share)."""
        shares: dict[str, dict[str, tuple[Selector, list[LexborNode]]]] = {}
        for name, (wanted, nodes) in self._found.items():
            for node in nodes:
                if holder := holder_of(node, holders):
                    share = shares.setdefault(holders[holder], {})
                    share.setdefault(name, (wanted, []))[1].append(node)
        return {name: Picked(self._page, share) for name, share in shares.items()}

    def nodes(self, name: str) -> list[LexborNode]:
        return self._found[name][1] if name in self._found else []

    def texts(self, name: str, limit: int = MAX_TITLE) -> list[str]:
        """Return all texts that are not empty."""
        if name not in self._found:
            return []
        wanted, nodes = self._found[name]
        return [text for node in nodes if (text := text_of(node, wanted.attribute, limit))]

    def text(self, name: str, limit: int = MAX_TITLE) -> str:
        """Return the first text that is not empty, or none."""
        return next(iter(self.texts(name, limit)), "")

    def links(self, name: str) -> list[tuple[str, LexborNode]]:
        """Return the absolute addresses, each with its element."""
        if name not in self._found:
            return []
        wanted, nodes = self._found[name]
        attribute = wanted.attribute or "href"
        return [(url, node) for node in nodes if (url := self._page.link(node, attribute))]

    def address(self, link: LexborNode) -> str | None:
        """Return the absolute address of any link of the page."""
        return self._page.link(link, "href")

    def images(self, name: str) -> list[ElementImage]:
        """Return the pictures that are shown."""
        if name not in self._found:
            return []
        wanted, nodes = self._found[name]
        return [image for node in nodes if (image := self._page.image(node, wanted.attribute))]


class Doomed:
    """Elements that are to be taken out of a page."""

    def __init__(self, nodes: Iterable[LexborNode]) -> None:
        self._nodes = {node.mem_id: node for node in nodes}

    def spare(self, nodes: list[LexborNode]) -> list[LexborNode]:
        """Return those of `nodes` that neither are nor stand in what is to be taken out."""
        return [node for node in nodes if not within(node, self._nodes)]

    def cut(self) -> None:
        """Take them out: the outermost ones, with all that is in them."""
        for node in self._nodes.values():
            if node.parent is not None and not within(node.parent, self._nodes):
                node.decompose()


def within(node: LexborNode, mem_ids: Container[int]) -> bool:
    """Return whether an element is one of those given, or stands in one."""
    return holder_of(node, mem_ids) is not None


def holder_of(node: LexborNode, mem_ids: Container[int]) -> int | None:
    """Return which of some elements a node is, or stands in: the innermost."""
    at: LexborNode | None = node
    while at is not None:
        if at.mem_id in mem_ids:
            return at.mem_id
        at = at.parent
    return None


def text_of(node: LexborNode, attribute: str | None = None, limit: int = MAX_TITLE) -> str:
    """Return an element's words, or an attribute's, as one line of plain text."""
    if attribute:
        return plain_text(node.attributes.get(attribute) or "", limit)
    if node.tag in _PLAIN_ELEMENTS:
        return plain_text(node.text(), limit)
    return to_text(node.html or "", limit)


def decoded(body: bytes, content_type: str) -> str:
    """Decode a page: what is valid UTF-8 is UTF-8 whatever the labels say, then header, then meta count."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    try:
        return body.decode()
    except UnicodeDecodeError:
        pass
    label = _CHARSET.search(content_type.encode("latin-1", "replace")) or _CHARSET.search(body[:_HEAD_BYTES])
    name = label[1].decode("ascii", "replace").lower() if label else ""
    if not _ENCODING.match(name) or name in _LATIN:
        name = "windows-1252"  # as browsers do (WHATWG Encoding)
    try:
        return body.decode(name, "replace")
    except LookupError:
        return body.decode("windows-1252", "replace")


def _check(markup: str) -> int:
    measured = weight(markup)
    if measured.steps > MAX_STEPS:
        raise NotReadable(Reason.MALFORMED, "the page is nested too deeply")
    if measured.attributes > MAX_ATTRIBUTES:
        raise NotReadable(Reason.MALFORMED, "the page has a tag with too many attributes")
    return measured.steps
