"""The body of an article page taken apart: related links and pull quote are told apart from the text."""

import html
import re
from collections.abc import Container, Iterable, Iterator

from msgspec import Struct
from selectolax.lexbor import LexborNode

from syndicator.errors import NotReadable
from syndicator.gather.claims import Claims
from syndicator.gather.full_text import full_text
from syndicator.gather.html import HtmlCleaner, check_weight, to_text
from syndicator.gather.selectors import Doomed, Page, Picked, text_of, within
from syndicator.model.article import Placement, RelatedLink
from syndicator.model.fetch import Reason

MAX_QUOTE = 1000
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
    r'<a href="(?P<url>[^"]++)"[^>]*+>(?P<title>(?:(?!</a>).){1,500}?)</a>'
    r"(?:\s|</(?:strong|b|em|i|u)>)*+</(?P=tag)>",
    re.IGNORECASE | re.DOTALL,
)
"""A paragraph of clean HTML that only says "Baca juga: …" with a link."""
_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_QUOTE_MARKS = "\"'“”„‟‘’‚«»‹›"
_DOUBLE_MARKS = frozenset('"“”„«»')


class Apart(Struct, frozen=True, kw_only=True):
    """A body, and what stood in it besides the text."""

    nodes: list[LexborNode]
    """The elements of the body, without what was told apart; empty where none was found."""
    read_from: str
    related: tuple[RelatedLink, ...]
    quote: str | None


def take_body_apart(picked: Picked, marked: list[LexborNode], own: Container[str]) -> Apart:
    """Find the body by its selector, else among the elements that the page itself marks as one.

    `own` are the page's own addresses: a link to them is related to nothing. What is taken leaves the page.
    """
    read_from, body = "selector", _outermost(picked.nodes("article.body"))
    if marked and not any(to_text(node.html or "") for node in body):
        read_from, body = "microdata", _outermost(marked)
    related = _related(picked, body, own)
    quote = _quote(picked.nodes("article.quote"), body)
    for node in body:
        Doomed(node.css(_HIDDEN)).cut()
    return Apart(nodes=body, read_from=read_from, related=related, quote=quote)


def _related(picked: Picked, body: list[LexborNode], own: Container[str]) -> tuple[RelatedLink, ...]:
    """Give the related links, and take those inside the body out of it."""
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
    Doomed(inline).cut()
    return tuple(found.values())[:MAX_RELATED]


def _framed(link: LexborNode, body: Container[int]) -> LexborNode:
    """Give a link with what stands around it for its sake only: a paragraph, a label such as "Baca juga:"."""
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


def _quote(nodes: list[LexborNode], body: list[LexborNode]) -> str | None:
    """Give the pull quote without its marks; inside the body it leaves it where the body says it anyway."""
    if not nodes:
        return None
    words = text_of(nodes[0], None, MAX_QUOTE)
    quote = without_marks(words)
    if not quote:
        return None
    if within(nodes[0], {node.mem_id for node in body}):
        text = " ".join(to_text(node.html or "", MAX_BODY_WORDS) for node in body)
        if text.count(quote) > 1:
            Doomed(nodes[:1]).cut()
    return quote


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


def body_offers(
    apart: Apart, page: Page, claims: Iterable[Claims], warnings: list[str]
) -> Iterator[tuple[str, str]]:
    """Give what may be the body as clean HTML, each with what it was read from, the surest first.

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
        yield "text density", full_text(page)
    except NotReadable as error:
        warnings.append(error.detail)
    for one in claims:
        if one.body:
            yield one.read_from, _told_body(one.body, cleaner)


def first_paragraph(body_html: str) -> str:
    match = _PARAGRAPH.search(body_html)
    return to_text(match[1]) if match else ""


def _told_body(text: str, cleaner: HtmlCleaner) -> str:
    """Give what a page tells machines as its body as clean HTML; it may be plain text."""
    try:
        check_weight(text)
        if "</" in text:
            return cleaner.clean(text)
    except ValueError:
        return ""
    lines = filter(None, (" ".join(line.split()) for line in html.unescape(text).splitlines()))
    return cleaner.clean("".join(f"<p>{html.escape(line, quote=False)}</p>" for line in lines))
