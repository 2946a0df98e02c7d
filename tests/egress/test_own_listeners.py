# ruff: noqa: S104 — addresses stand here to be refused
"""No outgoing request reaches a listener of this service, whatever the allow lists say."""

from ipaddress import ip_address

import pytest
from egress.forward_proxy import proxying
from egress.raw_server import egress_on, reply, saying, serving
from egress.test_guard import LOOPBACK_SPELLINGS

from syndicator.egress.client import Egress
from syndicator.egress.own_listeners import Listener, OwnListeners, is_of_this_machine, listeners_of
from syndicator.errors import EgressError
from syndicator.model.fetch import Fetched, FetchFailed, Reason
from syndicator.web.http.server import open_socket, port_of

EVERYWHERE = ["0.0.0.0/0", "::/0"]
CARRIERS = ["[::127.0.0.1]", "[64:ff9b:1::127.0.0.1]", "[2002:7f00:1::]"]
"""They hold an IPv4 address for a translator elsewhere, which has no way to our loopback."""


async def all_refused(egress: Egress, url: str) -> None:
    result = await egress.fetch(url)
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.BLOCKED
    looked = await egress.head(url)
    assert isinstance(looked, FetchFailed)
    assert looked.reason is Reason.BLOCKED
    for asked in (
        egress.submit(url, {"a": "b"}),
        egress.post(url, body=b"{}", headers={}),
        egress.post_to_subscriber(url, body=b"{}", headers={}),
        egress.ask_subscriber(url),
    ):
        with pytest.raises(EgressError) as raised:
            await asked
        assert raised.value.reason == Reason.BLOCKED


@pytest.mark.parametrize("bound", ["127.0.0.1", "::", "ops.example"])
@pytest.mark.parametrize("host", [one for one in LOOPBACK_SPELLINGS if one not in CARRIERS])
async def test_no_spelling_of_a_listener_of_ours_is_reached(host: str, bound: str) -> None:
    async with serving(saying(reply(b"inside"))) as server:
        own = [Listener(bound, server.port)]
        async with egress_on(*EVERYWHERE, callbacks=EVERYWHERE, subscribers=EVERYWHERE, own=own) as egress:
            await all_refused(egress, f"http://{host}:{server.port}/")
        assert server.connections == 0


async def test_a_redirect_to_a_listener_of_ours_is_refused_in_words() -> None:
    async with serving(saying(reply(b"inside"))) as ours:
        away = saying(reply(status=302, headers=[("Location", ours.url("/api/v1/tokens"))]))
        async with (
            serving(away) as portal,
            egress_on(*EVERYWHERE, own=[Listener("127.0.0.1", ours.port)]) as egress,
        ):
            result = await egress.fetch(portal.url())
            assert isinstance(result, FetchFailed)
            assert result.detail == (
                "A redirect leads to a listener of this service itself (127.0.0.1), which is never asked."
            )
            straight = await egress.fetch(ours.url())
            assert isinstance(straight, FetchFailed)
            assert straight.detail.startswith("The address is a listener of this service itself")
            async with egress_on(own=[Listener("127.0.0.1", ours.port)]) as narrow:
                unasked = await narrow.fetch(ours.url())
            assert isinstance(unasked, FetchFailed)
            assert unasked.detail == straight.detail, "to allow more would not help"
        assert ours.connections == 0


async def test_other_ports_of_this_machine_are_reached_where_they_are_allowed() -> None:
    async with (
        serving(saying(reply(b"portal"))) as portal,
        egress_on("127.0.0.1", own=[Listener("127.0.0.1", portal.port + 1)]) as egress,
    ):
        assert isinstance(await egress.fetch(portal.url()), Fetched)


async def test_a_listener_that_comes_later_is_refused_from_then_on() -> None:
    own = OwnListeners()
    assert not own.hold(ip_address("127.0.0.1"), 8089)
    own.replace([Listener("127.0.0.1", 8089)])
    assert own.hold(ip_address("127.0.0.1"), 8089)
    assert own.hold(ip_address("::ffff:127.0.0.1"), 8089)
    assert not own.hold(ip_address("127.0.0.1"), 8090)


def test_a_listener_on_another_machine_is_known_by_its_address() -> None:
    own = OwnListeners([Listener("198.51.100.7", 8080)])
    assert own.hold(ip_address("198.51.100.7"), 8080)
    assert own.hold(ip_address("::ffff:198.51.100.7"), 8080)
    assert not own.hold(ip_address("198.51.100.8"), 8080)


def test_the_addresses_of_this_machine_are_known() -> None:
    for address in ("127.0.0.1", "127.9.9.9", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1"):
        assert is_of_this_machine(ip_address(address)), address
    for address in ("198.51.100.7", "8.8.8.8", "2001:db8::7"):
        assert not is_of_this_machine(ip_address(address)), address


def test_a_socket_bound_to_all_addresses_is_told_with_the_port_that_it_got() -> None:
    opened = open_socket("0.0.0.0", 0)
    try:
        told = listeners_of(opened)
        assert told[0] == Listener("0.0.0.0", port_of(opened))
        assert {one.port for one in told} == {port_of(opened)}
        for one in told:
            assert is_of_this_machine(ip_address(one.address))
    finally:
        opened.close()


async def test_a_proxy_is_not_asked_for_a_listener_of_ours() -> None:
    async with serving(saying(reply(b"inside"))) as ours, proxying() as proxy:
        own = [Listener("127.0.0.1", ours.port)]
        async with egress_on(*EVERYWHERE, own=own, proxy=proxy.url()) as egress:
            for host in ("127.0.0.1", "localhost", "api.localhost", "[::ffff:127.0.0.1]"):
                result = await egress.fetch(f"http://{host}:{ours.port}/")
                assert isinstance(result, FetchFailed)
                assert result.reason is Reason.BLOCKED
        assert ours.connections == 0
