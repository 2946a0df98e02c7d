"""When none of a source's article pages can be read any more, though its list can: a wall, or an outage."""

from msgspec.structs import replace

from syndicator.model.sources.source_findings import PagesTried, Walled

SURE_PAGES = 3
"""A dead link or two stand in many lists."""
SURE_ROUNDS = 3
"""That asked for pages: what is over by then was an outage."""


def walled(before: Walled, tried: PagesTried) -> Walled:
    """Return what is remembered after a round that tried pages: one that could be read ends the row."""
    if tried.read:
        return Walled()
    if not tried.failed:
        return before
    return replace(
        before,
        rounds=before.rounds + 1,
        pages=before.pages + tried.failed_first,
        why=tried.why or before.why,
    )


def sentence(wall: Walled) -> str | None:
    """Return what keeps article pages from being read; None while that may be the fault of a page or two."""
    if wall.pages < SURE_PAGES or wall.rounds < SURE_ROUNDS:
        return None
    return f"none of its {wall.pages} latest article pages could be read, in {wall.rounds} rounds: {wall.why}"
