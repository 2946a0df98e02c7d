"""The sentences that the page for users explains are those that the service says."""

import random
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from support import NOON

from syndicator.model.fetch import FetchFailed, Reason
from syndicator.model.source import Adaptive, Every, FeedHints, Honesty, Move, SourceState
from syndicator.rules.sources import redesign, redirect_tracking, rhythm, validator_trust
from syndicator.rules.sources.cadence import after_failure, after_success
from syndicator.rules.sources.health import HealthStanding
from syndicator.rules.sources.hints import asked_by

DOCS = Path(__file__).parents[2] / "docs"


def column(page: str, header: str) -> list[str]:
    """Give the first cells of the table that begins with a header."""
    lines = (DOCS / page).read_text("utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {header} |"))
    cells = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        cells.append(line.split("|")[1].strip())
    return cells


def is_said(told: str, sentences: list[str]) -> bool:
    """Tell whether a sentence, whose variable parts are `…`, is one of those."""
    pattern = ".+?".join(re.escape(part) for part in re.split(r" ?… ?", told))
    return any(re.search(pattern, sentence) for sentence in sentences)


def failed(status: int) -> FetchFailed:
    return FetchFailed(requested_url="x", reason=Reason.HTTP, detail="x", fetched_at=NOON, status=status)


def due_sentences() -> Iterator[str]:
    rng = random.Random(1)
    often, hourly, learning = Every(interval_s=300), Every(interval_s=5), Adaptive()
    wish = asked_by({"cache-control": "max-age=900"}, FeedHints(), now=NOON)
    missed = SourceState(interval_s=600, last_gap_at=NOON - timedelta(days=1))
    yield after_success(often, began_at=NOON, now=NOON, rng=rng, wish=wish).because
    yield after_success(often, began_at=NOON, now=NOON, rng=rng, pushed=True).because
    for state in (SourceState(), missed):
        yield after_success(learning, began_at=NOON, now=NOON, rng=rng, state=state).because
    for schedule, failures, status in ((often, 4, 404), (hourly, 1, 429), (often, 1, 410)):
        yield after_failure(
            schedule, failed(status), failures=failures, began_at=NOON, now=NOON, rng=rng
        ).because
    away = replace(failed(503), retry_after_s=3 * 86400.0)
    yield after_failure(often, away, failures=1, began_at=NOON, now=NOON, rng=rng).because


def test_why_a_source_is_due() -> None:
    said = list(due_sentences())
    told = column("sources.md", "the sentence")
    assert len(told) == len(said)
    assert [sentence for sentence in told if not is_said(sentence, said)] == []


def warnings() -> Iterator[str | None]:
    moved = Move(target="https://portal.example/new", sightings=2, first_seen_at=NOON)
    yield redesign.warning({"article.body": redesign.SURE_AFTER}, {})
    yield rhythm.gap_warning(rhythm.Poll(new=20), Every(interval_s=300))
    yield validator_trust.sentence(Honesty(checks=3, lies=1, distrusted_until=NOON), None)
    yield f"{redirect_tracking.sentence(moved)} ; {redirect_tracking.sentence(replace(moved, adopted_at=NOON))}"


def test_what_was_odd_in_a_round() -> None:
    said = [sentence or "" for sentence in warnings()]
    told = column("sources.md", "it says")
    assert [sentence for sentence in told[: len(said)] if not is_said(sentence, said)] == []


CODE = "\n".join(path.read_text("utf-8") for path in sorted((DOCS.parent / "syndicator").rglob("*.py")))


@pytest.mark.parametrize("told", column("sources.md", "it says"))
def test_each_warning_that_is_explained_is_in_the_code(told: str) -> None:
    """Compare what stands between the variable parts, where it is more than a word or two."""
    parts = (part.strip(" :,()\"'`") for part in re.split(r"…|;|http_404", told))
    fixed = [part for part in parts if len(part) >= 7]
    assert fixed
    assert [part for part in fixed if part not in CODE] == []


def test_every_word_for_health_is_explained() -> None:
    assert column("operating.md", "health") == [f"`{standing.value}`" for standing in HealthStanding]
