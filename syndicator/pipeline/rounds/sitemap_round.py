"""A round of a sitemap, an index of sitemaps, or a news sitemap."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from syndicator.gather.gatherer import Gatherer
from syndicator.gather.listings.sitemap import sitemap_candidate
from syndicator.model.article import ListedItem, PopularItem
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched
from syndicator.model.source import Source, SourceState
from syndicator.pipeline.articles.admission import Admitted, poll_of, sightings_of, tally
from syndicator.pipeline.articles.article_pages import RECHECKS, SOON, ArticlePages
from syndicator.pipeline.articles.candidate_pipeline import CandidatePipeline
from syndicator.pipeline.articles.feed_page_merge import nameless
from syndicator.pipeline.popularity.signal_recording import note_popularity
from syndicator.pipeline.rounds.sitemap_listing import Line, SitemapListing
from syndicator.pipeline.sources.polite_client import PoliteClient
from syndicator.pipeline.sources.polling import PolledDocument, Polling
from syndicator.pipeline.sources.round_result import ListedCount, Notes, Outcome, new_notes, with_known
from syndicator.rules.articles.admission import RECHECK_UNTIL
from syndicator.rules.sources.announcement import is_back
from syndicator.rules.sources.archive import first_horizon
from syndicator.store.store import Store

PORTION = 500
"""Entries that are looked up in one call; other tasks run in between."""
AT_THE_ANSWER = timedelta(seconds=2)
"""A `lastmod` as young as this is the time of the response, not that of a change."""
FEW = 3
"""With more changed articles than this, and than half of all, the dates are not believed."""


class _Sifted(Struct, frozen=True, kw_only=True):
    """The known entries of a listing, and the unknown ones to read now."""

    known: list[Line]
    fresh: list[ListedItem]
    """Newest first."""
    looked_at: int
    """Number of distinct addresses that may be news."""


class SitemapRound:
    """sitemap, or the freshest of an index → unknown articles → article pages (`full_text`) → admit.

    The first round admits the newest `max_articles`; older ones are the portal's archive and are never
    admitted. A sitemap without dates is admitted whole, `max_articles` in a round.
    """

    def __init__(
        self,
        *,
        store: Store,
        polite_client: PoliteClient,
        gatherer: Gatherer,
        candidate_pipeline: CandidatePipeline,
        pages: ArticlePages,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._store = store
        self._candidate_pipeline = candidate_pipeline
        self._pages = pages
        self._clock = clock
        self._polling = Polling(polite_client, clock, rng)
        self._listing = SitemapListing(polite_client, gatherer, pages, rng)

    async def gather(self, source: Source, state: SourceState) -> Outcome:
        """Return the outcome of one round; raise RoundFailed or NotReadable without a readable sitemap."""
        notes = new_notes(state.first_success_at)
        notes.back = is_back(state, self._clock())
        polled = await self._polling.poll(source, state)
        outcome = polled if isinstance(polled, Outcome) else await self._read(source, state, polled, notes)
        rechecked = await self._pages.recheck(source, notes) if source.full_text else []
        await note_popularity(self._store, self._clock, source.id, rechecked)
        return replace(
            outcome,
            round=outcome.round + tally(rechecked),
            warnings=notes.warnings,
            found=frozenset(notes.found),
            missing=frozenset(notes.missing),
            pages=notes.pages,
        )

    async def _read(
        self, source: Source, state: SourceState, polled: PolledDocument, notes: Notes
    ) -> Outcome:
        document, now = polled.document, self._clock()
        listing = await self._listing.read(source, state, document, notes, now)
        lines = listing.lines if source.full_text else _with_headline(listing.lines, notes)
        sifted = await self._sifted(source, lines, notes, now)
        backfill = state.first_success_at is None
        # Oldest first keeps the order of undated ones; a first round shows today's news first.
        in_order = sifted.fresh if backfill else sifted.fresh[::-1]
        admitted = await self._take_in(source, in_order, notes, document, backfill=backfill)
        known = len(sifted.known)
        if source.full_text:
            await self._hurry(source, sifted.known, state, document)
        popular: tuple[PopularItem, ...] = ()
        if source.popular is not None and source.popular.url is not None:
            popular = await self._pages.popular(source, source.popular.url, notes)
        await note_popularity(self._store, self._clock, source.id, admitted, popular)
        # An index may stay the same while its sitemaps change, and unread entries are left: read both in full
        # next time.
        forget = listing.is_index or notes.unfinished
        remembered = {} if forget else document.headers
        counts = with_known(tally(admitted), known)
        return Outcome(
            round=counts,
            etag=remembered.get("etag"),
            last_modified=remembered.get("last-modified"),
            validators_of=polled.validators_of,
            body_hash=None if forget else polled.digest,
            # After a partial reading of an index, the next round looks as far back as this one.
            read_whole=not notes.lists_cut,
            held_news=polled.held_news(counts),
            headers=document.headers,
            poll=poll_of(admitted, known=known, backfill=backfill),
            sightings=sightings_of(admitted, backfill=backfill),
            moved_to=document.moved_to,
            listed=ListedCount(total=sifted.looked_at, keys=tuple(line.key for line in sifted.known)),
            archive_before=first_horizon(sifted.fresh, now) if backfill else None,
        )

    async def _sifted(self, source: Source, lines: Sequence[Line], notes: Notes, now: datetime) -> _Sifted:
        """Look up the entries, PORTION at a time, and note where some are left for the next round."""
        known: list[Line] = []
        unknown: dict[str, ListedItem] = {}
        for start in range(0, len(lines), PORTION):
            portion = lines[start : start + PORTION]
            keys, urls = [line.key for line in portion], [line.item.url for line in portion]
            are_known = await self._store.articles.are_known(keys, urls, source, now)
            for line, is_known in zip(portion, are_known, strict=True):
                if is_known:
                    known.append(line)
                else:
                    unknown.setdefault(line.key, line.item)
        fresh = await self._worth_reading(source, unknown, notes, now)
        return _Sifted(known=known, fresh=fresh, looked_at=len(known) + len(unknown))

    async def _worth_reading(
        self, source: Source, unknown: dict[str, ListedItem], notes: Notes, now: datetime
    ) -> list[ListedItem]:
        fresh: list[ListedItem] = []
        keys, items = list(unknown), list(unknown.values())
        looked_at = 0
        while looked_at < len(items) and len(fresh) < source.max_articles:
            portion = slice(looked_at, looked_at + PORTION)
            unknown_items = await self._pages.unknown(source, items[portion])
            later = await self._store.unreadable.waiting(source.id, keys[portion], now + SOON)
            notes.unfinished |= len(unknown_items) + len(later) < len(items[portion])
            fresh += unknown_items
            looked_at += PORTION
        notes.unfinished |= looked_at < len(items) or len(fresh) > source.max_articles
        return fresh[: source.max_articles]

    async def _take_in(
        self, source: Source, items: list[ListedItem], notes: Notes, root: Fetched, *, backfill: bool
    ) -> list[Admitted]:
        if source.full_text:
            return await self._pages.read_and_admit(source, items, notes, backfill=backfill)
        candidates = [
            candidate for item in items if (candidate := sitemap_candidate(source, root, item)) is not None
        ]
        return await self._candidate_pipeline.admit(source, candidates, notes, backfill=backfill)

    async def _hurry(
        self, source: Source, known: Sequence[Line], state: SourceState, document: Fetched
    ) -> None:
        """Schedule a recheck of young articles whose `lastmod` lies after the last round.

        Dates that are the time of the response, or that concern most articles, are not believed.
        """
        since, until = state.last_success_at, document.fetched_at - AT_THE_ANSWER
        if since is None:
            return
        changed = [
            line.key for line in known if line.item.updated_at and since < line.item.updated_at < until
        ]
        if len(changed) > max(FEW, len(known) // 2):
            return
        now = self._clock()
        owners = await self._store.articles.resolve(changed[: 2 * RECHECKS])
        own = [owner.article_id for owner in owners if owner is not None and owner.source == source.id]
        heads = await self._store.articles.get_many(own, bodies=False)
        young = [head.id for head in heads if head and now - head.published_at < RECHECK_UNTIL]
        for article_id in young[:RECHECKS]:
            await self._store.articles.set_recheck(source.id, article_id, now)


def _with_headline(lines: Sequence[Line], notes: Notes) -> list[Line]:
    """Return the entries with a headline; warn of the others."""
    titled = [line for line in lines if line.item.title]
    if len(titled) < len(lines):
        notes.warn(nameless(len(lines) - len(titled)))
    return titled
