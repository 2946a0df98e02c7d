"""Decides when a source is announced: once when it is in trouble, once when it has recovered."""

from datetime import datetime

from msgspec.structs import replace

from syndicator.model.clock import to_ms
from syndicator.model.event import Event, EventType, SourceNotice
from syndicator.model.ops.states import SourceStanding
from syndicator.model.source import Source, SourceState
from syndicator.model.sources.alarm import Alarm, Trouble
from syndicator.rules.identity.identity import new_event
from syndicator.rules.sources.health import Health, failed_rounds, health

FAILED_ROUNDS = 3
"""Failed rounds in a row before a source is announced as failing: one or two are ordinary."""

_TYPES = {
    None: EventType.SOURCE_RECOVERED,
    Trouble.FAILING: EventType.SOURCE_FAILING,
    Trouble.QUIET: EventType.SOURCE_QUIET,
}


def with_alarm(source: Source, state: SourceState, now: datetime) -> tuple[SourceState, Event | None]:
    """Return the state after a round with its alarm, and the event where the alarm has changed.

    It does not change while the source is paused or new, nor while fewer than FAILED_ROUNDS have failed.
    """
    current = health(source, state, now)
    before = state.alarm
    trouble = _trouble(current, state, before)
    if trouble is before.trouble:
        return state, None
    kind = _TYPES[trouble]
    # Timestamps, not counts: they still grow after a loss of the stored state.
    revision = max(to_ms(now), before.revision + 1)
    notice = SourceNotice(
        title=source.title,
        standing=current.kind.value,
        why=current.why,
        since=_since(trouble, state) or now,
    )
    event = new_event(kind, source.id, revision, now, follows=before.revision or None, details=notice)
    return replace(state, alarm=Alarm(trouble=trouble, revision=revision)), event


def _trouble(current: Health, state: SourceState, before: Alarm) -> Trouble | None:
    match current.kind:
        case SourceStanding.STOPPED | SourceStanding.STUCK:
            return Trouble.FAILING
        case SourceStanding.FAILING:
            return Trouble.FAILING if failed_rounds(state) >= FAILED_ROUNDS else before.trouble
        case SourceStanding.QUIET:
            return Trouble.QUIET
        case SourceStanding.PAUSED | SourceStanding.NEW:
            return before.trouble
        case SourceStanding.OK | SourceStanding.LATE:
            return None


def _since(trouble: Trouble | None, state: SourceState) -> datetime | None:
    if trouble is None:
        return None
    return state.last_new_at if trouble is Trouble.QUIET else state.last_success_at
