"""Which known name somebody may have meant who wrote an unknown one."""

from bisect import bisect_left
from collections.abc import Collection
from difflib import get_close_matches

MOST_COMPARED = 1000
"""Names that one is compared with: each takes some 6 µs, and anybody may ask for a name that is unknown."""
_LIKE = 0.6


def suggestion(name: str, known: Collection[str]) -> str | None:
    """Return the known name that is most like this one, of very many among its neighbours in the alphabet."""
    if len(known) > MOST_COMPARED:
        ordered = sorted(known)
        at = bisect_left(ordered, name)
        known = ordered[max(at - MOST_COMPARED // 2, 0) : at + MOST_COMPARED // 2]
    return next(iter(get_close_matches(name, known, n=1, cutoff=_LIKE)), None)
