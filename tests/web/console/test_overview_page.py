from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser, LexborNode
from support import NOON, ManualClock
from web.trouble import open_troubled_world
from web.web_world import OPS, Client, World, client_of, source

from syndicator.model.hub import Lease, Protocol, TopicName
from syndicator.model.source import Failure, SourceState
from syndicator.rules.hub.subscribers import new_subscriber
from syndicator.store.store import Store
from syndicator.web.console.overview_page import MOST_SOURCES

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}


@pytest.fixture
async def world(store: Store, clock: ManualClock) -> World:
    return await open_troubled_world(store, clock)


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with client_of(world.ops_app(b"syndicator_articles 1\n"), OPS) as opened:
        yield opened


async def page(client: Client) -> LexborHTMLParser:
    answer = await client.get("/admin/", ENGLISH)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return LexborHTMLParser(answer.body)


def rows(table: LexborNode) -> dict[str | None, list[str]]:
    return {
        row.attributes.get("class"): [" ".join(cell.text().split()) for cell in row.css("th, td")]
        for row in table.css("tbody tr")
    }


async def test_sources_that_need_attention_stand_on_top_and_no_others(client: Client) -> None:
    whole = await page(client)
    sources, _ = whole.css("table")
    assert list(rows(sources)) == ["failing", "stuck", "late"]
    links = {one.text(): one.attributes["href"] for one in whole.css("section a")}
    assert links["All sources"] == "/admin/sources"
    assert links["Failing"] == "/admin/sources/failing"
    counts = [one.text() for one in whole.css("#sources ~ nav a")]
    assert counts == ["Failing 1", "Stuck 1", "Late 1", "New 1", "OK 1"]


async def test_of_very_many_sources_in_trouble_the_worst_are_shown(store: Store, clock: ManualClock) -> None:
    many = [source(f"portal-{number}", f"Portal {number}") for number in range(MOST_SOURCES + 30)]
    world = World(store, clock, sources=many)
    await store.sources.enlist([one.id for one in many], [], NOON)
    await store.sources.claim("me", NOON, timedelta(minutes=5), len(many))
    for one in many[5:]:
        state = SourceState(failures=2, failure=Failure(reason="dns", detail="", at=NOON), next_due_at=NOON)
        assert await store.sources.settle(one.id, "me", state)
    async with client_of(world.ops_app(), OPS) as client:
        whole = await page(client)
    assert whole.css(".verdict")[0].text() == f"{MOST_SOURCES + 25} sources need attention"
    assert len(whole.css("table")[0].css("tbody tr")) == MOST_SOURCES
    assert "and 25 more" in whole.text()
    assert "/admin/sources?state=failing" in [one.attributes["href"] for one in whole.css("nav a")]


async def test_endpoints_with_their_queues_and_no_secrets(client: Client) -> None:
    whole = await page(client)
    _, endpoints = whole.css("table")
    told = rows(endpoints)
    assert list(told) == ["degraded", "active"]
    assert told["degraded"] == [
        "stuck stuck.example",
        "Degraded 1 delivery is dead Last failure: It answered with status 410",
        "0", "0", "0", "1", "0",
    ]  # fmt: skip
    text = whole.html or ""
    assert "hidden" not in text.replace("aria-hidden", "")
    assert "whsec" not in text


async def test_the_verdict_comes_first(client: Client) -> None:
    whole = await page(client)
    assert whole.css(".verdict")[0].text() == "3 sources and 1 endpoint need attention"
    figures = {" ".join(one.text(separator=" ").split()) for one in whole.css(".figures div")}
    counts = {"Articles 1", "In the last hour 1", "Feeds 3", "Sources 5", "Events not fanned out yet 1"}
    assert figures == {*counts, "Newest article 0 s ago"}


async def test_every_page_says_whose_time_it_shows(client: Client) -> None:
    for path in ("/admin/", "/admin/sources", "/admin/articles", "/admin/sources/failing"):
        shown = LexborHTMLParser((await client.get(path, ENGLISH)).body)
        (footer,) = shown.css("footer")
        assert footer.text().strip() == "Times without a zone are those of Asia/Jakarta."


async def test_subscribers_of_the_hub_are_counted(world: World, client: Client) -> None:
    known = new_subscriber(Protocol.RSSCLOUD, TopicName("latest.rss"), "https://reader.example/rahasia")
    lease = Lease(topic_url="", verified_at=NOON, ends_at=NOON + timedelta(days=1))
    await world.store.hub.update(known, lambda _: replace(known, lease=lease), now=NOON)
    await world.store.hub_topics.fan_out(known.topic, NOON)
    whole = await page(client)
    figures = {" ".join(one.text(separator=" ").split()) for one in whole.css(".figures div")}
    assert figures >= {"Subscribers of the hub 1", "Subscribers waiting for news 1"}
    assert "rahasia" not in (whole.html or "")


async def test_all_well(store: Store, clock: ManualClock) -> None:
    world = World(store, clock, sources=())
    async with client_of(world.ops_app(), OPS) as client:
        whole = await page(client)
    assert whole.css(".verdict")[0].text() == "All is well."
    assert len(whole.css(".empty")) == 2


async def test_metrics_and_probes_are_there_and_feeds_are_not(client: Client) -> None:
    metrics = await client.get("/metrics")
    assert metrics.body == b"syndicator_articles 1\n"
    assert metrics.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert (await client.get("/readyz")).status == 200
    assert (await client.get("/static/style.css")).status == 200
    assert (await client.get("/feeds/latest.rss")).status == 404


async def test_the_page_reloads_only_where_that_is_asked_for(client: Client) -> None:
    for path, told in (("/admin/", "Reload every 30 seconds"), ("/admin/?reload=30", "Stop reloading")):
        page = LexborHTMLParser((await client.get(path, ENGLISH)).body)
        (link,) = page.css("a.reload")
        assert link.text() == told
        assert bool(page.css("meta[http-equiv=refresh]")) is (told == "Stop reloading")
