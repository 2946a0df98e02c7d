"""Compares a feed once a day with a sitemap of its portal, and can gather what the feed lost."""

import random
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.errors import NotReadable
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.listings.sitemap import ChildSitemap, SitemapReading
from syndicator.model.article import ListedItem
from syndicator.model.clock import Clock
from syndicator.model.fetch import FetchFailed
from syndicator.model.source import Source, SourceState
from syndicator.model.sources.completeness import ComparedDay, Completeness
from syndicator.pipeline.articles.admission import Admitted, tally
from syndicator.pipeline.articles.article_pages import ArticlePages
from syndicator.pipeline.rounds.sitemap_listing import some_of, worth_reading
from syndicator.pipeline.sources.polite_client import PoliteClient
from syndicator.pipeline.sources.round_result import Notes, RoundFailed, fetched
from syndicator.rules.identity.identity import listed_key
from syndicator.rules.sources.completeness import (
    LEAST_LISTED,
    NOTHING_KNOWN,
    compared,
    is_due,
    not_compared,
    of_last_day,
)
from syndicator.store.store import Store

MOST_SITEMAPS = 5
"""Sitemaps of an index that one comparison reads."""
LEAST_TIME_S = 60.0
"""A round that has less time left leaves the comparison to the next one."""


class SitemapComparison(Struct, frozen=True, kw_only=True):
    """A comparison, and the articles that it admitted."""

    completeness: Completeness
    admitted: list[Admitted] = []


class CompletenessCheck:
    """sitemap of the portal → articles of the last day → those that are unknown → article pages → admit."""

    def __init__(
        self,
        *,
        store: Store,
        polite_client: PoliteClient,
        gatherer: Gatherer,
        pages: ArticlePages,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._store = store
        self._polite_client = polite_client
        self._gatherer = gatherer
        self._pages = pages
        self._clock = clock
        self._rng = rng

    async def compare(
        self, source: Source, state: SourceState, round_notes: Notes
    ) -> SitemapComparison | None:
        """Compare a feed after its round; None where that is not due.

        Failures do not concern the round. Its notes are not written: the pages that are read here say nothing
        about the feed.
        """
        now, before = self._clock(), state.completeness
        if not is_due(source, state, now) or round_notes.left_s < LEAST_TIME_S:
            return None
        sitemap = None
        try:
            sitemap = await self._sitemap(source)
            items = of_last_day(await self._listed(source, state, sitemap, now), state, now)
        except RoundFailed as error:
            return SitemapComparison(completeness=not_compared(before, _why(error.failed), now, sitemap))
        except NotReadable as error:
            return SitemapComparison(completeness=not_compared(before, error.detail, now, sitemap))
        owners = await self._store.articles.named_each([listed_key(source, item.url) for item in items])
        unknown = [item for item, owner in zip(items, owners, strict=True) if owner is None]
        if len(items) >= LEAST_LISTED and len(unknown) == len(items):
            return SitemapComparison(completeness=not_compared(before, NOTHING_KNOWN, now, sitemap))
        missing = await self._pages.unknown(source, unknown)
        admitted = await self._gathered(source, state, missing, round_notes)
        day = ComparedDay(now, len(items), len(missing), tally(admitted).new)
        return SitemapComparison(completeness=compared(before, sitemap, day, missing), admitted=admitted)

    async def _sitemap(self, source: Source) -> str:
        named = await self._polite_client.sitemaps(source)
        if not named:
            raise NotReadable("empty", "robots.txt names no sitemap: set completeness = { sitemap = … }")
        return min(named, key=lambda url: "news" not in url.lower())

    async def _listed(
        self, source: Source, state: SourceState, sitemap: str, now: datetime
    ) -> list[ListedItem]:
        """Return what a sitemap lists, or the freshest sitemaps of an index.

        Raises RoundFailed and NotReadable where the sitemap cannot be read, or none of an index.
        """
        reading = await self._read(source, sitemap)
        items = list(reading.items)
        children = self._freshest(reading.children, state, now)
        failed: RoundFailed | NotReadable | None = None
        for child in children:
            try:
                items += (await self._read(source, child.url)).items
            except (RoundFailed, NotReadable) as error:
                failed = error
        if failed is not None and not items:
            raise failed
        return items

    def _freshest(
        self, children: Sequence[ChildSitemap], state: SourceState, now: datetime
    ) -> list[ChildSitemap]:
        dated, others = worth_reading(children, state, now)
        found = dated[:MOST_SITEMAPS]
        return found + some_of(others, MOST_SITEMAPS - len(found), self._rng)

    async def _read(self, source: Source, url: str) -> SitemapReading:
        return await self._gatherer.read_sitemap(
            source, fetched(await self._polite_client.fetch(source, url))
        )

    async def _gathered(
        self, source: Source, state: SourceState, missing: Sequence[ListedItem], round_notes: Notes
    ) -> list[Admitted]:
        """Read the pages of the newest missing articles; admit them as news of a sitemap, oldest first."""
        if source.completeness is None or not source.completeness.gather or not missing:
            return []
        notes = Notes(
            until=round_notes.until,
            archive_before=state.first_success_at,
            identified_by=round_notes.identified_by,
            back=round_notes.back,
        )
        newest_first = missing[: source.max_articles]
        return await self._pages.read_and_admit(source, newest_first[::-1], notes, backfill=False)


def _why(failed: FetchFailed) -> str:
    return f"{failed.code}: {failed.detail}" if failed.detail else failed.code
