"""Reads a sitemap, or the sitemaps of an index, into the entries that may be news."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import Struct

from syndicator.errors import NotReadable
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.listings.sitemap import MAX_URLS, PORTION, ChildSitemap, SitemapReading
from syndicator.model.article import ListedItem
from syndicator.model.fetch import Fetched
from syndicator.model.source import Source, SourceState
from syndicator.pipeline.articles.article_pages import ArticlePages
from syndicator.pipeline.sources.polite_client import PoliteClient
from syndicator.pipeline.sources.round_result import Notes, is_wanted_later, listing_until, word
from syndicator.rules.sources.archive import LATE, archive_before, is_news, listed_date

LOOKED_AT = 200
"""Number of the newest entries of a sitemap that are looked up to decide whether to read older sitemaps."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Line(Struct, frozen=True, gc=False):
    """One address of a sitemap, and its identity key."""

    item: ListedItem
    key: str


class SitemapEntries(NamedTuple):
    """The entries that a source lists."""

    lines: list[Line]
    """Entries that may be news, newest first, then those without a date, in the order of the document."""
    is_index: bool


class SitemapListing:
    """sitemap → its lines; index → the freshest of its sitemaps, and some of those without a date."""

    def __init__(
        self, polite_client: PoliteClient, gatherer: Gatherer, pages: ArticlePages, rng: random.Random
    ) -> None:
        self._polite_client = polite_client
        self._gatherer = gatherer
        self._pages = pages
        self._rng = rng

    async def read(
        self, source: Source, state: SourceState, document: Fetched, notes: Notes, now: datetime
    ) -> SitemapEntries:
        """Return the entries of a sitemap, or of the sitemaps of an index.

        Raises NotReadable where the document is no sitemap. Unreadable sitemaps of an index cause warnings.
        """
        until = listing_until(notes)
        reading = await self._gatherer.read_sitemap(source, document)
        notes.warn(*reading.warnings)
        horizon = archive_before(state)
        lines = await _lines(reading, horizon)
        dated, others = worth_reading(reading.children, state, now)
        room = source.max_pages
        for child in dated[:room]:
            if _is_enough(lines, until):
                break
            room -= 1
            child_lines = await self._child(source, child, horizon, notes)
            lines += child_lines or ()
            # The freshest come first: behind a sitemap without news there is no news.
            if child_lines is not None and not await self._holds_news(source, child_lines):
                break
        for child in some_of(others, room, self._rng):
            if _is_enough(lines, until):
                break
            lines += await self._child(source, child, horizon, notes) or ()
        await asyncio.sleep(0)
        lines.sort(key=_dated, reverse=True)
        return SitemapEntries(lines=lines[:MAX_URLS], is_index=bool(reading.children))

    async def _child(
        self, source: Source, child: ChildSitemap, horizon: datetime | None, notes: Notes
    ) -> list[Line] | None:
        result = await self._polite_client.fetch(source, child.url)
        if not isinstance(result, Fetched):
            notes.lists_cut |= is_wanted_later(result)
            notes.warn(f"the sitemap {child.url} could not be read: {word(result)}")
            return None
        try:
            reading = await self._gatherer.read_sitemap(source, result)
        except NotReadable as error:
            notes.warn(f"the sitemap {child.url} could not be read: {error.detail}")
            return None
        notes.warn(*reading.warnings)
        return await _lines(reading, horizon, latest=child.modified_at)

    async def _holds_news(self, source: Source, lines: Sequence[Line]) -> bool:
        return bool(await self._pages.unknown(source, [line.item for line in lines[:LOOKED_AT]]))


def worth_reading(
    children: Sequence[ChildSitemap], state: SourceState, now: datetime
) -> tuple[list[ChildSitemap], list[ChildSitemap]]:
    """Return the sitemaps of an index that changed lately, freshest first, and those without a usable date.

    In a first round, "lately" counts from the freshest sitemap: the others are the archive. Not every portal
    maintains the dates of its index: once a day, those that seem unchanged count as undated.
    """
    freshest = max((child.modified_at for child in children if child.modified_at), default=now)
    since = (state.read_at or freshest) - LATE
    is_first_today = state.last_success_at is not None and state.last_success_at.date() != now.date()
    dated, others = list[ChildSitemap](), list[ChildSitemap]()
    for child in children:
        if child.modified_at is not None and child.modified_at > since:
            dated.append(child)
        elif child.modified_at is None or is_first_today:
            others.append(child)
    dated.sort(key=lambda child: child.modified_at or _LONG_AGO, reverse=True)
    return dated, others


def some_of(children: Sequence[ChildSitemap], room: int, rng: random.Random) -> list[ChildSitemap]:
    """Return the last and the first sitemap, where new articles mostly are, and a random sample of others."""
    if len(children) <= room:
        return list(children[::-1])
    ends = [children[-1], children[0]][:room]
    return ends + rng.sample(children[1:-1], room - len(ends))


async def _lines(
    reading: SitemapReading, horizon: datetime | None, *, latest: datetime | None = None
) -> list[Line]:
    lines: list[Line] = []
    for start in range(0, len(reading.items), PORTION):
        portion = slice(start, start + PORTION)
        lines += (
            Line(item, key)
            for item, key in zip(reading.items[portion], reading.keys[portion], strict=True)
            if is_news(item, horizon, latest=latest)
        )
        await asyncio.sleep(0)  # let other tasks run
    return lines


def _is_enough(lines: Sequence[Line], until: float) -> bool:
    return len(lines) >= MAX_URLS or asyncio.get_running_loop().time() > until


def _dated(line: Line) -> datetime:
    return listed_date(line.item) or _LONG_AGO
