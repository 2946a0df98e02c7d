"""What a source says of all its articles."""

from msgspec.structs import replace

from syndicator.model.article import Candidate
from syndicator.model.source import Source
from syndicator.rules.identity.canonical_trust import is_first_party


def as_configured(source: Source, candidate: Candidate) -> Candidate:
    """Return a candidate with what its source says of it: that dates ahead are meant, its section, its owner.

    A section that the article names itself counts more.
    """
    return replace(
        candidate,
        is_event=candidate.is_event or source.future_dates,
        section=candidate.section or source.section,
        is_first_party=is_first_party(candidate.canonical_url or candidate.url, source),
    )
