"""When a portal was redesigned: selectors that used to find something find nothing any more."""

from collections.abc import Collection, Mapping

SURE_AFTER = 3
"""Rounds in a row without what every article has."""
PATIENT_AFTER = 10
"""The same for what an article may lack: a quote, tags, related links."""
_ESSENTIAL = frozenset(
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


def noted(
    counts: Mapping[str, int], *, found: Collection[str], missing: Collection[str]
) -> Mapping[str, int]:
    """Give the counts (`SourceState.missing`) after a round whose pages were read.

    `found` and `missing` name the configured selectors (`article.quote`) that found something, or nothing,
    on any page of the round. One that never found anything is not counted, unless every article has its part:
    an empty rule from the start is seen in the preview.
    """
    counted = dict(counts) | dict.fromkeys(found, 0)
    for name in set(missing) - set(found):
        if name in counted or name in _ESSENTIAL:
            counted[name] = counted.get(name, 0) + 1
    return counted


def redesigned(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Name the selectors that find nothing any more."""
    return tuple(
        sorted(
            name
            for name, rounds in counts.items()
            if rounds >= (SURE_AFTER if name in _ESSENTIAL else PATIENT_AFTER)
        )
    )


def warning(counts: Mapping[str, int]) -> str | None:
    """Give the sentence for those who keep the rules; None while all is well."""
    lost = redesigned(counts)
    if not lost:
        return None
    named = ", ".join(f"{name} (for {counts[name]} rounds)" for name in lost)
    return f"selectors find nothing any more: {named}; the portal may have been redesigned"
