"""Rows of sources on pages of the console."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.ids import SourceId
from syndicator.model.ops.states import SourceStanding
from syndicator.model.ops.status import SourceStatus
from syndicator.model.source import Source, SourceState
from syndicator.model.sources.freshness import FreshnessStanding
from syndicator.rules.sources.freshness import standing_of
from syndicator.rules.sources.health import failed_rounds, health
from syndicator.rules.sources.round_history import Strip
from syndicator.web.console.shown_failures import ShownFailure, shown_failure
from syndicator.web.console.sources.source_strips import StripDrawing, strip_drawing

_SAYS_IT_ITSELF = frozenset({SourceStanding.FAILING, SourceStanding.NEW, SourceStanding.OK})
"""Standings that the page has its own words for; of the others it shows the sentence."""


class SourceRow(Struct, frozen=True, kw_only=True):
    source: Source
    state: SourceState
    standing: SourceStanding
    reason: ShownFailure | None
    failed_rounds: int
    why: str = ""
    """One sentence, where nothing else in the row says it."""
    strip: Strip | None = None
    """Its last 24 hours."""
    drawn: StripDrawing | None = None
    fresh: FreshnessStanding | None = None
    """How it stands against its objective, where it has one."""


def source_rows(statuses: Iterable[SourceStatus], now: datetime) -> list[SourceRow]:
    """Judge each source; the worst first, else in the order of the configuration."""
    rows = [source_row(one.source, one.state, now) for one in statuses]
    return sorted(rows, key=lambda row: row.standing.rank)


def with_strips(
    rows: Sequence[SourceRow], strips: Sequence[Strip], names: Sequence[SourceId]
) -> list[SourceRow]:
    """Return the rows with the strip of each source; `strips` in the order of `names`."""
    found = dict(zip(names, strips, strict=True))
    return [
        replace(row, strip=found[row.source.id], drawn=strip_drawing(found[row.source.id])) for row in rows
    ]


def source_row(source: Source, state: SourceState, now: datetime) -> SourceRow:
    """Judge a source."""
    judged = health(source, state, now)
    # The page lists the warnings, and what is stuck is so by one of them, or by selectors that are lost.
    is_shown_already = judged.kind in _SAYS_IT_ITSELF or (
        judged.kind is SourceStanding.STUCK and bool(state.warnings)
    )
    return SourceRow(
        source=source,
        state=state,
        standing=judged.kind,
        reason=_reason(state) if judged.kind is SourceStanding.FAILING else None,
        failed_rounds=failed_rounds(state),
        why="" if is_shown_already else judged.why,
        fresh=standing_of(source, state, now),
    )


def _reason(state: SourceState) -> ShownFailure | None:
    if state.failure is None:
        return None
    return shown_failure(state.failure.reason, state.failure.detail)
