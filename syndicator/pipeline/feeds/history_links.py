"""From one document of a feed to those with what is older."""

from datetime import datetime

from syndicator.model.clock import to_ms
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import ArticleId, is_article_id
from syndicator.pipeline.feeds.article_selection import choose
from syndicator.pipeline.filter_matching import Filtering
from syndicator.rules.feeds.history_windows import Span, chosen, spans_before
from syndicator.rules.filter_matching import facets_for
from syndicator.store.articles.articles import TimelinePlace
from syndicator.store.store import Store

_STEPS = 4
"""So often a filter that nearly nothing passes is followed further down."""

_LONGEST = 15
"""Digits of a time in milliseconds: enough for 30 000 years."""

Links = tuple[tuple[str, str], ...]
"""Relations and what stands behind the path of the feed."""


def next_page(rest: TimelinePlace | None) -> Links:
    """Link to the page that begins behind a place (RFC 5005, 3)."""
    return (("next", f"/before/{rest.listed_ms}-{rest.article_id}"),) if rest else ()


def place_named(name: str) -> TimelinePlace | None:
    """Read the place of a page from its address; None for what is none."""
    milliseconds, _, article = name.partition("-")
    if not (milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) <= _LONGEST):
        return None
    if not is_article_id(article):
        return None
    return TimelinePlace(article_id=ArticleId(article), listed_ms=int(milliseconds))


async def prev_archive(store: Store, filtering: Filtering, spec: FeedSpec, bound: datetime) -> Links:
    """Link to the newest archive that ends by a full minute (RFC 5005, 4); nothing where none is older."""
    before: TimelinePlace | None = TimelinePlace(article_id=ArticleId(""), listed_ms=to_ms(bound) - 1)
    for _ in range(_STEPS):
        found = await choose(store, filtering, spec.filter, 1, spec.per, before=before)
        if found.told:
            span = await _span_of(store, spec, found.told[0].article.listed_at, bound)
            return (("prev-archive", archive_path(span)),)
        before = found.rest
        if before is None:
            break
    return ()


def archive_path(span: Span) -> str:
    """Return what stands behind the path of the feed."""
    return f"/archive/{span.name}"


async def _span_of(store: Store, spec: FeedSpec, instant: datetime, bound: datetime) -> Span:
    spans = spans_before(instant, bound)
    edges = [(to_ms(span.start), to_ms(span.end) - 1) for span in spans]
    return chosen(spans, await store.lists.counts(facets_for(spec.filter), edges))
