"""How an endpoint stands, in one word and one sentence. Pure.

Pages, commands and the API all show this verdict, so that they never contradict each other.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from syndicator.model.endpoint import EndpointStanding, EndpointState
from syndicator.model.ops.status import EndpointStatus


class Verdict(StrEnum):
    """The worst first."""

    DISABLED = "disabled"
    """By its own answers or failures: events wait until somebody resumes it."""
    UNREADABLE = "unreadable"
    """This process cannot decrypt its secrets."""
    FAILING = "failing"
    """Five failures in a row or more: attempts are made rarely."""
    LEFT = "left"
    """No running process has it configured."""
    DEAD = "dead"
    """Deliveries were given up, and nobody had them sent again."""
    RETRYING = "retrying"
    UNVERIFIED = "unverified"
    """It is not proven: nothing is sent there."""
    PAUSED = "paused"
    """Set by a person; reported before all other standings."""
    ACTIVE = "active"


NEEDS_ATTENTION = frozenset(
    {
        Verdict.DISABLED,
        Verdict.UNREADABLE,
        Verdict.FAILING,
        Verdict.LEFT,
        Verdict.DEAD,
    }
)


class EndpointHealth(Struct, frozen=True, kw_only=True):
    """How an endpoint stands."""

    kind: Verdict
    why: str = ""
    """One sentence; empty where all is well."""


def endpoint_health(one: EndpointStatus, now: datetime) -> EndpointHealth:
    """Judge an endpoint by what is configured and remembered of it, and what waits for it."""
    kind = _kind(one, now)
    return EndpointHealth(kind=kind, why="; ".join(_reasons(kind, one, now)))


def _kind(one: EndpointStatus, now: datetime) -> Verdict:
    listed, state, counts = one.listed, one.state, one.counts
    troubles = (
        (Verdict.LEFT, one.has_left),
        (Verdict.UNVERIFIED, not listed.is_trusted),
        (Verdict.UNREADABLE, listed.unreadable is not None),
        (Verdict.DISABLED, state.standing is EndpointStanding.DISABLED),
        (Verdict.PAUSED, state.standing is EndpointStanding.PAUSED),
        (Verdict.FAILING, state.openings > 0),
        (Verdict.DEAD, counts.dead > 0),
        (Verdict.RETRYING, counts.delayed > 0 or state.failures > 0 or _is_held(state, now)),
    )
    return next((kind for kind, is_so in troubles if is_so), Verdict.ACTIVE)


def _reasons(kind: Verdict, one: EndpointStatus, now: datetime) -> Iterator[str]:
    name, state = one.endpoint.id, one.state
    match kind:
        case Verdict.LEFT:
            yield f"no running process has [endpoint.{name}] configured"
            yield f"it goes after a week, with what waits, or now: `syndicator endpoints remove {name}`"
        case Verdict.UNVERIFIED:
            yield "nothing is sent there before it is proven"
        case Verdict.UNREADABLE:
            yield "its secrets cannot be opened here"
        case Verdict.DEAD:
            yield _counted(one.counts.dead, "delivery was", "deliveries were") + " given up"
    if state.reason:
        yield state.reason
    if state.failures:
        yield _counted(state.failures, "failure", "failures") + " in a row"
    if state.held_until is not None and _is_held(state, now):
        yield f"nothing is sent before {state.held_until:%Y-%m-%dT%H:%M:%SZ}"


def _is_held(state: EndpointState, now: datetime) -> bool:
    return state.held_until is not None and state.held_until > now


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
