"""Looking at a document without reading it."""

import asyncio

import pytest
from egress.raw_server import MIB, Asked, egress_on, reply, serving

from syndicator.egress.answers import MAX_BEGINNING_BYTES
from syndicator.model.fetch import Fetched, FetchFailed, NotModified, Reason, Redirect

PICTURE = [("Content-Type", "image/jpeg"), ("Content-Length", "99999999999")]


def told(status: int, *headers: tuple[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Words", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


async def test_status_and_headers_are_told_and_no_body() -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(told(200, *PICTURE))

    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        results = [await egress.head(server.url(), headers={"X-Key": "1"}) for _ in range(2)]
    assert server.connections == 1
    assert [asked.method for asked in server.asked] == ["HEAD", "HEAD"]
    assert server.asked[0].headers["x-key"] == "1"
    assert server.asked[0].headers["accept-encoding"] == "identity"
    for result in results:
        assert isinstance(result, Fetched)
        assert (result.status, result.body, result.headers["content-type"]) == (200, b"", "image/jpeg")


@pytest.mark.parametrize("status", [405, 501])
async def test_where_head_is_not_known_the_beginning_is_read(status: int) -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.method == "HEAD":
            writer.write(told(status, ("Content-Length", "0")))
        else:
            writer.write(reply(b"x" * 1024, status=206, headers=[("Content-Range", "bytes 0-1023/5000")]))

    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        result = await egress.head(server.url(), headers={"X-Key": "1", "range": "bytes=5-"})
    assert isinstance(result, Fetched)
    assert (result.status, result.body) == (206, b"x" * 1024)
    assert result.headers["content-range"] == "bytes 0-1023/5000"
    head, get = server.asked
    assert (head.method, get.method) == ("HEAD", "GET")
    assert get.headers["range"] == "bytes=0-1023"
    assert get.times("range") == 1
    assert get.headers["x-key"] == "1"


@pytest.mark.parametrize("answer", [b"", told(200, ("Content-Length", "4")) + b"four"])
async def test_servers_that_answer_head_in_no_proper_way_are_asked_again(answer: bytes) -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.method == "HEAD":
            writer.write(answer)
            writer.close()
        else:
            writer.write(reply(b"body"))

    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        result = await egress.head(server.url())
    assert isinstance(result, Fetched)
    assert result.status == 200


async def test_who_sends_everything_is_heard_for_64_kib() -> None:
    written = 0

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        if asked.method == "HEAD":
            writer.write(told(405, ("Content-Length", "0")))
            return
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            written += 65536
            await writer.drain()

    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        result = await egress.head(server.url())
    assert isinstance(result, Fetched)
    assert result.body == b"x" * MAX_BEGINNING_BYTES
    assert written < 20 * MIB  # what the sockets' own buffers took


async def test_redirects_are_followed_and_what_is_ours_goes_along() -> None:
    async def there(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(told(405, ("Content-Length", "0")) if asked.method == "HEAD" else reply(b"x"))

    async with serving(there) as other:

        async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
            writer.write(reply(status=301, headers=[("Location", other.url("/b"))]))

        async with serving(script) as server, egress_on("127.0.0.1") as egress:
            result = await egress.head(server.url(), headers={"Cookie": "a=b"})
    assert isinstance(result, Fetched)
    assert result.redirects == (Redirect(status=301, url=other.url("/b")),)
    assert other.asked[1].headers["range"] == "bytes=0-1023"
    assert "cookie" not in other.asked[1].headers


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_other_failures_are_failures(status: int) -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(told(status, ("Content-Length", "0")))

    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        result = await egress.head(server.url())
        inside = await egress.head(server.url().replace("127.0.0.1", "127.0.0.2"))
    assert len(server.asked) == 1
    assert isinstance(result, FetchFailed)
    assert result.code == f"http_{status}"
    assert isinstance(inside, FetchFailed)
    assert inside.reason is Reason.BLOCKED


async def test_unchanged() -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(told(304))

    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        assert isinstance(await egress.head(server.url(), headers={"If-None-Match": '"a"'}), NotModified)
