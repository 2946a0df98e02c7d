"""Our callbacks as a hub meets them: what must be answered, and what nobody may do there."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from msgspec.structs import replace
from pipeline.hub_world import CITY, SOURCE, TOPIC, Hub, Subscriber, open_hub, open_subscriber, rss
from support import ManualClock
from web.web_world import World, client_of

from syndicator.model.source import FetchLimits
from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions
from syndicator.web.hub.websub_callbacks import MAX_PER_MINUTE

LIMIT = 20_000
SMALL = replace(SOURCE, limits=FetchLimits(max_body_bytes=LIMIT))


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with open_hub() as played:
        yield played


@pytest.fixture
async def ours(store: Store, clock: ManualClock) -> AsyncIterator[Subscriber]:
    async with open_subscriber(store, clock, SMALL) as subscriber:
        yield subscriber


@pytest.fixture
async def form(ours: Subscriber, hub: Hub) -> dict[str, str]:
    """A request to subscribe that the hub has, and has not asked back about."""
    await ours.reads(hub.url)
    await ours.work()
    return hub.asked[0]


async def test_must_echo_the_challenge_of_a_pending_subscription(form: dict[str, str], hub: Hub) -> None:
    assert await hub.verify(form, challenge="a+b%20 &c=ü<b>") == (200, "a+b%20 &c=ü<b>")


async def test_must_echo_in_a_safe_media_type_with_nosniff(form: dict[str, str], hub: Hub) -> None:
    query = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "<script>alert(1)</script>"}
    async with hub.session.get(form["hub.callback"], params=query) as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
        assert await response.text() == "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "changes",
    [
        {"topic": TOPIC + "/"},
        {"topic": ""},
        {"mode": "unsubscribe"},
        {"mode": "publish"},
        {"mode": ""},
        {"challenge": ""},
        {"challenge": "x" * 5000},
    ],
)
async def test_must_answer_404_to_what_we_did_not_ask_for(
    form: dict[str, str], ours: Subscriber, hub: Hub, changes: dict[str, Any]
) -> None:
    status, text = await hub.verify(form, **changes)
    assert (status, text) == (404, "")
    assert (await ours.status()).state == "requested"


@pytest.mark.parametrize("wrong", ["/websub/kota/", "/websub/lain/", "/websub/../kota/", "/websub/kota/x/"])
async def test_must_answer_404_where_there_is_no_such_callback(
    form: dict[str, str], ours: Subscriber, hub: Hub, wrong: str
) -> None:
    callback_id = form["hub.callback"].rpartition("/")[2]
    address = ours.public_url + wrong + ("x" if wrong == "/websub/kota/" else callback_id)
    assert (await hub.verify(form | {"hub.callback": address}))[0] == 404
    assert await hub.push(rss(1), form | {"hub.callback": address}) == 404


async def test_must_keep_to_the_lease_that_the_hub_determines(
    form: dict[str, str], ours: Subscriber, hub: Hub, clock: ManualClock
) -> None:
    await hub.verify(form, lease_s=7200)
    assert (await ours.status()).lease_ends_at == clock() + timedelta(hours=2)
    clock.advance(60)
    await hub.verify(form, lease_s=3600)
    assert (await ours.status()).lease_ends_at == clock() + timedelta(hours=1), "a hub may ask again"


@pytest.mark.parametrize(
    ("lease", "expected_s"),
    [
        ("9999999999", 30 * 86400),
        ("99999999999999999999", 86400),
        ("-5", 86400),
        ("1e3", 86400),
        ("", 86400),
        ("٣٦٠٠", 86400),
        ("0", 0),
    ],
)
async def test_a_lease_is_kept_within_reason(
    form: dict[str, str], ours: Subscriber, hub: Hub, lease: str, expected_s: int
) -> None:
    assert (await hub.verify(form, lease_s=None, lease_seconds=lease))[0] == 200
    assert (await ours.status()).lease_ends_at == ours.clock() + timedelta(seconds=expected_s)


async def test_must_ignore_the_lease_of_an_unsubscription(
    form: dict[str, str], ours: Subscriber, hub: Hub
) -> None:
    await hub.verify(form)
    off = ours.changed(websub=False)
    await off.work()
    assert (await hub.verify(hub.asked[1], lease_s=5))[0] == 200
    await off.work()
    assert await off.websub_subscriptions.status(off.source) is None


async def test_must_answer_404_to_an_unsubscription_that_we_do_not_want(
    form: dict[str, str], ours: Subscriber, hub: Hub
) -> None:
    await hub.verify(form)
    assert (await hub.verify(form, mode="unsubscribe"))[0] == 404
    assert (await ours.status()).state == "verified"


async def test_must_accept_that_a_subscription_is_denied(
    form: dict[str, str], ours: Subscriber, hub: Hub
) -> None:
    query = {"hub.mode": "denied", "hub.topic": TOPIC, "hub.reason": "kuota habis"}
    assert (await hub.get(form["hub.callback"] + "x", query))[0] == 404
    assert (await hub.get(form["hub.callback"], query | {"hub.topic": "x"}))[0] == 404
    assert (await hub.get(form["hub.callback"], query))[0] == 200
    status = await ours.status()
    assert (status.state, status.reason) == ("denied", "the hub denies it: kuota habis")


async def test_must_acknowledge_a_push_with_2xx_and_without_redirect(form: dict[str, str], hub: Hub) -> None:
    await hub.verify(form)
    assert await hub.push(rss(1)) == 202


async def test_a_push_before_its_verification_is_refused(form: dict[str, str], hub: Hub) -> None:
    assert await hub.push(rss(1)) == 410


async def test_a_push_after_its_lease_is_told_that_it_is_over(
    form: dict[str, str], ours: Subscriber, hub: Hub, clock: ManualClock
) -> None:
    await hub.verify(form, lease_s=3600)
    clock.advance(3601)
    assert await hub.push(rss(1)) == 410
    assert await ours.websub_subscriptions.take_pushed(ours.source) == ()


async def test_a_push_may_be_as_large_as_what_the_source_may_send_and_no_larger(
    form: dict[str, str], ours: Subscriber, hub: Hub
) -> None:
    await hub.verify(form)
    whole = rss(1).ljust(LIMIT)
    assert await hub.push(whole) == 202
    assert await hub.push(whole + b" ") == 413
    assert [len(one.body) for one in await ours.websub_subscriptions.take_pushed(ours.source)] == [LIMIT]


async def test_a_push_may_be_larger_than_other_requests(store: Store, clock: ManualClock, hub: Hub) -> None:
    async with open_subscriber(store, clock) as ours:
        await ours.subscribed(hub)
        assert await hub.push(rss(1).ljust(3 * 1024 * 1024)) == 202


async def test_a_body_whose_length_is_not_told_is_cut_off_at_the_limit(
    form: dict[str, str], ours: Subscriber, hub: Hub
) -> None:
    await hub.verify(form)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 10_000

    try:
        async with hub.session.post(form["hub.callback"], data=endless()) as response:
            assert response.status == 413
    except aiohttp.ClientError:
        pass  # we hung up while it was still sending
    assert await ours.websub_subscriptions.take_pushed(ours.source) == ()
    assert (await ours.status()).refused == 1
    assert await hub.push(rss(1)) == 202


async def test_a_body_that_is_told_to_be_too_large_is_not_waited_for(form: dict[str, str], hub: Hub) -> None:
    await hub.verify(form)
    parts = urlsplit(form["hub.callback"])
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {LIMIT + 1}\r\n\r\n".encode())
    assert await reader.readline() == b"HTTP/1.1 413 Request Entity Too Large\r\n"
    writer.close()
    await writer.wait_closed()


async def test_a_bomb_is_not_unpacked(form: dict[str, str], ours: Subscriber, hub: Hub) -> None:
    await hub.verify(form)
    bomb = gzip.compress(b"x" * 1_000_000)
    headers = {"Content-Encoding": "gzip"}
    async with hub.session.post(form["hub.callback"], data=bomb, headers=headers) as response:
        assert response.status == 415
    assert await ours.websub_subscriptions.take_pushed(ours.source) == ()


async def test_a_hub_gone_mad_is_slowed_down(form: dict[str, str], ours: Subscriber, hub: Hub) -> None:
    await hub.verify(form)
    answers = [await hub.push(b"x", method=None) for _ in range(2 * MAX_PER_MINUTE + 1)]
    assert answers[0] == 202
    assert answers[-1] == 429
    assert MAX_PER_MINUTE <= answers.count(202) <= 2 * MAX_PER_MINUTE  # two minutes may be touched
    assert (await ours.status()).refused == answers.count(202)


async def test_a_slow_hub_holds_up_nobody(form: dict[str, str], hub: Hub) -> None:
    await hub.verify(form)
    sending, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"<rss"
        sending.set()
        await go_on.wait()
        yield b"/>"

    slow = asyncio.create_task(hub.session.post(form["hub.callback"], data=slowly()).__aenter__())
    await sending.wait()
    assert await hub.push(rss(1)) == 202
    go_on.set()
    response = await slow
    assert response.status == 202
    response.release()


async def test_while_redis_is_away_the_hub_is_asked_to_come_again_and_no_callback_is_logged(
    form: dict[str, str], ours: Subscriber, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    await hub.verify(form)
    key = ours.store.subscriptions._keys.subscription(CITY)
    await ours.store.connection.call("DEL", key)
    await ours.store.connection.call("SET", key, "no hash")  # Redis refuses what we ask of it
    assert await hub.push(rss(1)) == 503
    assert (await hub.verify(form))[0] == 503
    told = capsys.readouterr()
    assert "websub_callback_not_stored" in told.out
    assert form["hub.callback"].rpartition("/")[2] not in told.out + told.err


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE"])
async def test_other_methods_are_none(form: dict[str, str], ours: Subscriber, hub: Hub, method: str) -> None:
    query = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "x"}
    async with hub.session.request(method, form["hub.callback"], params=query) as response:
        assert response.status == 405
    assert (await ours.status()).state == "requested"


async def test_callbacks_answer_below_the_path_of_the_public_address_too(
    form: dict[str, str], ours: Subscriber, hub: Hub
) -> None:
    address = form["hub.callback"].replace("/websub/", "/news/websub/")
    assert (await hub.verify(form | {"hub.callback": address}))[0] == 200


async def test_there_are_no_callbacks_where_none_are_wanted(store: Store, clock: ManualClock) -> None:
    app = create_app(World(store, clock).reading, WebOptions())
    async with client_of(app) as client:
        assert (await client.get("/websub/kota/x?hub.mode=subscribe&hub.challenge=x")).status == 404
