"""A round of a feed: one document holds everything."""

from syndicator.gather.gatherer import Gatherer
from syndicator.model.clock import Clock
from syndicator.model.fetch import FetchFailed, NotModified
from syndicator.model.source import Source, SourceState
from syndicator.pipeline.admitting import Admitter, tally
from syndicator.pipeline.rounds import Outcome, RoundFailed, body_hash, note_views
from syndicator.store.store import Store


class FeedRound:
    """fetch (conditionally) → read → admit."""

    def __init__(self, store: Store, gatherer: Gatherer, admitter: Admitter, clock: Clock) -> None:
        self._store = store
        self._gatherer = gatherer
        self._admitter = admitter
        self._clock = clock

    async def gather(self, source: Source, state: SourceState) -> Outcome:
        """Gather once; raise RoundFailed or NotReadable where there is no feed to read."""
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
        admitted = await self._admitter.admit(reading.candidates, backfill=state.first_success_at is None)
        await note_views(self._store, self._clock, admitted)
        return Outcome(
            round=tally(admitted),
            warnings=reading.warnings,
            etag=etag,
            last_modified=last_modified,
            body_hash=digest,
        )
