"""Stories and verdicts as they are stored: with each article, so every byte counts."""

import struct
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import asdict

from syndicator.errors import StoreError
from syndicator.model.clock import from_ms, to_ms
from syndicator.model.ids import ArticleId, StoryId
from syndicator.model.story import Story
from syndicator.rules.stories.near_duplicates import CopyVerdict
from syndicator.rules.stories.story_match import StoryVerdict
from syndicator.store.codec import pack, unpack

_MILLISECOND = timedelta(milliseconds=1)
_SHORT_MOST = 2**16 - 1


class Kin(Struct, frozen=True, kw_only=True):
    """How an article was placed when it was admitted, with the numbers that decided."""

    story: StoryVerdict
    compared_with: ArticleId | None = None
    copy: CopyVerdict | None = None


class _StoryRow(StoryVerdict, frozen=True, kw_only=True, array_like=True):
    """Without the names of its fields."""


class _CopyRow(CopyVerdict, frozen=True, kw_only=True, array_like=True):
    """Without the names of its fields."""


class _KinRow(Struct, frozen=True, array_like=True):
    story: _StoryRow
    compared_with: ArticleId | None
    copy: _CopyRow | None


class _Sketch(Struct, frozen=True, array_like=True):
    title: str
    published_ms: int
    first_seen_ms: int
    """After publication; the same for the next two."""
    started_ms: int
    latest_ms: int
    size: int
    terms: bytes
    """Little-endian: all terms, four bytes each, the strongest first."""
    weights: bytes
    """Two bytes each; four in a story of very many articles."""


def packed_story(story: Story) -> bytes:
    """Spell a story, but for its id: it is stored under that."""
    count = len(story.centroid)
    heaviest = max(story.centroid.values(), default=0)
    weight = "H" if heaviest <= _SHORT_MOST else "I"
    return pack(
        _Sketch(
            story.title,
            to_ms(story.published_at),
            (story.first_seen_at - story.published_at) // _MILLISECOND,
            (story.started_at - story.published_at) // _MILLISECOND,
            (story.latest_at - story.published_at) // _MILLISECOND,
            story.size,
            struct.pack(f"<{count}I", *story.centroid),
            struct.pack(f"<{count}{weight}", *story.centroid.values()),
        )
    )


def unpacked_story(data: bytes, story_id: StoryId) -> Story:
    """Read a story; raise StoreError where the bytes are no story."""
    sketch = unpack(data, _Sketch)
    count = len(sketch.terms) // 4
    weight = "H" if len(sketch.weights) == 2 * count else "I"
    try:
        terms = struct.unpack(f"<{count}I", sketch.terms)
        weights = struct.unpack(f"<{count}{weight}", sketch.weights)
    except struct.error as error:
        raise StoreError(f"the terms of {story_id} are damaged: {error}") from error
    return Story(
        id=story_id,
        title=sketch.title,
        first_seen_at=from_ms(sketch.published_ms + sketch.first_seen_ms),
        started_at=from_ms(sketch.published_ms + sketch.started_ms),
        published_at=from_ms(sketch.published_ms),
        latest_at=from_ms(sketch.published_ms + sketch.latest_ms),
        centroid=dict(zip(terms, weights, strict=True)),
        size=sketch.size,
    )


def packed_kin(kin: Kin) -> bytes:
    """Spell how an article was placed."""
    copy = _CopyRow(**asdict(kin.copy)) if kin.copy else None
    return pack(_KinRow(_StoryRow(**asdict(kin.story)), kin.compared_with, copy))


def unpacked_kin(data: bytes) -> Kin:
    """Read how an article was placed; raise StoreError where the bytes do not say."""
    row = unpack(data, _KinRow)
    return Kin(
        story=StoryVerdict(**asdict(row.story)),
        compared_with=row.compared_with,
        copy=CopyVerdict(**asdict(row.copy)) if row.copy else None,
    )
