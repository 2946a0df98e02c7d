"""How an endpoint stands: of several troubles the one that explains the others is told."""

from datetime import timedelta

import pytest
from support import NOON

from syndicator.model.delivery import Endpoint
from syndicator.model.endpoint import EndpointListed, EndpointState
from syndicator.model.ids import EndpointId
from syndicator.model.ops.states import EndpointStanding
from syndicator.model.ops.status import EndpointStatus, QueueCounts
from syndicator.rules.webhooks.endpoint_health import endpoint_health

KORAN = Endpoint(id=EndpointId("koran"), url="https://koran.example/in", secrets=())
CONFIGURED = EndpointListed(endpoint=KORAN)
LATER = NOON + timedelta(minutes=1)


def status(
    state: EndpointState = EndpointState(),  # noqa: B008, it is immutable
    counts: QueueCounts = QueueCounts(),  # noqa: B008, it is immutable
    listed: EndpointListed = CONFIGURED,
    *,
    has_left: bool = False,
) -> EndpointStatus:
    return EndpointStatus(endpoint=KORAN, counts=counts, listed=listed, state=state, has_left=has_left)


FAILING = EndpointState(failures=9, openings=2, held_until=LATER)

CASES = {
    "all is well": (
        status(counts=QueueCounts(ready=3, in_flight=1, delivered=9)),
        EndpointStanding.ACTIVE,
        "",
    ),
    "one is tried again": (status(counts=QueueCounts(delayed=1)), EndpointStanding.RETRYING, ""),
    "it failed once": (status(EndpointState(failures=1)), EndpointStanding.RETRYING, "1 failure in a row"),
    "it asked for rest": (
        status(EndpointState(held_until=LATER)),
        EndpointStanding.RETRYING,
        "nothing is sent before 2026-11-05T12:01:00Z",
    ),
    "its rest is over": (status(EndpointState(held_until=NOON)), EndpointStanding.ACTIVE, ""),
    "it fails": (
        status(FAILING, QueueCounts(dead=1, delayed=1)),
        EndpointStanding.FAILING,
        "9 failures in a row; nothing is sent before 2026-11-05T12:01:00Z",
    ),
    "two are dead": (
        status(counts=QueueCounts(dead=2)),
        EndpointStanding.DEGRADED,
        "2 deliveries are dead",
    ),
    "it was disabled": (
        status(EndpointState(standing=EndpointStanding.DISABLED, reason="gone"), QueueCounts(dead=1)),
        EndpointStanding.DISABLED,
        "gone",
    ),
    "somebody paused it": (
        status(EndpointState(standing=EndpointStanding.PAUSED, reason="moving", openings=1)),
        EndpointStanding.PAUSED,
        "moving",
    ),
    "it is unverified": (
        status(listed=EndpointListed(endpoint=KORAN, owner="koran")),
        EndpointStanding.UNVERIFIED,
        "nothing is sent there before it is verified",
    ),
    "its secrets are sealed": (
        status(listed=EndpointListed(endpoint=KORAN, owner="x", verified_at=NOON, unreadable="no key")),
        EndpointStanding.UNREADABLE,
        "its secrets cannot be opened here",
    ),
    "nobody has it configured": (
        status(has_left=True),
        EndpointStanding.ORPHANED,
        (
            "no running process has [endpoint.koran] configured; it goes after a week, with what waits, or now: "
            "`syndicator endpoints remove koran`"
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_endpoint_is_judged_by_its_worst_trouble(case: str) -> None:
    one, kind, why = CASES[case]
    told = endpoint_health(one, NOON)
    assert (told.kind, told.why) == (kind, why)
