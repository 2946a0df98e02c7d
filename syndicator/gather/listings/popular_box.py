"""Boxes of popular articles on HTML pages, by CSS selectors. Sync and picklable: the pool's work."""

from msgspec import Struct

from syndicator.errors import NotReadable
from syndicator.gather.bylines import reporters
from syndicator.gather.documents.selectors import Doomed, Page, Picked, Selector, empty, selector
from syndicator.gather.documents.text import MAX_NAME
from syndicator.gather.figures import first_count
from syndicator.gather.listings.list_items import (
    address_and_title,
    any_date,
    first_claim,
    found_and_missing,
    item_rows,
    removed_parts,
)
from syndicator.model.article import PopularItem
from syndicator.model.fetch import Fetched, Reason
from syndicator.model.source import PopularRule, Source
from syndicator.rules.identity.addresses import untracked

MAX_POPULAR = 100
"""Most items that are read of one box."""


class BoxReading(Struct, frozen=True, kw_only=True):
    """What a box of popular articles on a page of its own shows."""

    items: tuple[PopularItem, ...]
    """The most popular first."""
    found: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """As those of `ListReading`."""


def read_popular(source: Source, fetched: Fetched) -> BoxReading:
    """Read the page that holds the box of popular articles; rank is the order of the items.

    NotReadable("empty") names the selector that finds nothing.
    """
    rule = source.popular
    if rule is None:
        raise NotReadable(Reason.EMPTY, "the source has no rule for popular articles")
    page = Page(fetched)
    doomed = page.doomed(removed_parts(source))
    rows = popular_rows(page, doomed, rule)
    doomed.cut()
    popular = popular_items(source, fetched, rows)
    if not popular:
        raise empty(popular_item(rule))
    found, missing = found_and_missing(box_coverage(rule, any_date(source, fetched, rows), rows, popular))
    return BoxReading(items=popular, found=found, missing=missing)


def popular_item(rule: PopularRule) -> Selector:
    return Selector(name="popular.item", css=rule.item)


def popular_rows(page: Page, doomed: Doomed, rule: PopularRule) -> list[Picked]:
    """Return the elements of the items of a box, with their parts."""
    parts = [
        selector("url", rule.link, "href"),
        selector("title", rule.title),
        selector("date", rule.date),
        selector("views", rule.views),
        selector("author", rule.author),
    ]
    return item_rows(page, doomed, popular_item(rule), parts)


def popular_items(source: Source, fetched: Fetched, rows: list[Picked]) -> tuple[PopularItem, ...]:
    """Return the items of a box, the most popular first; each address once, and only with a title."""
    found: dict[str, PopularItem] = {}
    for row in rows[:MAX_POPULAR]:
        address = address_and_title(row)
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


def box_coverage(
    rule: PopularRule, dated: bool, rows: list[Picked], items: tuple[PopularItem, ...]
) -> dict[str, bool]:
    """Return which selectors of the rule found something in any item."""
    found = {
        "item": bool(items),
        "title": any(row.text("title") for row in rows),
        "date": dated,
        "views": any(item.views is not None for item in items),
        "author": any(item.author for item in items),
    }
    return {f"popular.{name}": is_found for name, is_found in found.items() if getattr(rule, name)}
