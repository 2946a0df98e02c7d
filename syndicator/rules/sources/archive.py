"""What a sitemap lists that is news, and what is the portal's archive, which stays where it is.

The first round takes the newest articles. What is dated before the oldest of them is the archive, for good:
so a page that the first round could not read is news still, and what it had no room for is not.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from syndicator.model.article import ListedItem
from syndicator.model.source import SourceState

LATE = timedelta(days=2)
"""An address may come into a sitemap so long after its date, and is still news."""


def listed_date(item: ListedItem) -> datetime | None:
    """Return the date by which a sitemap's line is old or new."""
    return item.published_at or item.updated_at


def archive_before(state: SourceState) -> datetime | None:
    """Return what is archive: all that is dated before; None while there is none."""
    if state.archive_before is not None or state.first_success_at is None:
        return state.archive_before
    return state.first_success_at - LATE


def first_horizon(chosen: Iterable[ListedItem], now: datetime) -> datetime:
    """Return what is archive for a source whose first round, at `now`, chose these to be read."""
    dates = (listed_date(item) for item in chosen)
    return min([now - LATE, *(date for date in dates if date is not None)])


def is_news(item: ListedItem, horizon: datetime | None, *, latest: datetime | None = None) -> bool:
    """Return whether a line is no archive. `latest`: when the sitemap that holds it was last changed."""
    dated = listed_date(item) or latest
    return horizon is None or dated is None or dated >= horizon
