"""List pages and boxes of popular articles, by CSS selectors. Sync and picklable: the pool's work."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from selectolax.lexbor import LexborNode

from syndicator.errors import NotReadable
from syndicator.gather.figures import parse_count
from syndicator.gather.selectors import Doomed, Page, Picked, Selector, empty, selector, text_of
from syndicator.gather.text import MAX_NAME, person_name
from syndicator.model.article import ListedItem, PopularItem
from syndicator.model.fetch import Fetched, Reason
from syndicator.model.source import ListRule, PopularRule, Source
from syndicator.rules.dates import claimed_instant

MAX_POPULAR = 100
MAX_ROWS = 2000
"""Items of one page that are looked at."""


class ListReading(Struct, frozen=True, kw_only=True):
    """What a list page shows, in its own order."""

    items: tuple[ListedItem, ...]
    popular: tuple[PopularItem, ...] = ()
    """Of the box on this very page, where the rule names no page of its own."""
    next_url: str | None = None
    warnings: tuple[str, ...] = ()


def read_list(source: Source, fetched: Fetched) -> ListReading:
    """Read one list page; each address once.

    NotReadable("empty") names the selector that finds nothing.
    """
    rule = source.list
    if rule is None:
        raise NotReadable(Reason.EMPTY, "the source has no rule for list pages")
    page = Page(fetched)
    doomed = page.doomed(_remove(source))
    rows = _rows(page, doomed, Selector(name="list.item", css=rule.item), _list_parts(rule))
    box = source.popular if source.popular and source.popular.url is None else None
    popular_rows = _popular_rows(page, doomed, box) if box else []
    following = page.pick(doomed, [selector("list.next", rule.next, "href")])
    doomed.cut()
    items: dict[str, ListedItem] = {}
    for row in rows:
        if item := _listed(source, fetched, row):
            items.setdefault(item.url, item)
    if not rows or not items:
        raise empty(
            Selector(name="list.url", css=rule.url) if rows else Selector(name="list.item", css=rule.item)
        )
    popular = _popular(source, fetched, popular_rows)
    return ListReading(
        items=tuple(items.values()),
        popular=popular,
        next_url=next((url for url, _ in following.links("list.next") if url != fetched.url), None),
        warnings=(f"{_popular_item(box)} finds nothing",) if box and not popular else (),
    )


def read_popular(source: Source, fetched: Fetched) -> tuple[PopularItem, ...]:
    """Read the page that holds the box of popular articles; rank is the order of the items."""
    rule = source.popular
    if rule is None:
        raise NotReadable(Reason.EMPTY, "the source has no rule for popular articles")
    page = Page(fetched)
    doomed = page.doomed(_remove(source))
    rows = _popular_rows(page, doomed, rule)
    doomed.cut()
    popular = _popular(source, fetched, rows)
    if not popular:
        raise empty(_popular_item(rule))
    return popular


def first_date(source: Source, fetched: Fetched, texts: Iterable[str]) -> tuple[str | None, datetime | None]:
    """Give the first text that holds a date, and the instant that it claims.

    Where none does, the first text is still given: what a source wrote is worth keeping.
    """
    written = None
    for text in texts:
        written = written or text
        if claimed := claimed_instant(text, timezone=source.timezone, now=fetched.fetched_at):
            return text, claimed
    return written, None


def first_count(texts: Iterable[str]) -> int | None:
    """Give the first count of views among texts."""
    return next((count for text in texts if (count := parse_count(text)) is not None), None)


def _remove(source: Source) -> Selector | None:
    return selector("article.remove", source.article.remove if source.article else None)


def _list_parts(rule: ListRule) -> list[Selector | None]:
    return [
        selector("url", rule.url, "href"),
        selector("title", rule.title),
        selector("date", rule.date),
        selector("section", rule.section),
        selector("image", rule.image, "src"),
    ]


def _popular_item(rule: PopularRule) -> Selector:
    return Selector(name="popular.item", css=rule.item)


def _popular_rows(page: Page, doomed: Doomed, rule: PopularRule) -> list[Picked]:
    parts = [
        selector("url", rule.link, "href"),
        selector("title", rule.title),
        selector("date", rule.date),
        selector("views", rule.views),
        selector("author", rule.author),
    ]
    return _rows(page, doomed, _popular_item(rule), parts)


def _rows(page: Page, doomed: Doomed, item: Selector, parts: list[Selector | None]) -> list[Picked]:
    nodes = doomed.spare(page.find(item)[:MAX_ROWS])
    return [page.pick(doomed, parts, node) for node in nodes]


def _address(row: Picked) -> tuple[str, str] | None:
    """Give an item's address and title. A title is what its selector says, else the words of its links."""
    links = row.links("url")
    if not links:
        return None
    url = links[0][0]
    words = (_label(node) for address, node in links if address == url)
    return url, row.text("title") or next(filter(None, words), "")


def _label(node: LexborNode) -> str:
    if words := text_of(node):
        return words
    image = node.css_first("img[alt]")
    return text_of(node, "title") or (text_of(image, "alt") if image is not None else "")


def _listed(source: Source, fetched: Fetched, row: Picked) -> ListedItem | None:
    address = _address(row)
    if address is None:
        return None
    url, title = address
    return ListedItem(
        url=url,
        title=title or None,
        published_at=first_date(source, fetched, row.texts("date"))[1],
        section=row.text("section", MAX_NAME) or None,
        image_url=next((url for url, _ in row.images("image")), None),
    )


def _popular(source: Source, fetched: Fetched, rows: list[Picked]) -> tuple[PopularItem, ...]:
    found: dict[str, PopularItem] = {}
    for row in rows[:MAX_POPULAR]:
        address = _address(row)
        if address is None or not address[1] or address[0] in found:
            continue
        url, title = address
        found[url] = PopularItem(
            rank=len(found) + 1,
            url=url,
            title=title,
            published_at=first_date(source, fetched, row.texts("date"))[1],
            views=first_count(row.texts("views")),
            author=person_name(row.text("author", MAX_NAME)) or None,
        )
    return tuple(found.values())
