"""Until when an article may not be shown, and by which date it counts once it may."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from syndicator.model.article import Candidate, Change

LONGEST = timedelta(days=400)
"""Ahead of now. What claims a later end is kept back too, but not stored: it is listed again by then."""


def is_held(candidate: Candidate, now: datetime) -> bool:
    """Return whether nobody may see it yet. At the very instant of the embargo's end it may be seen."""
    return candidate.embargo_until is not None and candidate.embargo_until > now


def released(candidate: Candidate, ended: datetime | None) -> Candidate:
    """Return a candidate whose embargo ended with the date that it counts by; None: it never had one.

    It was published when its embargo ended, however early it is dated, so that it is listed where new
    articles are; a claimed date after that end stands.
    """
    if ended is None or (candidate.published_at is not None and candidate.published_at >= ended):
        return candidate
    claimed = candidate.provenance.claimed_date or (
        candidate.published_at.isoformat() if candidate.published_at is not None else ""
    )
    why = f"Held until {ended:%Y-%m-%d %H:%M:%S} UTC, when its embargo ended: that is when it was published."
    change = Change(field="published_at", received=claimed, why=why)
    return replace(
        candidate,
        published_at=ended,
        provenance=candidate.provenance.with_changes(change),
    )
