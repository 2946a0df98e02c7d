import asyncio
from pathlib import Path

import pytest
from egress.certificates import own_certificate
from egress.raw_server import (
    LOOPBACK,
    NOON,
    Asked,
    by_path,
    egress_on,
    failure_from,
    fetch_from,
    reply,
    saying,
    serving,
    silent,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import until

from syndicator.egress.client import open_egress
from syndicator.egress.slots import ConnectionLimits
from syndicator.model.clock import system_clock
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, NotModified, Reason


async def test_a_document_as_it_came() -> None:
    headers = [("ETag", '"a"'), ("X-Two", "1"), ("x-two", "2"), ("Set-Cookie", "a=b"), ("X-Odd", "é")]
    server, result = await fetch_from(saying(reply(b"<rss/>", headers=headers)))
    assert result == Fetched(
        requested_url=server.url("/feed?token=hidden"),
        url=server.url("/feed?token=hidden"),
        status=200,
        headers={"content-length": "6", "etag": '"a"', "x-two": "1, 2", "x-odd": "é"},
        body=b"<rss/>",
        fetched_at=NOON,
    )


async def test_header_bytes_that_are_no_text_can_be_stored() -> None:
    _, result = await fetch_from(saying(b"HTTP/1.1 200 OK\r\nETag: \xff\xfe\r\nContent-Length: 0\r\n\r\n"))
    assert isinstance(result, Fetched)
    assert result.headers["etag"].encode() == "\ufffd\ufffd".encode()


async def test_what_is_always_sent() -> None:
    server, _ = await fetch_from(saying(reply()))
    sent = server.asked[0].headers
    assert sent["user-agent"] == "syndicator-test/1"
    assert "application/rss+xml" in sent["accept"]
    assert sent["accept-encoding"] == "gzip, deflate, br, zstd"
    assert "cookie" not in sent


async def test_the_callers_headers_are_sent_but_our_own_are_ours() -> None:
    extra = {
        "Accept": "text/html",
        "If-None-Match": '"a"',
        "User-Agent": "browser",
        "HOST": "inside.example",
        "Connection": "upgrade",
        "Accept-Encoding": "identity",
        "Content-Length": "4",
        "Transfer-Encoding": "chunked",
    }
    server, _ = await fetch_from(saying(reply()), headers=extra)
    sent = server.asked[0].headers
    assert sent["accept"] == "text/html"
    assert sent["if-none-match"] == '"a"'
    assert sent["user-agent"] == "syndicator-test/1"
    assert sent["host"] == f"127.0.0.1:{server.port}"
    assert sent["accept-encoding"] == "gzip, deflate, br, zstd"
    assert not {"connection", "content-length", "transfer-encoding"} & sent.keys()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "a\r\nX-B: c"),
        ("X-A", "a\nb"),
        ("X-A", "a\x00"),
        ("X-A", "\ud800"),
        ("X A", "a"),
        ("X:", "a"),
        ("", "a"),
    ],
)
async def test_headers_that_would_break_out_are_not_sent(name: str, value: str) -> None:
    server, result = await fetch_from(saying(reply()), headers={name: value})
    assert not server.asked
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.PROTOCOL
    assert "X-B" not in result.detail


async def test_cookies_are_not_kept() -> None:
    script = saying(reply(headers=[("Set-Cookie", "session=1; Path=/")]))
    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        await egress.fetch(server.url())
        await egress.fetch(server.url())
    assert [asked.headers.get("cookie") for asked in server.asked] == [None, None]


async def test_connections_are_kept_for_the_next_request() -> None:
    async with serving(saying(reply(b"x"))) as server, egress_on("127.0.0.1") as egress:
        for _ in range(3):
            assert isinstance(await egress.fetch(server.url()), Fetched)
    assert server.connections == 1


async def test_a_kept_connection_that_the_server_closes_costs_no_failure() -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.path == "/again" and server.connections == 1:
            writer.close()
        else:
            writer.write(reply(b"here"))

    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        await egress.fetch(server.url("/"))
        again = await egress.fetch(server.url("/again"))
    assert isinstance(again, Fetched)
    assert [asked.path for asked in server.asked] == ["/", "/again", "/again"]


async def test_a_server_that_always_closes_is_asked_twice() -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        failed = await egress.fetch(server.url("/"))
    assert isinstance(failed, FetchFailed)
    assert failed.reason is Reason.PROTOCOL
    assert len(server.asked) == 2


async def test_connections_are_kept_after_every_kind_of_answer() -> None:
    """A failure, a redirect or a 304 costs no new connection, as long as its body was read."""
    script = by_path(
        {
            "/ok": reply(b"x"),
            "/moved": reply(b"moved", status=301, headers=[("Location", "/ok")]),
            "/same": b"HTTP/1.1 304 Not Modified\r\n\r\n",
            "/gone": reply(status=410),
        }
    )
    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        for path in ("/ok", "/moved", "/same", "/gone", "/same", "/ok"):
            await egress.fetch(server.url(path), headers={"If-None-Match": '"a"'})
        await egress.head(server.url("/same"))
    assert len(server.asked) == 8
    assert server.connections == 1


async def test_not_modified() -> None:
    server, result = await fetch_from(saying(b'HTTP/1.1 304 Not Modified\r\nETag: "b"\r\n\r\n'))
    assert result == NotModified(
        requested_url=server.url("/feed?token=hidden"), headers={"etag": '"b"'}, fetched_at=NOON
    )


CUT_OFF = [
    b"",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
]
BROKEN = [
    b"hello\r\n\r\n",
    b"HTTP/1.1 abc OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabcd",
    b"HTTP/1.1 200 OK\r\nBroken Header\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\n\xff\xff\xff",
    b"\x16\x03\x01\x02\x00\x01\x00",
]


@pytest.mark.parametrize("answer", CUT_OFF + BROKEN)
async def test_answers_that_are_no_proper_http(answer: bytes) -> None:
    failed = await failure_from(saying(answer, close=True))
    assert failed.reason is Reason.PROTOCOL
    assert "127.0.0.1" in failed.detail


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.sampled_from(
        [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 x\r\nLocation: ", b"HTTP/1.1 429 x\r\nRetry-After: ", b""]
    ),
    rest=st.binary(max_size=60),
)
def test_no_answer_raises(head: bytes, rest: bytes) -> None:
    async def run() -> FetchResult:
        _, result = await fetch_from(saying(head + rest + b"\r\n\r\n", close=True))
        return result

    assert isinstance(asyncio.run(run()), FetchResult)


@pytest.mark.parametrize("status", [101, 300, 400, 401, 403, 404, 410, 418, 429, 451, 500, 503, 599])
async def test_other_statuses_are_failures_with_their_number(status: int) -> None:
    failed = await failure_from(saying(reply(b"\x1b[31mno", status=status)))
    assert (failed.reason, failed.status) == (Reason.HTTP, status)
    assert failed.code == f"http_{status}"
    assert f"(HTTP {status})" in failed.detail


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120.0), ("0", 0.0), ("Mon, 04 May 2026 12:05:00 GMT", 300.0), ("soon", None), ("-5", None)],
)
async def test_how_long_we_are_asked_to_stay_away(value: str, seconds: float | None) -> None:
    failed = await failure_from(saying(reply(status=503, headers=[("Retry-After", value)])))
    assert failed.retry_after_s == seconds


async def test_a_port_where_nobody_listens() -> None:
    async with serving(silent()) as server:
        url = server.url()
    async with egress_on("127.0.0.1") as egress:
        result = await egress.fetch(url)
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.CONNECT
    assert result.detail == f"No connection to 127.0.0.1:{server.port}: connection refused."


async def test_tls_to_a_plain_port() -> None:
    async with (
        serving(saying(b"HTTP/1.1 400 no\r\n\r\n", close=True)) as server,
        egress_on("127.0.0.1") as egress,
    ):
        # the greeting of TLS holds no blank line, so answer it at once
        async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        listener = await asyncio.start_server(plain, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        result = await egress.fetch(f"https://127.0.0.1:{port}/")
        listener.close()
        assert not server.asked
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.TLS
    assert "127.0.0.1" in result.detail


async def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    context, _ = own_certificate(tmp_path)
    async with serving(saying(reply()), tls=context) as server, egress_on("127.0.0.1") as egress:
        result = await egress.fetch(server.url(scheme="https"))
        assert not server.asked
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.TLS
    assert "self-signed certificate" in result.detail


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "file:///etc/passwd", "gopher://a.example/", "//a.example/", "/feed", "", "http://", "http:///x",
     "http://a.example:99999/", "http://[::1/", "javascript:alert(1)", "http://us\x1b:er@/"],
)  # fmt: skip
async def test_only_http_addresses_are_requested(url: str) -> None:
    async with egress_on() as egress:
        result = await egress.fetch(url)
    assert isinstance(result, FetchFailed)
    assert result.reason is Reason.SCHEME


async def test_credentials_in_the_url_are_sent_but_never_shown() -> None:
    async with serving(saying(reply(b"x"))) as server, egress_on("127.0.0.1") as egress:
        found = await egress.fetch(f"http://ann:p%40ss@127.0.0.1:{server.port}/")
        lost = await egress.fetch("http://ann:p%40ss@127.0.0.1:1/")
    assert server.asked[0].headers["authorization"] == "Basic YW5uOnBAc3M="
    assert isinstance(found, Fetched)
    assert found.requested_url == found.url == server.url()
    assert isinstance(lost, FetchFailed)
    assert "ann" not in str(lost)


async def test_an_authorization_that_is_set_wins_over_the_urls() -> None:
    async with serving(saying(reply(b"x"))) as server, egress_on("127.0.0.1") as egress:
        url = f"http://ann:secret@127.0.0.1:{server.port}/"
        await egress.fetch(url, headers={"authorization": "Bearer t"})
    assert server.asked[0].headers["authorization"] == "Bearer t"
    assert server.asked[0].times("authorization") == 1


async def test_cancellation_passes_and_frees_the_turn() -> None:
    one = ConnectionLimits(total=1, per_host=1, wait_s=5)
    async with (
        serving(saying(reply(b"x"))) as server,
        serving(silent()) as hanging,
        egress_on("127.0.0.1", source_limits=one) as egress,
    ):
        task = asyncio.create_task(egress.fetch(hanging.url()))
        await until(lambda: hanging.asked)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert isinstance(await egress.fetch(server.url()), Fetched)


async def test_everything_is_closed_at_the_end() -> None:
    async with serving(saying(reply(b"x"))) as server:
        async with open_egress(
            user_agent="t", allow=LOOPBACK, allow_callbacks=(), clock=system_clock
        ) as egress:
            await egress.fetch(server.url())
        with pytest.raises(RuntimeError, match="closed"):
            await egress.fetch(server.url())


@pytest.mark.parametrize("odd", ["\x1b[2J", "\x08", "\x7f", "\u009b31m"])
async def test_a_header_with_control_characters_is_none(odd: str) -> None:
    answer = reply(b"here", headers=[("ETag", f'"a{odd}"'), ("X-Tab", "a\tb"), ("Last-Modified", "today")])
    _, result = await fetch_from(saying(answer))
    assert isinstance(result, Fetched)
    assert "etag" not in result.headers
    assert (result.headers["x-tab"], result.headers["last-modified"]) == ("a\tb", "today")
