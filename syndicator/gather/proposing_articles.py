"""Selectors for article pages: what is at the same place, under the same names, on two or three of them."""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from syndicator.gather import clues
from syndicator.gather.figures import parse_count
from syndicator.gather.naming import Aim, candidates, choose, telling
from syndicator.gather.outline import Element, Outline
from syndicator.gather.proposing_lists import Articles
from syndicator.model.source import ArticleRule

_PARAGRAPH = 40
"""Characters from which on a text counts as a paragraph."""
_WIDER = 1.3
"""By what factor a larger container must hold more text to be taken for the body instead."""
_LONGEST_NAME, _LONGEST_CAPTION = 80, 600
_NEAR_LEVELS = 3
_MAX_BOXED = 30
_HOME = frozenset({"home", "beranda", "index", "depan"})

Find = Callable[["ArticlePage"], Element | None]
Place = tuple[tuple[str, tuple[str, ...]], ...]
"""Tags and classes of an element and of all that it stands in."""


class ArticlePage(Struct, frozen=True):
    """One page of the template, with its headline and its body."""

    outline: Outline
    heading: Element
    body: Element

    @property
    def around(self) -> list[Element]:
        """Give what holds both headline and body, and the next larger ones: where the other parts stand."""
        above = {each.order for each in self.heading.ancestors()}
        common = [each for each in (self.body, *self.body.ancestors()) if each.order in above]
        return [each for each in common[:_NEAR_LEVELS] if each.tag != "body"] or common[:1]


def propose_article(outlines: Sequence[Outline], clock: clues.Clock) -> ArticleRule | None:
    """Give the rule of article pages; None where no body is found. What has no body is passed over."""
    pages = [page for outline in outlines if (page := _read(outline))]
    if not pages:
        return None
    rule = _Rule(pages, clock)
    body = rule.body()
    return ArticleRule(
        title=rule.one(lambda page: page.heading),
        body=body,
        date=rule.date(),
        authors=rule.one(_author, label=True),
        lead=rule.one(_lead),
        quote=_inside(body, rule.one(_quote)),
        photo=rule.photo(),
        caption=rule.one(rule.caption),
        credit=rule.one(rule.credit),
        section=rule.one(_section),
        tags=rule.all(_tags),
        related=_joined([rule.all(_inline), rule.all(_boxed)]),
        views=rule.one(_views),
        remove=_joined(_unwanted(pages, body)),
    )


class _Rule:
    """Chooses one selector after the other, each by all pages."""

    def __init__(self, pages: Sequence[ArticlePage], clock: clues.Clock) -> None:
        self._pages = pages
        self._clock = clock
        self._photos = [self._photo(page) for page in pages]

    def one(self, find: Find, *, label: bool = False) -> str | None:
        """Choose the selector whose finds say what the element wanted says; on most pages.

        One that finds nothing else is preferred to one that only finds it first.
        """
        found = [(page, find(page)) for page in self._pages]
        present = [element for _, element in found if element is not None]
        word = clues.first_label(each.own for each in present) if label else ""
        options = [css for each in present for css in (*candidates(each, label=word), *_of_parent(each))]
        alone = choose(options, [_text_aim(page, element, alone=True) for page, element in found])
        if alone and not alone.wrong:
            return alone.css
        first = choose(options, [_text_aim(page, element, alone=False) for page, element in found])
        return first.css if first else None

    def all(self, find: Callable[[ArticlePage], Sequence[Element]]) -> str | None:
        """Choose the selector that finds all elements wanted, and no other."""
        found = [(page, tuple(find(page))) for page in self._pages]
        options = [
            css
            for page, wanted in found
            for each in wanted[:1]
            for css in (*candidates(each), *_labelled(page, each))
        ]
        aims = [Aim(wanted=wanted, find=page.outline.find) for page, wanted in found]
        chosen = choose(options, aims, every=True)
        return chosen.css if chosen else None

    def body(self) -> str | None:
        options = [css for page in self._pages for css in candidates(page.body)]
        chosen = choose(options, [_body_aim(page) for page in self._pages])
        return chosen.css if chosen else None

    def date(self) -> str | None:
        """Choose where the date of the article stands: not that of today, which some portals show too."""
        constant = self._constant(lambda each: each.own)

        def find(page: ArticlePage) -> Element | None:
            found = [
                each
                for each in _nearby(page)
                if _place(each) not in constant
                and (self._clock.reads(each.attributes.get("datetime")) or self._clock.reads(each.own))
            ]
            return min(found, key=lambda each: _distance(page, each), default=None)

        chosen = self.one(find)
        dates = [each for page in self._pages if (each := find(page))]
        stamped = bool(dates) and all(self._clock.reads(each.attributes.get("datetime")) for each in dates)
        return f"{chosen}@datetime" if chosen and stamped else chosen

    def photo(self) -> str | None:
        found = list(zip(self._pages, self._photos, strict=True))
        options = [css for _, element in found if element for css in candidates(element)]
        aims = [Aim(wanted=(element,) if element else (), find=page.outline.find) for page, element in found]
        chosen = choose(options, aims, every=True) or choose(options, aims)
        return chosen.css if chosen else None

    def _photo(self, page: ArticlePage) -> Element | None:
        """Give the picture of the article: before its text or at its head, and not on every page."""
        constant = self._constant(_address)
        for scope in page.around:
            for each in scope.descendants():
                if (
                    each.tag == "img"
                    and _place(each) not in constant
                    and not clues.NO_PICTURE.search(" ".join((_address(each), *each.classes)))
                    and not clues.in_aside(each, scope)
                ):
                    return each
        return None

    def caption(self, page: ArticlePage) -> Element | None:
        """Give the words below the picture."""
        for each in self._beside_photo(page):
            if not _is_credit(each) and (each.tag == "figcaption" or clues.CAPTION.search(each.named)):
                return each
        return None

    def credit(self, page: ArticlePage) -> Element | None:
        """Give who took the picture."""
        return next((each for each in self._beside_photo(page) if _is_credit(each)), None)

    def _beside_photo(self, page: ArticlePage) -> Iterable[Element]:
        photo = self._photos[self._pages.index(page)]
        if photo is None:
            return
        for number, holder in enumerate(photo.ancestors()):
            if number >= _NEAR_LEVELS or holder is page.body or (page.body.within(holder) and number > 1):
                return
            for each in holder.descendants():
                beyond = each.within(page.body) or each is page.heading
                if not beyond and 2 < len(each.own or each.text) <= _LONGEST_CAPTION:  # noqa: PLR2004  a word
                    yield each

    def _constant(self, text: Callable[[Element], str]) -> frozenset[Place]:
        """Give the places that say the same on every page, where there are several: no article's own."""
        if len(self._pages) == 1:
            return frozenset()
        said = [_by_place(page.outline.elements, text) for page in self._pages]
        return frozenset(place for place in said[0] if all(one.get(place) == said[0][place] for one in said))


def _by_place(elements: Iterable[Element], text: Callable[[Element], str]) -> dict[Place, str]:
    """Give what stands first at each place."""
    found: dict[Place, str] = {}
    for each in elements:
        if words := text(each):
            found.setdefault(_place(each), words)
    return found


def _place(element: Element) -> Place:
    return tuple((each.tag, each.classes) for each in (element, *element.ancestors()))


def _read(outline: Outline) -> ArticlePage | None:
    body = _densest(outline)
    headings = [each for each in outline.tagged("h1") if each.text and not clues.in_frame(each)]
    heading = max(headings or outline.tagged("h2"), key=lambda each: len(each.text), default=None)
    return ArticlePage(outline, heading, body) if heading and body else None


def _densest(outline: Outline) -> Element | None:
    """Give the container of the most text in paragraphs; a larger one where that holds much more."""
    weights: dict[int, int] = {}
    for each in outline.elements:
        words = each.length - each.linked
        loose = each.tag in {"div", "section", "article", "td"} and bool(each.own)
        if (
            words < _PARAGRAPH
            or not (each.tag == "p" or loose)
            or clues.in_aside(each)
            or clues.in_frame(each)
        ):
            continue
        holder = each if loose else each.parent
        if holder is not None:
            weights[holder.order] = weights.get(holder.order, 0) + words
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


def _body_aim(page: ArticlePage) -> Aim:
    """Accept what holds nearly the same text as the body found, and one such element only."""

    def find(css: str) -> list[Element]:
        found = page.outline.find(css)
        outer = [each for each in found if not any(each is not one and each.within(one) for one in found)]
        if len(outer) == 1 and _same_text(outer[0], page.body):
            return [page.body]
        return found

    return Aim(wanted=(page.body,), find=find)


def _same_text(one: Element, other: Element) -> bool:
    related = one.within(other) or other.within(one)
    return related and 0.9 * other.length <= one.length <= 1.15 * other.length


def _text_aim(page: ArticlePage, wanted: Element | None, *, alone: bool) -> Aim:
    """Accept what says the same as the element wanted: first, or `alone`."""

    def find(css: str) -> list[Element]:
        found = page.outline.find(css)
        alike = wanted is not None and bool(found) and found[0].text == wanted.text
        if wanted is not None and alike and (not alone or len(found) == 1):
            return [wanted]
        return [each for each in found if each is not wanted] if alone else found

    return Aim(wanted=(wanted,) if wanted else (), find=find)


def _of_parent(element: Element) -> Iterable[str]:
    """Give selectors of the parent too, where it says nothing else."""
    if element.parent is not None and element.parent.text == element.text:
        yield from candidates(element.parent)


def _nearby(page: ArticlePage) -> Iterable[Element]:
    """Give what stands around headline and body, the nearest first, but not in them nor in side boxes."""
    seen: set[int] = set()
    for scope in page.around:
        for each in scope.descendants():
            if each.order in seen or each.within(page.body) or each.within(page.heading):
                continue
            seen.add(each.order)
            if not clues.in_aside(each, scope):
                yield each


def _distance(page: ArticlePage, element: Element) -> int:
    return abs(element.order - page.heading.order)


def _author(page: ArticlePage) -> Element | None:
    for each in _nearby(page):
        if not 2 < len(each.own) <= _LONGEST_NAME or clues.EDITOR.match(each.own):  # noqa: PLR2004  a name
            continue
        named = clues.AUTHOR.search(each.named) or "author" in (each.attributes.get("rel") or "")
        by_icon = any(icon.startswith("person") for icon in each.icons)
        if named or by_icon or clues.AUTHOR_LABEL.match(each.own):
            return each
    return None


def _lead(page: ArticlePage) -> Element | None:
    found = (each for each in _nearby(page) if each.order < page.body.order and len(each.own) >= _PARAGRAPH)
    return next((each for each in found if clues.LEAD.search(each.named)), None)


def _quote(page: ArticlePage) -> Element | None:
    for each in page.body.descendants():
        quoted = each.tag == "blockquote" or "pullquote" in each.named.replace("-", "").lower()
        if quoted and each.text and not clues.EMBEDDED.search(each.named):
            return each
    return None


def _views(page: ArticlePage) -> Element | None:
    for each in _nearby(page):
        if each.own and parse_count(each.own) is not None:
            told = " ".join((each.named, *each.icons, *(each.parent.icons if each.parent else ())))
            if clues.VIEWS.search(told) or "visibility" in told or clues.VIEWS_TEXT.search(each.own):
                return each
    return None


def _is_credit(element: Element) -> bool:
    if not element.own or clues.CAPTION.search(element.named):
        return False
    around = element.parent.named if element.parent else ""
    by_icon = any(icon.startswith(("photo", "camera")) for icon in element.icons)
    named = clues.CREDIT.search(element.named) or clues.CREDIT.search(around)
    return bool(by_icon or named or clues.CREDIT_TEXT.match(element.own)) and element.tag != "figcaption"


def _section(page: ArticlePage) -> Element | None:
    """Give the last name of the breadcrumbs that is not the headline; else what is named a section."""
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
    for each in _nearby(page):
        short = 2 < len(each.own) <= 30 and not any(map(str.isdigit, each.own))  # noqa: PLR2004  a word
        if short and each.order < page.body.order and clues.SECTION.search(each.named):
            return each
    return None


def _tags(page: ArticlePage) -> Sequence[Element]:
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


def _inline(page: ArticlePage) -> Sequence[Element]:
    """Give links to other articles between the paragraphs of the body."""
    return [
        link
        for link in page.body.descendants()
        if link.tag == "a" and link.text and (_is_named_related(link, page.body) or _label_of(link))
    ]


def _is_named_related(link: Element, body: Element) -> bool:
    for each in (link, *link.ancestors()):
        if each is body:
            return False
        if clues.INLINE_RELATED.search(each.named):
            return True
    return False


def _label_of(link: Element) -> str:
    """Give the words "Baca juga" ahead of a link in its paragraph, as they are written."""
    match = next(
        (found for each in list(link.ancestors())[:2] if (found := clues.INLINE_LABEL.match(each.text))), None
    )
    return match[0] if match else ""


def _labelled(page: ArticlePage, link: Element) -> Iterable[str]:
    """Give selectors by the label of an inline link's paragraph."""
    label = _label_of(link)
    block = next((each for each in link.ancestors() if each.tag in {"p", "div", "li"}), None)
    if label and block is not None and block is not page.body:
        for name in (*telling(page.body), ""):
            yield f"{name} {block.tag}:lexbor-contains('{label}') a".strip()


def _boxed(page: ArticlePage) -> Sequence[Element]:
    """Give the headlines in a box of related articles."""
    articles = Articles(page.outline)
    for each in page.outline.elements:
        headed = 0 < len(each.text) <= 40 and clues.RELATED_HEADING.fullmatch(each.text)  # noqa: PLR2004  a label
        if not headed or each.within(page.body) or clues.in_frame(each):
            continue
        for box in each.ancestors():
            if articles.held(box) < 2:  # noqa: PLR2004  a box of one is none
                continue
            if articles.held(box) > _MAX_BOXED or page.body.within(box):
                break
            items = [item for item in articles.items() if item.element.within(box)]
            return [max(item.links, key=lambda link: link.length) for item in items]
    return ()


def _unwanted(pages: Sequence[ArticlePage], body: str | None) -> list[str | None]:
    """Give what stands in the body and is none of it: advertisements, buttons to share."""
    if body is None:
        return []
    names = {
        name: None
        for page in pages
        for each in page.body.descendants()
        for name in telling(each)
        if clues.UNWANTED.search(name.replace("#", " ").replace(".", " "))
    }
    return [f"{body} {name}" for name in names]


def _address(image: Element) -> str:
    return image.attributes.get("data-src") or image.attributes.get("src") or ""


def _inside(body: str | None, css: str | None) -> str | None:
    """Keep a selector of a mere tag to the body."""
    return f"{body} {css}" if body and css and css.isalnum() else css


def _joined(selectors: Sequence[str | None]) -> str | None:
    return ", ".join(dict.fromkeys(filter(None, selectors))) or None
