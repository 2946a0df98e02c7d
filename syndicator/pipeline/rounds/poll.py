"""The part of a round that its source's rhythm is learned from."""

from collections.abc import Sequence

from syndicator.pipeline.articles.admission import Admitted
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.rules.sources.rhythm import Poll


def poll_of(admitted: Sequence[Admitted], *, known: int = 0, backfill: bool, pushed: bool = False) -> Poll:
    """Return the new articles of a document with their dates, and the number of known ones.

    `known`: known articles that are not among `admitted`.
    """
    new = [entry.candidate for entry in admitted if entry.verdict is AdmissionVerdict.NEW]
    return Poll(
        new=len(new),
        known=known + len(admitted) - len(new),
        published=tuple(candidate.published_at for candidate in new if candidate.published_at),
        backfill=backfill,
        pushed=pushed,
    )
