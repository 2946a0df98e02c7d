"""List pages and boxes of popular articles, by CSS selectors. Sync and picklable: the pool's work."""

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from selectolax.lexbor import LexborNode

from syndicator.errors import NotReadable
from syndicator.gather.bylines import reporters
from syndicator.gather.documents.selectors import (
    Doomed,
    Page,
    Picked,
    Selector,
    empty,
    link_pattern,
    selector,
    text_of,
)
from syndicator.gather.documents.text import MAX_NAME
from syndicator.gather.figures import parse_count
from syndicator.model.article import ListedItem, PopularItem
from syndicator.model.fetch import Fetched, Reason
from syndicator.model.source import ListRule, PopularRule, Source
from syndicator.rules.dates.claimed_dates import NO_DATE, DateClaim, read_claim
from syndicator.rules.dates.date_parser import read_date
from syndicator.rules.identity.addresses import untracked

MAX_POPULAR = 100
MAX_ROWS = 2000
"""Items of one page that are looked at."""
_LINKS = "a[href], area[href]"


class ListReading(Struct, frozen=True, kw_only=True):
    """What a list page shows, in its own order."""

    items: tuple[ListedItem, ...]
    popular: tuple[PopularItem, ...] = ()
    """Of the box on this very page, where the rule names no page of its own."""
    next_url: str | None = None
    found: tuple[str, ...] = ()
    """The selectors of the rules (`list.date`, `popular.item`) that found something that they are for."""
    missing: tuple[str, ...] = ()
    """Those that found nothing on the whole page."""
    warnings: tuple[str, ...] = ()


class BoxReading(Struct, frozen=True, kw_only=True):
    """What a box of popular articles on a page of its own shows."""

    items: tuple[PopularItem, ...]
    """The most popular first."""
    found: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """As those of `ListReading`."""


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
    pattern = link_pattern(rule.url)
    for row in rows:
        for item in _listed(source, fetched, row, pattern):
            items.setdefault(item.url, item)
    if not rows or not items:
        raise empty(
            Selector(name="list.url", css=rule.url) if rows else Selector(name="list.item", css=rule.item)
        )
    popular = _popular(source, fetched, popular_rows)
    next_url = next((url for url, _ in following.links("list.next") if url != fetched.url), None)
    coverage = _list_coverage(rule, _any_date(source, fetched, rows), rows, items.values(), next_url)
    if box:
        coverage |= _box_coverage(box, _any_date(source, fetched, popular_rows), popular_rows, popular)
    found, missing = _found_and_missing(coverage)
    return ListReading(
        items=tuple(items.values()),
        popular=popular,
        next_url=next_url,
        found=found,
        missing=missing,
        warnings=(f"{_popular_item(box)} finds nothing",) if box and not popular else (),
    )


def _list_coverage(
    rule: ListRule, dated: bool, rows: list[Picked], items: Iterable[ListedItem], next_url: str | None
) -> dict[str, bool]:
    """Return which selectors found something in any item; the last page has no next one."""
    listed = list(items)
    found = {
        "item": True,
        "url": True,
        "title": any(row.text("title") for row in rows),
        "date": dated,
        "section": any(item.section for item in listed),
        "image": any(item.image_url for item in listed),
        "next": next_url is not None,
    }
    return {f"list.{name}": is_found for name, is_found in found.items() if getattr(rule, name)}


def _box_coverage(
    rule: PopularRule, dated: bool, rows: list[Picked], items: tuple[PopularItem, ...]
) -> dict[str, bool]:
    found = {
        "item": bool(items),
        "title": any(row.text("title") for row in rows),
        "date": dated,
        "views": any(item.views is not None for item in items),
        "author": any(item.author for item in items),
    }
    return {f"popular.{name}": is_found for name, is_found in found.items() if getattr(rule, name)}


def _found_and_missing(coverage: Mapping[str, bool]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the selectors that found something, and those that found nothing."""
    found = tuple(name for name, is_found in coverage.items() if is_found)
    return found, tuple(name for name in coverage if name not in found)


def _any_date(source: Source, fetched: Fetched, rows: list[Picked]) -> bool:
    """Return whether any item has a date, also a bare day that is not over and gives no instant yet."""
    now = fetched.fetched_at
    texts = (text for row in rows for text in row.texts("date"))
    return any(read_date(text, timezone=source.timezone, now=now) is not None for text in texts)


def read_popular(source: Source, fetched: Fetched) -> BoxReading:
    """Read the page that holds the box of popular articles; rank is the order of the items.

    NotReadable("empty") names the selector that finds nothing.
    """
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
    found, missing = _found_and_missing(_box_coverage(rule, _any_date(source, fetched, rows), rows, popular))
    return BoxReading(items=popular, found=found, missing=missing)


def first_claim(source: Source, fetched: Fetched, texts: Iterable[str]) -> DateClaim:
    """Return the first of some texts that claims an instant; one without any where none does."""
    now, future = fetched.fetched_at, source.future_dates
    claims = (read_claim(text, timezone=source.timezone, now=now, future=future) for text in texts)
    return next((claim for claim in claims if claim.at), DateClaim(at=None, rule=NO_DATE))


def first_count(texts: Iterable[str]) -> int | None:
    """Return the first count of views among texts."""
    return next((count for text in texts if (count := parse_count(text)) is not None), None)


def _remove(source: Source) -> Selector | None:
    return selector("article.remove", source.article.remove if source.article else None)


def _list_parts(rule: ListRule) -> list[Selector | None]:
    return [
        selector("url", _LINKS if link_pattern(rule.url) else rule.url, "href"),
        selector("title", rule.title),
        selector("date", rule.date),
        selector("section", rule.section),
        selector("image", rule.image),
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
    """Return an item's address and title. A title is what its selector says, else the words of its links."""
    links = row.links("url")
    if not links:
        return None
    url = links[0][0]
    return url, row.text("title") or _words([node for address, node in links if address == url])


def _words(links: Iterable[LexborNode]) -> str:
    """Return the words of the first link to an article that has some, else what names its picture."""
    nodes = list(links)
    return next(filter(None, (*map(text_of, nodes), *map(_label, nodes))), "")


def _label(node: LexborNode) -> str:
    image = node.css_first("img[alt]")
    return text_of(node, "title") or (text_of(image, "alt") if image is not None else "")


def _listed(
    source: Source, fetched: Fetched, row: Picked, pattern: re.Pattern[str] | None
) -> Iterator[ListedItem]:
    """Yield the article of an item, or by a pattern each that it links to.

    Where an item links to several, what stands inside a link is that article's own, and nothing else is.
    """
    if pattern is None:
        address = _address(row)
        if address is not None:
            yield _item(source, fetched, row, *address)
        return
    links: dict[str, list[LexborNode]] = {}
    for url, node in row.links("url"):
        if pattern.search(url):
            links.setdefault(url, []).append(node)
    shares = {} if len(links) == 1 else row.split({node.mem_id: url for url in links for node in links[url]})
    for url, nodes in links.items():
        own = shares.get(url, row)
        yield _item(source, fetched, own, url, own.text("title") or _words(nodes))


def _item(source: Source, fetched: Fetched, row: Picked, url: str, title: str) -> ListedItem:
    claim = first_claim(source, fetched, row.texts("date"))
    return ListedItem(
        url=untracked(url, source.tracking),
        title=title or None,
        published_at=claim.at,
        claimed_at=claim.written,
        section=row.text("section", MAX_NAME) or None,
        image_url=next((image.url for image in row.images("image")), None),
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
            url=untracked(url, source.tracking),
            title=title,
            published_at=first_claim(source, fetched, row.texts("date")).at,
            claimed_date=row.text("date", MAX_NAME) or None,
            views=first_count(row.texts("views")),
            author=next(iter(reporters(row.texts("author", MAX_NAME))), None),
        )
    return tuple(found.values())
