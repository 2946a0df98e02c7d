"""A round of a feed: one document holds or lists all articles."""

import random
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import NotReadable
from syndicator.gather.feeds.candidates import FeedReading
from syndicator.gather.gatherer import Gatherer
from syndicator.model.article import Article, Candidate, PopularItem
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched
from syndicator.model.source import Source, SourceState, Way
from syndicator.pipeline.articles.admission import Admitted, poll_of, sightings_of, tally
from syndicator.pipeline.articles.article_pages import ArticlePages
from syndicator.pipeline.articles.candidate_pipeline import CandidatePipeline
from syndicator.pipeline.articles.feed_page_merge import apart, as_listed
from syndicator.pipeline.articles.upstream_withdrawals import UpstreamWithdrawals
from syndicator.pipeline.popularity.signal_recording import note_popularity
from syndicator.pipeline.rounds.completeness_check import CompletenessCheck
from syndicator.pipeline.sources.polite_client import PoliteClient
from syndicator.pipeline.sources.polling import READ_WHOLE_EVERY, PolledDocument, Polling
from syndicator.pipeline.sources.round_result import ListedCount, Notes, Outcome, new_notes, with_known
from syndicator.pipeline.websub.subscriptions import WebsubSubscriptions
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.rules.identity.content_fingerprint import content_hash
from syndicator.rules.identity.guid_trust import evidence, policy_of, with_unread
from syndicator.rules.identity.identity import identified_by, listed_key, spec_hash, url_key
from syndicator.rules.identity.recognition import Recognised
from syndicator.rules.sources.announcement import is_back
from syndicator.store.data_mark import DataMark
from syndicator.store.sources.admitted_entries import EntriesRead
from syndicator.store.store import Store

_BY_GUID_AND_LINK = frozenset({Way.AUTO, Way.GUID, Way.LINK})


class _Taken(Struct, frozen=True, kw_only=True):
    """The result of admitting the entries of a document."""

    admitted: list[Admitted]
    known: tuple[str, ...] = ()
    """Identity keys of further entries, known or waiting for a retry, that were not examined again."""
    skipped: int = 0
    """Number of known entries that were not parsed because they are unchanged."""
    left: int = 0
    """Number of unknown entries for which there was no time."""

    @property
    def recognised(self) -> list[tuple[Candidate, Recognised]]:
        return [
            (entry.candidate, entry.recognised) for entry in self.admitted if entry.recognised is not None
        ]


class FeedRound:
    """pushed documents, or conditional fetch → read → article pages (`full_text`) → admit."""

    def __init__(
        self,
        *,
        store: Store,
        polite_client: PoliteClient,
        gatherer: Gatherer,
        candidate_pipeline: CandidatePipeline,
        pages: ArticlePages,
        completeness_check: CompletenessCheck,
        websub_subscriptions: WebsubSubscriptions,
        upstream_withdrawals: UpstreamWithdrawals,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._store = store
        self._gatherer = gatherer
        self._candidate_pipeline = candidate_pipeline
        self._pages = pages
        self._completeness_check = completeness_check
        self._websub_subscriptions = websub_subscriptions
        self._upstream_withdrawals = upstream_withdrawals
        self._clock = clock
        self._polling = Polling(polite_client, clock, rng)

    async def gather(self, source: Source, state: SourceState) -> Outcome:
        """Return the outcome of one round; raise RoundFailed or NotReadable without a readable feed."""
        # Articles left over from the first round are listed by their own dates, like those of that round.
        notes = new_notes(state.first_success_at if state.body_hash is None else None)
        notes.back = is_back(state, self._clock())
        notes.identified_by = policy_of(source, state)
        documents = await self._websub_subscriptions.take_pushed(source)
        push_notes = Notes(
            until=notes.until,
            archive_before=notes.archive_before,
            back=notes.back,
            identified_by=notes.identified_by,
        )
        pushed = await self._take_pushed(source, documents, push_notes) if documents else None
        if pushed is not None and state.next_due_at is not None and self._clock() < state.next_due_at:
            return pushed  # a push makes a source due; the time of its next poll stays
        polled = await self._polling.poll(source, state, patient=pushed is not None)
        outcome = polled if isinstance(polled, Outcome) else await self._read(source, state, polled, notes)
        if source.full_text:  # article pages may change while their feed does not
            rechecked = await self._pages.recheck(source, notes)
            await note_popularity(self._store, self._clock, source.id, rechecked)
            outcome = replace(outcome, round=outcome.round + tally(rechecked))
        if (comparison := await self._completeness_check.compare(source, state, notes)) is not None:
            outcome = replace(
                outcome,
                round=outcome.round + tally(comparison.admitted),
                sightings=outcome.sightings + sightings_of(comparison.admitted, backfill=False),
                completeness=comparison.completeness,
            )
        delivers = await self._websub_subscriptions.delivers(source)
        if pushed is not None:
            outcome = replace(
                outcome,
                round=outcome.round + pushed.round,
                sightings=outcome.sightings + pushed.sightings,
                not_modified=False,
            )
        if notes.unfinished or push_notes.unfinished:
            # The next round must read the document again: a 304 answer would hide what is left.
            outcome = replace(outcome, etag=None, last_modified=None, body_hash=None)
        return replace(
            outcome,
            hub_delivers=delivers,
            warnings=notes.warnings,
            of_pushes=push_notes.warnings,
            found=frozenset(notes.found | push_notes.found),
            missing=frozenset(notes.missing | push_notes.missing),
            pages=notes.pages,
        )

    async def _read(
        self, source: Source, state: SourceState, polled: PolledDocument, notes: Notes
    ) -> Outcome:
        document = polled.document
        is_marked, data = _is_marked(source, state, document, notes), self._store.marks.current
        kept = await self._kept_entries(source, document.fetched_at) if is_marked else None
        marks = (kept.marks if kept else b"") if is_marked else None
        reading = await self._gatherer.read_feed(source, document, marks)
        notes.warn(*reading.warnings)
        warnings_before = len(notes.warnings)
        backfill = state.first_success_at is None
        taken = await self._take_in(source, reading, notes, backfill=backfill)
        is_plain = len(notes.warnings) == warnings_before and len(taken.admitted) == len(reading.candidates)
        await self._upstream_withdrawals.entries_deleted(source, reading)
        popular: tuple[PopularItem, ...] = ()
        if source.popular is not None and source.popular.url is not None:
            popular = await self._pages.popular(source, source.popular.url, notes)
        await note_popularity(self._store, self._clock, source.id, taken.admitted, popular)
        already = len(taken.known) + taken.skipped
        counts = with_known(tally(taken.admitted), already)
        await self._websub_subscriptions.advertised(source, document, reading.hubs, reading.self_url)
        await self._websub_subscriptions.polled(source, counts.new)
        if is_marked:
            await self._keep_entries(source, kept, reading, data, is_plain=is_plain)
        return Outcome(
            round=counts,
            etag=document.headers.get("etag"),
            last_modified=document.headers.get("last-modified"),
            validators_of=polled.validators_of,
            body_hash=polled.digest,
            read_whole=True,
            held_news=polled.held_news(counts),
            headers=document.headers,
            hints=reading.hints,
            poll=poll_of(taken.admitted, known=already, backfill=backfill),
            sightings=sightings_of(taken.admitted, backfill=backfill),
            guids=with_unread(evidence(taken.recognised, reading.candidates), reading.entries.named),
            moved_to=document.moved_to,
            listed=ListedCount(
                total=len(taken.admitted) + already + taken.left,
                ids=tuple(
                    entry.article_id for entry in taken.admitted if entry.verdict is not AdmissionVerdict.NEW
                ),
                keys=taken.known,
            ),
        )

    async def _kept_entries(self, source: Source, now: datetime) -> EntriesRead | None:
        """Return the entries that need not be parsed; None once a day, so that all are parsed."""
        kept = await self._store.entries.get(source.id, spec_hash(source))
        return kept if kept is not None and now - kept.since < READ_WHOLE_EVERY else None

    async def _keep_entries(
        self,
        source: Source,
        kept: EntriesRead | None,
        reading: FeedReading,
        data: DataMark | None,
        *,
        is_plain: bool,
    ) -> None:
        """Store which entries need not be parsed again; `is_plain`: all were admitted without warnings."""
        apart = reading.entries
        fresh = apart.fresh if is_plain and apart.all_plain else ()
        since = kept.since if kept is not None and apart.known else self._clock()
        marks = b"".join((*apart.known, *fresh))
        await self._store.entries.keep(
            source.id, EntriesRead(spec_hash=spec_hash(source), marks=marks, since=since), data
        )

    async def _take_in(self, source: Source, reading: FeedReading, notes: Notes, *, backfill: bool) -> _Taken:
        """Admit the entries of a feed."""
        # Feeds begin with the newest entry; candidates are admitted oldest first.
        oldest_first = reading.candidates[::-1]
        if not source.full_text:
            admitted = await self._candidate_pipeline.admit(source, oldest_first, notes, backfill=backfill)
            return _Taken(admitted=admitted, skipped=len(reading.entries.known))
        policy = notes.identified_by or source.identity
        identified = [identified_by(candidate, policy) for candidate in oldest_first]
        # Before the known entries are skipped: a page does not show that its feed has cancelled the entry.
        with_page, bare = apart(await self._upstream_withdrawals.without_cancelled(source, identified))
        fresh = await self._pages.unknown(source, [as_listed(entry) for entry in with_page.values()])
        admitted = await self._pages.read_and_admit(
            source, fresh, notes, backfill=backfill, from_feed=with_page
        )
        left = len(fresh) - len(admitted) if notes.time_is_up else 0
        unread = {item.url for item in fresh}
        known = [entry for url, entry in with_page.items() if url not in unread]
        again = await self._corrected(source, known)
        admitted += await self._candidate_pipeline.admit(source, again, notes, rechecked=True)
        admitted += await self._candidate_pipeline.admit(source, bare, notes, backfill=backfill)
        seen = {url_key(entry.url) for entry in known} - {url_key(entry.url) for entry in again}
        return _Taken(admitted=admitted, known=tuple(seen), left=left)

    async def _corrected(self, source: Source, known: Sequence[Candidate]) -> list[Candidate]:
        """Return the known entries whose articles were taken from the feed alone and have changed there."""
        owners = await self._store.articles.resolve([listed_key(source, entry.url) for entry in known])
        own = [
            (entry, owner.article_id)
            for entry, owner in zip(known, owners, strict=True)
            if owner is not None and owner.source == source.id
        ]
        heads = await self._store.articles.get_many([article_id for _, article_id in own], bodies=False)
        return [
            entry
            for (entry, _), head in zip(own, heads, strict=True)
            if head is not None and not head.provenance.read_from and _differs(entry, head)
        ]

    async def _take_pushed(self, source: Source, documents: Sequence[Fetched], notes: Notes) -> Outcome:
        """Admit the entries of pushed documents; warn of documents that cannot be read."""
        admitted: list[Admitted] = []
        known = 0
        for document in documents:
            try:
                reading = _pushed(await self._gatherer.read_feed(source, document))
            except NotReadable as error:
                notes.warn(f"what the hub pushed could not be read: {error.detail}")
                continue
            taken = await self._take_in(source, reading, notes, backfill=False)
            await self._upstream_withdrawals.entries_deleted(source, reading)
            admitted, known = admitted + taken.admitted, known + len(taken.known)
            notes.warn(*reading.warnings)
        await note_popularity(self._store, self._clock, source.id, admitted)
        counts = with_known(tally(admitted), known)
        await self._websub_subscriptions.settled(source, documents, counts)
        return Outcome(
            round=counts,
            of_pushes=notes.warnings,
            poll=poll_of(admitted, known=known, backfill=False, pushed=True),
            sightings=sightings_of(admitted, backfill=False),
            found=frozenset(notes.found),
            missing=frozenset(notes.missing),
            only_pushed=True,
        )


def _is_marked(source: Source, state: SourceState, document: Fetched, notes: Notes) -> bool:
    """Return whether unchanged entries are skipped.

    They are not where article pages are read, where the source has moved or paused, or where entries are
    identified by other means than guids and addresses.
    """
    way = (notes.identified_by or source.identity).way
    is_watched = state.move is not None or document.moved_to is not None
    return not source.full_text and not is_watched and not notes.back and way in _BY_GUID_AND_LINK


def _pushed(reading: FeedReading) -> FeedReading:
    """Return a reading whose entries carry in their provenance that a hub pushed them."""
    return replace(
        reading,
        candidates=tuple(
            replace(entry, provenance=replace(entry.provenance, pushed=True)) for entry in reading.candidates
        ),
    )


def _differs(entry: Candidate, head: Article) -> bool:
    """Return whether the content differs, apart from photos: their addresses may be ours."""
    return content_hash(replace(entry, photos=head.photos)) != head.content_hash
