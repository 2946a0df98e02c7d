"""The body of an article page taken apart: related links and pull quote are parted from the text."""

import html
import re
from collections.abc import Container, Iterable, Iterator

from msgspec import Struct
from selectolax.lexbor import LexborNode

from syndicator.errors import NotReadable
from syndicator.gather.articles.claims import Claims
from syndicator.gather.articles.full_text import full_text
from syndicator.gather.documents.html_cleaning import HtmlCleaner, check_weight, to_text
from syndicator.gather.documents.selectors import Doomed, Page, Picked, text_of, within
from syndicator.gather.documents.text import folded
from syndicator.model.article import Placement, RelatedLink
from syndicator.model.fetch import Reason

DENSITY = "text density"
MAX_QUOTE = 1000
MAX_QUOTES = 20
MAX_BODY_WORDS = 200_000
MAX_RELATED = 50

_HIDDEN = "[hidden], [style*='display:none' i], [style*='display: none' i]"
_LABEL = re.compile(
    r"(?:(?:baca|lihat|simak|read|see)(?:\s+(?:juga|also|too))?|also read|related|terkait)?[\s:：>»\-–]*",
    re.IGNORECASE,
)
_READ_ALSO = re.compile(
    r"<(?P<tag>p|div|li|h[2-6]|blockquote|strong|b|em)>(?:\s|<(?:strong|b|em|i|u)>)*+"
    r"(?:baca|lihat|simak|read|see)(?:\s++(?:juga|also|too)|\s*+(?=[:：]))\s*+[:：]?"
    r"(?:\s|</?(?:strong|b|em|i|u|br)>)*+"
    r'<a href="(?P<url>[^"]++)"[^>]*+>(?P<title>(?:(?!</a>).){1,500}+)</a>'
    r"(?:\s|</(?:strong|b|em|i|u)>)*+</(?P=tag)>",
    re.IGNORECASE | re.DOTALL,
)
"""A paragraph of clean HTML that only says "Baca juga: …" with a link."""
_BLOCKS = frozenset({"p", "div", "blockquote", "figure", "ul", "ol", "h2", "h3", "h4", "section", "table"})
_MIN_REPEATED = 15
"""Characters, without spaces and punctuation: shorter words are repeated by chance."""
_QUOTE_MARKS = "\"'“”„‟‘’‚«»‹›"
_DOUBLE_MARKS = frozenset('"“”„«»')


class BodyParts(Struct, frozen=True, kw_only=True):
    """A body, and what stood in it besides the text."""

    nodes: list[LexborNode]
    """The elements of the body, without what was parted from it; empty where none was found."""
    read_from: str
    related: tuple[RelatedLink, ...]
    quote: str | None


def take_body_apart(picked: Picked, marked: list[LexborNode], own: Container[str]) -> BodyParts:
    """Find the body by its selector, else among the elements that the page itself marks as one.

    `own` are the page's own addresses: a link to them is related to nothing. What is taken leaves the page.
    """
    read_from, body = "selector", _outermost(picked.nodes("article.body"))
    if marked and not any(to_text(node.html or "") for node in body):
        read_from, body = "microdata", _outermost(marked)
    related = _related(picked, body, own)
    quotes = picked.nodes("article.quote")
    quote = without_marks(text_of(quotes[0], None, MAX_QUOTE)) or None if quotes else None
    _cut_repeated(quotes, body)
    for node in body:
        Doomed(node.css(_HIDDEN)).cut()
    return BodyParts(nodes=body, read_from=read_from, related=related, quote=quote)


def _related(picked: Picked, body: list[LexborNode], own: Container[str]) -> tuple[RelatedLink, ...]:
    """Return the related links, and take those inside the body out of it."""
    inside = {node.mem_id for node in body}
    found: dict[str, RelatedLink] = {}
    inline = []
    for url, node in picked.links("article.related"):
        placement = Placement.INLINE if within(node, inside) else Placement.BOXED
        title = text_of(node) or text_of(node, "title")
        if placement is Placement.INLINE:
            inline.append(_framed(node, inside))
        if title and url not in found and url not in own:
            found[url] = RelatedLink(url=url, title=title, placement=placement)
    for url, link in _bare_links(picked, body, own):
        if title := text_of(link):
            inline.append(link)
            found.setdefault(url, RelatedLink(url=url, title=title, placement=Placement.INLINE))
    Doomed(inline).cut()
    return tuple(found.values())[:MAX_RELATED]


def _bare_links(
    picked: Picked, body: list[LexborNode], own: Container[str]
) -> Iterator[tuple[str, LexborNode]]:
    """Yield the links that stand alone between the paragraphs of the body, in no paragraph themselves."""
    for holder in body:
        children = [
            child
            for child in holder.iter(include_text=True)
            if child.is_element_node or (child.is_text_node and child.text(deep=False).strip())
        ]
        for before, link, after in zip([None, *children], children, [*children[1:], None], strict=False):
            url = picked.address(link) if link.tag == "a" else None
            if url and url not in own and _is_block(before) and (after is None or _is_block(after)):
                yield url, link


def _is_block(node: LexborNode | None) -> bool:
    return node is not None and node.tag in _BLOCKS


def _framed(link: LexborNode, body: Container[int]) -> LexborNode:
    """Return a link with what stands around it for its sake only.

    A paragraph, a label such as "Baca juga:".
    """
    node = link
    while node.parent is not None and node.parent.mem_id not in body:
        around = node.parent.text().replace(node.text(), "", 1)
        if not _LABEL.fullmatch(around.strip()):
            break
        node = node.parent
    return node


def _outermost(nodes: list[LexborNode]) -> list[LexborNode]:
    mem_ids = {node.mem_id for node in nodes}
    return [node for node in nodes if node.parent is None or not within(node.parent, mem_ids)]


def _cut_repeated(quotes: list[LexborNode], body: list[LexborNode]) -> None:
    """Take quotes out of the body that it says anyway, be it with other marks, capitals or punctuation."""
    inside = {node.mem_id for node in body}
    candidates = {node.mem_id: node for holder in body for node in holder.css("blockquote")[:MAX_QUOTES]}
    candidates |= {node.mem_id: node for node in quotes[:1] if within(node, inside)}
    candidates = {each: node for each, node in candidates.items() if each not in inside}
    if not candidates:
        return
    text = folded(" ".join(to_text(node.html or "", MAX_BODY_WORDS) for node in body))
    pull_quote = {node.mem_id for node in quotes[:1]}
    doomed = []
    for mem_id, node in candidates.items():
        words = folded(text_of(node, None, MAX_QUOTE))
        if (len(words) >= _MIN_REPEATED or (words and mem_id in pull_quote)) and text.count(words) > 1:
            doomed.append(node)
            text = text.replace(words, "", 1)  # of two that say the same, one stays
    Doomed(doomed).cut()


def without_marks(text: str) -> str:
    """Trim quotation marks and a comma at the end; marks that belong to quotes inside stay as they are."""
    bare = text.strip().strip(_QUOTE_MARKS).strip().rstrip(",").rstrip(_QUOTE_MARKS).strip()
    return text.strip() if _DOUBLE_MARKS & set(bare) else bare


def without_read_also(body_html: str) -> tuple[str, tuple[RelatedLink, ...]]:
    """Take the paragraphs that only point to another article out of a clean body, and give their links."""
    links = [
        RelatedLink(
            url=html.unescape(match["url"]), title=to_text(match["title"]), placement=Placement.INLINE
        )
        for match in _READ_ALSO.finditer(body_html)
    ]
    if not links:
        return body_html, ()
    found = {link.url: link for link in links if link.title}
    return _READ_ALSO.sub("", body_html).strip(), tuple(found.values())[:MAX_RELATED]


def pointed(apart: BodyParts, pointers: Iterable[RelatedLink]) -> tuple[RelatedLink, ...]:
    """Return all related links, each address once: those that a selector found first."""
    found: dict[str, RelatedLink] = {}
    for link in (*apart.related, *pointers):
        found.setdefault(link.url, link)
    return tuple(found.values())[:MAX_RELATED]


def body_offers(
    apart: BodyParts, page: Page, title: str, claims: Iterable[Claims], warnings: list[str]
) -> Iterator[tuple[str, str]]:
    """Yield what may be the body as clean HTML, each with what it was read from, the surest first.

    Each is made when it is asked for. NotReadable("malformed") where the page's own is too heavy.
    """
    nodes = apart.nodes
    markup = (nodes[0].inner_html or "") if len(nodes) == 1 else "\n".join(node.html or "" for node in nodes)
    cleaner = HtmlCleaner(page.base)
    try:
        yield apart.read_from, cleaner.clean(markup) if markup else ""
    except ValueError as error:
        raise NotReadable(Reason.MALFORMED, f"the article cannot be read: {error}") from error
    try:
        yield DENSITY, full_text(page, title)
    except NotReadable as error:
        warnings.append(error.detail)
    for one in claims:
        if one.body:
            yield one.read_from, _machine_body(one.body, cleaner)


def first_paragraph(body_html: str) -> str:
    text, end, _ = body_html.partition("<p>")[2].partition("</p>")
    return to_text(text) if end else ""


def _machine_body(text: str, cleaner: HtmlCleaner) -> str:
    """Return the body from the metadata of a page as clean HTML; there it may be plain text."""
    try:
        check_weight(text)
        if "</" in text:
            return cleaner.clean(text)
    except ValueError:
        return ""
    lines = filter(None, (" ".join(line.split()) for line in html.unescape(text).splitlines()))
    return cleaner.clean("".join(f"<p>{html.escape(line, quote=False)}</p>" for line in lines))
