"""What a source says of an article's publication: that it was cancelled, or corrected.

ninjs and NewsML-G2 have `pubstatus` (usable, withheld, canceled), schema.org has `creativeWorkStatus`, a free
text.
"""

_CANCELLED = frozenset(
    {"canceled", "cancelled", "deleted", "killed", "removed", "retracted", "withdrawn", "ditarik"}
)
_CORRECTED = frozenset({"corrected", "correction", "dikoreksi", "diralat"})
_PREFIX = "http://schema.org/"


def cancelled(*statuses: str) -> str | None:
    """Return the first word by which an article is not to be shown any more."""
    return next((word for word in map(_word, statuses) if word in _CANCELLED), None)


def corrected(*statuses: str) -> str | None:
    """Return the first word that says that an article was corrected."""
    return next((word for word in map(_word, statuses) if word in _CORRECTED), None)


def _word(status: str) -> str:
    """Return `stat:canceled`, `https://schema.org/Canceled` and `Canceled` as the same word."""
    return status.strip().replace("/", ":").rpartition(":")[2].lower()
