"""From what a source claims to what is admitted: pictures are seen to, embargoes kept, the rest is judged."""

from collections.abc import Sequence

from msgspec.structs import replace

from syndicator.model.article import Candidate
from syndicator.model.clock import Clock
from syndicator.model.source import Source
from syndicator.pipeline.admitting import Admitted, Admitter
from syndicator.pipeline.holding import Held
from syndicator.pipeline.picturing import Pictures
from syndicator.pipeline.rounds import Notes
from syndicator.rules.revision import RESTLESS


class Intake:
    """The one way of candidates into the store."""

    def __init__(self, pictures: Pictures, held: Held, admitter: Admitter, clock: Clock) -> None:
        self._pictures = pictures
        self._held = held
        self._admitter = admitter
        self._clock = clock

    async def take_in(
        self,
        source: Source,
        candidates: Sequence[Candidate],
        notes: Notes,
        *,
        backfill: bool = False,
        rechecked: bool = False,
    ) -> list[Admitted]:
        """Admit the candidates of one document, the oldest first; see `Admitter.admit`.

        What is under an embargo is held back and comes later, by itself.
        """
        if source.future_dates:
            candidates = [replace(candidate, is_event=True) for candidate in candidates]
        prepared, warnings = await self._pictures.prepare(source, candidates)
        notes.warn(*warnings)
        free = await self._held.keep_back(prepared, self._clock())
        admitted = await self._admitter.admit(
            free, backfill=backfill, rechecked=rechecked, archive_before=notes.archive_before
        )
        for one in admitted:
            if one.is_restless:
                notes.warn_of_page(one.candidate.url, RESTLESS)
        return admitted
