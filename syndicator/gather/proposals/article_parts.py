"""The parts of an article page: its headline, its text and what stands around them, by clues."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from syndicator.gather.articles import clues
from syndicator.gather.documents.outline import Element, PageOutline
from syndicator.gather.figures import parse_count
from syndicator.gather.proposals.article_links import ArticleLinks, is_near

NEAR_LEVELS = 3
"""How many elements around headline and body are looked into, each in the next."""
_PARAGRAPH = 40
"""Characters from which on a text counts as a paragraph."""
_SHORT_PARAGRAPH = 10
"""The same, where no text is that long."""
_LOOSE_TEXT = 200
_WIDER = 1.3
"""By what factor a larger container must hold more text to be taken for the body instead."""
_LONGEST_NAME = 80
_MAX_BOXED = 30
_MAX_AROUND = 4
_SHORT_LABEL = 40
_LISTING = frozenset({"ul", "ol", "article", "h2", "h3", "h4", "h5"})
_HOME = frozenset({"home", "beranda", "index", "depan"})


class ArticlePage(Struct, frozen=True):
    """One page of the template, with its headline and its body."""

    outline: PageOutline
    heading: Element
    body: Element

    @property
    def around(self) -> list[Element]:
        """Return what holds both headline and body, and the next larger ones: where the other parts stand."""
        above = {each.order for each in self.heading.ancestors()}
        common = [each for each in (self.body, *self.body.ancestors()) if each.order in above]
        return [each for each in common[:NEAR_LEVELS] if each.tag != "body"] or common[:1]


def read_page(outline: PageOutline) -> ArticlePage | None:
    """Find headline and body; None where one of them is not seen."""
    body = _densest(outline)
    headings = [each for each in outline.tagged("h1") if each.text and not clues.in_frame(each)]
    heading = max(headings or outline.tagged("h2"), key=lambda each: len(each.text), default=None)
    return ArticlePage(outline, heading, body) if heading and body else None


def _densest(outline: PageOutline) -> Element | None:
    """Return the container of the most text in paragraphs; a larger one where that holds much more."""
    weights = _weights(outline, _PARAGRAPH) or _weights(outline, _SHORT_PARAGRAPH)
    loose = _loose(outline)
    if loose and max(loose.values()) > 2 * max(weights.values(), default=0):
        weights = loose
    if not weights:
        return None
    best = outline.elements[max(weights, key=lambda order: weights[order])]
    held = weights[best.order]
    for above in best.ancestors():
        inside = sum(weight for order, weight in weights.items() if outline.elements[order].within(above))
        if above.tag in {"body", "main"} or inside < _WIDER * held:
            break
        best, held = above, inside
    return best


def _weights(outline: PageOutline, shortest: int) -> dict[int, int]:
    """Count the characters of paragraphs by what they stand in; links and side boxes count nothing."""
    weights: dict[int, int] = {}
    for each in outline.tagged("p"):
        words = each.length - each.linked
        if words >= shortest and each.parent is not None and not _is_beside(each):
            weights[each.parent.order] = weights.get(each.parent.order, 0) + words
    return weights


def _loose(outline: PageOutline) -> dict[int, int]:
    """Count the characters of text that stands in no paragraphs: some portals part it by `<br>`."""
    return {
        each.order: each.length - each.linked
        for each in outline.tagged("div", "section", "article", "td")
        if each.own and each.length - each.linked >= _LOOSE_TEXT and not _is_beside(each)
    }


def _is_beside(element: Element) -> bool:
    return clues.in_aside(element) or clues.in_frame(element)


def nearby(page: ArticlePage) -> Iterable[Element]:
    """Yield what stands around headline and body, the nearest first, but not in them nor in side boxes."""
    seen: set[int] = set()
    for scope in page.around:
        for each in scope.descendants():
            if each.order in seen or each.within(page.body) or each.within(page.heading):
                continue
            seen.add(each.order)
            if not clues.in_aside(each, scope):
                yield each


def remoteness(page: ArticlePage, element: Element) -> tuple[int, int]:
    """Rank an element by its place: between headline and text, ahead of both, below; then the nearest.

    Ahead of the headline stand clocks, and boxes of what is new.
    """
    ahead, below = element.order < page.heading.order, element.order > page.body.order
    return (1 if ahead else 2 if below else 0), abs(element.order - page.heading.order)


def author(page: ArticlePage) -> Element | None:
    """Return the first byline that is no editor's."""
    for each in nearby(page):
        if not 2 < len(each.own) <= _LONGEST_NAME or clues.EDITOR.match(each.own):  # noqa: PLR2004  a name
            continue
        named = clues.AUTHOR.search(each.named) or "author" in (each.attributes.get("rel") or "")
        by_icon = any(icon.startswith("person") for icon in each.icons)
        if named or by_icon or clues.AUTHOR_LABEL.match(each.own):
            return each
    return None


def lead(page: ArticlePage) -> Element | None:
    """Return a text ahead of the body that is named as its lead."""
    found = (each for each in nearby(page) if each.order < page.body.order and len(each.own) >= _PARAGRAPH)
    return next((each for each in found if clues.LEAD.search(each.named)), None)


def quote(page: ArticlePage) -> Element | None:
    """Return the first quotation set apart in the body; posts of social networks are none."""
    for each in page.body.descendants():
        quoted = each.tag == "blockquote" or "pullquote" in each.named.replace("-", "").lower()
        if quoted and each.text and not clues.EMBEDDED.search(each.named):
            return each
    return None


def views(page: ArticlePage) -> Element | None:
    for each in nearby(page):
        if each.own and parse_count(each.own) is not None:
            text = " ".join((each.named, *each.icons, *(each.parent.icons if each.parent else ())))
            if clues.VIEWS.search(text) or "visibility" in text or clues.VIEWS_TEXT.search(each.own):
                return each
    return None


def is_credit(element: Element) -> bool:
    """Return whether an element near a picture says who took it."""
    if not element.own or clues.CAPTION.search(element.named):
        return False
    around = element.parent.named if element.parent else ""
    by_icon = any(icon.startswith(("photo", "camera")) for icon in element.icons)
    named = clues.CREDIT.search(element.named) or clues.CREDIT.search(around)
    return bool(by_icon or named or clues.CREDIT_TEXT.match(element.own)) and element.tag != "figcaption"


def section(page: ArticlePage) -> Element | None:
    """Return the last name of the breadcrumbs that is not the headline; else what is named a section."""
    crumbs = [each for each in page.outline.elements if clues.BREADCRUMB.search(each.named)]
    if crumbs:
        names = [
            each
            for each in crumbs[0].descendants()
            if 1 < len(each.own) <= _LONGEST_NAME
            and each.own != page.heading.text
            and each.own.lower() not in _HOME
            and not each.children
        ]
        if names:
            return names[-1]
    for each in nearby(page):
        short = 2 < len(each.own) <= 30 and not any(map(str.isdigit, each.own))  # noqa: PLR2004  a word
        if short and each.order < page.body.order and clues.SECTION.search(each.named):
            return each
    return None


def tags(page: ArticlePage) -> Sequence[Element]:
    """Return the links of the tags below the body."""
    for each in page.outline.elements:
        if each.order > page.body.order and clues.TAGS.search(each.named):
            links = [link for link in each.descendants() if link.tag == "a" and link.text]
            if links:
                return links
    links = [
        link
        for link in page.outline.tagged("a")
        if link.order > page.body.order and not link.within(page.body) and not clues.in_frame(link)
    ]
    return [link for link in links if clues.TAG_PATH.search(link.attributes.get("href") or "")]


def inline(page: ArticlePage) -> Sequence[Element]:
    """Return links to other articles between the paragraphs of the body."""
    return [
        link
        for link in page.body.descendants()
        if link.tag == "a" and link.text and (_is_named_related(link, page.body) or label_of(link))
    ]


def _is_named_related(link: Element, body: Element) -> bool:
    for each in (link, *link.ancestors()):
        if each is body:
            return False
        if clues.INLINE_RELATED.search(each.named):
            return True
    return False


def label_of(link: Element) -> str:
    """Return the words "Baca juga" ahead of a link in its paragraph, as they are written."""
    match = next(
        (found for each in list(link.ancestors())[:2] if (found := clues.INLINE_LABEL.match(each.text))), None
    )
    return match[0] if match else ""


def boxed(page: ArticlePage) -> Sequence[Element]:
    """Return the headlines in a box of related articles.

    By their addresses, else by the heading of the box.
    """
    articles = ArticleLinks(page.outline)
    headings = [
        each
        for each in page.outline.elements
        if 0 < len(each.text) <= _SHORT_LABEL
        and clues.RELATED_HEADING.fullmatch(each.text)
        and not each.within(page.body)
        and not clues.in_frame(each)
    ]
    for each in headings:
        if links := _by_address(page, articles, each):
            return links
    return next((links for each in headings if (links := _by_heading(page, each))), ())


def _by_address(page: ArticlePage, articles: ArticleLinks, heading: Element) -> Sequence[Element]:
    for box in heading.ancestors():
        if articles.held(box) < 2:  # noqa: PLR2004  a box of one is none
            continue
        if articles.held(box) > _MAX_BOXED or page.body.within(box):
            break
        items = [item for item in articles.items() if item.element.within(box)]
        return [max(item.links, key=lambda link: link.length) for item in items]
    return ()


def _by_heading(page: ArticlePage, heading: Element) -> Sequence[Element]:
    """Return the links of the list under a heading, of each address the one with the most words."""
    for box in list(heading.ancestors())[:_MAX_AROUND]:
        if page.body.within(box):
            break
        found: dict[str, Element] = {}
        for link in box.descendants():
            url = page.outline.page.link(link.node, "href") if link.tag == "a" and link.text else None
            listed = any(each.tag in _LISTING and each.within(box) for each in link.ancestors())
            if url and listed and link.order > heading.order and is_near(url, page.outline.page.url):
                before = found.get(url)
                found[url] = link if before is None or link.length > before.length else before
        if found:
            return list(found.values()) if len(found) <= _MAX_BOXED else ()
    return ()
