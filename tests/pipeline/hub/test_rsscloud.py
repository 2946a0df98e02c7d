"""rssCloud beside the hub: registered once it answers, told of news by the feed's URL, dropped when it fails."""

from urllib.parse import parse_qs

import feedparser
import pytest
from aiohttp import web
from lxml import etree
from pipeline.conftest import OpenService
from pipeline.own_hub_world import PUBLIC, TOPIC, Asked, Reader, World, open_world, reader, world
from support import ManualClock
from web.web_world import Answer

__all__ = ["reader", "world"]  # fixtures

REGISTER = "/news/rsscloud/pleaseNotify"


def form(reader: Reader, **changes: str) -> dict[str, str]:
    host, _, port = reader.url.removeprefix("http://").partition(":")
    usual = {
        "notifyProcedure": "",
        "protocol": "http-post",
        "domain": host,
        "port": port,
        "path": "/notify?k=v",
        "url1": TOPIC,
    }
    return usual | changes


def told(answer: Answer, element: str = "notifyResult") -> tuple[bool, str]:
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    root = etree.fromstring(answer.body)
    assert root.tag == element
    return root.get("success") == "true", str(root.get("msg"))


def says_challenge(asked: Asked) -> web.Response:
    return web.Response(text=asked.query["challenge"])


async def test_rss_says_where_to_register(world: World) -> None:
    parsed = feedparser.parse(await world.body())
    assert parsed.feed.cloud == {
        "domain": "feeds.example",
        "port": "443",
        "path": REGISTER,
        "registerprocedure": "",
        "protocol": "https-post",
    }


async def test_nothing_says_so_where_it_is_off(service_of: OpenService, reader: Reader) -> None:
    async with open_world(service_of, reader, "rsscloud = false") as world:
        assert "cloud" not in feedparser.parse(await world.body()).feed
        assert (await world.post(form(reader), REGISTER)).status == 404


async def test_one_with_a_domain_must_say_a_challenge(world: World, reader: Reader) -> None:
    reader.agrees = says_challenge
    assert told(await world.post(form(reader), REGISTER))[0]
    assert reader.asked[0].raw_query.startswith("k=v&url=")
    assert reader.asked[0].query["url"] == TOPIC
    assert reader.pushed == []
    await world.publish(2)
    (notice,) = reader.pushed
    assert notice.path_qs == "/notify?k=v"
    assert parse_qs(notice.body.decode()) == {"url": [TOPIC]}
    assert notice.headers["Content-Type"] == "application/x-www-form-urlencoded"


async def test_one_without_a_domain_is_told_at_its_own_address_at_once(world: World, reader: Reader) -> None:
    assert told(await world.post(form(reader, domain=""), REGISTER))[0]
    assert reader.asked == []
    assert [parse_qs(one.body.decode()) for one in reader.pushed] == [{"url": [TOPIC]}]
    await world.publish(2)
    assert len(reader.pushed) == 2


async def test_who_does_not_answer_as_it_should_is_not_registered(world: World, reader: Reader) -> None:
    reader.agrees = lambda _: web.Response(text="something else")
    assert told(await world.post(form(reader), REGISTER))[0] is False
    reader.statuses = [500]
    success, message = told(await world.post(form(reader, domain=""), REGISTER))
    assert (success, "http_500" in message) == (False, True)
    assert told(await world.post(form(reader, domain="10.0.0.1"), REGISTER)) == (
        False,
        "your notification handler did not answer as it should (blocked).",
    )
    assert await world.subscribers() == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"protocol": "xml-rpc"}, "protocol"),
        ({"port": "0"}, "port"),
        ({"port": "x"}, "port"),
        ({"path": "notify"}, "path"),
        ({"url1": ""}, "url1"),
        ({"url1": "https://lain.example/rss"}, "its own feeds only"),
        ({"domain": "a.example/evil?x="}, "domain"),
        ({"domain": "user@a.example"}, "domain"),
        ({"domain": "a.example:80"}, "domain"),
        ({"domain": 'a"><script>'}, "domain"),
    ],
)
async def test_what_is_not_understood_is_told(
    world: World, reader: Reader, changes: dict[str, str], reason: str
) -> None:
    success, message = told(await world.post(form(reader, **changes), REGISTER))
    assert (success, reason in message) == (False, True)
    assert reader.asked == []
    assert reader.pushed == []


async def test_several_feeds_at_once(world: World, reader: Reader) -> None:
    reader.agrees = says_challenge
    other = f"{PUBLIC}/feeds/latest.atom"
    assert told(await world.post(form(reader, url2=other, url3=other), REGISTER))[0]
    await world.publish(2)
    assert sorted(parse_qs(one.body.decode())["url"][0] for one in reader.pushed) == sorted([TOPIC, other])


async def test_a_registration_holds_for_25_hours_from_the_last_one(
    world: World, reader: Reader, clock: ManualClock
) -> None:
    reader.agrees = says_challenge
    await world.post(form(reader), REGISTER)
    clock.advance(24 * 3600)
    await world.post(form(reader), REGISTER)
    clock.advance(25 * 3600 - 1)
    await world.publish(2)
    assert len(reader.pushed) == 1
    clock.advance(2)
    await world.publish(3)
    assert len(reader.pushed) == 1
    await world.later(61)
    assert await world.subscribers() == []


async def test_three_failures_in_a_row_end_it(world: World, reader: Reader) -> None:
    reader.agrees = says_challenge
    await world.post(form(reader), REGISTER)
    reader.statuses = [500, 500, 204, 500, 500, 500]
    await world.publish(2)
    for _ in range(10):
        await world.later(10)
    assert len(reader.pushed) == 3
    await world.publish(3)
    for _ in range(30):
        await world.later(10)
    assert len(reader.pushed) == 6
    assert await world.subscribers() == []


async def test_a_ping_is_thanked_for_and_causes_nothing(world: World, reader: Reader) -> None:
    reader.agrees = says_challenge
    await world.post(form(reader), REGISTER)
    assert told(await world.post({"url": TOPIC}, "/news/rsscloud/ping"), "result")[0]
    assert not told(await world.post({"url": "http://127.0.0.1:9/"}, "/news/rsscloud/ping"), "result")[0]
    await world.work()
    assert reader.pushed == []
