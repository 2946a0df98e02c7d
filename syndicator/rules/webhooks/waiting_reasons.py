"""Why a delivery waits: one word and half a sentence. Pure."""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from syndicator.model.delivery import Delivery
from syndicator.model.endpoint import EndpointListed, EndpointState
from syndicator.model.ids import EventId
from syndicator.model.ops.states import DeliveryStatus, EndpointStanding


class Waiting(Struct, frozen=True, kw_only=True):
    """A delivery that waits, with all that may hold it."""

    delivery: Delivery
    status: DeliveryStatus
    """`in_flight`, `ready` or `delayed`."""
    due_at: datetime
    """When it is due, or its lease ends."""
    listed: EndpointListed
    state: EndpointState
    has_left: bool = False
    """Whether no running process has the endpoint configured."""
    behind: EventId | None = None
    """The event of an older revision that is being sent."""
    slowed_until: datetime | None = None
    """When the rate of the endpoint lets the next delivery go."""
    in_flight: int = 0
    """Deliveries of the endpoint that are being sent."""


def obstacle(one: Waiting, now: datetime) -> tuple[str, str]:
    """Return what holds a delivery: the first obstacle, as nothing else matters before that is gone."""
    return next(_obstacles(one, now))


def _obstacles(one: Waiting, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield what holds a delivery, each as a word and half a sentence, the strongest first."""
    name, endpoint, delivery = one.listed.endpoint.id, one.listed.endpoint, one.delivery
    if one.status is DeliveryStatus.IN_FLIGHT:
        yield "sending", f"being sent now, attempt {delivery.attempts + 1}"
    yield from _of_endpoint(one, now)
    if one.behind is not None:
        yield "behind", f"an older revision ({one.behind}) is being sent"
    if one.due_at > now:
        yield _of_due_time(one)
    if one.slowed_until is not None and one.slowed_until > now and endpoint.rate is not None:
        yield (
            "rate_limit",
            f"its rate of {endpoint.rate.text} lets the next one go at {instant(one.slowed_until)}",
        )
    if one.state.openings:
        yield "failing", f"{_failures(one.state)}, so one attempt is made at a time until one works"
    slots = endpoint.max_in_flight * (endpoint.digest.items if endpoint.digest else 1)
    if one.in_flight >= slots:
        yield "slots", f"all its {slots} places for requests at a time are taken (max_in_flight)"
    remedy = "see that one runs (`syndicator work`)"
    if one.listed.owner is None:
        remedy += f" and has [endpoint.{name}] configured"
    yield "no_worker", f"it is due since {instant(one.due_at)}, and no worker has taken it: {remedy}"


def _of_due_time(one: Waiting) -> tuple[str, str]:
    """Return why a delivery is due only later."""
    delivery, due = one.delivery, instant(one.due_at)
    if delivery.attempts:
        counted = "1 attempt" if delivery.attempts == 1 else f"{delivery.attempts} attempts"
        return "retry", f"{counted} failed, the last with {delivery.last_reason}; next at {due}"
    if one.listed.endpoint.digest is not None:
        return "digest", f"the digest that it is part of is sent at {due} at the latest"
    if delivery.replayed is not None:
        return "replay", f"replay {delivery.replayed.id} sends it at {due}"
    return "spread", f"deliveries of this event are spread over time, and this one is due at {due}"


def _of_endpoint(one: Waiting, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield what holds all deliveries of an endpoint, in the words of `rules.webhooks.endpoint_health`."""
    name, state = one.listed.endpoint.id, one.state
    because = f" ({state.reason})" if state.reason else ""
    since = f" since {instant(state.since)}" if state.since else ""
    if one.has_left:
        yield EndpointStanding.ORPHANED, f"no running process has [endpoint.{name}] configured"
    if not one.listed.is_trusted:
        yield (
            EndpointStanding.UNVERIFIED.value,
            f"its new address is not verified; `syndicator endpoints verify {name}`",
        )
    if one.listed.unreadable is not None:
        yield (
            EndpointStanding.UNREADABLE.value,
            f"its secrets cannot be opened here: {one.listed.unreadable.rstrip('.')}",
        )
    if state.standing is not EndpointStanding.ACTIVE:
        word = state.standing.value
        yield word, f"the endpoint is {word}{since}{because}; `syndicator endpoints resume {name}` sends it"
    if state.rest_until is not None and state.rest_until > now:
        yield "rest", f"the receiver asked for rest until {instant(state.rest_until)} (Retry-After)"
    if state.held_until is not None and state.held_until > now:
        held = instant(state.held_until)
        yield "failing", f"{_failures(state)}, so the circuit is open and nothing is sent before {held}"


def next_at(one: Waiting, reason: str, now: datetime) -> datetime | None:
    """Return when a delivery is sent next; None where that is up to a person or another delivery."""
    bounds: dict[str, datetime | None] = {
        "rest": one.state.rest_until,
        "failing": one.state.held_until,
        "rate_limit": one.slowed_until,
    }
    known = bounds.get(reason, one.due_at if reason in {"retry", "digest", "replay", "spread"} else None)
    return max(known, one.due_at) if known is not None and known > now else known


def _failures(state: EndpointState) -> str:
    return "1 attempt failed" if state.failures == 1 else f"{state.failures} attempts failed in a row"


def instant(at: datetime) -> str:
    """Write an instant as sentences have it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
