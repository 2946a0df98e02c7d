"""Decides which new articles of a round are announced to endpoints; all are stored and shown in feeds.

Subscribers want the news of a source, not its archive. Articles of the first round, of the first round after
a long pause, and those that later rounds find but that are older than the first round, are announced only if
they are younger than the source's `announce_age`. All other new articles are announced, however late they are
found. An article without a date counts as published when it was first seen.

After a loss of all data in Redis, everything that sources list looks new. So articles published before the
loss are not announced again, nor undated articles in the first hour after it.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.source import Source, SourceState

LONG_PAUSE = timedelta(days=7)
"""After so long without a round that worked, what is found is as good as a first gathering."""


UNDATED_AFTER_LOSS = timedelta(hours=1)
"""After a loss of data, before what has no date is announced again: longer than first rounds take."""


class Announcing(Struct, frozen=True, kw_only=True):
    """Which new articles of a document are announced."""

    since: datetime | None = None
    """Only what was published then or later; None: whenever it was."""
    undated: bool = True
    """Also what has no date of its own."""
    lost_at: datetime | None = None
    """When data that was lost was last there."""

    def includes(self, claimed: datetime | None, published: datetime) -> bool:
        """Return whether a new article is announced, by the date that it claims and the one that counts."""
        is_recent = self.since is None or published >= self.since
        return is_recent and (self.undated or claimed is not None)


ALL_ANNOUNCED = Announcing()


def is_back(state: SourceState, now: datetime) -> bool:
    """Return whether a source is gathered again after a long pause, whatever the reason was."""
    return state.last_success_at is not None and now - state.last_success_at > LONG_PAUSE


def announced_from(
    source: Source,
    now: datetime,
    *,
    at_first: bool,
    back: bool,
    archive_before: datetime | None,
    lost_at: datetime | None = None,
) -> datetime | None:
    """Return the time since which a new article must be published to be announced; None: whenever it was.

    `at_first`: a first round. `archive_before`: what is dated before comes from a source's archive.
    `lost_at`: when data that was lost was last there.
    """
    young = now - timedelta(seconds=source.announce_age_s)
    if at_first or back:
        since: datetime | None = young
    else:
        since = min(young, archive_before) if archive_before is not None else None
    if lost_at is None:
        return since
    return lost_at if since is None else max(since, lost_at)


def announced_on_release(now: datetime, lost_at: datetime | None) -> Announcing:
    """Return which articles are announced when their embargo ends: as those that a later round finds."""
    return Announcing(since=lost_at, undated=announces_undated(now, lost_at), lost_at=lost_at)


def announces_undated(now: datetime, lost_at: datetime | None) -> bool:
    """Return whether a new article without a date of its own is announced."""
    return lost_at is None or now - lost_at >= UNDATED_AFTER_LOSS
