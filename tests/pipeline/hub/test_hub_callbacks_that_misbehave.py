"""Callbacks that are slow, redirect, say far too much or hang up: each is judged, and no other subscriber waits."""

import asyncio
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import pytest
from egress.raw_server import Asked, RawServer, Script, reply, saying, serving, silent
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.hub.test_distribution import hub_keys
from pipeline.own_hub_world import Reader, World, open_world, reader

__all__ = ["reader"]  # a fixture

ENDLESS_PIECE = b"x" * 65_536
BAD = "/bad"
ELSEWHERE = "127.0.0.2"
"""Another host than that of the good subscriber."""


class Endless:
    """Answers with a body that never ends; counts what the other side took of it."""

    def __init__(self, pause_s: float, piece: bytes) -> None:
        self._pause_s = pause_s
        self._piece = piece
        self.sent = 0

    async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        with suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(self._piece)
                await writer.drain()
                self.sent += len(self._piece)
                await asyncio.sleep(self._pause_s)


MISBEHAVING: dict[str, tuple[Script, str]] = {
    "hangs": (silent(), "timeout"),
    "hangs up": (saying(b"", close=True), "protocol"),
    "hangs up amid the head": (saying(b"HTTP/1.1 200 OK\r\nContent-Le", close=True), "protocol"),
    "redirects": (saying(reply(status=302, headers=[("Location", "/elsewhere")])), "http_302"),
    "redirects for good": (saying(reply(status=308, headers=[("Location", "/elsewhere")])), "http_308"),
    "says nonsense": (saying(b"\x00\xff" * 100 + b"\r\n\r\n", close=True), "protocol"),
    "has endless headers": (saying(b"HTTP/1.1 200 OK\r\n" + b"X-Y: z\r\n" * 20_000), "protocol"),
}
"""What a callback does, and what is noted of it where it was to take something."""


def confirming(then: Script) -> Script:
    """Confirm subscriptions, and do something else where content is sent."""

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.method == "POST":
            await then(asked, writer)
        else:
            writer.write(reply(parse_qs(urlsplit(asked.path).query)["hub.challenge"][0].encode()))

    return script


async def reasons(world: World, server: RawServer) -> list[str | None]:
    """Return what is noted of the subscribers on a server."""
    return [one.reason for one in await world.subscribers() if one.callback.startswith(server.url(BAD))]


@pytest.mark.parametrize("name", MISBEHAVING)
async def test_a_new_callback_that_misbehaves_is_no_subscriber_and_keeps_nobody_out(
    service_of: OpenService, reader: Reader, name: str
) -> None:
    script, _ = MISBEHAVING[name]
    async with (
        serving(script, host=ELSEWHERE) as server,
        open_world(service_of, reader, 'timeout = "2s"') as world,
    ):
        for callback in (server.url(BAD), f"{reader.url}/cb"):
            assert (await world.post(world.form(callback))).status == 202
        await world.work()
        assert [one.callback for one in await world.subscribers() if one.lease] == [f"{reader.url}/cb"]
        for pause_s in (6, 31):
            await world.later(pause_s)
        assert [one.callback for one in await world.subscribers()] == [f"{reader.url}/cb"]
        assert {urlsplit(one.path).path for one in server.asked} <= {BAD}, "no redirect is followed"


@pytest.mark.parametrize("name", MISBEHAVING)
async def test_a_subscriber_that_misbehaves_is_told_again_and_keeps_nobody_waiting(
    service_of: OpenService, reader: Reader, name: str
) -> None:
    script, reason = MISBEHAVING[name]
    async with (
        serving(confirming(script), host=ELSEWHERE) as server,
        open_world(service_of, reader, 'timeout = "2s"') as world,
    ):
        for callback in (server.url(BAD), f"{reader.url}/cb"):
            await world.subscribe(callback)
        await world.publish(2)
        assert len(reader.pushed) == 1
        assert await reasons(world, server) == [reason]
        sent = len([one for one in server.asked if one.method == "POST"])
        await world.later(6)
        assert len([one for one in server.asked if one.method == "POST"]) > sent, "tried again"
        assert {urlsplit(one.path).path for one in server.asked} == {BAD}, "no redirect is followed"


@pytest.mark.parametrize(("piece", "pause_s"), [(ENDLESS_PIECE, 0.0), (b"x", 0.05)], ids=["fast", "slow"])
async def test_an_answer_that_never_ends_is_left_and_counts_by_its_status(
    service_of: OpenService, reader: Reader, piece: bytes, pause_s: float
) -> None:
    endless = Endless(pause_s, piece)
    async with (
        serving(confirming(endless), host=ELSEWHERE) as server,
        open_world(service_of, reader, 'timeout = "2s"') as world,
    ):
        await world.subscribe(server.url(BAD))
        await world.subscribe()
        await world.publish(2)
        assert len(reader.pushed) == 1
        assert sorted(one.delivered for one in await world.subscribers()) == [1, 1]
        assert endless.sent < 10_000_000, "nobody listens to the end"


async def test_a_host_that_answers_at_once_and_then_drags_on_is_slow(
    service_of: OpenService, reader: Reader
) -> None:
    async with (
        serving(confirming(Endless(0.05, b"x"))) as server,
        open_world(service_of, reader, 'timeout = "4s"') as world,
    ):
        await world.subscribe(server.url(BAD))
        assert "prompt" in await hub_keys(world.service.store)
        await world.publish(2)
        assert "prompt" not in await hub_keys(world.service.store)


async def test_a_new_callback_whose_answer_never_ends_is_no_subscriber(
    service_of: OpenService, reader: Reader
) -> None:
    endless = Endless(0.0, ENDLESS_PIECE)
    async with serving(endless) as server, open_world(service_of, reader, 'timeout = "2s"') as world:
        await world.subscribe(server.url(BAD))
        assert await world.subscribers() == []
        assert endless.sent < 10_000_000


async def test_callbacks_that_hang_up_amid_their_answer_have_taken_it_by_its_status(
    service_of: OpenService, reader: Reader
) -> None:
    halved = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf", close=True)
    async with serving(confirming(halved)) as server, open_world(service_of, reader) as world:
        await world.subscribe(server.url(BAD))
        await world.publish(2)
        assert [one.delivered for one in await world.subscribers()] == [1]


async def test_a_host_that_hangs_at_every_delivery_gets_one_at_a_time(
    service_of: OpenService, reader: Reader
) -> None:
    async with (
        serving(confirming(silent())) as server,
        open_world(service_of, reader, 'timeout = "2s"\nretries = ["5s"]') as world,
    ):
        for number in range(6):
            await world.post(world.form(f"{server.url(BAD)}{number}"))
        await world.work()
        await world.publish(2)  # all of them hang, and are tried again one after the other
        await admit(world.service, 3)
        world.service.clock.advance(6)  # type: ignore[attr-defined]
        step = world.service.hub_step
        for job in (await step.take(32)).jobs:  # announces
            await job()
        claimed = (await step.take(32)).jobs
        assert len(claimed) == 1
        await claimed[0]()
