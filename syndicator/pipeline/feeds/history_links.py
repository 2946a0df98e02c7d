"""Links from a document of a feed to documents with older entries."""

from datetime import datetime

from syndicator.model.clock import to_ms
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import ArticleId, is_article_id
from syndicator.pipeline.feeds.article_selection import select
from syndicator.pipeline.filter_matching import Filtering
from syndicator.rules.feeds.history_windows import chosen, spans_before
from syndicator.rules.filter_matching import facets_for
from syndicator.store.articles.articles import TimelinePlace
from syndicator.store.store import Store

_STEPS = 4
"""Most selections in search of an older article that passes a narrow filter."""

_LONGEST = 15
"""Digits of a time in milliseconds: enough for 30 000 years."""

Links = tuple[tuple[str, str], ...]
"""Relations, and paths relative to the feed."""


def next_page(rest: TimelinePlace | None) -> Links:
    """Return the link to the page that begins behind a position (RFC 5005, 3)."""
    return (("next", f"/before/{rest.listed_ms}-{rest.article_id}"),) if rest else ()


def place_named(name: str) -> TimelinePlace | None:
    """Return the position in the name of a page; None for an invalid name."""
    milliseconds, _, article = name.partition("-")
    if not (milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) <= _LONGEST):
        return None
    if not is_article_id(article):
        return None
    return TimelinePlace(article_id=ArticleId(article), listed_ms=int(milliseconds))


async def prev_archive(store: Store, filtering: Filtering, spec: FeedSpec, bound: datetime) -> Links:
    """Return the link to the newest archive before `bound`, a full minute (RFC 5005, 4); none without one."""
    before: TimelinePlace | None = TimelinePlace(article_id=ArticleId(""), listed_ms=to_ms(bound) - 1)
    for _ in range(_STEPS):
        selection = await select(store, filtering, spec.filter, 1, spec.per, before=before)
        if selection.entries:
            spans = spans_before(selection.entries[0].article.listed_at, bound)
            edges = [(to_ms(span.start), to_ms(span.end) - 1) for span in spans]
            span = chosen(spans, await store.lists.counts(facets_for(spec.filter), edges))
            return (("prev-archive", f"/archive/{span.name}"),)
        before = selection.rest
        if before is None:
            break
    return ()
