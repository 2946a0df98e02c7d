"""Every reason that a request can fail for, brought about for real."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from egress.certificates import own_certificate
from egress.raw_server import AMPLE, SHORT, Script, egress_on, reply, saying, serving, silent
from egress.test_guard import Names

from syndicator.egress.slots import ConnectionLimits
from syndicator.model.fetch import Fetched, FetchFailed, Reason
from syndicator.model.source import FetchLimits

World = Callable[[Path], AbstractAsyncContextManager[str]]
"""Sets the scene, and gives the URL to ask for."""


def answering(answer: bytes, *, close: bool = False) -> World:
    return played(saying(answer, close=close))


def status(code: int, *headers: tuple[str, str]) -> World:
    return answering(reply(b"<html>", status=code, headers=headers))


def played(script: Script) -> World:
    @asynccontextmanager
    async def world(folder: Path) -> AsyncIterator[str]:
        async with serving(script) as server:
            yield server.url("/feed")

    return world


def at(url: str) -> World:
    @asynccontextmanager
    async def world(folder: Path) -> AsyncIterator[str]:
        yield url

    return world


@asynccontextmanager
async def untrusted(folder: Path) -> AsyncIterator[str]:
    tls, _ = own_certificate(folder)
    async with serving(saying(reply(b"<rss/>")), tls=tls) as server:
        yield server.url("/feed", "https")


@asynccontextmanager
async def nobody_there(folder: Path) -> AsyncIterator[str]:
    async with serving(silent()) as server:
        url = server.url("/feed")
    yield url


@asynccontextmanager
async def taken(folder: Path) -> AsyncIterator[str]:
    """A host whose one turn another request has."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(silent()))
        yield server.url("/feed")


LOCATION = "Location"
REASONS: dict[str, list[World]] = {
    "http_206": [status(206, ("Content-Range", "bytes 0-2/100"))],
    "http_300": [status(300, (LOCATION, "/other"))],
    "http_401": [status(401, ("WWW-Authenticate", "Basic"))],
    "http_403": [status(403)],
    "http_404": [status(404)],
    "http_410": [status(410)],
    "http_429": [status(429, ("Retry-After", "120"))],
    "http_500": [status(500)],
    "http_502": [status(502)],
    "http_503": [status(503, ("Retry-After", "Mon, 04 May 2026 12:05:00 GMT"))],
    "http_504": [status(504)],
    "dns": [at("http://nowhere.example/"), at("http://a..example/")],
    "tls": [untrusted],
    "timeout": [played(silent()), answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")],
    "too_large": [
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10485761\r\n\r\n"),
        answering(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(10 * 1024 * 1024 + 1), close=True),
    ],
    "protocol": [
        answering(b"SSH-2.0-server\r\n\r\n"),
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", close=True),
        answering(reply(b"abc", headers=[("Content-Encoding", "gzip")])),
        answering(reply(b"abc", headers=[("Content-Encoding", "gzip, br")])),
        answering(reply(b"abc", headers=[("Content-Encoding", "gzip"), ("Content-Encoding", "gzip")])),
    ],
    "redirect": [status(301, (LOCATION, "/feed")), status(302), status(308, (LOCATION, "http://["))],
    "scheme": [at("ftp://portal.example/"), at("/feed"), status(302, (LOCATION, "file:///etc/passwd"))],
    "blocked": [
        at("http://10.0.0.1/"),
        at("http://127.1/"),
        at("http://[::ffff:10.0.0.1]/"),
        status(302, (LOCATION, "http://169.254.169.254/latest/meta-data/")),
    ],
    "connect": [nobody_there],
    "busy": [taken],
}
OF_EGRESS = set(Reason) - {
    Reason.ROBOTS, Reason.NOT_A_FEED, Reason.MALFORMED, Reason.EMPTY, Reason.PARSER, Reason.INTERNAL,
}  # fmt: skip
TABLE = [
    pytest.param(code, world, id=f"{code}-{number}")
    for code, worlds in REASONS.items()
    for number, world in enumerate(worlds, 1)
]


@pytest.mark.parametrize(("code", "world"), TABLE)
async def test_each_has_its_own_reason(code: str, world: World, tmp_path: Path) -> None:
    limits = SHORT if code == "timeout" else AMPLE
    turns = ConnectionLimits(total=10, per_host=1, wait_s=0.1)
    names = Names([])
    async with (
        world(tmp_path) as url,
        egress_on("127.0.0.1/32", source_limits=turns, resolver=names) as egress,
        asyncio.TaskGroup() as others,
    ):
        if code == "busy":
            others.create_task(egress.fetch(url, limits=FetchLimits(timeout_s=0.5)))
            await asyncio.sleep(0)
        result = await egress.fetch(url, limits=limits)
    assert isinstance(result, FetchFailed)
    assert result.code == code
    assert result.reason in OF_EGRESS
    assert result.detail.isprintable()
    assert result.detail.endswith(".")
    assert (result.retry_after_s is not None) is (code in {"http_429", "http_503"})


def test_no_reason_is_left_out() -> None:
    shown = {Reason.HTTP if code.startswith("http_") else Reason(code) for code in REASONS}
    assert shown == OF_EGRESS


@pytest.mark.parametrize(
    ("answer", "headers", "told"),
    [
        (reply(b"abc", status=206), {}, "only a part of this document"),
        (reply(status=300), {}, "several documents to choose from"),
        (reply(status=401), {}, "wants credentials: set auth"),
        (reply(status=401), {"Authorization": "Basic eDp5"}, "refuses the credentials that were sent: check auth"),
        (reply(status=401), {"cookie": "a=b"}, "check auth, headers or cookies of this source"),
        (reply(b"a", headers=[("Content-Encoding", "gzip, BR")]), {}, "several times over"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10485761\r\n\r\n", {}, "max_body of this source (10485760 bytes)"),
    ],
)  # fmt: skip
async def test_sentences_say_what_is_wrong_and_what_to_set(
    answer: bytes, headers: dict[str, str], told: str
) -> None:
    async with serving(saying(answer)) as server, egress_on("127.0.0.1") as egress:
        result = await egress.fetch(server.url("/"), headers=headers)
    assert isinstance(result, FetchFailed)
    assert told in result.detail
    assert "eDp5" not in result.detail


async def test_one_coding_beside_none_is_one() -> None:
    answer = reply(b"<rss/>", headers=[("Content-Encoding", "identity, utf-8")])
    async with serving(saying(answer)) as server, egress_on("127.0.0.1") as egress:
        result = await egress.fetch(server.url("/"))
    assert isinstance(result, Fetched)
    assert result.body == b"<rss/>"
