"""The items of list pages and boxes, by CSS selectors: their elements, addresses, titles and dates."""

from collections.abc import Iterable, Mapping

from selectolax.lexbor import LexborNode

from syndicator.gather.documents.selectors import Doomed, Page, Picked, Selector, selector, text_of
from syndicator.model.fetch import Fetched
from syndicator.model.source import Source
from syndicator.rules.dates.claimed_dates import NO_DATE, DateClaim, read_claim
from syndicator.rules.dates.date_parser import read_date

MAX_ROWS = 2000
"""Most items that are read of one page."""


def item_rows(page: Page, doomed: Doomed, item: Selector, parts: list[Selector | None]) -> list[Picked]:
    """Return the elements of a page that `item` finds, each with its `parts`; at most `MAX_ROWS`."""
    nodes = doomed.spare(page.find(item)[:MAX_ROWS])
    return [page.pick(doomed, parts, node) for node in nodes]


def address_and_title(row: Picked) -> tuple[str, str] | None:
    """Return an item's address and title. A title is what its selector says, else the words of its links."""
    links = row.links("url")
    if not links:
        return None
    url = links[0][0]
    return url, row.text("title") or link_words([node for address, node in links if address == url])


def link_words(links: Iterable[LexborNode]) -> str:
    """Return the words of the first link to an article that has some, else what names its picture."""
    nodes = list(links)
    return next(filter(None, (*map(text_of, nodes), *map(_label, nodes))), "")


def _label(node: LexborNode) -> str:
    image = node.css_first("img[alt]")
    return text_of(node, "title") or (text_of(image, "alt") if image is not None else "")


def first_claim(source: Source, fetched: Fetched, texts: Iterable[str]) -> DateClaim:
    """Return the first of some texts that claims an instant; one without any where none does."""
    now, future = fetched.fetched_at, source.future_dates
    claims = (read_claim(text, timezone=source.timezone, now=now, future=future) for text in texts)
    return next((claim for claim in claims if claim.at), DateClaim(at=None, rule=NO_DATE))


def any_date(source: Source, fetched: Fetched, rows: list[Picked]) -> bool:
    """Return whether any item has a date, also a bare day that is not over and gives no instant yet."""
    now = fetched.fetched_at
    texts = (text for row in rows for text in row.texts("date"))
    return any(read_date(text, timezone=source.timezone, now=now) is not None for text in texts)


def found_and_missing(coverage: Mapping[str, bool]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the selectors that found something, and those that found nothing."""
    found = tuple(name for name, is_found in coverage.items() if is_found)
    return found, tuple(name for name in coverage if name not in found)


def removed_parts(source: Source) -> Selector | None:
    """Return the selector of what a source leaves out of its pages (`article.remove`)."""
    return selector("article.remove", source.article.remove if source.article else None)
