import asyncio

import pytest
from egress.raw_server import Asked, egress_on, reply, saying, serving, silent
from support import until

from syndicator.egress.answers import MAX_ANSWER_BYTES
from syndicator.errors import EgressError


async def test_a_callback_and_its_answer() -> None:
    script = saying(reply(b"thanks", status=202, headers=[("X-Seen", "yes")]))
    async with serving(script) as server, egress_on(callbacks=["127.0.0.1"]) as egress:
        answer = await egress.post(
            server.url("/hook"), body=b'{"a": 1}', headers={"content-type": "application/json", "X-Own": "1"}
        )
    assert (answer.status, answer.body, answer.headers["x-seen"]) == (202, b"thanks", "yes")
    assert 0 <= answer.duration_ms < 5000
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/hook", b'{"a": 1}')
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["x-own"] == "1"
    assert asked.headers["user-agent"] == "syndicator-test/1"
    assert asked.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 410, 500])
async def test_every_status_is_an_answer_and_redirects_stay_unfollowed(status: int) -> None:
    script = saying(reply(status=status, headers=[("Location", "/elsewhere")]))
    async with serving(script) as server, egress_on(callbacks=["127.0.0.1"]) as egress:
        answer = await egress.post(server.url(), body=b"{}", headers={})
    assert answer.status == status
    assert len(server.asked) == 1


async def test_of_a_long_answer_only_the_beginning_is_read() -> None:
    script = saying(reply(b"x" * 500_000))
    async with serving(script) as server, egress_on(callbacks=["127.0.0.1"]) as egress:
        answer = await egress.post(server.url(), body=b"", headers={})
        again = await egress.post(server.url(), body=b"", headers={})
    assert answer.body == again.body == b"x" * MAX_ANSWER_BYTES


async def test_answers_are_not_decompressed() -> None:
    script = saying(reply(b"not gzip at all", headers=[("Content-Encoding", "gzip")]))
    async with serving(script) as server, egress_on(callbacks=["127.0.0.1"]) as egress:
        assert (await egress.post(server.url(), body=b"", headers={})).body == b"not gzip at all"


async def test_a_status_counts_even_if_the_rest_never_comes() -> None:
    async def hanging(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        await writer.drain()
        await asyncio.Event().wait()

    cut = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", close=True)
    for script in (hanging, cut):
        async with serving(script) as server, egress_on(callbacks=["127.0.0.1"]) as egress:
            answer = await egress.post(server.url(), body=b"", headers={}, timeout_s=1)
        assert (answer.status, answer.body) == (200, b"abc")


@pytest.mark.parametrize(
    ("answer", "reason"), [(None, "timeout"), (b"", "protocol"), (b"nonsense\r\n\r\n", "protocol")]
)
async def test_no_answer(answer: bytes | None, reason: str) -> None:
    script = silent() if answer is None else saying(answer, close=True)
    timeout_s = 0.2 if answer is None else 20
    async with serving(script) as server, egress_on(callbacks=["127.0.0.1"]) as egress:
        with pytest.raises(EgressError) as raised:
            await egress.post(server.url(), body=b"", headers={}, timeout_s=timeout_s)
    assert raised.value.reason == reason
    assert len(server.asked) == 1


async def test_a_port_where_nobody_listens() -> None:
    async with serving(silent()) as server:
        url = server.url()
    async with egress_on(callbacks=["127.0.0.1"]) as egress:
        with pytest.raises(EgressError, match=r"connect: .*connection refused"):
            await egress.post(url, body=b"", headers={})


async def test_headers_are_checked() -> None:
    async with egress_on() as egress:
        with pytest.raises(EgressError, match="X-A") as raised:
            await egress.post("http://127.0.0.1:1/", body=b"", headers={"X-A": "secret\r\nX-B: c"})
    assert "secret" not in str(raised.value)


async def test_only_http_addresses_are_called() -> None:
    async with egress_on() as egress:
        with pytest.raises(EgressError, match="scheme"):
            await egress.post("ftp://127.0.0.1/", body=b"", headers={})


async def test_many_at_once_on_one_host() -> None:
    """A hanging endpoint takes no turn from another one on the same host."""

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.path == "/hangs":
            await asyncio.Event().wait()
        writer.write(reply())

    async with serving(script) as server, egress_on(callbacks=["127.0.0.1"]) as egress:
        stuck = [
            asyncio.create_task(egress.post(server.url("/hangs"), body=b"", headers={})) for _ in range(20)
        ]
        await until(lambda: len(server.asked) >= 20)
        assert (await egress.post(server.url("/works"), body=b"", headers={})).status == 200
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)
