"""Requests that a forward proxy makes for us."""

import logging
from pathlib import Path

import pytest
from egress.certificates import own_certificate, trusting
from egress.forward_proxy import proxying
from egress.raw_server import by_path, egress_on, reply, saying, serving, silent
from egress.test_guard import LOOPBACK_SPELLINGS

from syndicator.errors import EgressError
from syndicator.model.fetch import Fetched, FetchFailed, Reason
from syndicator.model.source import FetchLimits

INSIDE = "127.0.0.2"  # allowed to sources here; the proxies are at 127.0.0.1, which is not
SIGNED_IN = "Basic YW5uOnBAc3M="  # ann:p@ss
ANN = "ann:p%40ss@"


async def test_a_proxy_that_is_configured_is_reached_wherever_it_is() -> None:
    async with (
        serving(saying(reply(b"here")), host=INSIDE) as server,
        proxying() as proxy,
        egress_on(INSIDE) as egress,
    ):
        straight = await egress.fetch(proxy.url())
        result = await egress.fetch(server.url("/feed"), headers={"X-Key": "1"}, proxy=proxy.url())
        assert (proxy.connections, server.connections) == (1, 1)
    assert isinstance(straight, FetchFailed)
    assert straight.reason is Reason.BLOCKED
    assert isinstance(result, Fetched)
    assert (result.body, result.url) == (b"here", server.url("/feed"))
    assert proxy.asked[0].path == server.url("/feed")
    assert server.asked[0].headers["x-key"] == "1"


async def test_the_sessions_proxy_is_used_unless_another_is_given() -> None:
    async with (
        serving(saying(reply()), host=INSIDE) as server,
        proxying() as usual,
        proxying() as other,
        egress_on(INSIDE, callbacks=[INSIDE], proxy=usual.url()) as egress,
    ):
        assert isinstance(await egress.fetch(server.url()), Fetched)
        assert isinstance(await egress.head(server.url()), Fetched)
        assert (await egress.submit(server.url(), {"a": "1"})).status == 200
        assert (len(usual.asked), len(other.asked)) == (3, 0)
        assert isinstance(await egress.fetch(server.url(), proxy=other.url()), Fetched)
        assert (len(usual.asked), len(other.asked)) == (3, 1)
        assert (await egress.post(server.url(), body=b"", headers={})).status == 200
        assert (len(usual.asked), len(other.asked)) == (3, 1)


async def test_redirects_stay_with_the_proxy() -> None:
    async with serving(saying(reply(b"here")), host=INSIDE) as other:
        moved = reply(status=302, headers=[("Location", other.url("/there"))])
        async with (
            serving(by_path({"/a": moved}), host=INSIDE) as server,
            proxying(SIGNED_IN) as proxy,
            egress_on(INSIDE) as egress,
        ):
            result = await egress.fetch(
                server.url("/a"), headers={"Authorization": "Bearer t"}, proxy=proxy.url(ANN)
            )
    assert isinstance(result, Fetched)
    assert [asked.path for asked in proxy.asked] == [server.url("/a"), other.url("/there")]
    assert server.asked[0].headers["authorization"] == "Bearer t"
    assert "authorization" not in other.asked[0].headers
    assert [asked.headers["proxy-authorization"] for asked in proxy.asked] == [SIGNED_IN] * 2


async def test_tls_goes_through_a_tunnel_that_shows_our_credentials_to_the_proxy_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, client = own_certificate(tmp_path)
    trusting(client, monkeypatch)
    async with (
        serving(saying(reply(b"here")), tls=tls) as server,
        proxying(SIGNED_IN) as proxy,
        egress_on("127.0.0.1") as egress,
    ):
        for _ in range(2):
            result = await egress.fetch(
                server.url(scheme="https"), headers={"Authorization": "Bearer t"}, proxy=proxy.url(ANN)
            )
            assert isinstance(result, Fetched)
        assert (proxy.connections, server.connections) == (1, 1)
    (asked,) = proxy.asked
    assert (asked.method, asked.path) == ("CONNECT", f"127.0.0.1:{server.port}")
    assert asked.headers["proxy-authorization"] == SIGNED_IN
    assert "authorization" not in asked.headers
    assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer t"] * 2
    assert not any("proxy-authorization" in asked.headers for asked in server.asked)


async def test_a_certificate_behind_a_tunnel_is_checked(tmp_path: Path) -> None:
    tls, _ = own_certificate(tmp_path)
    async with (
        serving(saying(reply()), tls=tls) as server,
        proxying() as proxy,
        egress_on("127.0.0.1") as egress,
    ):
        result = await egress.fetch(server.url(scheme="https"), proxy=proxy.url())
        assert not server.asked
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.TLS


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_wants_other_credentials(scheme: str) -> None:
    async with proxying("Basic other") as proxy, egress_on(INSIDE) as egress:
        url = f"{scheme}://{INSIDE}/"
        result = await egress.fetch(url, proxy=proxy.url(ANN))
        with pytest.raises(EgressError) as raised:
            await egress.submit(url, {}, proxy=proxy.url(ANN))
    said = f"The proxy 127.0.0.1:{proxy.port} wants other credentials (HTTP 407)."
    assert isinstance(result, FetchFailed)
    assert (result.reason, result.detail) == (Reason.CONNECT, said)
    assert (raised.value.reason, raised.value.detail) == (Reason.CONNECT, said)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_away_is_named_without_its_credentials(
    scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with proxying() as proxy:
        gone = proxy.url("ann:secret@")
    async with egress_on(proxy=gone) as egress:
        result = await egress.fetch(f"{scheme}://portal.example/")
        with pytest.raises(EgressError) as raised:
            await egress.submit(f"{scheme}://portal.example/", {})
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.CONNECT
    assert result.detail == f"No connection to the proxy 127.0.0.1:{proxy.port}: connection refused."
    chain: list[BaseException] = [raised.value]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    assert not any("secret" in f"{error!s} {error!r} {error.args}" for error in chain)
    assert "secret" not in caplog.text + str(result)


async def test_a_proxy_that_refuses_a_tunnel() -> None:
    async with serving(saying(reply(status=403))) as proxy, egress_on() as egress:
        result = await egress.fetch("https://portal.example/", proxy=proxy.url())
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.CONNECT
    assert result.detail == f"The proxy 127.0.0.1:{proxy.port} does not lead to portal.example (HTTP 403)."


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_says_nothing(scheme: str) -> None:
    limits = FetchLimits(timeout_s=0.2, connect_timeout_s=0.1)
    async with serving(silent()) as proxy, egress_on() as egress:
        result = await egress.fetch(f"{scheme}://portal.example/", limits=limits, proxy=proxy.url())
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:1080", "ftp://secret@x/", "127.0.0.1:3128", "http://", "http://[", "http://x:99999"]
)  # fmt: skip
async def test_what_is_no_proxy(proxy: str) -> None:
    async with egress_on() as egress:
        result = await egress.fetch("http://portal.example/", proxy=proxy)
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.CONNECT
    assert "secret" not in result.detail
    with pytest.raises(EgressError, match=r"connect: .*prox"):
        async with egress_on(proxy=proxy):
            pass


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", [*LOOPBACK_SPELLINGS, "news.localhost", "169.254.169.254", "[fd00::1]"])
async def test_no_proxy_is_asked_for_a_private_address(host: str, scheme: str) -> None:
    async with serving(saying(reply(b"inside"))) as proxy, egress_on(proxy=proxy.url()) as egress:
        result = await egress.fetch(f"{scheme}://{host}/")
        with pytest.raises(EgressError) as raised:
            await egress.submit(f"{scheme}://{host}/", {})
        assert not proxy.connections
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.BLOCKED
    assert raised.value.reason == Reason.BLOCKED


@pytest.mark.parametrize("target", ["http://127.0.0.1/", "https://10.0.0.1/", "http://localhost/"])
async def test_no_redirect_sends_a_proxy_to_a_private_address(target: str) -> None:
    moved = saying(reply(status=302, headers=[("Location", target)]))
    async with serving(moved) as proxy, egress_on(proxy=proxy.url()) as egress:
        result = await egress.fetch("http://portal.example/")
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.BLOCKED
    assert [asked.path for asked in proxy.asked] == ["http://portal.example/"]
