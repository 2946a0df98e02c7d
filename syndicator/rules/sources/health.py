"""The health of a source, as one word and one sentence."""

from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import EPOCH
from syndicator.model.ops.states import SourceStanding
from syndicator.model.source import Round, Source, SourceKind, SourceState
from syndicator.rules.durations import span
from syndicator.rules.sources.cadence import resting
from syndicator.rules.sources.paywall_detection import sentence as wall_sentence
from syndicator.rules.sources.redesign import redesigned
from syndicator.rules.sources.rhythm import expected_since

LATE_AFTER = timedelta(minutes=2)
"""A due source counts as late after this time; with free workers it begins within seconds."""
QUIET_EXPECTED = 30.0
"""A silence in which so many articles were expected is far beyond chance."""
QUIET_AFTER = timedelta(hours=6)
_VITAL = frozenset({"list.item", "list.url", "article.title", "article.body"})
"""Essential selectors; others may rightly match nothing for many rounds."""


_LATE_IF_DUE = frozenset({SourceStanding.NEW, SourceStanding.QUIET, SourceStanding.OK})
"""Standings that lateness overrides."""


class Health(Struct, frozen=True, kw_only=True):
    """The health of a source."""

    kind: SourceStanding
    why: str = ""
    """One sentence; empty where all is well."""


def health(source: Source, state: SourceState, now: datetime) -> Health:
    """Return the worst trouble of a source by its state; PAUSED for a paused one."""
    troubles = (
        (SourceStanding.PAUSED, state.pause and resting(state.pause, now).because),
        (SourceStanding.STOPPED, state.stopped),
        (SourceStanding.FAILING, _failures(state)),
        (SourceStanding.STUCK, _stuck(source, state)),
        (SourceStanding.LATE, _late(state, now)),
        (SourceStanding.NEW, None if state.last_success_at else "it has not been gathered yet"),
        (SourceStanding.QUIET, _quiet(source, state)),
    )
    return next((Health(kind=kind, why=why) for kind, why in troubles if why), Health(kind=SourceStanding.OK))


class Outlook(Struct, frozen=True, kw_only=True):
    """The health of a source until its next round."""

    kind: SourceStanding
    late_after: datetime | None
    """It is `late` after this moment; None: never."""


def outlook(source: Source, state: SourceState) -> Outlook:
    """Return the value of `health` at any time until the next round: only lateness depends on the time."""
    kind = health(source, state, EPOCH).kind
    due_at = state.next_due_at if kind in _LATE_IF_DUE else None
    return Outlook(kind=kind, late_after=due_at + LATE_AFTER if due_at else None)


def _late(state: SourceState, now: datetime) -> str | None:
    if state.next_due_at is None or now - state.next_due_at <= LATE_AFTER:
        return None
    return f"it has been due for {_span(now - state.next_due_at)}"


def failed_rounds(state: SourceState) -> int:
    """Return how many rounds in a row have failed, for whatever reason."""
    return state.failures + state.excused or int(state.failure is not None)


def _failures(state: SourceState) -> str | None:
    rounds = failed_rounds(state)
    if not rounds:
        return None
    many = "the last round" if rounds == 1 else f"the last {rounds} rounds"
    if state.failure is None:
        return f"{many} failed"
    detail = f": {state.failure.detail}" if state.failure.detail else ""
    return f"{many} failed ({state.failure.reason}){detail}"


def _stuck(source: Source, state: SourceState) -> str | None:
    lost = [name for name in redesigned(state.missing, state.lacked) if name in _VITAL]
    if lost:
        return f"these selectors find nothing any more: {', '.join(lost)}"
    if source.kind is not SourceKind.FEED and (wall := wall_sentence(state.walled)):
        return wall
    # Failed pages that wait for another try are listed, and count as known.
    never = not state.fruitful and state.last_new_at is None
    empty = state.last_round == Round() and not _found_unchanged(state)
    if state.warnings and (empty or (never and source.kind is not SourceKind.FEED)):
        return f"nothing could be read: {state.warnings[0]}"
    return None


def _found_unchanged(state: SourceState) -> bool:
    """Return whether the last round read nothing because the document is unchanged and was readable before.

    It may have been long ago, and all articles may belong to other sources.
    """
    read_at, success_at = state.read_at, state.last_success_at
    earlier = read_at is not None and success_at is not None and read_at < success_at
    return earlier and (state.fruitful or state.last_new_at is not None)


def _quiet(source: Source, state: SourceState) -> str | None:
    """Return the sentence for a silence, up to the last successful round; None where it is not unusual."""
    looked_at, last_new_at = state.last_success_at, state.last_new_at
    if looked_at is None or last_new_at is None or looked_at - last_new_at < QUIET_AFTER:
        return None
    expected = expected_since(state, last_new_at, looked_at, source.timezone)
    if expected < QUIET_EXPECTED:
        return None
    silence = _span(looked_at - last_new_at)
    return f"nothing new for {silence}, in which about {expected:.0f} articles usually come"


def _span(length: timedelta) -> str:
    return span(length.total_seconds())
