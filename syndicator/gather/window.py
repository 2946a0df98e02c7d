"""Which entries of a document that is longer than one round takes: the newest, wherever they stand."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from syndicator.rules.dates import claimed_instant

LOOKED_AT = 5
"""Entries at either end whose dates decide."""

_T = TypeVar("_T")


class Window(Struct, frozen=True, kw_only=True):
    """So many entries, as seen at `now`."""

    limit: int
    now: datetime

    def of(self, items: Sequence[_T], date_of: Callable[[_T], str]) -> Sequence[_T]:
        """Give the first `limit` items, or the last where those are the newer ones; in their own order."""
        if len(items) <= self.limit:
            return items
        first = [self._instant(date_of(item)) for item in items[:LOOKED_AT]]
        last = [self._instant(date_of(item)) for item in items[-LOOKED_AT:]]
        return items[len(items) - self.limit :] if is_newer(last, first) else items[: self.limit]

    def _instant(self, text: str) -> datetime | None:
        return claimed_instant(text, timezone="UTC", now=self.now)


def oldest_first(dates: Sequence[datetime | None]) -> bool:
    """Whether the entries of a document, by their dates, stand in the order in which they were written."""
    ends = min(LOOKED_AT, len(dates) // 2)
    return ends > 0 and is_newer(dates[-ends:], dates[:ends])


def is_newer(some: Sequence[datetime | None], others: Sequence[datetime | None]) -> bool:
    """Compare medians, so that one entry that is kept on top, or misdated, decides nothing."""
    newer, older = _median(some), _median(others)
    return newer is not None and older is not None and newer > older


def _median(dates: Sequence[datetime | None]) -> datetime | None:
    known = sorted(date for date in dates if date is not None)
    return known[len(known) // 2] if known else None
