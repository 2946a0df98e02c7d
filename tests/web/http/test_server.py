import asyncio
import json
import socket

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from syndicator.web.http.server import open_socket, port_of, serving


async def test_port_zero_takes_a_free_port_and_tells_it() -> None:
    first, second = open_socket("127.0.0.1", 0), open_socket("127.0.0.1", 0)
    try:
        assert port_of(first) != port_of(second)
    finally:
        first.close()
        second.close()


async def test_a_port_that_is_taken_is_an_error_though_nothing_is_served_there_yet() -> None:
    taken = open_socket("127.0.0.1", 0)
    try:
        with pytest.raises(OSError, match="in use"):
            open_socket("127.0.0.1", port_of(taken))
    finally:
        taken.close()


async def test_several_may_share_a_port_if_they_say_so() -> None:
    first = open_socket("127.0.0.1", 0, reuse_port=True)
    second = open_socket("127.0.0.1", port_of(first), reuse_port=True)
    assert port_of(first) == port_of(second)
    first.close()
    second.close()


async def test_requests_under_way_are_finished_and_the_port_is_free_again() -> None:
    started, release = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        started.set()
        await release.wait()
        return web.Response(text="whole")

    app = web.Application()
    app.router.add_get("/", slow)
    opened = open_socket("127.0.0.1", 0)
    port = port_of(opened)

    async def fetch() -> str:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as response:
            return await response.text()

    async with serving(app, opened, shutdown_timeout_s=5):
        fetching = asyncio.create_task(fetch())
        await started.wait()
        asyncio.get_running_loop().call_later(0.05, release.set)
    assert await fetching == "whole"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


async def test_requests_that_never_end_do_not_hold_up_the_stop() -> None:
    started = asyncio.Event()

    async def endless(request: web.Request) -> web.Response:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    app = web.Application()
    app.router.add_get("/", endless)
    opened = open_socket("127.0.0.1", 0)
    port = port_of(opened)

    async def fetch() -> None:
        async with aiohttp.ClientSession() as session:
            await session.get(f"http://127.0.0.1:{port}/")

    async with asyncio.timeout(30):
        async with serving(app, opened, shutdown_timeout_s=0.1):
            fetching = asyncio.create_task(fetch())
            await started.wait()
        with pytest.raises(aiohttp.ClientError):
            await fetching


@pytest.mark.parametrize(
    ("line", "status", "title"),
    [
        (b"GET /?q=\xc2\x80 HTTP/1.1", 400, "Bad Request"),
        (b"BR EW / HTTP/1.1", 400, "Bad Request"),
        (b"GET / HTTP/1.1\r\nA: \x00", 400, "Bad Request"),
        (b"GET / HTTP/1.1\r\nExpect: \x80", 417, "Expectation Failed"),
    ],
)
async def test_what_is_no_valid_http_is_refused_as_all_else_and_is_no_fault(
    line: bytes, status: int, title: str
) -> None:
    opened = open_socket("127.0.0.1", 0)
    with capture_logs() as logs:
        async with serving(web.Application(), opened):
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(opened))
            writer.write(line + b"\r\nHost: x\r\n\r\n")
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
    first, *rest = head.decode().split("\r\n")
    headers = dict(one.split(": ", 1) for one in rest)
    assert first.endswith(f" {status} {title}")
    assert headers["Server"] == "syndicator"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(body) == {"type": "about:blank", "title": title, "status": status}
    assert [one["log_level"] for one in logs] == ["debug"]
