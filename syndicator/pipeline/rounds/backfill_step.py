"""Gathers the past of sources, one portion of a document after the other."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from syndicator.errors import NotReadable
from syndicator.model.clock import Clock
from syndicator.model.fetch import FetchFailed
from syndicator.model.ids import SourceId
from syndicator.model.ops.states import BackfillStatus
from syndicator.model.source import Source
from syndicator.model.sources.backfill import BackfillPath, BackfillWalk
from syndicator.observe.tracing import span
from syndicator.pipeline.articles.admission import tally
from syndicator.pipeline.rounds.past_documents import PastDocuments, Portion
from syndicator.pipeline.sources.request_slots import NoSlot
from syndicator.pipeline.sources.round_result import Notes, RoundFailed, is_wanted_later
from syndicator.pipeline.steps import JobReport, Taken
from syndicator.rules.sources.backfill import (
    MOST_TRIES,
    announcing,
    ended,
    judged,
    paths_of,
    retry_wait,
    room_left,
    with_documents,
)
from syndicator.rules.sources.rests import sentence
from syndicator.store.store import Store

READING_S = 45.0
"""A portion begins no article page after this time."""
LEASE = timedelta(seconds=150)
"""So long others leave a back-fill alone whose process works on a portion, or has died."""
MOST_ARTICLES = 50
"""Of one portion."""
_NO_SLOT_WAIT = timedelta(seconds=10)
_PAUSED_WAIT = timedelta(minutes=1)


class BackfillStep:
    """lease → next document → unknown articles → admit → write how far it is."""

    name = "backfill"

    def __init__(
        self, store: Store, sources: Mapping[SourceId, Source], past_documents: PastDocuments, clock: Clock
    ) -> None:
        self._store = store
        self._sources = sources
        self._past_documents = past_documents
        self._clock = clock

    async def take(self, room: int) -> Taken:
        """Lease at most `room` back-fills that are to go on."""
        now = self._clock()
        due = await self._store.backfills.due(now, room) if room else []
        leased = [each for each in due if await self._store.backfills.write(each, now + LEASE)]
        return Taken(jobs=tuple(partial(self._go_on, replace(each, step=each.step + 1)) for each in leased))

    async def _go_on(self, backfill: BackfillWalk) -> JobReport | None:
        """Read a portion and write how far it is; nothing is written where it was stopped meanwhile."""
        source = self._sources.get(backfill.source)
        if source is None:
            due_at = self._clock()
            after = ended(backfill, due_at, "its source is not configured any more", BackfillStatus.CANCELLED)
        else:
            with span("backfill", source=source.id):
                after, due_at = await self._advanced(source, backfill)
        if not await self._store.backfills.write(after, due_at):
            return None
        return _report(backfill, after)

    async def _advanced(self, source: Source, backfill: BackfillWalk) -> tuple[BackfillWalk, datetime]:
        """Return a back-fill after its next portion, and when it is to go on."""
        now = self._clock()
        (pause,) = await self._store.sources.pauses.resting([(source.id, source)], now)
        if pause is not None:
            return replace(backfill, reason=sentence(pause)), now + _PAUSED_WAIT
        try:
            if backfill.path is None:
                after = await self._begun(source, backfill)
            else:
                after = await self._read(source, backfill, backfill.path)
        except NoSlot:
            waiting = replace(backfill, reason="its server has no free request slot")
            return waiting, self._clock() + _NO_SLOT_WAIT
        now = self._clock()
        if after.tries and after.status is BackfillStatus.RUNNING:
            return after, now + retry_wait(after.tries)
        return judged(after, now) if after.status is BackfillStatus.RUNNING else after, now

    async def _begun(self, source: Source, backfill: BackfillWalk) -> BackfillWalk:
        """Return a back-fill with the first documents of the first path that its source offers."""
        wanted = (backfill.wish.path,) if backfill.wish.path else paths_of(source)
        why: list[str] = []
        for path in wanted:
            backfill = replace(backfill, requested=backfill.requested + 1)
            try:
                documents = await self._past_documents.begin(source, path)
            except NotReadable as error:
                why.append(error.detail)
                continue
            except RoundFailed as error:
                if is_wanted_later(error.failed) and backfill.tries < MOST_TRIES:
                    return _to_try_again(backfill, error.failed)
                why.append(str(error))
                continue
            return with_documents(replace(backfill, path=path, tries=0, reason=""), documents)
        return ended(backfill, self._clock(), "; ".join(why), BackfillStatus.FAILED)

    async def _read(self, source: Source, backfill: BackfillWalk, path: BackfillPath) -> BackfillWalk:
        notes = Notes(
            until=asyncio.get_running_loop().time() + READING_S,
            announcing=announcing(announce=backfill.wish.announce),
            since=backfill.wish.since,
        )
        requested = replace(backfill, requested=backfill.requested + 1)
        most = min(MOST_ARTICLES, room_left(requested))
        try:
            portion = await self._past_documents.read(source, path, backfill.documents[0], notes, most=most)
        except RoundFailed as error:
            if is_wanted_later(error.failed) and backfill.tries < MOST_TRIES:
                return _to_try_again(requested, error.failed)
            return self._without_document(requested, str(error))
        except NotReadable as error:
            return self._without_document(requested, error.detail)
        return _after(requested, portion, notes)

    def _without_document(self, backfill: BackfillWalk, why: str) -> BackfillWalk:
        """Leave out a document that cannot be read: the lists of many portals end with such a one."""
        after = replace(
            backfill, documents=backfill.documents[1:], is_begun=False, tries=0, failed=backfill.failed + 1
        )
        if not after.documents and not after.read:
            return ended(after, self._clock(), why, BackfillStatus.FAILED)
        return after


def _to_try_again(backfill: BackfillWalk, failed: FetchFailed) -> BackfillWalk:
    return replace(backfill, tries=backfill.tries + 1, reason=f"{failed.code}: {failed.detail}")


def _after(backfill: BackfillWalk, portion: Portion, notes: Notes) -> BackfillWalk:
    """Return a back-fill after a portion."""
    counts = tally(portion.admitted)
    dates = [date for entry in portion.admitted if (date := entry.candidate.published_at) is not None]
    after = replace(
        backfill,
        tries=0,
        reason="",
        new=backfill.new + counts.new,
        known=backfill.known
        + counts.duplicate
        + counts.unchanged
        + (0 if backfill.is_begun else portion.known),
        requested=backfill.requested + notes.pages.read + notes.pages.failed,
        failed=backfill.failed + notes.pages.failed,
        oldest=min([*dates, *([backfill.oldest] if backfill.oldest else [])], default=None),
    )
    if portion.is_left:
        return replace(after, is_begun=True)
    rest = replace(after, documents=after.documents[1:], is_begun=False, read=after.read + 1)
    return with_documents(rest, portion.following)


def _report(before: BackfillWalk, after: BackfillWalk) -> JobReport:
    fields: list[tuple[str, str | int | float]] = [
        ("source", after.source), ("new", after.new - before.new), ("known", after.known - before.known),
    ]  # fmt: skip
    if after.status is BackfillStatus.RUNNING:
        fields += [("waits_for", after.reason)] if after.reason else []
    else:
        fields += [("status", after.status.value), ("reason", after.reason), ("new_in_all", after.new)]
    return JobReport(
        step=BackfillStep.name,
        event="source_past_gathered",
        fields=tuple(fields),
        failed=after.status is BackfillStatus.FAILED,
        brought_news=after.new > before.new,
    )
