"""How an endpoint stands, in one word and one sentence. Pure.

Pages, commands and the API all show this, so that they never contradict each other.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from syndicator.model.endpoint import EndpointState
from syndicator.model.ops.states import EndpointStanding
from syndicator.model.ops.status import EndpointStatus


class EndpointHealth(Struct, frozen=True, kw_only=True):
    """How an endpoint stands."""

    kind: EndpointStanding
    why: str = ""
    """One sentence; empty where all is well."""


def endpoint_health(one: EndpointStatus, now: datetime) -> EndpointHealth:
    """Judge an endpoint by what is configured and remembered of it, and what waits for it.

    Of several troubles, it is the one that explains the others: a paused endpoint is just paused.
    """
    kind = _kind(one, now)
    return EndpointHealth(kind=kind, why="; ".join(_reasons(kind, one, now)))


def _kind(one: EndpointStatus, now: datetime) -> EndpointStanding:
    listed, state, counts = one.listed, one.state, one.counts
    troubles = (
        (EndpointStanding.ORPHANED, one.has_left),
        (EndpointStanding.UNVERIFIED, not listed.is_trusted),
        (EndpointStanding.UNREADABLE, listed.unreadable is not None),
        (EndpointStanding.DISABLED, state.standing is EndpointStanding.DISABLED),
        (EndpointStanding.PAUSED, state.standing is EndpointStanding.PAUSED),
        (EndpointStanding.FAILING, state.openings > 0),
        (EndpointStanding.DEGRADED, counts.dead > 0),
        (EndpointStanding.RETRYING, counts.delayed > 0 or state.failures > 0 or _is_held(state, now)),
    )
    return next((kind for kind, is_so in troubles if is_so), EndpointStanding.ACTIVE)


def _reasons(kind: EndpointStanding, one: EndpointStatus, now: datetime) -> Iterator[str]:
    name, state = one.endpoint.id, one.state
    match kind:
        case EndpointStanding.ORPHANED:
            yield f"no running process has [{one.endpoint.table}] configured"
            yield f"it goes after a week, with what waits, or now: `syndicator endpoints remove {name}`"
        case EndpointStanding.UNVERIFIED:
            yield "nothing is sent there before it is verified"
        case EndpointStanding.UNREADABLE:
            yield "its secrets cannot be opened here"
        case EndpointStanding.DEGRADED:
            yield _counted(one.counts.dead, "delivery is", "deliveries are") + " dead"
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
