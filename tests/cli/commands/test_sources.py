"""What `sources show` says of what a source has come to."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace
from support import NOON

from syndicator.cli.commands.sources.showing import _lines, _next_due
from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import Failure, Move, Round, Source, SourceKind, SourceState
from syndicator.pipeline.articles.explanation import show

KOTA = Source(
    id=SourceId("kota"),
    title="Kota",
    kind=SourceKind.FEED,
    url="https://kota.example/rss",
    schedule=Every(interval_s=300),
)


def told_of(source: Source, state: SourceState, label: str) -> str:
    (told,) = (value for name, value in _lines(show(source, state, None, NOON)) if name == label)
    return told


@pytest.mark.parametrize(
    ("headers", "adopted", "ends"),
    [
        ({}, False, "confirmed in 5 rounds"),
        ({}, True, "; that is asked now"),
        ({"Authorization": "Basic x"}, True, "or encryption would be lost"),
    ],
)
def test_a_move_is_told_as_it_is_followed(headers: dict[str, str], ends: str, *, adopted: bool) -> None:
    source = replace(KOTA, headers=headers)
    move = Move(
        target="https://baru.example/rss?token=geheim",
        sightings=5,
        first_seen_at=NOON - timedelta(days=2),
        adopted_at=NOON if adopted else None,
    )
    told = told_of(source, SourceState(move=move), "moved")
    assert told.startswith("to https://baru.example/rss?[hidden], confirmed in 5 rounds")
    assert told.endswith(ends)


@pytest.mark.parametrize(
    ("read_at", "counts", "said"),
    [
        (NOON - timedelta(hours=1), Round(), "the document had not changed"),
        (NOON, Round(), "0 new, 0 changed, 0 duplicates, 0 unchanged"),
        (NOON - timedelta(hours=1), Round(changed=1), "0 new, 1 changed, 0 duplicates, 0 unchanged"),
    ],
)
def test_a_document_that_was_not_read_is_not_told_as_an_empty_one(
    read_at: datetime, counts: Round, said: str
) -> None:
    state = SourceState(read_at=read_at, last_success_at=NOON, last_round=counts)
    assert told_of(KOTA, state, "last round") == said


@pytest.mark.parametrize("worked_before", [True, False])
def test_the_last_round_is_one_that_failed(*, worked_before: bool) -> None:
    state = SourceState(failures=6, failure=Failure(reason="http_503", detail="", at=NOON))
    if worked_before:
        state = replace(state, last_success_at=NOON - timedelta(hours=1), last_round=Round(new=3))
    assert told_of(KOTA, state, "last success") == ("2026-11-05 11:00 UTC" if worked_before else "never")
    assert told_of(KOTA, state, "last round") == "2026-11-05 12:00 UTC, failed"


@pytest.mark.parametrize(
    ("due_in_s", "said"), [(None, "now"), (-7.0, "now"), (0.0, "now"), (90.0, "in 90 s")]
)
def test_what_is_due_or_being_asked_is_due_now(due_in_s: float | None, said: str) -> None:
    due = None if due_in_s is None else NOON + timedelta(seconds=due_in_s)
    assert _next_due(SourceState(next_due_at=due), NOON) == said
