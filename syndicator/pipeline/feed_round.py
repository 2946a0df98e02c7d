"""A round of a feed: one document holds everything."""

from datetime import timedelta

from msgspec.structs import replace

from syndicator.gather.gatherer import Gatherer
from syndicator.model.clock import Clock
from syndicator.model.fetch import FetchFailed, NotModified
from syndicator.model.source import Source, SourceState
from syndicator.pipeline.admitting import Admitter, tally
from syndicator.pipeline.rounds import Outcome, RoundFailed, body_hash, note_views
from syndicator.store.store import Store

READ_WHOLE_EVERY = timedelta(days=1)
"""So often a feed is read whatever its validators say: what it still lists stays known, and validators that
lie are found out within a day."""


class FeedRound:
    """fetch (conditionally) → read → admit."""

    def __init__(self, store: Store, gatherer: Gatherer, admitter: Admitter, clock: Clock) -> None:
        self._store = store
        self._gatherer = gatherer
        self._admitter = admitter
        self._clock = clock

    async def gather(self, source: Source, state: SourceState) -> Outcome:
        """Gather once; raise RoundFailed or NotReadable where there is no feed to read."""
        now = self._clock()
        if state.read_at is None or now - state.read_at > READ_WHOLE_EVERY:
            state = replace(state, etag=None, last_modified=None, body_hash=None)
        result = await self._gatherer.fetch(source, source.url, state)
        if isinstance(result, FetchFailed):
            raise RoundFailed(result)
        if isinstance(result, NotModified):
            return Outcome(
                not_modified=True,
                etag=state.etag,
                last_modified=state.last_modified,
                body_hash=state.body_hash,
            )
        digest = body_hash(result)
        etag, last_modified = result.headers.get("etag"), result.headers.get("last-modified")
        if digest == state.body_hash:
            return Outcome(not_modified=True, etag=etag, last_modified=last_modified, body_hash=digest)
        reading = await self._gatherer.read_feed(source, result)
        # Feeds begin with the newest: told the other way round, articles get their order.
        oldest_first = reading.candidates[::-1]
        admitted = await self._admitter.admit(oldest_first, backfill=state.first_success_at is None)
        await note_views(self._store, self._clock, source.id, admitted)
        return Outcome(
            round=tally(admitted),
            warnings=reading.warnings,
            etag=etag,
            last_modified=last_modified,
            body_hash=digest,
            read_whole=True,
        )
