"""Clients that are sent one feed very often: they are told to wait, and nobody else is."""

from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest
from structlog.testing import capture_logs
from support import ManualClock
from web.web_world import Client, World, client_of, story

from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.http.client_limits import _warn_of_proxy
from syndicator.web.http.forwarded import Network
from syndicator.web.http.options import WebOptions

LATEST = "/feeds/latest.rss"
PROXY = (ip_network("127.0.0.1/32"),)


@pytest.fixture
async def client(store: Store, clock: ManualClock) -> AsyncIterator[Client]:
    world = World(store, clock)
    await world.admit(story(1))
    options = WebOptions(trusted_proxies=PROXY, unlimited=(ip_network("192.0.2.0/24"),), feeds_a_minute=3)
    async with client_of(create_app(world.reading, options)) as opened:
        yield opened


def of(address: str, **more: str) -> dict[str, str]:
    return {"X-Forwarded-For": address} | more


async def test_one_who_fetches_all_of_it_again_and_again_is_told_when_to_come(client: Client) -> None:
    mine = of("198.51.100.7")
    assert [(await client.get(LATEST, mine)).status for _ in range(3)] == [200] * 3
    refused = await client.get(LATEST, mine | {"Accept": "text/html, application/rss+xml"})
    assert refused.status == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 20
    assert refused.headers["Cache-Control"] == "no-store"
    assert refused.json["type"].endswith("/problems/too-many-requests")
    assert (await client.get(LATEST, mine, "HEAD")).status == 429
    assert (await client.get("/feeds/kota.rss", mine)).status == 200, "other feeds are counted apart"
    assert (await client.get("/feeds/latest.json", mine)).status == 429, "its formats are one feed"
    assert (await client.get(LATEST, of("198.51.100.8"))).status == 200


async def test_one_who_has_it_already_is_never_refused(client: Client) -> None:
    mine = of("198.51.100.7")
    full = await client.get(LATEST, mine)
    for _ in range(10):
        by_tag = await client.get(LATEST, mine | {"If-None-Match": full.headers["ETag"]})
        by_date = await client.get(
            LATEST, mine | {"If-Modified-Since": full.headers["Last-Modified"]}, "HEAD"
        )
        assert (by_tag.status, by_date.status) == (304, 304)
    assert [(await client.get(LATEST, mine)).status for _ in range(3)] == [200, 200, 429]
    again = await client.get(LATEST, mine | {"If-None-Match": full.headers["ETag"]})
    assert again.status == 304


async def test_a_network_of_version_6_is_one_client(client: Client) -> None:
    statuses = [(await client.get(LATEST, of(f"2001:db8::{number}"))).status for number in range(1, 5)]
    assert statuses == [200, 200, 200, 429]
    assert (await client.get(LATEST, of("2001:db8:0:1::1"))).status == 200


async def test_some_are_never_limited(client: Client) -> None:
    assert {(await client.get(LATEST, of("192.0.2.9"))).status for _ in range(10)} == {200}


async def test_what_a_client_invents_is_not_believed(client: Client) -> None:
    statuses = [
        (await client.get(LATEST, of(f"192.0.2.1, 198.51.100.{number}, 198.51.100.7"))).status
        for number in range(4)
    ]
    assert statuses == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("trusted", "headers", "is_told"),
    [
        ((), of("198.51.100.7"), True),
        ((), {"Forwarded": "for=198.51.100.7"}, True),
        (PROXY, {"Forwarded": "for=198.51.100.7"}, True),
        (PROXY, of("198.51.100.7"), False),
        ((), {}, False),
    ],
)
async def test_a_proxy_whose_clients_cannot_be_told_apart_is_told_of_once(
    store: Store, clock: ManualClock, trusted: tuple[Network, ...], headers: dict[str, str], is_told: bool
) -> None:
    world = World(store, clock)
    await world.admit(story(1))
    options = WebOptions(trusted_proxies=trusted, unlimited=PROXY, feeds_a_minute=3)
    _warn_of_proxy.cache_clear()
    with capture_logs() as logs:
        async with client_of(create_app(world.reading, options)) as client:
            for path in (LATEST, LATEST, "/articles.rss"):
                await client.get(path, headers)
    warnings = [one for one in logs if one["event"] == "proxy_not_trusted"]
    assert len(warnings) == is_told
    if is_told:
        assert warnings[0]["remedy"].startswith('[server] trusted_proxies = ["127.0.0.1"]')
