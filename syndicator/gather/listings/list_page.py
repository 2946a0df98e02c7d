"""List pages, by CSS selectors. Sync and picklable: the pool's work."""

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct
from selectolax.lexbor import LexborNode

from syndicator.errors import NotReadable
from syndicator.gather.documents.selectors import Page, Picked, Selector, empty, link_pattern, selector
from syndicator.gather.documents.text import MAX_NAME
from syndicator.gather.listings.list_items import (
    address_and_title,
    any_date,
    first_claim,
    found_and_missing,
    item_rows,
    link_words,
    removed_parts,
)
from syndicator.gather.listings.popular_box import box_coverage, popular_item, popular_items, popular_rows
from syndicator.model.article import ListedItem, PopularItem
from syndicator.model.fetch import Fetched, Reason
from syndicator.model.source import ListRule, Source
from syndicator.rules.identity.addresses import untracked

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


def read_list(source: Source, fetched: Fetched) -> ListReading:
    """Read one list page; each address once.

    NotReadable("empty") names the selector that finds nothing.
    """
    rule = source.list
    if rule is None:
        raise NotReadable(Reason.EMPTY, "the source has no rule for list pages")
    page = Page(fetched)
    doomed = page.doomed(removed_parts(source))
    rows = item_rows(page, doomed, Selector(name="list.item", css=rule.item), _list_parts(rule))
    box = source.popular if source.popular and source.popular.url is None else None
    box_rows = popular_rows(page, doomed, box) if box else []
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
    popular = popular_items(source, fetched, box_rows)
    next_url = next((url for url, _ in following.links("list.next") if url != fetched.url), None)
    coverage = _list_coverage(rule, any_date(source, fetched, rows), rows, items.values(), next_url)
    if box:
        coverage |= box_coverage(box, any_date(source, fetched, box_rows), box_rows, popular)
    found, missing = found_and_missing(coverage)
    return ListReading(
        items=tuple(items.values()),
        popular=popular,
        next_url=next_url,
        found=found,
        missing=missing,
        warnings=(f"{popular_item(box)} finds nothing",) if box and not popular else (),
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


def _list_parts(rule: ListRule) -> list[Selector | None]:
    return [
        selector("url", _LINKS if link_pattern(rule.url) else rule.url, "href"),
        selector("title", rule.title),
        selector("date", rule.date),
        selector("section", rule.section),
        selector("image", rule.image),
    ]


def _listed(
    source: Source, fetched: Fetched, row: Picked, pattern: re.Pattern[str] | None
) -> Iterator[ListedItem]:
    """Yield the article of an item, or by a pattern each that it links to.

    Where an item links to several, what stands inside a link is that article's own, and nothing else is.
    """
    if pattern is None:
        address = address_and_title(row)
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
        yield _item(source, fetched, own, url, own.text("title") or link_words(nodes))


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
