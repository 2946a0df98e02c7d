"""When a feed is compared with a sitemap, what is compared, and what is kept of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from syndicator.model.article import ListedItem
from syndicator.model.source import Source, SourceState
from syndicator.model.sources.completeness import ComparedDay, Completeness
from syndicator.rules.sources.archive import listed_date

EVERY = timedelta(days=1)
GRACE = timedelta(hours=1)
"""An article may come into a sitemap so long before it comes into the feed."""
MOST_COMPARED = 2000
LEAST_LISTED = 5
"""If none of so many articles is known, the sitemap lists other articles, or other addresses."""
NOTHING_KNOWN = (
    "none of the articles that the sitemap lists is known: it is that of another part of the portal, or its "
    "addresses are others than those of the feed"
)
_WINDOW = timedelta(days=30)
_EXAMPLES = 5


def is_due(source: Source, state: SourceState, now: datetime) -> bool:
    """Return whether a feed is to be compared now: once a day, first a day after its first round."""
    if source.completeness is None or state.first_success_at is None:
        return False
    return now - (state.completeness.checked_at or state.first_success_at) >= EVERY


def of_last_day(items: Iterable[ListedItem], state: SourceState, now: datetime) -> list[ListedItem]:
    """Return the articles dated in the 24 hours that ended `GRACE` ago, after the source's first round.

    Newest first; at most `MOST_COMPARED`. `lastmod` says when a page was changed, not when it was published:
    it counts only in a sitemap that has no date of publication at all.
    """
    listed = list(items)
    has_dates = any(item.published_at for item in listed)
    until = now - GRACE
    since = max(until - EVERY, state.first_success_at or now)
    dated = ((item.published_at if has_dates else listed_date(item), item) for item in listed)
    found = [(at, item) for at, item in dated if at is not None and since <= at < until]
    found.sort(key=lambda pair: pair[0], reverse=True)
    return [item for _, item in found[:MOST_COMPARED]]


def compared(
    before: Completeness, sitemap: str, day: ComparedDay, missing: Sequence[ListedItem]
) -> Completeness:
    """Return what is kept after a comparison."""
    days = [one for one in before.days if day.at - one.at < _WINDOW]
    return Completeness(
        checked_at=day.at,
        sitemap=sitemap,
        examples=tuple(item.url for item in missing[:_EXAMPLES]),
        days=(*days, day),
    )


def not_compared(before: Completeness, why: str, now: datetime, sitemap: str | None = None) -> Completeness:
    """Return what is kept where a comparison was not possible; the next one is due in a day."""
    return replace(before, checked_at=now, sitemap=sitemap, why=why, examples=())
