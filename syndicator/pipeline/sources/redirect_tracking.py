"""Tracks sources that have moved: which address a round requests, and whether it serves the same source."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from msgspec.structs import replace

from syndicator.errors import GatherError
from syndicator.model.source import Source, SourceKind, SourceState
from syndicator.pipeline.sources.round_result import KindOfRound, Outcome, RoundFailed, address
from syndicator.rules.sources.redirect_tracking import known_until, looks_back, overlaps
from syndicator.store.articles.articles import Articles

SAMPLE = 500
"""Number of known articles for which the time of their first sighting is looked up."""


class RedirectTracking:
    """Runs the round of a source at its configured address, or at the address it has moved to."""

    def __init__(self, articles: Articles, rounds: Mapping[SourceKind, KindOfRound]) -> None:
        self._articles = articles
        self._rounds = rounds

    async def gather(self, source: Source, state: SourceState, began: datetime) -> Outcome:
        """Return the outcome of one round.

        A source that has moved is now and then requested at its configured address first; where that fails,
        the new address is requested as usual. Raises as `KindOfRound.gather`.
        """
        kind = self._rounds[source.kind]
        outcome: Outcome | None = None
        looked_back = self._looks_back(source, state, began)
        if looked_back:
            anew = replace(state, move=None, etag=None, last_modified=None, body_hash=None)
            with suppress(RoundFailed, GatherError):
                outcome = replace(await kind.gather(source, anew), from_configured=True)
        if outcome is None:
            outcome = await kind.gather(source, state)
        overlap = await self._overlap(source, state, outcome, began)
        return replace(outcome, overlap=overlap, looked_back=looked_back)

    def _looks_back(self, source: Source, state: SourceState, began: datetime) -> bool:
        """Return whether a round requests the configured address before the one the source has moved to.

        A round that only a push has caused does not.
        """
        is_due = state.next_due_at is None or state.next_due_at <= began
        moved = address(source, state) != source.url
        return moved and is_due and looks_back(state.move, failing=state.failures > 0, now=began)

    async def _overlap(
        self, source: Source, state: SourceState, outcome: Outcome, began: datetime
    ) -> bool | None:
        """Return whether the document belongs to the same source; None where no redirect is involved."""
        listed = outcome.listed
        if listed is None or (state.move is None and outcome.moved_to is None):
            return None
        until = known_until(state.move, began)
        ids = [*listed.ids[:SAMPLE], *await self._articles.named(listed.keys[:SAMPLE])]
        before, swept = await self._articles.carried_before(source.id, ids, until)
        # A sitemap lists many more known articles than SAMPLE: scale the sample up.
        known = len(listed.ids) + len(listed.keys)
        scale = known / max(len(ids), 1)
        return overlaps(round(before * scale), listed.total - round(swept * scale))
