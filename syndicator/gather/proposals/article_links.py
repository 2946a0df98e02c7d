"""Links to articles on a page, and the elements that hold one article each."""

from collections import defaultdict

from msgspec import Struct

from syndicator.gather.articles import clues
from syndicator.gather.documents.html_cleaning import same_site
from syndicator.gather.documents.outline import Element, PageOutline

MAX_LINKS = 10_000
_MAX_CLIMB = 14


class LinkGroup(Struct, frozen=True):
    """An element that holds links to one article, and no other."""

    element: Element
    url: str
    links: tuple[Element, ...]


class ArticleLinks:
    """The links of a page to articles, and the elements that hold one article each."""

    def __init__(self, outline: PageOutline) -> None:
        self.outline = outline
        self.links: dict[int, str] = {}
        """Address by the order of the link."""
        self._held: defaultdict[int, set[str]] = defaultdict(set)
        """Addresses of articles in an element, by its order."""
        links = [each for each in outline.tagged("a") if each.attributes.get("href")][:MAX_LINKS]
        for link in links:
            url = outline.page.link(link.node, "href")
            if url and is_near(url, outline.page.url) and clues.is_article(url):
                self._note(link, url.partition("#")[0])

    def _note(self, link: Element, url: str) -> None:
        if url == self.outline.page.url:
            return
        self.links[link.order] = url
        for number, each in enumerate((link, *link.ancestors())):
            if number > _MAX_CLIMB:
                break
            self._held[each.order].add(url)

    def held(self, element: Element) -> int:
        return len(self._held[element.order])

    def items(self) -> list[LinkGroup]:
        """Return the largest elements that hold one article each, in document order."""
        found: dict[int, tuple[Element, str, list[Element]]] = {}
        for order, url in self.links.items():
            link = top = self.outline.elements[order]
            for number, each in enumerate(link.ancestors()):
                if number >= _MAX_CLIMB or len(self._held[each.order]) != 1 or each.tag in {"body", "main"}:
                    break
                top = each
            found.setdefault(top.order, (top, url, []))[2].append(link)
        return [LinkGroup(top, url, tuple(links)) for _, (top, url, links) in sorted(found.items())]


def is_near(url: str, other: str) -> bool:
    """Return whether an address is of the same portal: its host, one below it or one beside it."""
    if same_site(url, other):
        return True
    ours, theirs = _domain(other), _domain(url)
    return ours == theirs


def _domain(url: str) -> str:
    """Return the last labels of a host: two, or three where the last two are as short as `co.id`."""
    host = url.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0].lower()
    labels = host.split(".")
    number = 3 if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3 else 2  # noqa: PLR2004  co.id
    return ".".join(labels[-number:])
