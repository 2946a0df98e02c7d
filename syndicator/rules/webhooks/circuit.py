"""When a failing endpoint is left in peace, tried again, and disabled. Pure.

    closed ──five failures in a row──▶ open ──a pause──▶ half open ──success──▶ closed
                                         ▲                  │
                                         └─────failure──────┘   (a longer pause)

While it is open nothing is sent, so what waits uses up none of its attempts; half open, one attempt at a time
shows whether the receiver is back. An endpoint that has accepted nothing for days is disabled.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.delivery import RetryPolicy
from syndicator.model.endpoint import EndpointState
from syndicator.rules.webhooks.retry import MAX_RETRY_AFTER_S, MIN_RETRY_AFTER_S

FAILURES_TO_OPEN = 5
"""In a row: one event that the receiver does not like never opens the circuit while it takes others."""

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 600.0
"""Whatever its retries say, who fails is not hammered at; and who is back is found so soon."""

DISABLED_AFTER = timedelta(days=5)
"""Without any success, counted from the first failure."""

OUR_OWN = frozenset({"busy", "secret"})
"""Reasons that say nothing about the receiver."""


class FailedAttempt(Struct, frozen=True, kw_only=True):
    """One failed attempt, as far as it concerns the endpoint."""

    reason: str
    at: datetime
    retry_after_s: float | None = None
    """The receiver asked for rest."""


class CircuitChange(Struct, frozen=True, kw_only=True):
    """What an endpoint's failure makes of its state."""

    failures: int
    failing_since: datetime
    openings: int
    held_until: datetime | None
    """The later one of when the circuit closes and when the rest ends that the receiver asked for."""
    rest_until: datetime | None = None
    opened: bool = False
    """The circuit opened for the first time since the last success."""
    disable: str | None = None
    """Why nothing is to be sent any more."""


def after_endpoint_failure(
    state: EndpointState, policy: RetryPolicy, failure: FailedAttempt, jitter: float
) -> CircuitChange | None:
    """Return what follows for an endpoint from a failed attempt; None: nothing. `jitter` is in [-1, 1].

    The pauses are those of the retries, from one second to ten minutes. What was under way when the circuit
    opened is counted, and opens it no further. A receiver that asks for rest (Retry-After) gets it.
    """
    if failure.reason in OUR_OWN:
        return None
    failures = state.failures + 1
    since = state.failing_since or failure.at
    held, rest = state.held_until, state.rest_until
    openings, opens = state.openings, False
    is_open = held is not None and held > failure.at
    if failures >= FAILURES_TO_OPEN and not is_open:
        opens, openings = True, openings + 1
        held = failure.at + timedelta(seconds=_pause_s(policy, openings, jitter))
    if failure.retry_after_s is not None:
        asked_s = min(max(failure.retry_after_s, MIN_RETRY_AFTER_S), MAX_RETRY_AFTER_S)
        asked = failure.at + timedelta(seconds=asked_s)
        rest = max(rest, asked) if rest else asked
        held = max(held, rest) if held else rest
    is_over = failures >= FAILURES_TO_OPEN and failure.at - since >= DISABLED_AFTER
    return CircuitChange(
        failures=failures,
        failing_since=since,
        openings=openings,
        held_until=held,
        rest_until=rest,
        opened=opens and openings == 1,
        disable=f"failing:{failure.reason}" if is_over else None,
    )


def _pause_s(policy: RetryPolicy, openings: int, jitter: float) -> float:
    delays = policy.delays_s
    pause_s = min(delays[min(openings, len(delays)) - 1], LONGEST_PAUSE_S) * (1 + policy.jitter * jitter)
    return max(pause_s, SHORTEST_PAUSE_S)
