"""Which of several sayings counts, and where they disagree.

For each field: the source's selector, then what the page says of itself (JSON-LD, microdata, OpenGraph,
`<meta>`), then what stands on it for everybody (`<h1>`, text density, text near the headline, figures), then
the list. What a field was read from is kept; disagreement is a warning, never a failure.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from syndicator.gather.articles.claims import Claims
from syndicator.gather.articles.headlines import IN_TEXT, Headline
from syndicator.gather.bylines import reporters
from syndicator.gather.documents.text import CUT, MAX_NAME, folded, plain_text
from syndicator.model.source import Source
from syndicator.rules.dates.claimed_dates import believable, read_claim
from syndicator.rules.dates.date_parser import Precision, read_date

MAX_APART = timedelta(hours=1)
"""How far two dates of one article may lie apart without a word."""
_DAY = timedelta(days=1)

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}", re.IGNORECASE)
_OLD_CODES = {"in": "id", "iw": "he", "ji": "yi", "jw": "jv"}
"""Codes that ISO 639 has withdrawn (RFC 5646, 4.5)."""

_T = TypeVar("_T")


class FieldChoice:
    """Takes the first saying of each field, and keeps what it was read from."""

    def __init__(self) -> None:
        self.read_from: dict[str, str] = {}

    def take(self, field: str, *offers: tuple[str, _T]) -> _T | None:
        """Return the first offer (what it was read from, value) that says something; 0 does."""
        return self.take_from(field, offers)

    def take_from(self, field: str, offers: Iterable[tuple[str, _T]]) -> _T | None:
        """Do so with offers of which each is made when it is asked for."""
        for read_from, value in offers:
            if value or value == 0:
                self.read_from[field] = read_from
                return value
        return None


class Dated(Struct, frozen=True, kw_only=True):
    """A date as one part of a page writes it."""

    read_from: str
    text: str
    at: datetime | None
    rule: str
    written: str | None = None
    """With the offset that it is given."""
    is_date: bool = False
    """Whether it is a date at all, be it a bare day that is not over."""
    is_day: bool = False
    """Whether it names a day without a time."""
    is_believable: bool = False
    """Whether it can be true: a local time that is written as UTC lies hours ahead."""
    is_change: bool = False
    """Whether it is labelled as that of the last change."""


def read_dates(source: Source, now: datetime, offers: Iterable[tuple[str, str]]) -> list[Dated]:
    """Read the dates that are offered (what it was read from, text); empty texts are left out."""
    return [_dated(source, now, read_from, text) for read_from, text in offers if text]


def _dated(source: Source, now: datetime, read_from: str, text: str) -> Dated:
    claim = read_claim(text, timezone=source.timezone, now=now, future=source.future_dates)
    read = read_date(text, timezone=source.timezone, now=now, future=source.future_dates)
    believed = claim.at and believable(claim.at, now, future=source.future_dates)
    return Dated(
        read_from=read_from,
        text=text,
        at=claim.at,
        rule=claim.rule,
        written=claim.written,
        is_date=read is not None,
        is_day=read is not None and read.precision is Precision.DAY,
        is_believable=believed is not None,
    )


def best_date(dates: Sequence[Dated]) -> Dated | None:
    """Return the first date that can be true, else the first that can be read, else the first.

    For a bare day, an instant of that day from a later claim counts.
    """
    read = [date for date in dates if date.at is not None]
    first = next((date for date in read if date.is_believable), next(iter(read), None))
    if first is None:
        return next(iter(dates), None)
    if first.is_day:
        exact = (date for date in dates if not date.is_day and _same_day(first, date))
        return next(exact, first)
    return first


def _same_day(day: Dated, date: Dated) -> bool:
    return day.at is not None and date.at is not None and day.at <= date.at < day.at + _DAY


def leads(claims: Sequence[Claims], title: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the claimed leads that are whole, and those that were cut off for machines."""
    said = [(one.read_from, one.lead) for one in claims if one.lead and folded(one.lead) != folded(title)]
    whole = [offer for offer in said if not CUT.search(offer[1])]
    return whole, [offer for offer in said if offer not in whole]


def authors(claims: Sequence[Claims]) -> list[tuple[str, tuple[str, ...]]]:
    site = site_of(claims)
    return [(one.read_from, reporters(one.authors, site=site)) for one in claims]


def site_of(claims: Sequence[Claims]) -> str:
    """Return the portal's own name, as its page says it; empty where it does not."""
    return next((one.site for one in claims if one.site), "")


def sections(claims: Sequence[Claims]) -> list[tuple[str, str]]:
    return [(one.read_from, plain_text(one.section, MAX_NAME)) for one in claims]


def language_code(text: str) -> str:
    """Return a language as BCP 47 has it (`id-ID` for `id_ID`); empty for what is no code."""
    code = text.strip().replace("_", "-")
    if not _LANGUAGE.fullmatch(code):
        return ""
    first, mark, rest = code.partition("-")
    return _OLD_CODES.get(first.lower(), first.lower()) + mark + rest


def disagreements(
    *,
    title: str,
    names: Sequence[str],
    date: Dated | None,
    headlines: Sequence[Headline],
    claimed_names: Sequence[tuple[str, tuple[str, ...]]],
    claimed_dates: Sequence[Dated],
) -> list[str]:
    """Return where what the selectors found is not what the page says of itself."""
    found = []
    claimed_titles = (one for one in headlines if one.read_from not in {"meta", IN_TEXT})
    other = next(claimed_titles, None)
    if title and other and not _alike(title, other.text):
        found.append(
            f'article.title gives "{_short(title)}", the page\'s {other.read_from} "{_short(other.text)}"'
        )
    claimed = next((offer for offer in claimed_names if offer[1]), None)
    if names and claimed and not any(_alike(one, another) for one in names for another in claimed[1]):
        said = ", ".join(claimed[1])
        found.append(
            f'article.authors gives "{_short(", ".join(names))}", the page\'s {claimed[0]} "{_short(said)}"'
        )
    dated = next((offer for offer in claimed_dates if offer.at is not None), None)
    if date and dated and _apart(date, dated, MAX_APART):
        found.append(
            f'article.date gives "{_short(date.text)}", the page\'s {dated.read_from} "{dated.text}"'
        )
    return found


def contradictory_dates(dates: Sequence[Dated]) -> str | None:
    """Return where two places of a page date its publication more than a day apart."""
    instants = [date for date in dates if date.at is not None]
    other = next((date for date in instants[1:] if _apart(instants[0], date, _DAY)), None)
    if other is None:
        return None
    first = instants[0]
    return (
        f'the page\'s {first.read_from} gives the date "{_short(first.text)}", '
        f'its {other.read_from} "{_short(other.text)}"'
    )


def _apart(date: Dated, other: Dated, limit: timedelta) -> bool:
    if date.at is None or other.at is None or (_same_day(date, other) and date.is_day):
        return False
    if other.is_day and _same_day(other, date):
        return False
    return abs(date.at - other.at) > limit


def _alike(one: str, other: str) -> bool:
    """Return whether one text holds the other, typography aside: headlines are cut, and names shortened."""
    first, second = folded(one), folded(CUT.sub("", other))
    return first in second or second in first


def _short(text: str) -> str:
    return plain_text(text, 80)
