"""When a portal was redesigned: selectors that used to find something find nothing any more."""

from collections.abc import Collection, Mapping

SURE_AFTER = 3
"""Rounds in a row without a part that every article has, or that was never missing for longer."""
PATIENT_AFTER = 10
"""The most for what an article may lack (a quote, tags), however long it was missing before."""
ESSENTIAL = frozenset(
    {
        "list.item",
        "list.url",
        "list.title",
        "list.date",
        "article.title",
        "article.body",
        "article.date",
        "popular.item",
    }
)
"""Selectors of what every article has."""


def noted(
    counts: Mapping[str, int], *, found: Collection[str], missing: Collection[str]
) -> Mapping[str, int]:
    """Return the counts (`SourceState.missing`) after a round whose pages were read.

    `found` and `missing` name the configured selectors (`article.quote`) that found something, or nothing,
    on any page of the round. One that never found anything is not counted, unless every article has its part:
    an empty rule from the start is seen in the preview.
    """
    counted = dict(counts) | dict.fromkeys(found, 0)
    for name in set(missing) - set(found):
        if name in counted or name in ESSENTIAL:
            counted[name] = counted.get(name, 0) + 1
    return counted


def lengthened(
    lacked: Mapping[str, int], counts: Mapping[str, int], *, found: Collection[str]
) -> Mapping[str, int]:
    """Return the longest gaps (`SourceState.lacked`) after a round; `counts` are those before it."""
    ended = {name: counts[name] for name in found if counts.get(name, 0) > lacked.get(name, 0)}
    return {**lacked, **ended} if ended else lacked


def redesigned(counts: Mapping[str, int], lacked: Mapping[str, int]) -> tuple[str, ...]:
    """Return the selectors that find nothing any more.

    A part that an article may lack is missed after more than twice the longest gap that it ever had.
    """
    return tuple(sorted(name for name, rounds in counts.items() if rounds >= _sure_after(name, lacked)))


def warning(counts: Mapping[str, int], lacked: Mapping[str, int]) -> str | None:
    """Return the sentence for those who keep the rules; None while all is well."""
    lost = redesigned(counts, lacked)
    if not lost:
        return None
    named = ", ".join(f"{name} (for {counts[name]} rounds)" for name in lost)
    return f"selectors find nothing any more: {named}; the portal may have been redesigned"


def _sure_after(name: str, lacked: Mapping[str, int]) -> int:
    if name in ESSENTIAL:
        return SURE_AFTER
    return min(max(SURE_AFTER, 2 * lacked.get(name, 0) + 1), PATIENT_AFTER)
