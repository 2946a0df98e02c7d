"""What our hub takes from strangers: bounded for each host and in all, and never at the cost of subscribers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network

import pytest
from aiohttp import web
from pipeline.conftest import OpenService, on_all_hosts
from pipeline.feeds.test_publisher import admit
from pipeline.own_hub_world import Reader, World, open_world, reader, world
from support import ManualClock, until
from web.web_world import client_of

from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions
from syndicator.web.hub import hub_routes

__all__ = ["reader", "world"]  # fixtures


async def statuses(world: World, *callbacks: str) -> list[int]:
    """Send subscriptions at once, in this order."""
    answers = await asyncio.gather(*(world.post(world.form(callback)) for callback in callbacks))
    return [answer.status for answer in answers]


async def hosts(world: World) -> Counter[str]:
    return Counter(one.host for one in await world.subscribers())


async def test_of_requests_at_once_the_first_are_taken_up_to_the_limit_of_a_host(
    service_of: OpenService, reader: Reader
) -> None:
    async with open_world(service_of, reader, "max_per_host = 8") as world:
        answers = await statuses(world, *(f"{reader.url}/{number}" for number in range(12)))
        assert sorted(answers) == [202] * 8 + [503] * 4
        await world.work()
        assert len([one for one in await world.subscribers() if one.lease]) == 8
        assert [one.query["hub.mode"] for one in reader.asked] == ["subscribe"] * 8
        refused = await world.post(world.form(f"{reader.url}/later"))
        assert (refused.status, "of this host" in refused.text) == (503, True)
        assert "Retry-After" in refused.headers


async def test_who_subscribes_already_renews_and_leaves_whatever_the_limits_say(
    service_of: OpenService, reader: Reader
) -> None:
    async with open_world(service_of, reader, "max_per_host = 2\nmax_subscriptions = 2") as world:
        await statuses(world, f"{reader.url}/1", f"{reader.url}/2")
        await world.work()
        assert await statuses(world, f"{reader.url}/3") == [503]
        assert await statuses(world, f"{reader.url}/1") == [202]
        assert (await world.post(world.form(f"{reader.url}/2", mode="unsubscribe"))).status == 202
        await world.work()
        assert await statuses(world, f"{reader.url}/3") == [202]


async def test_one_host_cannot_fill_the_hub(service_of: OpenService, reader: Reader) -> None:
    async with open_world(service_of, reader, "max_per_host = 10\nmax_subscriptions = 40") as world:
        answers = await statuses(world, *(f"http://tarpit.example/{number}" for number in range(60)))
        assert Counter(answers) == {202: 10, 503: 50}
        assert await statuses(world, "https://honest.example/cb") == [202]


async def test_where_the_hub_is_full_the_oldest_that_never_confirmed_gives_way(
    service_of: OpenService, reader: Reader, clock: ManualClock
) -> None:
    async with open_world(service_of, reader, "max_subscriptions = 3") as world:
        await world.subscribe(f"{reader.url}/honest")
        for number in range(5):
            clock.advance(1)
            assert await statuses(world, f"http://h{number}.example/") == [202]
        assert await hosts(world) == {"127.0.0.1": 1, "h3.example": 1, "h4.example": 1}


async def test_where_all_have_confirmed_a_full_hub_takes_nobody(
    service_of: OpenService, reader: Reader
) -> None:
    async with open_world(service_of, reader, "max_subscriptions = 2") as world:
        await world.subscribe(f"{reader.url}/1")
        await world.subscribe(f"{reader.url}/2")
        assert await statuses(world, f"{reader.url}/3") == [503]
        await world.publish(2)
        assert len(reader.pushed) == 2


async def test_registrations_with_rsscloud_at_once_keep_to_the_limit_of_a_host(
    service_of: OpenService, reader: Reader
) -> None:
    reader.agrees = lambda asked: web.Response(text=asked.query["challenge"])
    port = reader.url.rpartition(":")[2]
    async with open_world(service_of, reader, "max_per_host = 1") as world:
        forms = [
            {"domain": "127.0.0.1", "port": port, "path": f"/{number}", "url1": world.form()["hub.topic"]}
            for number in range(2)
        ]
        answers = await asyncio.gather(*(world.post(form, "/news/rsscloud/pleaseNotify") for form in forms))
        assert sorted('success="true"' in answer.text for answer in answers) == [False, True]
        assert len(await world.subscribers()) == 1


@pytest.mark.parametrize(
    "spelling",
    [
        "http://CB.Example/{}", "http://cb.example./{}", "http://c%62.example/{}",
        "http://%63%62%2Eexample/{}", "https://cb.example:8443/{}", "http://user:word@cb.example/{}",
        "http://ｃｂ。example/{}",
    ],
)  # fmt: skip
async def test_all_spellings_of_a_host_are_one_host(
    service_of: OpenService, reader: Reader, spelling: str
) -> None:
    async with open_world(service_of, reader, "max_per_host = 2") as world:
        first = await statuses(world, "http://cb.example/")
        answers = await statuses(world, *(spelling.format(number) for number in range(3)))
        assert (first, sorted(answers)) == ([202], [202, 503, 503])
        assert await hosts(world) == {"cb.example": 2}


async def test_another_spelling_does_not_get_round_the_pace_of_a_host(
    service_of: OpenService, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_routes, "PER_MINUTE_OF_HOST", 5)
    everybody = WebOptions(unlimited=(ip_network("127.0.0.0/8"),))
    async with open_world(service_of, reader) as world:
        app = create_app(world.service.queries, everybody, hub=world.service.hub)
        async with client_of(app) as client:
            spelled = [
                "".join(
                    f"%{ord(char):02x}" if number >> at & 1 else char for at, char in enumerate("cb.example")
                )
                for number in range(20)
            ]
            unpaced = replace(world, client=client)
            answers = await statuses(unpaced, *(f"http://{name}/" for name in spelled))
        assert answers.count(503) >= 10, "at most a few tokens come back meanwhile"


@pytest.mark.parametrize(
    "callback",
    [
        "http://127.1/",
        "http://0x7f.0.0.1/",
        "http://2130706433/",
        "http://c%E2%88%95b.example/",
        "http://a..b/",
    ],
)
async def test_a_host_that_nobody_can_connect_to_is_refused_at_once(world: World, callback: str) -> None:
    answer = await world.post(world.form(callback))
    assert (answer.status, "hub.callback" in answer.text) == (400, True)
    assert await world.subscribers() == []


class Tarpits:
    """Hosts (all of 127/8 are this machine) that never answer before they are let go."""

    def __init__(self) -> None:
        self.port = 0
        self.hanging = 0
        self.most_hanging = 0
        self.asked = 0
        self.released = asyncio.Event()

    async def hang(self, _: web.Request) -> web.Response:
        self.asked += 1
        self.hanging += 1
        self.most_hanging = max(self.hanging, self.most_hanging)
        await self.released.wait()
        self.hanging -= 1
        return web.Response(status=404)

    def urls(self, count: int) -> list[str]:
        return [f"http://127.0.2.{host}:{self.port}/" for host in range(1, count + 1)]


@pytest.fixture
async def tarpits() -> AsyncIterator[Tarpits]:
    played = Tarpits()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", played.hang)
    async with on_all_hosts(app) as played.port:
        yield played
        played.released.set()


async def test_fresh_hosts_that_hang_keep_no_subscriber_waiting(
    world: World, reader: Reader, tarpits: Tarpits
) -> None:
    await world.subscribe()
    assert set(await statuses(world, *tarpits.urls(100))) == {202}
    await admit(world.service, 2)
    told = asyncio.Event()
    reader.on_push = lambda _: told.set()
    working = asyncio.create_task(world.work())  # 32 requests at once
    try:
        await asyncio.wait_for(told.wait(), 8)  # a request to a host that hangs takes 10 s
        assert tarpits.most_hanging <= 8
    finally:
        tarpits.released.set()
        await working


async def test_new_subscribers_of_hosts_that_answer_come_before_hosts_that_never_did(
    service_of: OpenService, reader: Reader, tarpits: Tarpits, clock: ManualClock
) -> None:
    async with open_world(service_of, reader, 'timeout = "2s"') as world:
        await world.subscribe()
        assert set(await statuses(world, *tarpits.urls(100))) == {202}
        working = asyncio.create_task(world.work())
        await until(lambda: tarpits.hanging >= 8)  # all places for new callbacks are taken
        answered = asyncio.Event()
        reader.agrees = lambda _: answered.set()
        clock.advance(1)  # it comes after all of them
        assert await statuses(world, f"{reader.url}/new") == [202]
        try:
            await asyncio.wait_for(answered.wait(), 60)
            assert tarpits.asked < 50
        finally:
            tarpits.released.set()
            await working
