"""One verdict of an endpoint: both pages of the operators and the API tell the same."""

import json
from datetime import timedelta

import pytest
from selectolax.lexbor import LexborHTMLParser
from support import NOON, ManualClock
from web.trouble import ENDPOINTS
from web.web_world import Client, World

from syndicator.model.delivery import Endpoint, Secret
from syndicator.model.endpoint import EndpointState, Registration
from syndicator.model.ids import EndpointId
from syndicator.rules.webhooks.circuit import CircuitChange
from syndicator.store.store import Store

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
QUIET, STUCK = (one.id for one in ENDPOINTS)


@pytest.fixture
async def world(store: Store, clock: ManualClock) -> World:
    return World(store, clock, sources=(), endpoints=ENDPOINTS)


async def told(operator: Client, path: str) -> dict[str, tuple[str, str]]:
    """Read of each endpoint the verdict and all that stands beside it."""
    page = LexborHTMLParser((await operator.get(path, ENGLISH)).body)
    rows = (row.css("th, td") for row in page.css("#endpoints ~ table tbody tr"))
    return {
        name.text().split()[0]: (standing.css(".mark")[0].text(), " ".join(standing.text().split()))
        for name, standing, *_ in rows
    }


async def health(operator: Client) -> dict[str, dict[str, str]]:
    items = json.loads((await operator.get("/api/v1/endpoints")).body)["items"]
    return {one["id"]: one["health"] for one in items}


async def verdict(operator: Client) -> str:
    return LexborHTMLParser((await operator.get("/admin/", ENGLISH)).body).css(".verdict")[0].text()


async def test_an_endpoint_that_is_held_after_failures_is_called_fine_nowhere(
    world: World, operator: Client
) -> None:
    held = CircuitChange(
        failures=9, failing_since=NOON, openings=5, held_until=NOON + timedelta(minutes=10), opened=True
    )
    assert await world.store.endpoints.note_failure(STUCK, EndpointState(), held)
    await world.reading.endpoints()
    expected = ("Failing", "Failing 9 failures in a row Held until 5 Nov 2026, 19:10")
    for path in ("/admin/", "/admin/deliveries"):
        assert await told(operator, path) == {
            QUIET: ("Active", "Active"),
            STUCK: expected,
        }, path
    assert await verdict(operator) == "1 endpoint needs attention"
    assert await health(operator) == {
        QUIET: {"kind": "active", "why": ""},
        STUCK: {
            "kind": "failing",
            "why": "9 failures in a row; nothing is sent before 2026-11-05T12:10:00Z",
        },
    }


async def test_an_endpoint_that_is_unverified_is_called_so_everywhere(world: World, operator: Client) -> None:
    koran = Endpoint(id=EndpointId("koran"), url="https://koran.example/in", secrets=(Secret("whsec_x"),))
    assert await world.store.endpoints.register(Registration(endpoint=koran, owner="koran", created_at=NOON))
    for path in ("/admin/", "/admin/deliveries"):
        assert (await told(operator, path))["koran"][0] == "Unverified", path
    assert (await health(operator))["koran"]["kind"] == "unverified"
    assert await verdict(operator) == "All is well.", "it is the partner who has to answer"


async def test_the_worst_endpoint_stands_on_top(world: World, operator: Client) -> None:
    await world.store.endpoints.pause(QUIET, "moving", NOON)
    await world.store.endpoints.disable(STUCK, "gone", NOON)
    assert list((await told(operator, "/admin/")).items()) == [
        (STUCK, ("Disabled", "Disabled gone")),
        (QUIET, ("Paused", "Paused moving")),
    ]
    assert await verdict(operator) == "1 endpoint needs attention"
