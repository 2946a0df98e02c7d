"""A story: articles of several portals about one matter."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from syndicator.model.ids import FeedId, StoryId


class Story(Struct, frozen=True, kw_only=True):
    """The values of a story that articles are compared with."""

    id: StoryId
    title: str
    """Title of its first article if that belongs to a series; else empty."""
    first_seen_at: datetime
    """When its first article became visible."""
    started_at: datetime
    """When the story counts as started: `first_seen_at`, or an hour after publication in a first round."""
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
