"""Forms that go where a source says: to its hub."""

import asyncio
from pathlib import Path

import pytest
from egress.certificates import own_certificate, trusting
from egress.raw_server import SHORT, Asked, by_path, egress_on, reply, saying, serving, silent

from syndicator.egress.answers import MAX_ANSWER_BYTES
from syndicator.egress.slots import ConnectionLimits
from syndicator.errors import EgressError
from syndicator.model.source import FetchLimits

FORM = {"hub.mode": "subscribe", "hub.topic": "https://portal.example/rss?a=1&b=é", "hub.secret": "s+s"}
BODY = (
    b"hub.mode=subscribe&hub.topic=https%3A%2F%2Fportal.example%2Frss%3Fa%3D1%26b%3D%C3%A9&hub.secret=s%2Bs"
)


def to(location: str, status: int = 307) -> bytes:
    return reply(b"moved", status=status, headers=[("Location", location)])


async def test_a_form_and_its_answer() -> None:
    script = saying(reply(b"taken", status=202, headers=[("X-Hub", "1")]))
    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        answer = await egress.submit(server.url("/hub"), FORM, headers={"X-Key": "1"})
    assert (answer.status, answer.body, answer.headers["x-hub"]) == (202, b"taken", "1")
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/hub", BODY)
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.times("content-type") == 1
    assert asked.headers["x-key"] == "1"
    assert asked.headers["user-agent"] == "syndicator-test/1"


@pytest.mark.parametrize("status", [200, 204, 301, 302, 303, 400, 404, 410, 500])
async def test_every_other_status_is_an_answer(status: int) -> None:
    script = saying(reply(status=status, headers=[("Location", "/elsewhere")]))
    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        assert (await egress.submit(server.url(), FORM)).status == status
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [307, 308])
async def test_the_form_is_sent_again_where_it_is_sent_on(status: int) -> None:
    async with serving(by_path({"/c": reply(status=202)})) as other:
        script = by_path({"/a": to("/b", status), "/b": to(other.url("/c"), status)})
        async with serving(script) as server, egress_on("127.0.0.1") as egress:
            headers = {"Authorization": "Bearer t", "Cookie": "a=b"}
            answer = await egress.submit(server.url("/a"), FORM, headers=headers)
    assert answer.status == 202
    assert [(asked.method, asked.body) for asked in server.asked + other.asked] == [("POST", BODY)] * 3
    assert other.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert not {"authorization", "cookie"} & other.asked[0].headers.keys()


@pytest.mark.parametrize(("steps", "arrives"), [(5, True), (6, False)])
async def test_five_steps_and_no_more(steps: int, *, arrives: bool) -> None:
    script = by_path({f"/{step}": to(f"/{step + 1}") for step in range(steps)} | {f"/{steps}": reply()})
    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        if arrives:
            assert (await egress.submit(server.url("/0"), FORM)).status == 200
        else:
            with pytest.raises(EgressError, match="redirect"):
                await egress.submit(server.url("/0"), FORM)
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (to("/"), "redirect"),
        (reply(status=307), "redirect"),
        (to("ftp://127.0.0.1/"), "scheme"),
        (to("http://127.0.0.2/"), "blocked"),
        (b"nonsense\r\n\r\n", "protocol"),
        (b"", "protocol"),
    ],
)
async def test_what_is_no_answer(answer: bytes, reason: str) -> None:
    async with serving(saying(answer, close=True)) as server, egress_on("127.0.0.1/32") as egress:
        with pytest.raises(EgressError) as raised:
            await egress.submit(server.url(), FORM)
    assert raised.value.reason == reason
    assert "s+s" not in str(raised.value)


async def test_a_form_that_came_by_tls_does_not_leave_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, client = own_certificate(tmp_path)
    trusting(client, monkeypatch)
    async with (
        serving(saying(reply())) as plain,
        serving(saying(to(plain.url())), tls=tls) as server,
        egress_on("127.0.0.1") as egress,
    ):
        with pytest.raises(EgressError, match=r"redirect: .*https to http"):
            await egress.submit(server.url(scheme="https"), FORM)
        assert not plain.connections


async def test_the_rules_for_sources_hold() -> None:
    async with serving(saying(reply())) as server, egress_on(callbacks=["127.0.0.1"]) as egress:
        with pytest.raises(EgressError, match="blocked"):
            await egress.submit(server.url(), FORM)
        assert not server.connections


async def test_time_and_turns_are_limited() -> None:
    one = ConnectionLimits(total=1, per_host=1, wait_s=1.0)
    async with serving(silent()) as server, egress_on("127.0.0.1", source_limits=one) as egress:
        with pytest.raises(EgressError, match="timeout"):
            await egress.submit(server.url(), FORM, limits=SHORT)
        stuck = asyncio.create_task(egress.submit(server.url(), FORM, limits=FetchLimits(timeout_s=30)))
        while len(server.asked) < 2:
            assert not stuck.done()
            await asyncio.sleep(0.001)
        with pytest.raises(EgressError, match="busy"):
            await egress.submit(server.url(), FORM)
        stuck.cancel()


async def test_of_a_long_answer_only_the_beginning_is_read() -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            await writer.drain()

    async with serving(script) as server, egress_on("127.0.0.1") as egress:
        answer = await egress.submit(server.url(), FORM)
    assert (answer.status, answer.body) == (400, b"x" * MAX_ANSWER_BYTES)
