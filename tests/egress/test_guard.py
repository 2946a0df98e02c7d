# ruff: noqa: S104 — addresses stand here to be refused
"""No spelling, name, or redirect leads to an address that is not permitted."""

import asyncio
import socket
from ipaddress import IPv4Network, ip_network

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from egress.raw_server import Asked, by_path, egress_on, reply, saying, serving

from syndicator.egress.client import open_egress
from syndicator.egress.guard import Blocked, BoundedResolver, guarded_socket_factory
from syndicator.egress.ip_addresses import NetworkPort
from syndicator.egress.own_listeners import OwnListeners
from syndicator.errors import EgressError
from syndicator.model.clock import system_clock
from syndicator.model.fetch import Fetched, FetchFailed, Reason
from syndicator.model.source import FetchLimits

LOOPBACK_SPELLINGS = [
    "127.0.0.1", "127.0.0.2", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f.1", "0x7f000001",
    "2130706433", "017700000001", "127.0.0.1.", "１２７.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "0", "0.0.0.0",
    "0x0", "localhost", "LOCALHOST", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::127.0.0.1]",
    "[2002:7f00:1::]", "[::1%25lo]", "[fe80::1%25lo]", "user:secret@127.0.0.1",
]  # fmt: skip


class Names(AbstractResolver):
    """A name server with a script: every question takes the next answer, the last one stays."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked += 1
        addresses = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if not addresses:
            raise OSError(None, "Domain name not found")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("host", LOOPBACK_SPELLINGS)
async def test_no_spelling_of_loopback_is_reached(host: str) -> None:
    async with serving(saying(reply(b"inside"))) as server, egress_on(callbacks=()) as egress:
        url = f"http://{host}:{server.port}/"
        result = await egress.fetch(url)
        with pytest.raises(EgressError) as raised:
            await egress.post(url, body=b"{}", headers={})
        assert server.connections == 0
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.BLOCKED
    assert raised.value.reason == Reason.BLOCKED
    assert "secret" not in result.detail


async def test_sources_partners_and_subscribers_have_lists_of_their_own() -> None:
    loopback = ["127.0.0.1/32"]
    async with serving(saying(reply(b"inside"))) as server:
        url = server.url()
        for kind, kinds in (("sources", (loopback, [], [])), ("partners", ([], loopback, [])),
                            ("subscribers", ([], [], loopback))):  # fmt: skip
            sources, callbacks, subscribers = kinds
            async with egress_on(*sources, callbacks=callbacks, subscribers=subscribers) as egress:
                found = await egress.fetch(url)
                assert isinstance(found, Fetched) is (kind == "sources")
                for asked, own in (
                    (egress.submit(url, {}), "sources"),
                    (egress.post(url, body=b"", headers={}), "partners"),
                    (egress.post_to_subscriber(url, body=b"", headers={}), "subscribers"),
                    (egress.ask_subscriber(url), "subscribers"),
                ):
                    if kind == own:
                        assert (await asked).status == 200
                    else:
                        with pytest.raises(EgressError, match="blocked"):
                            await asked


async def test_one_port_of_an_address_is_allowed_and_the_next_is_not() -> None:
    async with serving(saying(reply(b"yes"))) as server, serving(saying(reply(b"no"))) as other:
        allow = (NetworkPort(IPv4Network("127.0.0.1/32"), server.port),)
        async with open_egress(user_agent="t", allow=allow, allow_callbacks=(), clock=system_clock) as egress:
            assert isinstance(await egress.fetch(server.url()), Fetched)
            refused = await egress.fetch(other.url())
            assert isinstance(refused, FetchFailed)
            assert refused.reason is Reason.BLOCKED
        assert other.connections == 0


@pytest.mark.parametrize("target", ["127.0.0.2", "[::1]", "localhost.localdomain@127.0.0.2", "10.0.0.1"])
async def test_a_redirect_to_a_private_address_is_refused(target: str) -> None:
    script = saying(reply(status=302, headers=[("Location", f"http://{target}:9/inside")]))
    async with serving(script) as server, egress_on("127.0.0.1/32") as egress:
        result = await egress.fetch(server.url())
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.BLOCKED


async def test_a_name_that_changes_its_mind_is_judged_where_the_connection_goes() -> None:
    """First allowed, then private: what counts is the address of each connection."""
    names = Names(["127.0.0.1"], ["127.0.0.2"])

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"outside", headers=[("Connection", "close")]))

    async with (
        serving(script) as server,
        open_egress(
            user_agent="t",
            allow=(ip_network("127.0.0.1/32"),),
            allow_callbacks=(),
            clock=system_clock,
            resolver=names,
        ) as egress,
    ):
        first = await egress.fetch(f"http://rebinding.example:{server.port}/")
        # another port is another question to the name server, whatever is remembered
        second = await egress.fetch(f"http://rebinding.example:{server.port - 1}/")
        assert server.connections == 1
    assert isinstance(first, Fetched)
    assert isinstance(second, FetchFailed)
    assert second.reason is Reason.BLOCKED
    assert "rebinding.example (127.0.0.2)" in second.detail


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1", "127.0.0.1"],
        ["127.0.0.1", "10.0.0.1"],
        ["fd00::1", "10.0.0.1", "::1", "192.168.1.1", "127.0.0.1"],
    ],
)
async def test_of_several_addresses_a_permitted_one_is_used(addresses: list[str]) -> None:
    async with (
        serving(saying(reply(b"outside"))) as server,
        open_egress(
            user_agent="t",
            allow=(ip_network("127.0.0.1/32"),),
            allow_callbacks=(),
            clock=system_clock,
            resolver=Names(addresses),
        ) as egress,
    ):
        result = await egress.fetch(f"http://many.example:{server.port}/")
    assert isinstance(result, Fetched)


async def test_a_name_with_only_private_addresses_is_blocked() -> None:
    names = Names(["10.0.0.1", "192.168.1.1", "fd00::1", "::1"])
    async with open_egress(
        user_agent="t", allow=(), allow_callbacks=(), clock=system_clock, resolver=names
    ) as egress:
        result = await egress.fetch("http://many.example/")
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.BLOCKED
    assert "many.example" in result.detail


async def test_a_name_that_does_not_exist() -> None:
    async with open_egress(
        user_agent="t", allow=(), allow_callbacks=(), clock=system_clock, resolver=Names([])
    ) as egress:
        result = await egress.fetch("http://nowhere.example/")
        with pytest.raises(EgressError, match="dns"):
            await egress.post("http://nowhere.example/", body=b"", headers={})
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.DNS
    assert result.detail == "The name nowhere.example cannot be resolved: Domain name not found."


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", ".".join(["abcdefgh"] * 40)])
async def test_names_that_cannot_be(host: str) -> None:
    async with egress_on() as egress:
        result = await egress.fetch(f"http://{host}/")
    assert isinstance(result, FetchFailed)
    assert result.reason in {Reason.DNS, Reason.SCHEME}


async def test_silent_name_servers_show_as_dns() -> None:
    class Silent(Names):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
        ) -> list[ResolveResult]:
            await asyncio.Event().wait()
            raise AssertionError

    bounded = BoundedResolver(Silent([]), timeout_s=0.01)
    with pytest.raises(OSError, match="no answer from the name servers"):
        await bounded.resolve("slow.example")


async def test_a_redirect_is_judged_on_a_connection_that_is_kept() -> None:
    """The second hop reuses the first one's connection: the same, checked address."""
    script = by_path({"/": reply(status=301, headers=[("Location", "/there")]), "/there": reply(b"ok")})
    async with serving(script) as server, egress_on("127.0.0.1/32") as egress:
        result = await egress.fetch(server.url(), limits=FetchLimits(max_redirects=1))
        assert server.connections == 1
    assert isinstance(result, Fetched)
    assert result.url == server.url("/there")


def test_sockets_are_opened_for_permitted_addresses_only() -> None:
    open_socket = guarded_socket_factory((ip_network("127.0.0.1/32"),), OwnListeners())
    opened = open_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80)))
    opened.close()
    for address in ("127.0.0.2", "localhost", "", "127.0.0.1\x00"):
        with pytest.raises(Blocked) as raised:
            open_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 80)))
        assert raised.value.address == address
