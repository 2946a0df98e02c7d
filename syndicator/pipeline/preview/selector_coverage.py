"""Reports for each selector of a page source how often it matches, with a sample."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from syndicator.gather.documents.text import shortened
from syndicator.gather.listings.list_page import ListReading
from syndicator.model.article import Candidate, ListedItem, Photo, PopularItem
from syndicator.model.source import ArticleRule, ListRule, PopularRule, Source

_SAMPLE_LENGTH = 120

_LIST: dict[str, Callable[[ListedItem], object]] = {
    "url": lambda item: item.url,
    "title": lambda item: item.title,
    "date": lambda item: item.published_at,
    "section": lambda item: item.section,
    "image": lambda item: item.image_url,
}
_READ_AS = {
    "date": "published_at",
    "photo": "photos",
    "caption": "photos",
    "credit": "photos",
    "embargo": "embargo_until",
}
"""Names of fields in a candidate, where the rule has another name."""
_ARTICLE: dict[str, Callable[[Candidate], object]] = {
    "title": lambda article: article.title,
    "date": lambda article: article.published_at or _of_today(article),
    "authors": lambda article: article.authors,
    "lead": lambda article: article.lead,
    "quote": lambda article: article.quote,
    "body": lambda article: article.body_html and f"{len(article.body_html)} characters of HTML",
    "photo": lambda article: [photo.url for photo in article.photos],
    "caption": lambda article: _of_photos(article.photos, "caption"),
    "credit": lambda article: _of_photos(article.photos, "credit"),
    "section": lambda article: article.section,
    "tags": lambda article: article.tags,
    "related": lambda article: [link.title for link in article.related],
    "views": lambda article: article.views,
    "embargo": lambda article: article.embargo_until,
}
_POPULAR: dict[str, Callable[[PopularItem], object]] = {
    "link": lambda item: item.url,
    "title": lambda item: item.title,
    "date": lambda item: item.published_at or _as_written(item.claimed_date),
    "views": lambda item: item.views,
    "author": lambda item: item.author,
}


class SelectorCoverage(Struct, frozen=True, kw_only=True):
    """One selector, and how many items it matches."""

    key: str
    """As in the configuration, such as `article.title`."""
    selector: str
    found: int
    of: int
    sample: str = ""
    """The first value, at most 120 characters."""


def yields_of(
    source: Source, lists: ListReading, candidates: Sequence[Candidate]
) -> tuple[SelectorCoverage, ...]:
    """Return for every selector of a source on how many items or pages it matches."""
    found: list[SelectorCoverage] = []
    zone = ZoneInfo(source.timezone)
    if source.list is not None:
        number = len(lists.items)
        found.append(SelectorCoverage(key="list.item", selector=source.list.item, found=number, of=number))
        found += _of_rule("list", source.list, _LIST, lists.items, zone)
        if source.list.next is not None:
            following = lists.next_url or ""
            found.append(
                SelectorCoverage(
                    key="list.next",
                    selector=source.list.next,
                    found=int(bool(following)),
                    of=1,
                    sample=following,
                )
            )
    if source.article is not None and candidates:
        found += _of_rule("article", source.article, _ARTICLE, candidates, zone)
    if source.popular is not None:
        number = len(lists.popular)
        found.append(
            SelectorCoverage(key="popular.item", selector=source.popular.item, found=number, of=number)
        )
        found += _of_rule("popular", source.popular, _POPULAR, lists.popular, zone)
    return tuple(found)


def _of_rule(
    name: str,
    rule: ListRule | ArticleRule | PopularRule,
    readers: dict[str, Callable[[Any], object]],
    rows: Sequence[object],
    zone: ZoneInfo,
) -> Iterable[SelectorCoverage]:
    for field, read in readers.items():
        selector = getattr(rule, field)
        if selector is None:
            continue
        values = [text for row in rows if _by_selector(row, field) and (text := _text(read(row), zone))]
        sample = shortened(values[0], _SAMPLE_LENGTH) if values else ""
        yield SelectorCoverage(
            key=f"{name}.{field}", selector=selector, found=len(values), of=len(rows), sample=sample
        )


def _by_selector(row: object, field: str) -> bool:
    """Return whether a value was read by the selector, not by a fallback such as metadata."""
    if not isinstance(row, Candidate):
        return True
    return row.provenance.read_from.get(_READ_AS.get(field, field), "selector").startswith("selector")


def _text(value: object, zone: ZoneInfo) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="minutes")
    return "" if value is None else str(value)


def _of_photos(photos: Sequence[Photo], name: str) -> str:
    return next((value for photo in photos if (value := getattr(photo, name))), "")


def _of_today(article: Candidate) -> str:
    """Return a claimed date of today without a time, which is replaced by the time of first sight."""
    provenance = article.provenance
    bare = provenance.claimed_date and provenance.date_rule.startswith("a bare day")
    return f"{provenance.claimed_date} (of today: no time)" if bare else ""


def _as_written(claimed_date: str | None) -> str:
    """Return a date of which no instant can be made, as that of today without a time."""
    return f"{claimed_date} (as written: no time)" if claimed_date else ""


def words_without_name(yields: Iterable[SelectorCoverage], missing: Collection[str]) -> list[str]:
    """Return the warning about a selector of authors that matches words but no name."""
    return [
        f"{coverage.key} found words, but no name"
        for coverage in yields
        if coverage.key == "article.authors"
        and coverage.of
        and not coverage.found
        and coverage.key not in missing
    ]
