"""Whether a source rests, by which pause, and until when."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.model.source import Source, SourceState

ALL = "all"
LOOKED_AT_AGAIN = timedelta(hours=1)
"""A resting source is looked at so often: by then, it may have left the group that is paused."""

ENDED = "its pause has ended"
"""Why a source is due whose pause has just ended."""


def scope_of(source: SourceId) -> str:
    """Return the scope of a single source."""
    return f"source:{source}"


def scopes_of(name: SourceId, source: Source | None) -> tuple[str, ...]:
    """Return the scopes whose pauses hold for a source; None: it is not configured here."""
    if source is None:
        return (scope_of(name), ALL)
    group = (f"group:{source.group}",) if source.group else ()
    return (scope_of(name), *group, *(f"tag:{tag}" for tag in source.tags), ALL)


def rest_of(pauses: Iterable[Pause], now: datetime) -> Pause | None:
    """Return the pause that lasts longest, of all that hold for a source; None where none does."""
    holding = [pause for pause in pauses if pause.holds(now)]
    return max(holding, key=lambda one: (one.until is None, one.until or now)) if holding else None


def rested(state: SourceState, pause: Pause | None, now: datetime) -> SourceState:
    """Return the state of a source as the pause that holds for it, or none, makes it."""
    if pause is not None:
        end = pause.until or state.next_due_at
        return replace(
            state,
            paused=True,
            pause=pause,
            resting_since=state.resting_since or pause.since,
            next_due_at=end,
            due_because=sentence(pause),
        )
    if state.paused:
        return replace(state, paused=False, pause=None, next_due_at=now, due_because=ENDED)
    return state


def sentence(pause: Pause) -> str:
    """Return why a source rests, until when, and how it is resumed."""
    kind, _, name = pause.scope.partition(":")
    who = {"source": "paused by an operator", ALL: "all sources are paused"}.get(
        kind, f"all sources of the {kind} {name} are paused"
    )
    until = f" until {pause.until:%Y-%m-%d %H:%M} UTC" if pause.until else ""
    reason = f" ({pause.reason})" if pause.reason else ""
    return f"{who}{until}{reason}; `{resume_command(pause.scope)}` starts {_pronoun(kind)} again"


def resume_command(scope: str) -> str:
    """Return the command that resumes the sources of a scope."""
    kind, _, name = scope.partition(":")
    return f"syndicator sources resume {({'source': name, ALL: '--all'}).get(kind, f'--{kind} {name}')}"


def _pronoun(kind: str) -> str:
    return "it" if kind == "source" else "them"
