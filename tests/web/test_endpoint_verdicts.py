"""One verdict of an endpoint: both pages of the operators and the API tell the same."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from selectolax.lexbor import LexborHTMLParser
from support import NOON, ManualClock
from web.trouble import ENDPOINTS
from web.web_world import OPS, Client, World, client_of

from syndicator.model.delivery import Endpoint, Secret
from syndicator.model.endpoint import EndpointState, Registration
from syndicator.model.ids import EndpointId
from syndicator.rules.circuit import CircuitChange
from syndicator.store.store import Store

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
QUIET, STUCK = (one.id for one in ENDPOINTS)


@pytest.fixture
async def world(store: Store, clock: ManualClock) -> World:
    return World(store, clock, sources=(), endpoints=ENDPOINTS)


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with client_of(world.ops_app(), OPS) as opened:
        yield opened


async def told(client: Client, path: str) -> dict[str, tuple[str, str]]:
    """Read of each endpoint the verdict and all that stands beside it."""
    page = LexborHTMLParser((await client.get(path, ENGLISH)).body)
    rows = (row.css("th, td") for row in page.css("#endpoints ~ table tbody tr"))
    return {
        name.text().split()[0]: (standing.css(".mark")[0].text(), " ".join(standing.text().split()))
        for name, standing, *_ in rows
    }


async def health(client: Client) -> dict[str, dict[str, str]]:
    items = json.loads((await client.get("/api/v1/endpoints")).body)["items"]
    return {one["id"]: one["health"] for one in items}


async def verdict(client: Client) -> str:
    return LexborHTMLParser((await client.get("/status", ENGLISH)).body).css(".verdict")[0].text()


async def test_an_endpoint_that_is_held_after_failures_is_called_fine_nowhere(
    world: World, client: Client
) -> None:
    held = CircuitChange(
        failures=9, failing_since=NOON, openings=5, held_until=NOON + timedelta(minutes=10), opened=True
    )
    assert await world.store.endpoints.note_failure(STUCK, EndpointState(), held)
    await world.reading.endpoints()
    expected = ("Failing", "Failing 9 failures in a row Held until 5 Nov 2026, 19:10")
    for path in ("/status", "/deliveries"):
        assert await told(client, path) == {
            QUIET: ("Active", "Active"),
            STUCK: expected,
        }, path
    assert await verdict(client) == "1 needs attention"
    assert await health(client) == {
        QUIET: {"kind": "active", "why": ""},
        STUCK: {
            "kind": "failing",
            "why": "9 failures in a row; nothing is sent before 2026-11-05T12:10:00Z",
        },
    }


async def test_an_endpoint_that_is_not_proven_is_called_so_everywhere(world: World, client: Client) -> None:
    koran = Endpoint(id=EndpointId("koran"), url="https://koran.example/in", secrets=(Secret("whsec_x"),))
    assert await world.store.endpoints.register(Registration(endpoint=koran, owner="koran", created_at=NOON))
    for path in ("/status", "/deliveries"):
        assert (await told(client, path))["koran"][0] == "Not proven", path
    assert (await health(client))["koran"]["kind"] == "unverified"
    assert await verdict(client) == "All is well.", "it is the partner who has to prove it"


async def test_the_worst_endpoint_stands_on_top(world: World, client: Client) -> None:
    await world.store.endpoints.pause(QUIET, "moving", NOON)
    await world.store.endpoints.disable(STUCK, "gone", NOON)
    assert list((await told(client, "/status")).items()) == [
        (STUCK, ("Disabled", "Disabled gone")),
        (QUIET, ("Paused", "Paused moving")),
    ]
    assert await verdict(client) == "1 needs attention"
