"""From candidates to admitted articles: applies configured values, pictures, embargoes, then admission."""

from collections.abc import Sequence

from msgspec.structs import replace

from syndicator.model.article import Candidate
from syndicator.model.clock import Clock
from syndicator.model.source import Source
from syndicator.pipeline.articles.admission import Admitted, Admitter
from syndicator.pipeline.articles.embargo import EmbargoGate
from syndicator.pipeline.articles.pictures import PicturePolicy
from syndicator.pipeline.articles.upstream_withdrawals import UpstreamWithdrawals
from syndicator.pipeline.sources.round_result import Notes
from syndicator.rules.articles.configured_values import as_configured
from syndicator.rules.articles.revision import RESTLESS
from syndicator.rules.identity.canonical_trust import shared_names
from syndicator.rules.identity.identity import identified_by
from syndicator.rules.sources.announcement import Announcing, announced_from, announces_undated
from syndicator.rules.sources.backfill import is_in_span
from syndicator.store.data_mark import DataMarks


class CandidatePipeline:
    """Processes the candidates of a document in order, up to their admission."""

    def __init__(
        self,
        pictures: PicturePolicy,
        held: EmbargoGate,
        admitter: Admitter,
        upstream_withdrawals: UpstreamWithdrawals,
        *,
        clock: Clock,
        marks: DataMarks,
    ) -> None:
        self._marks = marks
        self._upstream_withdrawals = upstream_withdrawals
        self._pictures = pictures
        self._held = held
        self._admitter = admitter
        self._clock = clock

    async def admit(
        self,
        source: Source,
        candidates: Sequence[Candidate],
        notes: Notes,
        *,
        backfill: bool = False,
        rechecked: bool = False,
    ) -> list[Admitted]:
        """Admit the candidates of one document, given oldest first; see `Admitter.admit`.

        Articles that their source cancelled are withdrawn. Embargoed ones are held and released later.
        """
        candidates = [
            as_configured(source, candidate)
            for candidate in candidates
            if is_in_span(candidate.published_at, notes.since)
        ]
        policy = notes.identified_by or source.identity
        candidates = [identified_by(candidate, policy) for candidate in _believed(candidates, notes)]
        candidates = await self._upstream_withdrawals.without_cancelled(source, candidates)
        prepared, warnings = await self._pictures.prepare(source, candidates)
        notes.warn(*warnings)
        now = self._clock()
        free = await self._held.hold_embargoed(prepared, now)
        lost_at = self._marks.lost_at
        since = announced_from(
            source,
            now,
            at_first=backfill,
            back=notes.back,
            archive_before=notes.archive_before,
            lost_at=lost_at,
        )
        admitted = await self._admitter.admit(
            free,
            backfill=backfill,
            rechecked=rechecked,
            archive_before=notes.archive_before,
            announcing=notes.announcing
            or Announcing(since=since, undated=announces_undated(now, lost_at), lost_at=lost_at),
        )
        for entry in admitted:
            if entry.changes_constantly:
                notes.warn_of_page(entry.candidate.url, RESTLESS)
            if entry.recognised is not None and entry.recognised.name_is_anothers:
                notes.warn_of_page(entry.candidate.url, _ANOTHERS)
        return admitted


_ANOTHERS = "the canonical address that it gives itself is that of another article: it is ignored"


def _believed(candidates: Sequence[Candidate], notes: Notes) -> Sequence[Candidate]:
    """Return the candidates without canonical addresses that several different articles share."""
    shared = shared_names(candidates)
    for name in sorted(shared):
        pages = [candidate.url for candidate in candidates if candidate.canonical_url == name]
        for url in pages:
            notes.warn_of_page(url, f"several give themselves the canonical address {name}: it is ignored")
    return [
        replace(candidate, canonical_url=None) if candidate.canonical_url in shared else candidate
        for candidate in candidates
    ]
