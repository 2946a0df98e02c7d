"""Guids that several entries of a document have: they identify nothing, and provenance says so."""

from collections import Counter

from msgspec.structs import replace

from syndicator.gather.provenance_changes import excerpt
from syndicator.model.article import Candidate, Change


def without_shared_guids(candidates: list[Candidate]) -> list[Candidate]:
    """Note where a guid identifies nothing, for several entries of the document have it."""
    times = Counter(candidate.guid for candidate in candidates)
    if not any(guid and count > 1 for guid, count in times.items()):
        return candidates
    return [
        _noted(one, one.guid, times[one.guid]) if one.guid and times[one.guid] > 1 else one
        for one in candidates
    ]


def _noted(candidate: Candidate, guid: str, times: int) -> Candidate:
    why = f"{times} entries share it: it identifies none of them"
    change = Change(field="guid", received=excerpt(guid), why=why)
    return replace(candidate, provenance=candidate.provenance.with_changes(change))
