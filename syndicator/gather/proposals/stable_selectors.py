"""Selectors for elements: by names that are likely to stay, the shortest that means the right ones.

Names made by a build or of an item's id (`css-1x2y3z`, `post-12345`, `Title__3kXd9`, `Card-ehGPZM`) are never
used: they hold until the next release, or for one article.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from syndicator.gather.documents.outline import Element

MAX_CANDIDATES = 60
"""Selectors that are tried for one field."""
_MAX_ANCESTORS = 6

_USABLE = re.compile(r"-?[A-Za-z_][A-Za-z0-9_-]{0,59}")
_MADE = re.compile(
    r"\d{3,}|^(?:css|sc|jsx|styled|svelte|emotion|makeStyles|jss|tdi|vc|elementor-element)[-_]"
    r"|(?:^|[-_])(?=[A-Za-z0-9]*[0-9])(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{5,}$"
    r"|(?:^|_)_(?=[A-Za-z0-9]*[A-Z0-9])[A-Za-z0-9]{4,8}$",
)
_SHORTEST_HASH, _LONGEST_HASH = 5, 8
_WORDS = re.compile(r"[A-Z]?[a-z]+(?:[A-Z][a-z]{2,7})*(?:[A-Z]{2,3})?")
"""Words as in `newsTitle`, an abbreviation at the end."""
_UTILITY = re.compile(
    r"(?:[mp][trblxyse]?-?(?:\d+|auto)|(?:col|offset|order)(?:-.*)?|[sml]\d+|xl?\d+|row|(?:d|w|h|text|font|bg|flex|"
    r"items|justify|float|gap|border|rounded|btn|pull|align|min|max|space|leading|tracking|overflow|object|shadow|"
    r"hover|order|grid|position|img|uk|wow|animate|is|has)-.*|flex|grid|block|inline|hidden|clearfix|clear|container|"
    r"active|first|last|odd|even|wrap|wrapper|inner|outer|left|right|center|fade|show|lazy.*|img|image|responsive.*|"
    r"relative|absolute|fixed|sticky|truncate|link|item|box|current|selected|hentry|type-.*|status-.*|format-.*)"
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4"})
_MEANINGFUL_TAGS = frozenset(
    {"h1", "h2", "h3", "h4", "time", "figcaption", "blockquote", "img", "article", "main"}
)


class Aim(Struct, frozen=True, kw_only=True):
    """What a selector should find in one place, and what it does find there."""

    wanted: tuple[Element, ...]
    """In document order; empty: nothing."""
    find: Callable[[str], list[Element]]


class SelectorChoice(Struct, frozen=True, kw_only=True):
    """The best selector and in how many places it finds what it should."""

    css: str
    right: int
    wrong: int


def is_stable(name: str) -> bool:
    """Return whether a class or id is worth relying on."""
    parts = name.replace("_", "-").split("-")
    return bool(_USABLE.fullmatch(name)) and not _MADE.search(name) and not any(map(_is_jumbled, parts))


def _is_jumbled(part: str) -> bool:
    """Return whether capitals stand anywhere, as in `ehGPZM`: in names that people wrote they begin words."""
    is_short = _SHORTEST_HASH <= len(part) <= _LONGEST_HASH and part.isalpha()
    return is_short and not (part.islower() or part.isupper() or _WORDS.fullmatch(part))


def meaningful_names(element: Element) -> list[str]:
    """Return its own classes that say what it is: `.news-title`; ids too."""
    names = [f"#{name}"] if (name := element.attributes.get("id")) and is_stable(name) else []
    strong = [each for each in element.classes if is_stable(each) and not _UTILITY.fullmatch(each)]
    return [*names, *(f".{each}" for each in strong)]


def layout(element: Element) -> list[str]:
    """Return its classes that say how it looks, of use where there are no others: `.row`."""
    return [f".{each}" for each in element.classes if is_stable(each) and _UTILITY.fullmatch(each)]


def candidates(element: Element, root: Element | None = None, label: str = "") -> Iterator[str]:
    """Yield selectors that could mean an element inside `root` (None: the page), the best first.

    `label` is a word of its text that its neighbours do not have, such as "Reporter".
    """
    above = _above(element, root)
    if root is not None and element.tag == "img":
        # Matched with what stands around the item too.
        above += meaningful_names(root) or [
            name for each in list(root.ancestors())[:2] for name in meaningful_names(each)
        ]
    tag = element.tag
    itemprop = element.attributes.get("itemprop") or ""
    if _USABLE.fullmatch(itemprop):
        yield f"[itemprop='{itemprop}']"
    yield from meaningful_names(element)
    if tag in _MEANINGFUL_TAGS and tag != "img":  # any picture that is added would be found by it
        yield tag
    if root is None:
        yield from (f"{name} {heading} {tag}" for name in above for heading in above if heading in _HEADINGS)
    yield from _by_heading(tag, above)
    marked = list(_marked(element, label))
    for name in above:
        for own in (*marked, *meaningful_names(element), tag):
            forms = (f"{name} {own}", f"{name} > {own}")
            yield from reversed(forms) if root is None and tag == "img" else forms
        for own in layout(element):
            yield f"{name} {own}"
    yield from marked
    yield tag
    yield from layout(element)
    yield from (f"{tag}{own}" for own in layout(element))
    yield from _numbered(element, above)


def choose(options: Iterable[str], aims: Sequence[Aim], *, every: bool = False) -> SelectorChoice | None:
    """Choose the selector that finds what is wanted in the most places, the earlier of equals.

    The first find must be the first wanted; `every`: the finds must be the wanted ones, all of them. One
    wrong find outweighs two right ones. None where no selector is more often right than that.
    """
    best: SelectorChoice | None = None
    for css in list(dict.fromkeys(options))[:MAX_CANDIDATES]:
        right = wrong = 0
        for aim in aims:
            found = aim.find(css)
            if found and not _hits(found, aim.wanted, every=every):
                wrong += 1
            elif found:
                right += 1
        if right > 2 * wrong and (best is None or right - 2 * wrong > best.right - 2 * best.wrong):
            best = SelectorChoice(css=css, right=right, wrong=wrong)
    return best


def _hits(found: Sequence[Element], wanted: Sequence[Element], *, every: bool) -> bool:
    if not wanted:
        return False
    if every:
        return {each.order for each in found} == {each.order for each in wanted}
    return found[0] is wanted[0]


def _above(element: Element, root: Element | None) -> list[str]:
    """Return the meaningful names of the elements around it, the nearest first."""
    names: list[str] = []
    for number, ancestor in enumerate(element.ancestors()):
        if ancestor is root or number >= _MAX_ANCESTORS:
            break
        names += meaningful_names(ancestor)
        names += [ancestor.tag] if ancestor.tag in _MEANINGFUL_TAGS else []
    return names[:8]


def _by_heading(tag: str, above: Sequence[str]) -> Iterator[str]:
    yield from (f"{name} {tag}" for name in above if name in _HEADINGS)


def _marked(element: Element, label: str) -> Iterator[str]:
    """Yield selectors by an icon or a label inside."""
    for icon in element.icons:
        if re.fullmatch(r"[a-z_0-9]{2,40}", icon):
            yield f"{element.tag}:has(i:lexbor-contains('{icon}'))"
    if label:
        yield f"{element.tag}:lexbor-contains('{label}')"


def _numbered(element: Element, above: Sequence[str]) -> Iterator[str]:
    """Yield selectors by place: the last resort, as they hold while nothing comes before."""
    siblings = element.parent.children if element.parent else [element]
    same = [each for each in siblings if each.tag == element.tag]
    place = next(number for number, each in enumerate(same, 1) if each is element)
    own = f"{element.tag}:nth-of-type({place})"
    yield from (f"{name} > {own}" for name in above[:2])
    yield from (f"{name} {own}" for name in above[:2])
    yield own
