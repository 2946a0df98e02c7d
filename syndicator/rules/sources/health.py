"""How a source stands, in one word and one sentence."""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from syndicator.model.clock import EPOCH
from syndicator.model.source import Round, Source, SourceKind, SourceState
from syndicator.rules.durations import span
from syndicator.rules.sources.cadence import resting
from syndicator.rules.sources.paywall_detection import sentence as wall_sentence
from syndicator.rules.sources.redesign import redesigned
from syndicator.rules.sources.rhythm import expected_since

LATE_AFTER = timedelta(minutes=2)
"""A source that is due begins within seconds where workers are free."""
QUIET_EXPECTED = 30.0
"""Articles that were to be expected where none came: far beyond chance, and beyond a lazy day."""
QUIET_AFTER = timedelta(hours=6)
_VITAL = frozenset({"list.item", "list.url", "article.title", "article.body"})
"""Selectors without which little is left; a page may lack a quote, or a box, for many rounds."""


class HealthStanding(StrEnum):
    """The worst first."""

    STOPPED = "stopped"
    """Not asked any more."""
    FAILING = "failing"
    """The last round failed."""
    STUCK = "stuck"
    """It answers, but nothing can be read out of the answer."""
    LATE = "late"
    """Due, but no worker has begun."""
    QUIET = "quiet"
    """All is well, but nothing new has come for much longer than usual."""
    NEW = "new"
    """Not yet gathered."""
    PAUSED = "paused"
    """An operator lets it rest: told whatever else there is."""
    OK = "ok"


_LATE_IF_DUE = frozenset({HealthStanding.NEW, HealthStanding.QUIET, HealthStanding.OK})
"""Lighter than being late; of all others the trouble itself is told."""


class Health(Struct, frozen=True, kw_only=True):
    """How a source stands."""

    kind: HealthStanding
    why: str = ""
    """One sentence; empty where all is well."""


def health(source: Source, state: SourceState, now: datetime) -> Health:
    """Judge a source by what is remembered of it; the worst trouble is told, of a paused one none."""
    troubles = (
        (HealthStanding.PAUSED, state.paused and resting(source.id, now).because),
        (HealthStanding.STOPPED, state.stopped),
        (HealthStanding.FAILING, _failures(state)),
        (HealthStanding.STUCK, _stuck(source, state)),
        (HealthStanding.LATE, _late(state, now)),
        (HealthStanding.NEW, None if state.last_success_at else "it has not been gathered yet"),
        (HealthStanding.QUIET, _quiet(source, state)),
    )
    return next((Health(kind=kind, why=why) for kind, why in troubles if why), Health(kind=HealthStanding.OK))


class Outlook(Struct, frozen=True, kw_only=True):
    """How a source stands until its next round."""

    kind: HealthStanding
    late_after: datetime | None
    """It is `late` after this moment; None: never."""


def outlook(source: Source, state: SourceState) -> Outlook:
    """Return what `health` will say of a state, whenever that is asked: only lateness comes by time alone."""
    kind = health(source, state, EPOCH).kind
    due_at = state.next_due_at if kind in _LATE_IF_DUE else None
    return Outlook(kind=kind, late_after=due_at + LATE_AFTER if due_at else None)


def _late(state: SourceState, now: datetime) -> str | None:
    if state.next_due_at is None or now - state.next_due_at <= LATE_AFTER:
        return None
    return f"it has been due for {_span(now - state.next_due_at)}"


def failed_rounds(state: SourceState) -> int:
    """Count how many rounds in a row have failed, whoever is to blame."""
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
    # Pages that failed and are not tried again yet are listed, and pass for known.
    never = not state.fruitful and state.last_new_at is None
    empty = state.last_round == Round() and not _found_unchanged(state)
    if state.warnings and (empty or (never and source.kind is not SourceKind.FEED)):
        return f"nothing could be read: {state.warnings[0]}"
    return None


def _found_unchanged(state: SourceState) -> bool:
    """Return whether the last round read nothing because there was no need to: it was read well before.

    However rarely it is asked, and be it that all that it brings is another source's.
    """
    read_at, success_at = state.read_at, state.last_success_at
    earlier = read_at is not None and success_at is not None and read_at < success_at
    return earlier and (state.fruitful or state.last_new_at is not None)


def _quiet(source: Source, state: SourceState) -> str | None:
    """Judge a silence by the time at which we last looked: of what came later we know nothing."""
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
