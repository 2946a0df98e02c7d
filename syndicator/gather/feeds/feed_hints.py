"""What a feed says of when to ask again: RSS 2.0 `ttl`, `skipHours`, `skipDays`; RSS 1.0 `sy:update*`.

Sources: https://www.rssboard.org/rss-specification, https://web.resource.org/rss/1.0/modules/syndication/.
"""

import re
from collections.abc import Iterable
from itertools import islice

from syndicator.model.source import FeedHints

_NUMBER = re.compile(r"\d{1,6}(?:\.\d{1,6})?")
_PERIODS_S = {
    "hourly": 3600.0,
    "daily": 86400.0,
    "weekly": 7 * 86400.0,
    "monthly": 30 * 86400.0,
    "yearly": 365 * 86400.0,
}
_DAYS = {
    day: number
    for number, day in enumerate(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    )
}
_HOURS_OF_A_DAY = 24
_MOST = 100
"""At most so many hours or days are read."""


def feed_hints(
    *,
    ttl: str = "",
    period: str = "",
    frequency: str = "",
    hours: Iterable[str] = (),
    days: Iterable[str] = (),
) -> FeedHints:
    """Understand hints as they are written; what makes no sense is left out."""
    return FeedHints(
        ttl_s=60 * minutes if (minutes := _number(ttl)) else None,
        update_interval_s=_interval(period, frequency),
        skip_hours=_distinct(_hour(text) for text in islice(hours, _MOST)),
        skip_days=_distinct(_DAYS.get(text.strip().lower()) for text in islice(days, _MOST)),
    )


def _interval(period: str, frequency: str) -> float | None:
    """Return the period divided by the frequency; each has its default (daily, once) beside the other."""
    if not period and not frequency:
        return None
    length = _PERIODS_S.get(period.strip().lower() or "daily")
    times = _number(frequency or "1")
    return length / times if length and times else None


def _hour(text: str) -> int | None:
    """Return an hour of the day; 24 is midnight, as the first versions counted from 1 to 24."""
    number = text.strip()
    if not number.isascii() or not number.isdigit() or len(number) > 2:  # noqa: PLR2004 -- digits of an hour
        return None
    hour = int(number)
    return hour % _HOURS_OF_A_DAY if hour <= _HOURS_OF_A_DAY else None


def _distinct(numbers: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(sorted({number for number in numbers if number is not None}))


def _number(text: str) -> float:
    match = _NUMBER.fullmatch(text.strip())
    return float(match[0]) if match else 0.0
