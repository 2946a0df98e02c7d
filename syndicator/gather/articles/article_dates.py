"""The dates of an article page: which of them is that of publication, and which that of the last change.

In this order of trust: the source's selector, the metadata of the page, what stands near the headline,
the day in the address. A date that is labelled as that of a change counts last of those of its kind.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from msgspec.structs import replace

from syndicator.gather.articles.byline_region import NEAR_HEADLINE, Lines, date_near
from syndicator.gather.articles.claim_merge import Dated, best_date, read_dates
from syndicator.gather.articles.claims import Claims
from syndicator.model.article import ListedItem
from syndicator.model.fetch import Fetched
from syndicator.model.source import Source
from syndicator.rules.dates.date_parser import read_date
from syndicator.rules.dates.labels import parted_by_label

IN_ADDRESS = "address"
_OF_A_CLOCK = timedelta(minutes=15)
"""A date near the headline that is no older is the portal's clock, or makes no difference to first sight."""
_ONE_DAY = timedelta(days=1)
_DAY = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?:/(?P<m>\d\d?)/(?P<d>\d\d?)(?=/|\Z)|-(?P<mm>\d\d)-(?P<dd>\d\d)(?!\d)"
    r"|(?<=/....)(?P<month>\d\d)(?P<day>\d\d)(?=[/-]|\Z))"
)


class ArticleDates:
    """The dates of one page; `texts` are those that its selector found."""

    def __init__(
        self, source: Source, fetched: Fetched, listed: ListedItem | None, texts: Iterable[str]
    ) -> None:
        self._source = source
        self._now = fetched.fetched_at
        self._listed = listed
        self._url = listed.url if listed else fetched.requested_url
        self._changes: list[str] = []
        """Texts of the selector that date a change."""
        self._texts = [(text, self._notes_change(text)) for text in texts]
        self.publications: list[Dated] = []
        """All dates of a publication, the surest first."""

    def _notes_change(self, text: str) -> bool:
        """Store the date of a change; return whether a text has no other date."""
        published, changed = parted_by_label(text)
        if not changed:
            return False
        self._changes.append(changed)
        return read_date(published, timezone=self._source.timezone, now=self._now) is None

    def read(self, claims: Sequence[Claims], near: Lines) -> Dated | None:
        """Read all dates, and return the one that counts."""
        changes = {text for text, is_change in self._texts if is_change}
        offers = [("selector", text) for text, _ in self._texts if text not in changes]
        offers += [(one.read_from, one.published) for one in claims]
        found = self._dated(offers)
        found += [replace(date, is_change=True) for date in self._dated(("selector", one) for one in changes)]
        if not any(date.is_date for date in found):
            beside = self._guessed([(NEAR_HEADLINE, date_near(near))])
            if self._listed is None or self._listed.published_at is None:
                found = [*beside, *found, *self._guessed([(IN_ADDRESS, day_in(self._url))])]
            else:
                found = [*(date for date in beside if _completes(date, self._listed)), *found]
        self.publications = found
        return best_date(found)

    def _dated(self, offers: Iterable[tuple[str, str]]) -> list[Dated]:
        return read_dates(self._source, self._now, offers)

    def _guessed(self, offers: Iterable[tuple[str, str]]) -> list[Dated]:
        """Return what can be true of dates that nobody calls the article's."""
        latest = self._now - _OF_A_CLOCK
        return [
            date for date in self._dated(offers) if not date.at or (date.is_believable and date.at < latest)
        ]

    def published(self, date: Dated | None) -> Sequence[tuple[str, datetime | None]]:
        """Offer the page's date, but the list's first where the page's cannot be true."""
        listed = ("list", self._listed.published_at if self._listed else None)
        own = (date.read_from, date.at) if date else ("", None)
        return (own, listed) if date and date.is_believable else (listed, own)

    def updated(self, claims: Sequence[Claims]) -> list[tuple[str, datetime | None]]:
        """Offer the dates of the last change."""
        said = [("selector", text) for text in self._changes]
        said += [(one.read_from, one.modified) for one in claims]
        listed = self._listed.updated_at if self._listed else None
        return [*((date.read_from, date.at) for date in self._dated(said)), ("list", listed)]

    def until(self, text: str) -> datetime | None:
        """Read a time to wait for: unlike a publication's it may be far ahead, and a bare day is enough."""
        if not text:
            return None
        read = read_date(text, timezone=self._source.timezone, now=self._now, future=True)
        return read.at if read else None


def _completes(date: Dated, listed: ListedItem) -> bool:
    """Return whether a date is an instant of the day that the list has without a time."""
    day, (_, _, clock) = listed.published_at, (listed.claimed_at or "").partition("T")
    if day is None or date.at is None or date.is_day or not clock.startswith("00:00:00"):
        return False
    return day <= date.at < day + _ONE_DAY


def day_in(url: str) -> str:
    """Return the day that an address has in its path, as `2024-05-02`; empty for none."""
    match = _DAY.search(urlsplit(url).path)
    if match is None:
        return ""
    month = match["m"] or match["mm"] or match["month"]
    day = match["d"] or match["dd"] or match["day"]
    return f"{match['year']}-{month:0>2}-{day:0>2}"
