"""When an entry and a feed were published and changed, for all formats."""

from datetime import UTC, datetime

from syndicator.model.article import Article
from syndicator.model.feed import FeedEntry, FeedSnapshot
from syndicator.rules.dates.claimed_dates import OLDEST


def published_of(article: Article) -> datetime:
    """Return when an article was published; whole seconds."""
    # Readers hide what is dated ahead, or pin it: an event was published when it was first shown.
    return whole_seconds(min(article.published_at, article.shown_since, key=whole_seconds))


def updated_of(entry: FeedEntry) -> datetime:
    """Return when an entry changed last: as it is dated, else by what it holds; whole seconds.

    A story that another portal took up is news of the entry: its date says so, its place stays.
    """
    if entry.updated_at is not None:
        return whole_seconds(entry.updated_at)
    changes = [entry.article.updated_at, *(other.article.shown_since for other in entry.also_at)]
    return max(published_of(entry.article), *map(whole_seconds, changes))


def newest_change(snapshot: FeedSnapshot) -> datetime:
    """Return when a feed changed last: as it is dated, else by what is in it; whole seconds."""
    if snapshot.updated_at is not None:
        return whole_seconds(snapshot.updated_at)
    changes = [max(updated_of(one), whole_seconds(one.article.shown_since)) for one in snapshot.entries]
    changes += [whole_seconds(one.at) for one in snapshot.withdrawn]
    return max(changes, default=whole_seconds(snapshot.version.changed_at))


def whole_seconds(instant: datetime) -> datetime:
    """Return the instant in UTC, rounded down to seconds; one without a zone is UTC.

    Nothing is older than the web: years of two digits are those of another century to readers.
    """
    try:
        aware = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except OverflowError:  # at either end of all time, where another zone has another year
        aware = instant.replace(tzinfo=UTC)
    return max(OLDEST, aware.replace(microsecond=0))
