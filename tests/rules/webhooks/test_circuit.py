"""When a failing endpoint is left in peace, tried again, and disabled."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from syndicator.model.delivery import RetryPolicy
from syndicator.model.endpoint import EndpointState
from syndicator.rules.webhooks.circuit import (
    DISABLED_AFTER,
    FAILURES_TO_OPEN,
    LONGEST_PAUSE_S,
    OUR_OWN,
    SHORTEST_PAUSE_S,
    CircuitChange,
    FailedAttempt,
    after_endpoint_failure,
)

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
POLICY = RetryPolicy(jitter=0.0)


def fail(
    state: EndpointState,
    at: datetime = NOON,
    *,
    retry_after_s: float | None = None,
    jitter: float = 0.0,
    policy: RetryPolicy = POLICY,
) -> CircuitChange:
    failure = FailedAttempt(reason="http_503", at=at, retry_after_s=retry_after_s)
    change = after_endpoint_failure(state, policy, failure, jitter)
    assert change is not None
    return change


def after(state: EndpointState, change: CircuitChange) -> EndpointState:
    return replace(
        state,
        failures=change.failures,
        failing_since=change.failing_since,
        openings=change.openings,
        held_until=change.held_until,
        rest_until=change.rest_until,
    )


def failing(times: int, *, every_s: float = 1) -> tuple[EndpointState, list[CircuitChange]]:
    """Fail so often, each time when an attempt may be made again."""
    state, at, changes = EndpointState(), NOON, []
    for _ in range(times):
        changes.append(fail(state, at))
        state = after(state, changes[-1])
        at = max(at + timedelta(seconds=every_s), state.held_until or at)
    return state, changes


@pytest.mark.parametrize("policy", [RetryPolicy(delays_s=(0.001,), jitter=0.0), RetryPolicy(jitter=1.0)])
def test_who_fails_is_not_hammered_at_whatever_its_retries_say(policy: RetryPolicy) -> None:
    state, _ = failing(FAILURES_TO_OPEN - 1)
    change = fail(state, jitter=-1.0, policy=policy)
    assert change.held_until == NOON + timedelta(seconds=SHORTEST_PAUSE_S)


def test_a_few_failures_open_nothing() -> None:
    state, changes = failing(FAILURES_TO_OPEN - 1)
    assert state.held_until is None
    assert state.failing_since == NOON
    assert not any(change.opened for change in changes)


def test_five_in_a_row_open_it_and_each_probe_that_fails_for_longer() -> None:
    _, changes = failing(FAILURES_TO_OPEN + 5)
    opened = changes[FAILURES_TO_OPEN - 1 :]
    at = [NOON + timedelta(seconds=FAILURES_TO_OPEN - 1)]
    pauses = []
    for change in opened:
        assert change.held_until is not None
        pauses.append((change.held_until - at[-1]).total_seconds())
        at.append(change.held_until)
    assert pauses == [5, 30, 120, 600, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    assert [change.opened for change in changes].count(True) == 1


def test_what_was_under_way_when_it_opened_opens_it_no_further() -> None:
    state, changes = failing(FAILURES_TO_OPEN)
    late = fail(state, NOON + timedelta(seconds=FAILURES_TO_OPEN - 1))
    assert (late.openings, late.held_until) == (1, changes[-1].held_until)


@pytest.mark.parametrize("reason", sorted(OUR_OWN))
def test_what_is_our_own_fault_counts_for_nobody(reason: str) -> None:
    assert after_endpoint_failure(EndpointState(), POLICY, FailedAttempt(reason=reason, at=NOON), 0.0) is None


@pytest.mark.parametrize(("asked_s", "held_s"), [(90, 90), (0, 1), (999_999, 86_400)])
def test_a_receiver_that_asks_for_rest_gets_it_for_all_that_goes_there(asked_s: float, held_s: float) -> None:
    change = fail(EndpointState(), retry_after_s=asked_s)
    assert change.held_until == NOON + timedelta(seconds=held_s)
    assert change.rest_until == change.held_until
    assert (change.openings, change.opened) == (0, False)


def test_of_two_that_ask_for_rest_the_longer_counts_and_an_open_circuit_asks_for_none() -> None:
    state, changes = failing(FAILURES_TO_OPEN)
    assert changes[-1].rest_until is None
    state = after(state, fail(state, retry_after_s=3600))
    change = fail(state, NOON + timedelta(seconds=5), retry_after_s=60)
    assert change.rest_until == change.held_until == NOON + timedelta(hours=1)


def test_days_without_success_disable_it_and_a_single_late_failure_does_not() -> None:
    state, _ = failing(FAILURES_TO_OPEN)
    assert fail(state, NOON + DISABLED_AFTER - timedelta(seconds=1)).disable is None
    assert fail(state, NOON + DISABLED_AFTER).disable == "failing:http_503"
    once = EndpointState(failures=1, failing_since=NOON)
    assert fail(once, NOON + DISABLED_AFTER).disable is None


@given(
    openings=st.integers(0, 1000),
    jitter=st.floats(-1, 1),
    asked_s=st.none() | st.floats(0, 1e9),
    delays=st.lists(st.floats(0.001, 1e6), min_size=1, max_size=9),
)
def test_a_pause_always_ends(
    openings: int, jitter: float, asked_s: float | None, delays: list[float]
) -> None:
    state = EndpointState(failures=9, failing_since=NOON, openings=openings)
    policy = RetryPolicy(delays_s=tuple(delays))
    change = fail(state, jitter=jitter, retry_after_s=asked_s, policy=policy)
    assert change.held_until is not None
    assert NOON < change.held_until <= NOON + timedelta(days=1)
