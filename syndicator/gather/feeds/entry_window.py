"""Which entries of a document that is longer than one round takes: the newest, wherever they stand."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from msgspec import Struct

from syndicator.rules.dates.claimed_dates import claimed_instant

LOOKED_AT = 5
"""Entries at either end whose dates decide."""

_T = TypeVar("_T")


class FeedWindow(Struct, frozen=True, kw_only=True):
    """So many entries, as seen at `now`."""

    limit: int
    now: datetime

    def of(self, items: Sequence[_T], date_of: Callable[[_T], str]) -> Sequence[_T]:
        """Return the first `limit` items, or the last where those are the newer ones; in their own order."""
        if len(items) <= self.limit:
            return items
        ends = [*items[:LOOKED_AT], *items[LOOKED_AT:][-LOOKED_AT:]]
        turned = oldest_first([claimed_instant(date_of(item), timezone="UTC", now=self.now) for item in ends])
        return items[len(items) - self.limit :] if turned else items[: self.limit]


def oldest_first(dates: Sequence[datetime | None]) -> bool:
    """Return whether entries with these dates stand in the order in which they were written.

    Neighbours decide by their majority, so that one entry that is kept on top, or misdated, decides nothing.
    """
    known = [date for date in dates if date is not None]
    pairs = list(pairwise(known))
    newer = sum(1 for date, following in pairs if following > date)
    return newer > sum(1 for date, following in pairs if following < date)
