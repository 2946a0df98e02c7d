"""A round of a feed: one document holds everything, or at least names it."""

import random
from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from syndicator.errors import NotReadable
from syndicator.gather.candidates import FeedReading
from syndicator.gather.gatherer import Gatherer
from syndicator.model.article import Candidate, ListedItem, PopularItem
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, NotModified, moved_to
from syndicator.model.source import Source, SourceState
from syndicator.pipeline.admitting import Admitted, tally
from syndicator.pipeline.article_pages import ArticlePages
from syndicator.pipeline.intake import Intake
from syndicator.pipeline.rounds import (
    Notes,
    Outcome,
    RoundFailed,
    address,
    body_hash,
    new_notes,
    note_views,
    poll_of,
    with_known,
)
from syndicator.pipeline.subscribing import Subscribing
from syndicator.pipeline.visiting import Visitor
from syndicator.rules.admission import Verdict
from syndicator.rules.honesty import is_check_due, trusts
from syndicator.rules.moves import overlaps
from syndicator.store.store import Store

READ_WHOLE_EVERY = timedelta(days=1)
"""So often a feed is read whatever its validators say: what it still lists stays known."""


class FeedRound:
    """what a hub pushed, or fetch (conditionally) → read → article pages, where they are wanted → admit."""

    def __init__(
        self,
        *,
        store: Store,
        visitor: Visitor,
        gatherer: Gatherer,
        intake: Intake,
        pages: ArticlePages,
        subscribing: Subscribing,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._store = store
        self._visitor = visitor
        self._gatherer = gatherer
        self._intake = intake
        self._pages = pages
        self._subscribing = subscribing
        self._clock = clock
        self._rng = rng

    async def gather(self, source: Source, state: SourceState) -> Outcome:
        """Gather once; raise RoundFailed or NotReadable where there is no feed to read."""
        documents = await self._subscribing.take_pushed(source)
        pushed = await self._take_pushed(source, documents) if documents else None
        if pushed is not None and state.next_due_at is not None and self._clock() < state.next_due_at:
            return pushed  # a push makes a source due; the time of its next poll stays
        outcome = await self._poll(source, state)
        delivers = await self._subscribing.delivers(source)
        if pushed is not None:
            outcome = replace(
                outcome,
                round=outcome.round + pushed.round,
                warnings=(*pushed.warnings, *outcome.warnings),
                not_modified=False,
            )
        return replace(outcome, hub_delivers=delivers)

    async def _poll(self, source: Source, state: SourceState) -> Outcome:
        result = await self._visitor.fetch(source, address(source, state), self._asked_by(state))
        if isinstance(result, NotModified) and is_check_due(state, self._rng):
            return await self._check(source, state, result)
        return await self._judge(source, state, result)

    def _asked_by(self, state: SourceState) -> SourceState:
        """Give the state whose validators are sent: none where they are not trusted, or a day has passed."""
        now = self._clock()
        fresh = state.read_at is not None and now - state.read_at <= READ_WHOLE_EVERY
        if fresh and trusts(state.honesty, now):
            return state
        return replace(state, etag=None, last_modified=None)

    async def _judge(self, source: Source, state: SourceState, result: FetchResult) -> Outcome:
        if isinstance(result, FetchFailed):
            raise RoundFailed(result)
        if isinstance(result, NotModified):
            return _unchanged(state, result)
        digest = body_hash(result)
        fresh = state.read_at is not None and self._clock() - state.read_at <= READ_WHOLE_EVERY
        if digest == state.body_hash and fresh:
            outcome = replace(_unchanged(state, result), overlap=True)
        else:
            outcome = replace(await self._read(source, state, result), body_hash=digest)
        if not _says_unchanged(state, result):
            return outcome
        return replace(outcome, held_news=outcome.round.new + outcome.round.changed > 0)

    async def _check(self, source: Source, state: SourceState, said: NotModified) -> Outcome:
        """Fetch what is said to be unchanged: does it hold anything new?"""
        result = await self._visitor.fetch(source, address(source, state))
        if not isinstance(result, Fetched):
            return _unchanged(state, said)
        return await self._judge(source, state, result)

    async def _read(self, source: Source, state: SourceState, document: Fetched) -> Outcome:
        reading = await self._gatherer.read_feed(source, document)
        backfill = state.first_success_at is None
        notes = new_notes()
        admitted, known = await self._take_in(source, reading, notes, backfill=backfill)
        popular: tuple[PopularItem, ...] = ()
        if source.popular is not None and source.popular.url is not None:
            popular = await self._pages.popular(source, source.popular.url, notes)
        await note_views(self._store, self._clock, source.id, admitted, popular)
        counts = with_known(tally(admitted), known)
        await self._subscribing.advertised(source, document, reading.hubs, reading.self_url)
        await self._subscribing.polled(source, counts.new)
        total = counts.new + counts.changed + counts.duplicate + counts.unchanged
        return Outcome(
            round=counts,
            warnings=(*reading.warnings, *notes.warnings),
            etag=document.headers.get("etag"),
            last_modified=document.headers.get("last-modified"),
            read_whole=True,
            headers=document.headers,
            hints=reading.hints,
            poll=poll_of(admitted, known=known, backfill=backfill),
            moved_to=document.moved_to,
            overlap=overlaps(total - counts.new, total),
            found=frozenset(notes.found),
            missing=frozenset(notes.missing),
        )

    async def _take_in(
        self, source: Source, reading: FeedReading, notes: Notes, *, backfill: bool
    ) -> tuple[list[Admitted], int]:
        """Admit what a feed holds; give also how much of it was known and was not looked at again."""
        # Feeds begin with the newest: told the other way round, articles get their order.
        oldest_first = reading.candidates[::-1]
        if not source.full_text:
            return await self._intake.take_in(source, oldest_first, notes, backfill=backfill), 0
        with_page = [one for one in oldest_first if one.url]
        fresh = await self._pages.unknown(source, [_listed(one) for one in with_page])
        told = {one.url: one for one in with_page}
        admitted = await self._pages.take_in(source, fresh, notes, backfill=backfill, told=told)
        bare = [one for one in oldest_first if not one.url]
        admitted += await self._intake.take_in(source, bare, notes, backfill=backfill)
        admitted += await self._pages.recheck(source, notes)
        return admitted, len(with_page) - len(fresh)

    async def _take_pushed(self, source: Source, documents: Sequence[Fetched]) -> Outcome:
        """Admit what a hub brought. What cannot be read of it is told, and is no fault of the source."""
        notes = new_notes()
        admitted: list[Admitted] = []
        known = 0
        for document in documents:
            try:
                reading = _pushed(await self._gatherer.read_feed(source, document))
            except NotReadable as error:
                notes.warn(f"what the hub pushed could not be read: {error.detail}")
                continue
            taken, seen = await self._take_in(source, reading, notes, backfill=False)
            admitted, known = admitted + taken, known + seen
            notes.warn(*reading.warnings)
        await note_views(self._store, self._clock, source.id, admitted)
        new = sum(one.verdict is Verdict.NEW for one in admitted)
        await self._subscribing.settled(source, documents, new)
        return Outcome(
            round=with_known(tally(admitted), known),
            warnings=notes.warnings,
            poll=poll_of(admitted, known=known, backfill=False, pushed=True),
            found=frozenset(notes.found),
            missing=frozenset(notes.missing),
            only_pushed=True,
        )


def _pushed(reading: FeedReading) -> FeedReading:
    """Note in the provenance of each entry that a hub brought it."""
    return replace(
        reading,
        candidates=tuple(
            replace(one, provenance=replace(one.provenance, pushed=True)) for one in reading.candidates
        ),
    )


def _unchanged(state: SourceState, result: Fetched | NotModified) -> Outcome:
    return Outcome(
        not_modified=True,
        etag=result.headers.get("etag", state.etag),
        last_modified=result.headers.get("last-modified", state.last_modified),
        body_hash=state.body_hash,
        headers=result.headers,
        moved_to=moved_to(result.redirects),
    )


def _says_unchanged(state: SourceState, document: Fetched) -> bool:
    """Tell whether a document carries the very validators that we hold: then nothing in it may be new."""
    if state.etag:
        return document.headers.get("etag") == state.etag
    return bool(state.last_modified) and document.headers.get("last-modified") == state.last_modified


def _listed(candidate: Candidate) -> ListedItem:
    return ListedItem(
        url=candidate.url,
        title=candidate.title,
        published_at=candidate.published_at,
        section=candidate.section,
        tags=candidate.tags,
        language=candidate.language,
    )
