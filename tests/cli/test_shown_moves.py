"""What `sources show` says of a source that has moved."""

from datetime import timedelta

import pytest
from support import NOON

from syndicator.cli.sources import _lines
from syndicator.model.ids import SourceId
from syndicator.model.source import Every, Move, Source, SourceKind, SourceState
from syndicator.pipeline.explaining import show


@pytest.mark.parametrize(
    ("headers", "adopted", "ends"),
    [
        ({}, False, "seen 5 times"),
        ({}, True, "; that is asked now"),
        ({"Authorization": "Basic x"}, True, "or encryption would be lost"),
    ],
)
def test_a_move_is_told_as_it_is_followed(headers: dict[str, str], ends: str, *, adopted: bool) -> None:
    source = Source(
        id=SourceId("kota"),
        title="Kota",
        kind=SourceKind.FEED,
        url="https://kota.example/rss",
        schedule=Every(interval_s=300),
        headers=headers,
    )
    move = Move(
        target="https://baru.example/rss?token=geheim",
        sightings=5,
        first_seen_at=NOON - timedelta(days=2),
        adopted_at=NOON if adopted else None,
    )
    (told,) = (
        value for label, value in _lines(show(source, SourceState(move=move), None, NOON)) if label == "moved"
    )
    assert told.startswith("to https://baru.example/rss?[hidden], seen 5 times")
    assert told.endswith(ends)
