"""A story: articles of several portals about one matter."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from syndicator.model.ids import FeedId, StoryId


class Story(Struct, frozen=True, kw_only=True):
    """What is remembered of a story to judge by."""

    id: StoryId
    title: str
    """Of its first article, if it is that of a page of a series; else nothing hangs on it."""
    first_seen_at: datetime
    """When its first article was shown: that of an embargo, when it ended."""
    told_since: datetime
    """The same; of what a first round brings, its publication (and an hour)."""
    published_at: datetime
    """Publication of its first article; never moves."""
    latest_at: datetime
    """Publication of its latest article."""
    centroid: Mapping[int, int]
    """Sum of its articles' terms, the strongest alone."""
    size: int = 1


class ShownIn(Struct, frozen=True, array_like=True):
    """Which feeds of stories may show a story, by any of its members."""

    specs: str
    """Digest of the configured feeds by which that was decided (`FeedIndex.digest`)."""
    feeds: tuple[FeedId, ...]
