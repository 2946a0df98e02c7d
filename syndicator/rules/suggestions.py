"""Which known name somebody may have meant who wrote an unknown one."""

from bisect import bisect_left
from collections.abc import Collection
from difflib import SequenceMatcher, get_close_matches

MOST_COMPARED = 1000
"""Names that one is compared with: each takes some 6 µs, and anybody may ask for a name that is unknown."""
_LIKE = 0.6


def suggestion(name: str, known: Collection[str]) -> str | None:
    """Return the known name that is most like this one; of equals, the first by name.

    Of very many names, only neighbours in the alphabet are compared.
    """
    if len(known) > MOST_COMPARED:
        ordered = sorted(known)
        at = bisect_left(ordered, name)
        known = ordered[max(at - MOST_COMPARED // 2, 0) : at + MOST_COMPARED // 2]
    near = get_close_matches(name, known, n=5, cutoff=_LIKE)
    return min(near, key=lambda each: (-SequenceMatcher(None, each, name).ratio(), each), default=None)
