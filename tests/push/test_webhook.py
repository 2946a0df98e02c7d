import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from random import Random

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from push.push_values import NOON, SECRET, SITE, article, delivery, endpoint, event
from standardwebhooks.webhooks import Webhook

from syndicator.egress.client import Egress, open_egress
from syndicator.model.clock import system_clock
from syndicator.model.delivery import Dead, Delivered, DeliveryOutcome, Endpoint, RetryAt, RetryPolicy, Secret
from syndicator.push.payload import payload
from syndicator.push.webhook import send

STEADY = RetryPolicy(jitter=0.0)
BODY = payload(event(), article(), site=SITE)


class Receiver:
    """A partner's real server: keeps what it was sent, answers as told."""

    def __init__(self, answer: Callable[[], Awaitable[web.Response]]) -> None:
        self._answer = answer
        self.received: list[tuple[web.Request, bytes]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.received.append((request, await request.read()))
        return await self._answer()


@asynccontextmanager
async def receiving(
    status: int = 200, headers: dict[str, str] | None = None, *, hang: bool = False, body: bytes = b""
) -> AsyncIterator[Receiver]:
    async def answer() -> web.Response:
        if hang:
            await asyncio.Event().wait()
        return web.Response(status=status, headers=headers, body=body)

    receiver = Receiver(answer)
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    async with TestServer(app) as server:
        receiver.url = str(server.make_url("/hook"))
        yield receiver


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    loopback = (ip_network("127.0.0.1/32"),)
    async with open_egress(
        user_agent="syndicator-test/1", allow=(), allow_callbacks=loopback, clock=system_clock
    ) as opened:
        yield opened


async def attempt(
    egress: Egress, partner: Endpoint, *, attempts: int = 0, now: datetime = NOON, seed: int = 0
) -> DeliveryOutcome:
    return await send(egress, partner, delivery(attempts=attempts), BODY, now=now, rng=Random(seed))


def wait_s(outcome: DeliveryOutcome, since: datetime = NOON) -> float:
    assert isinstance(outcome, RetryAt)
    return (outcome.at - since).total_seconds() - outcome.duration_ms / 1000


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_2xx_is_delivered_and_verifies(egress: Egress, status: int) -> None:
    now = datetime.now(UTC)
    async with receiving(status) as receiver:
        outcome = await attempt(egress, endpoint(receiver.url), now=now)
    assert isinstance(outcome, Delivered)
    assert outcome.status == status
    ((request, body),) = receiver.received
    assert body == BODY
    told = Webhook(SECRET.reveal()).verify(body, dict(request.headers))
    assert told["data"]["event_id"] == request.headers["webhook-id"] == event().id
    assert request.headers["webhook-timestamp"] == str(int(now.timestamp()))
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "syndicator-test/1"


async def test_a_repeated_attempt_keeps_its_id_and_body_but_not_its_time(egress: Egress) -> None:
    later = NOON + timedelta(minutes=5)
    async with receiving() as receiver:
        await attempt(egress, endpoint(receiver.url))
        await attempt(egress, endpoint(receiver.url), attempts=1, now=later)
    (first, first_body), (second, second_body) = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first_body == second_body
    assert first.headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    assert second.headers["webhook-timestamp"] == str(int(later.timestamp()))
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


async def test_both_secrets_verify_during_a_change(egress: Egress) -> None:
    old = Secret("whsec_" + "b2xk" * 8)
    now = datetime.now(UTC)
    async with receiving() as receiver:
        await attempt(egress, endpoint(receiver.url, secrets=(SECRET, old)), now=now)
    ((request, body),) = receiver.received
    for secret in (SECRET, old):
        Webhook(secret.reveal()).verify(body, dict(request.headers))


async def test_a_secret_that_ended_signs_no_more(egress: Egress) -> None:
    old = Secret("whsec_" + "b2xk" * 8, until=NOON - timedelta(seconds=1))
    async with receiving() as receiver:
        await attempt(egress, endpoint(receiver.url, secrets=(SECRET, old)))
        nothing_left = await attempt(egress, endpoint(receiver.url, secrets=(old,)))
    ((request, _),) = receiver.received
    assert len(request.headers["webhook-signature"].split()) == 1
    assert isinstance(nothing_left, RetryAt)
    assert nothing_left.reason == "secret"


async def test_the_endpoints_own_headers_never_replace_ours(egress: Egress) -> None:
    own = {
        "X-Partner": "1",
        "Authorization": "Bearer t",
        "Webhook-Id": "evt_other",
        "WEBHOOK-SIGNATURE": "v1,none",
        "Webhook-Timestamp": "0",
        "Content-Type": "text/plain",
        "User-Agent": "browser",
    }
    now = datetime.now(UTC)
    async with receiving() as receiver:
        assert isinstance(await attempt(egress, endpoint(receiver.url, headers=own), now=now), Delivered)
    ((request, body),) = receiver.received
    Webhook(SECRET.reveal()).verify(body, dict(request.headers))
    assert (request.headers["x-partner"], request.headers["authorization"]) == ("1", "Bearer t")
    assert request.headers.getall("content-type") == ["application/json"]
    assert request.headers.getall("webhook-id") == [event().id]
    assert request.headers.getall("user-agent") == ["syndicator-test/1"]


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 422, 429, 500, 502, 503])
async def test_every_other_status_is_tried_again(egress: Egress, status: int) -> None:
    async with receiving(status, {"Location": "/hook"}) as receiver:
        outcome = await attempt(egress, endpoint(receiver.url, retry=STEADY), attempts=1)
        assert len(receiver.received) == 1
    assert isinstance(outcome, RetryAt)
    assert outcome.reason == f"http_{status}"
    assert wait_s(outcome) == pytest.approx(30)


async def test_gone_ends_at_once(egress: Egress) -> None:
    async with receiving(410, {"Retry-After": "5"}) as receiver:
        outcome = await attempt(egress, endpoint(receiver.url))
    assert isinstance(outcome, Dead)
    assert outcome.reason == "gone"


@pytest.mark.parametrize(
    ("value", "expected_s"),
    [("77", 77), ("0", 1), ("999999", 86_400), ("soon", 5), ("Mon, 04 May 2026 12:10:00 GMT", 600)],
)
async def test_the_receiver_may_say_when(egress: Egress, value: str, expected_s: float) -> None:
    async with receiving(503, {"Retry-After": value}) as receiver:
        outcome = await attempt(egress, endpoint(receiver.url, retry=STEADY))
    # a date is an instant, so the time that the attempt took is no part of the wait
    assert wait_s(outcome) == pytest.approx(expected_s, abs=2)


async def test_no_answer_in_time(egress: Egress) -> None:
    async with receiving(hang=True) as receiver:
        outcome = await attempt(egress, endpoint(receiver.url, timeout_s=0.1, retry=STEADY))
    assert isinstance(outcome, RetryAt)
    assert outcome.reason == "timeout"
    assert 50 <= outcome.duration_ms < 5000  # a timer may end a little early
    assert wait_s(outcome) == pytest.approx(5)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/", "connect"),
        ("http://127.0.0.2:1/", "blocked"),
        ("http://169.254.169.254/latest/meta-data/", "blocked"),
        ("ftp://127.0.0.1/", "scheme"),
    ],
)
async def test_no_answer_at_all(egress: Egress, url: str, reason: str) -> None:
    outcome = await attempt(egress, endpoint(url))
    assert isinstance(outcome, RetryAt)
    assert outcome.reason == reason


async def test_what_failed_last_is_kept_when_it_is_given_up(egress: Egress) -> None:
    async with receiving(500) as receiver:
        used_up = await attempt(egress, endpoint(receiver.url), attempts=8)
        too_old = await attempt(egress, endpoint(receiver.url), now=NOON + timedelta(days=3))
    assert isinstance(used_up, Dead)
    assert used_up.reason == "exhausted:http_500"
    assert isinstance(too_old, Dead)
    assert too_old.reason == "expired:http_500"


@pytest.mark.parametrize("secrets", [(), (Secret("hunter2"),), (SECRET, Secret("whsec_aaaa"))])
async def test_nothing_is_sent_that_cannot_be_signed(egress: Egress, secrets: tuple[Secret, ...]) -> None:
    async with receiving() as receiver:
        outcome = await attempt(egress, endpoint(receiver.url, secrets=secrets))
        assert not receiver.received
    assert isinstance(outcome, RetryAt)
    assert outcome.reason == "secret"


async def test_jitter_comes_from_the_generator_that_is_given(egress: Egress) -> None:
    async with receiving(500) as receiver:
        waits = [wait_s(await attempt(egress, endpoint(receiver.url), seed=seed)) for seed in range(20)]
        again = wait_s(await attempt(egress, endpoint(receiver.url), seed=3))
    assert all(4 <= wait <= 6 for wait in waits)
    assert len({round(wait, 6) for wait in waits}) == 20
    assert waits[3] == pytest.approx(again)


async def test_the_beginning_of_an_answer_is_kept(egress: Egress) -> None:
    for status in (500, 200):
        async with receiving(status, body=b"no such article " * 200) as receiver:
            outcome = await attempt(egress, endpoint(receiver.url))
        assert outcome.answer == (b"no such article " * 200)[:1024].decode().strip()
    async with receiving(200, body=b"\xff" * 1024) as receiver:
        outcome = await attempt(egress, endpoint(receiver.url))
    assert outcome.answer == "\ufffd" * 341, "a mark for what is no text takes three bytes"


async def test_an_answer_that_is_no_text_is_kept_as_text(egress: Egress) -> None:
    async with receiving(500, body=b"a\x00\x1b[31mb\xff" + "é".encode()) as receiver:
        outcome = await attempt(egress, endpoint(receiver.url))
    assert outcome.answer == "a\ufffd\ufffd[31mb\ufffdé"
