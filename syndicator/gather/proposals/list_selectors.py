"""Selectors for a list page: the repeated structure that holds links to articles, and what its items show."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from syndicator.gather.articles import clues
from syndicator.gather.documents.outline import Element, PageOutline
from syndicator.gather.documents.selectors import Selector
from syndicator.gather.figures import parse_count
from syndicator.gather.proposals.article_links import ArticleLinks, LinkGroup
from syndicator.gather.proposals.stable_selectors import (
    Aim,
    SelectorChoice,
    candidates,
    choose,
    is_stable,
    layout,
    meaningful_names,
)
from syndicator.model.source import ListRule, PopularRule

MIN_ITEMS = 3
_SAMPLED = 14
"""Items on which selectors for their parts are tried."""
_MAX_GROUPS = 40
_MAX_BOX = 30
_LONG_TITLE_WORDS = 6
_SHORT_LABEL = 40
_IN_HEAD = "link[rel~='next'][href]"

Part = Callable[[LinkGroup], Element | None]


class Group(Struct, frozen=True):
    """Items of one structure."""

    items: tuple[LinkGroup, ...]
    score: float


def propose_list(outline: PageOutline, clock: clues.Clock) -> tuple[ListRule, tuple[str, ...]] | None:
    """Return the rule of a list page and the addresses of its articles; None where nothing is a list."""
    articles = ArticleLinks(outline)
    best = max(_groups(articles.items(), clock), key=lambda group: group.score, default=None)
    if best is None or best.score <= 0:
        return None
    item = _item_selector(outline, best.items)
    if item is None:
        return None
    parts = _Parts(outline, best.items)
    link = parts.select(_title_link, own=True)
    url = _with_attribute(link, "@href")
    if url is None:
        return None
    title = parts.select(_title)
    rule = ListRule(
        item=item.css,
        url=url,
        title=title.css if title else None,
        date=date_selector(parts, clock),
        section=_css(parts.select(_section)),
        image=_css(parts.select(_image)),
        next=_next(outline),
    )
    return rule, tuple(dict.fromkeys(each.url for each in best.items))


def propose_popular(outline: PageOutline, clock: clues.Clock, listed: Sequence[str]) -> PopularRule | None:
    """Return the rule of a box of popular articles beside a list; None where there is none."""
    articles = ArticleLinks(outline)
    for box in _boxes(articles):
        inside = [item for item in articles.items() if item.element.within(box)]
        groups = _by_structure(inside)
        items = max(groups, key=len, default=[])
        urls = {item.url for item in items}
        if len(urls) < MIN_ITEMS or urls == set(listed):
            continue
        item = _item_selector(outline, items)
        parts = _Parts(outline, items)
        link = _with_attribute(parts.select(_title_link, own=True), "@href")
        if item is None or link is None:
            continue
        title = parts.select(_title)
        return PopularRule(
            item=item.css,
            link=link,
            title=title.css if title else None,
            date=date_selector(parts, clock),
            views=_css(parts.select(_views)),
            author=_css(parts.select(_author)),
        )
    return None


def _boxes(articles: ArticleLinks) -> Iterable[Element]:
    """Yield what is headed as popular, or named so: the smallest that holds a few articles."""
    for element in articles.outline.elements:
        headed = 0 < len(element.text) <= _SHORT_LABEL and clues.POPULAR_HEADING.fullmatch(element.text)
        if headed and not clues.in_frame(element):
            for each in element.ancestors():
                if articles.held(each) >= MIN_ITEMS:
                    if articles.held(each) <= _MAX_BOX:
                        yield each
                    break
    for element in articles.outline.elements:
        if clues.POPULAR.search(element.named) and MIN_ITEMS <= articles.held(element) <= _MAX_BOX:
            yield element


def _groups(items: Sequence[LinkGroup], clock: clues.Clock) -> Iterable[Group]:
    common = Counter(clues.pattern_of(item.url) for item in items)
    for members in _by_structure(items)[:_MAX_GROUPS]:
        urls = {item.url for item in members}
        if len(urls) >= MIN_ITEMS:
            yield Group(tuple(members), _score(members, len(urls), common, clock))


def _by_structure(items: Sequence[LinkGroup]) -> list[list[LinkGroup]]:
    """Group items by their tag and the tags and stable names of what they stand in; the largest first."""
    groups: defaultdict[tuple[object, ...], list[LinkGroup]] = defaultdict(list)
    for item in items:
        path = [(each.tag, *meaningful_names(each)) for each in item.element.ancestors() if each.depth]
        groups[item.element.tag, *path].append(item)
    return sorted(groups.values(), key=len, reverse=True)


def _score(items: Sequence[LinkGroup], number: int, common: Counter[str], clock: clues.Clock) -> float:
    """Weigh a group: many articles of one form of address, with headlines and dates, amid the page."""
    first = items[0].element
    if clues.in_frame(first):
        return 0.0
    sample = items[:_SAMPLED]
    words = [len(title.text.split()) if (title := _title(item)) else 0 for item in sample]
    headlines = sum(min(number, _LONG_TITLE_WORDS) for number in words) / (_LONG_TITLE_WORDS * len(sample))
    dated = sum(_date(item, clock) is not None for item in sample) / len(sample)
    pictured = sum(_image(item) is not None for item in sample) / len(sample)
    headed = sum(any(each.tag in _HEADINGS for each in _inside(item)) for item in sample) / len(sample)
    alike = Counter(clues.pattern_of(item.url) for item in items).most_common(1)[0]
    usual = common[alike[0]] / max(common.values())
    weight = (1 + dated) * (1 + pictured / 3) * (1 + headed / 3) * (alike[1] / len(items)) * (0.5 + usual / 2)
    return min(number, 40) * headlines**2 * weight * (0.15 if clues.in_aside(first) else 1.0)


def _item_selector(outline: PageOutline, items: Sequence[LinkGroup]) -> SelectorChoice | None:
    """Choose the selector that means the items: their own stable names first, then those around them."""
    elements = [item.element for item in items]
    wanted = {each.order for each in elements}
    options = []
    for element in (elements[0], elements[-1]):
        shared = [
            name for name in meaningful_names(element) if name.startswith(".") and _all_have(elements, name)
        ]
        weak = [name for name in layout(element) if _all_have(elements, name)]
        tag = element.tag
        above = [name for each in list(element.ancestors())[:4] for name in _names_above(each)]
        options += [name for name in shared if not name.startswith("#")]
        options += [f"{name} > {own}" for name in above for own in (*shared, tag, *weak)]
        options += [f"{name} {own}" for name in above for own in (*shared, tag, f"{tag}{''.join(weak)}")]
        options += [tag, *(f"{tag}{name}" for name in weak)]
    best: SelectorChoice | None = None
    for css in list(dict.fromkeys(options))[:80]:
        found = {each.order for each in outline.find(css)}
        right, wrong = len(found & wanted), len(found - wanted)
        if right and (best is None or right - 2 * wrong > best.right - 2 * best.wrong):
            best = SelectorChoice(css=css, right=right, wrong=wrong)
    return best if best and best.right >= MIN_ITEMS and best.right > best.wrong else None


def _names_above(element: Element) -> list[str]:
    names = meaningful_names(element)
    return names if names or element.tag not in {"main", "article", "ul", "ol"} else [element.tag]


def _all_have(elements: Sequence[Element], name: str) -> bool:
    return is_stable(name[1:]) and all(name[1:] in each.classes for each in elements)


class _Parts:
    """Chooses selectors for the parts of items, by a few of them from first to last."""

    def __init__(self, outline: PageOutline, items: Sequence[LinkGroup]) -> None:
        self._outline = outline
        step = max(1, len(items) // _SAMPLED)
        self.items = items[::step][:_SAMPLED]

    def select(self, part: Part, *, own: bool = False) -> SelectorChoice | None:
        """Choose the selector of a part; `own`: the item may be that part itself, which is written as ''."""
        found = [(item, part(item)) for item in self.items]
        present = [(item, element) for item, element in found if element is not None]
        if not present:
            return None
        if own and all(element is item.element for item, element in present):
            return SelectorChoice(css="", right=len(present), wrong=0)
        aims = [Aim(wanted=(element,) if element else (), find=self._finder(item)) for item, element in found]
        options = [
            css
            for item, element in (present[0], present[-1])
            if element is not item.element
            for css in candidates(element, item.element)
        ]
        return choose(options, aims)

    def _finder(self, item: LinkGroup) -> Callable[[str], list[Element]]:
        return lambda css: [
            each for each in self._outline.find(css, item.element) if each is not item.element
        ]


_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


def _inside(item: LinkGroup) -> Iterable[Element]:
    yield item.element
    yield from item.element.descendants()


def _title(item: LinkGroup) -> Element | None:
    """Return the headline: the link with the most words, else the heading, else what is named a title."""
    link = max(item.links, key=lambda each: each.length)
    headings = [each for each in _inside(item) if each.tag in _HEADINGS and each.text]
    if headings and headings[0].within(link):
        return headings[0]
    if link.text and link is not item.element:
        return link
    named = [each for each in _inside(item) if "title" in each.named.lower() and each.text]
    found = headings or named or [each for each in _inside(item) if each.own and each is not item.element]
    return max(found, key=lambda each: len(each.text), default=None)


def _title_link(item: LinkGroup) -> Element | None:
    return max(item.links, key=lambda each: each.length)


def _date(item: LinkGroup, clock: clues.Clock) -> Element | None:
    for each in _inside(item):
        if each.tag == "time" and clock.reads(each.attributes.get("datetime") or each.text):
            return each
    found = [each for each in _inside(item) if each.own and each.tag != "a" and clock.reads(each.own)]
    return min(
        (each for each in found if each is not item.element), key=lambda each: len(each.own), default=None
    )


def date_selector(parts: _Parts, clock: clues.Clock) -> str | None:
    """Choose the selector of dates; of `<time>` its attribute, where it has one in every item."""
    selector = parts.select(lambda item: _date(item, clock))
    if selector is None:
        return None
    dates = [each for item in parts.items if (each := _date(item, clock))]
    stamped = all(each.tag == "time" and clock.reads(each.attributes.get("datetime")) for each in dates)
    return f"{selector.css}@datetime" if stamped else selector.css


def _section(item: LinkGroup) -> Element | None:
    """Return the name of a section: a short text named so, or a link to where a section stands."""
    for each in _inside(item):
        if not 2 < len(each.own) <= 30 or each.order in {link.order for link in item.links}:  # noqa: PLR2004  a word
            continue
        linked = each.tag == "a" and clues.SECTION_PATH.search(each.attributes.get("href") or "")
        if linked or (clues.SECTION.search(each.named) and not any(map(str.isdigit, each.own))):
            return each
    return next(
        (
            each
            for each in _inside(item)
            if 2 < len(each.text) <= 30  # noqa: PLR2004  a word
            and clues.SECTION.search(each.named)
            and not any(map(str.isdigit, each.text))
        ),
        None,
    )


def _image(item: LinkGroup) -> Element | None:
    pictures = (each for each in _inside(item) if each.tag == "img")
    return next((each for each in pictures if not clues.NO_PICTURE.search(_address(each))), None)


def _address(image: Element) -> str:
    return " ".join((image.attributes.get("src") or "", *image.classes))


def _views(item: LinkGroup) -> Element | None:
    for each in _inside(item):
        if each.own and parse_count(each.own) is not None:
            text = " ".join((each.named, *each.icons, *(each.parent.icons if each.parent else ())))
            if clues.VIEWS.search(text) or clues.VIEWS_TEXT.search(each.own):
                return each
    return None


def _author(item: LinkGroup) -> Element | None:
    for each in _inside(item):
        if each.own and not clues.EDITOR.match(each.own) and 2 < len(each.own) <= 80:  # noqa: PLR2004  a name
            by_icon = any(icon.startswith("person") for icon in each.icons)
            if by_icon or clues.AUTHOR.search(each.named) or clues.AUTHOR_LABEL.match(each.own):
                return each
    return None


def _next(outline: PageOutline) -> str | None:
    """Choose the link to the next list page: by rel, by name, by what it says."""
    named = ("a[rel~='next']", ".pagination a.next", "a.next", ".next a", "a.next-page", "a.nextpostslink")
    if css := _linking(outline, named):
        return css
    if outline.page.find(Selector(name="next", css=_IN_HEAD)):
        return _IN_HEAD
    rows = [
        each
        for each in outline.tagged("a")
        if (clues.NEXT_TEXT.fullmatch(each.text) or any(_next_labels(each))) and _leads_on(outline, each)
    ]
    if not rows:
        return _after_current(outline)
    link = rows[0]
    aim = Aim(wanted=(link,), find=outline.find)
    label = link.text if clues.NEXT_TEXT.fullmatch(link.text) and "'" not in link.text else ""
    chosen = choose([*meaningful_names(link), *_next_labels(link), *candidates(link, label=label)], [aim])
    return chosen.css if chosen else None


def _next_labels(link: Element) -> Iterable[str]:
    """Yield selectors of a link by what it is labelled with, for those who do not see it."""
    for name in ("aria-label", "title"):
        label = link.attributes.get(name) or ""
        if clues.NEXT_TEXT.fullmatch(label) and "'" not in label:
            yield f"a[{name}='{label}']"


def _leads_on(outline: PageOutline, link: Element) -> bool:
    url = outline.page.link(link.node, "href")
    if not url or url == outline.page.url:
        return False
    paged = any(clues.PAGES.search(each.named) for each in (link, *link.ancestors()))
    number = url.removeprefix(outline.page.url.rstrip("/") + "/").strip("/")
    return paged or number.isdigit() or bool(clues.NEXT.search(link.named) or clues.PAGE_ADDRESS.search(url))


def _linking(outline: PageOutline, options: Sequence[str]) -> str | None:
    """Return the first selector whose first element is a link."""
    found = ((css, outline.find(css)) for css in options)
    return next((css for css, links in found if links and links[0].attributes.get("href")), None)


def _after_current(outline: PageOutline) -> str | None:
    """Return the link after the number of the current page, by how that is marked: the same on every page."""
    marked = (
        ".pagination .active + li a", ".pagination .active + a", ".pagination .current + a",
        ".paging .active + a",
    )  # fmt: skip
    if css := _linking(outline, marked):
        return css
    numbered = [each for each in outline.tagged("a") if each.text == "2" and _leads_on(outline, each)]
    options = [css for link in numbered for css in _behind_marked(link)]
    return next((css for css in options if outline.find(css)[:1] in [[link] for link in numbered]), None)


def _behind_marked(link: Element) -> Iterable[str]:
    """Yield selectors of a link to the second page by the element of the first, where that is marked."""
    for number, each in enumerate((link, *link.ancestors())):
        siblings = each.parent.children if each.parent else []
        place = next((at for at, one in enumerate(siblings) if one is each), 0)
        if number > 1 or not place or each.parent is None:
            continue
        first = siblings[place - 1]
        own = [name for name in (*meaningful_names(first), *layout(first)) if name[1:] not in each.classes]
        own += ["[aria-current]"] if first.attributes.get("aria-current") else []
        if any(one.attributes.get("aria-current") for one in first.children):
            own.append(f"{first.tag}:has([aria-current])")
        own += [first.tag] if first.tag != each.tag else []
        behind = each.tag if each is link else f"{each.tag} a"
        for name in meaningful_names(each.parent) or [each.parent.tag]:
            yield from (f"{name} > {mark} + {behind}" for mark in own)


def _css(choice: SelectorChoice | None) -> str | None:
    return choice.css if choice and choice.css else None


def _with_attribute(choice: SelectorChoice | None, attribute: str) -> str | None:
    """Write an empty selector with its attribute: the item itself."""
    if choice is None:
        return None
    return choice.css or attribute
