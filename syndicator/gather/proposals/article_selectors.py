"""Selectors for article pages: what is at the same place, under the same names, on two or three of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from syndicator.gather.articles import clues
from syndicator.gather.documents.outline import Element, PageOutline
from syndicator.gather.proposals import article_parts
from syndicator.gather.proposals.article_links import ArticleLinks
from syndicator.gather.proposals.article_parts import ArticlePage
from syndicator.gather.proposals.stable_selectors import Aim, candidates, choose, meaningful_names
from syndicator.model.source import ArticleRule

_LONGEST_CAPTION = 600

Find = Callable[[ArticlePage], Element | None]
Place = tuple[tuple[str, tuple[str, ...]], ...]
"""Tags and classes of an element and of all that it stands in."""


def propose_article(
    outlines: Sequence[PageOutline], clock: clues.Clock, dates: Mapping[str, datetime] | None = None
) -> ArticleRule | None:
    """Return the rule of article pages; None where no body is found. What has no body is passed over.

    `dates` are those of a list, by address: the same date counts on the page too.
    """
    pages = [page for outline in outlines if (page := article_parts.read_page(outline))]
    if not pages:
        return None
    rule = _Rule(pages, clock, dates or {})
    body = rule.body()
    return ArticleRule(
        title=rule.one(lambda page: page.heading),
        body=body,
        date=rule.date(),
        authors=rule.one(article_parts.author, label=True),
        lead=rule.one(article_parts.lead),
        quote=_inside(body, rule.one(article_parts.quote)),
        photo=rule.photo(),
        caption=rule.one(rule.caption),
        credit=rule.one(rule.credit),
        section=rule.one(article_parts.section),
        tags=rule.all(article_parts.tags),
        related=_joined([rule.all(article_parts.inline), rule.all(article_parts.boxed)]),
        views=rule.one(article_parts.views),
        remove=_joined(_unwanted(pages, body)),
    )


class _Rule:
    """Chooses one selector after the other, each by all pages."""

    def __init__(
        self, pages: Sequence[ArticlePage], clock: clues.Clock, dates: Mapping[str, datetime]
    ) -> None:
        self._pages = pages
        self._dates = dates
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
            others = _of_others(page)
            found = [
                each
                for each in article_parts.nearby(page)
                if _place(each) not in constant
                and self._instant(each) is not None
                and not any(self._instant(inner) for inner in each.descendants())
                and not any(at.order in others for at in (each, *each.ancestors()))
            ]
            listed = self._dates.get(page.outline.page.url)
            same = [each for each in found if listed and self._instant(each) == listed]
            return min(same or found, key=lambda each: article_parts.remoteness(page, each), default=None)

        chosen = self.one(find)
        dates = [each for page in self._pages if (each := find(page))]
        stamped = bool(dates) and all(self._clock.reads(each.attributes.get("datetime")) for each in dates)
        return f"{chosen}@datetime" if chosen and stamped else chosen

    def _instant(self, element: Element) -> datetime | None:
        return self._clock.instant(element.attributes.get("datetime")) or self._clock.instant(element.own)

    def photo(self) -> str | None:
        found = list(zip(self._pages, self._photos, strict=True))
        options = [css for _, element in found if element for css in candidates(element)]
        aims = [Aim(wanted=(element,) if element else (), find=page.outline.find) for page, element in found]
        chosen = choose(options, aims, every=True) or choose(options, aims)
        return chosen.css if chosen else None

    def _photo(self, page: ArticlePage) -> Element | None:
        """Return the picture of the article: before its text or at its head, and not on every page."""
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
        """Return the words below the picture."""
        for each in self._beside_photo(page):
            if not article_parts.is_credit(each) and (
                each.tag == "figcaption" or clues.CAPTION.search(each.named)
            ):
                return each
        return None

    def credit(self, page: ArticlePage) -> Element | None:
        """Return who took the picture."""
        return next((each for each in self._beside_photo(page) if article_parts.is_credit(each)), None)

    def _beside_photo(self, page: ArticlePage) -> Iterable[Element]:
        photo = self._photos[self._pages.index(page)]
        if photo is None:
            return
        for number, holder in enumerate(photo.ancestors()):
            if (
                number >= article_parts.NEAR_LEVELS
                or holder is page.body
                or (page.body.within(holder) and number > 1)
            ):
                return
            for each in holder.descendants():
                beyond = each.within(page.body) or each is page.heading
                if not beyond and 2 < len(each.own or each.text) <= _LONGEST_CAPTION:  # noqa: PLR2004  a word
                    yield each

    def _constant(self, text: Callable[[Element], str]) -> frozenset[Place]:
        """Return the places that say the same on every page, where there are several: no article's own."""
        if len(self._pages) == 1:
            return frozenset()
        said = [_by_place(page.outline.elements, text) for page in self._pages]
        return frozenset(place for place in said[0] if all(one.get(place) == said[0][place] for one in said))


def _of_others(page: ArticlePage) -> frozenset[int]:
    """Return the elements, by their order, that belong to other articles."""
    items = (item.element for item in ArticleLinks(page.outline).items())
    return frozenset(
        each.order for each in items if not (page.heading.within(each) or page.body.within(each))
    )


def _by_place(elements: Iterable[Element], text: Callable[[Element], str]) -> dict[Place, str]:
    """Return what stands first at each place."""
    found: dict[Place, str] = {}
    for each in elements:
        if words := text(each):
            found.setdefault(_place(each), words)
    return found


def _place(element: Element) -> Place:
    return tuple((each.tag, each.classes) for each in (element, *element.ancestors()))


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
    """Yield selectors of the parent too, where it says nothing else."""
    if element.parent is not None and element.parent.text == element.text:
        yield from candidates(element.parent)


def _labelled(page: ArticlePage, link: Element) -> Iterable[str]:
    """Yield selectors by the label of an inline link's paragraph."""
    label = article_parts.label_of(link)
    block = next((each for each in link.ancestors() if each.tag in {"p", "div", "li"}), None)
    if label and block is not None and block is not page.body:
        for name in (*meaningful_names(page.body), ""):
            yield f"{name} {block.tag}:lexbor-contains('{label}') a".strip()


def _unwanted(pages: Sequence[ArticlePage], body: str | None) -> list[str | None]:
    """Return what stands in the body and is none of it: advertisements, buttons to share."""
    if body is None:
        return []
    names = {
        name: None
        for page in pages
        for each in page.body.descendants()
        for name in meaningful_names(each)
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
