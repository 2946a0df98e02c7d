"""The console's pages of feeds, and the counts of who asks for them."""

from collections.abc import AsyncIterator

import pytest
from selectolax.lexbor import LexborHTMLParser
from support import ManualClock
from web.web_world import OPS, Client, World, client_of, story

from syndicator.errors import StoreError
from syndicator.model.ids import FeedId
from syndicator.pipeline.feeds.audience import Audience
from syndicator.rules.feeds.reader_agents import reader_of, subscribers_of
from syndicator.store.keys.table import Keys
from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
LATEST = FeedId("latest")
FEEDLY = "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers; like FeedFetcher-Google)"


@pytest.fixture
async def operator(world: World) -> AsyncIterator[Client]:
    async with client_of(world.ops_app(), OPS) as opened:
        yield opened


async def rows(operator: Client, path: str) -> list[list[str]]:
    answer = await operator.get(path, ENGLISH)
    assert answer.status == 200
    table = LexborHTMLParser(answer.body).css("table")[0]
    return [[" ".join(cell.text().split()) for cell in row.css("th, td")] for row in table.css("tbody tr")]


async def test_who_asks_for_a_feed_is_counted_and_shown(
    world: World, operator: Client, clock: ManualClock
) -> None:
    await world.admit(story(1))
    audience = Audience(world.store.audiences, clock)
    async with client_of(create_app(world.reading, WebOptions(asked=audience.asked))) as reader:
        first = await reader.get("/feeds/latest.rss", {"User-Agent": FEEDLY})
        again = {"User-Agent": "Miniflux/2.2", "If-None-Match": first.headers["ETag"]}
        assert [(await reader.get("/feeds/latest.rss", again)).status for _ in range(3)] == [304] * 3
        assert (await reader.get("/feeds/none.rss", again)).status == 404
        await reader.get("/feeds/latest.json", {"User-Agent": "<script>alert(1)</script>"})
    await audience.write()
    shown = {row[0].split()[-1]: row for row in await rows(operator, "/admin/feeds")}
    assert shown["latest"][-2:] == ["5", "60%"]
    assert shown["popular"][-2:] == ["0", "–"]
    assert await rows(operator, "/admin/feeds/latest") == [
        ["Miniflux", "3", "60%", "–"], ["Feedly", "1", "20%", "16"], ["other programs", "1", "20%", "–"],
    ]  # fmt: skip
    assert (await operator.get("/admin/feeds/none", ENGLISH)).status == 404


async def test_several_processes_and_days_add_up(store: Store, clock: ManualClock) -> None:
    for day in range(3):
        for reader in ("curl/8", FEEDLY):
            one = Audience(store.audiences, clock)
            one.asked(LATEST, 200, reader.replace("16", str(16 + day)))
            one.asked(LATEST, 304, reader)
            one.asked(LATEST, 500, reader)
            one.rendered(LATEST)
            await one.write()
        clock.advance(24 * 3600)
    clock.advance(-24 * 3600)
    (week,) = await store.audiences.read([LATEST], clock(), 7)
    assert (week.sent, week.unchanged, week.rendered, week.unchanged_share) == (6, 6, 6, 0.5)
    assert week.readers == {"curl": 6, "Feedly": 6}
    assert week.subscribers == {"Feedly": 16}, "as it was said last"
    (today,) = await store.audiences.read([LATEST], clock(), 1)
    assert today.requests == 4


async def test_what_redis_does_not_take_is_counted_on(store: Store, clock: ManualClock) -> None:
    audience = Audience(store.audiences, clock)
    audience.asked(LATEST, 200, FEEDLY)
    key = store.again.namespace
    await store.connection.call("SET", Keys(key).feed_audience(LATEST, f"{clock():%Y%m%d}"), "not a hash")
    with pytest.raises(StoreError):
        await audience.write()
    await store.connection.call("DEL", Keys(key).feed_audience(LATEST, f"{clock():%Y%m%d}"))
    audience.asked(LATEST, 304, FEEDLY)
    await audience.write()
    (week,) = await store.audiences.read([LATEST], clock(), 7)
    assert (week.sent, week.unchanged, week.subscribers) == (1, 1, {"Feedly": 16})


@pytest.mark.parametrize(
    ("agent", "name", "subscribers"),
    [
        (FEEDLY, "Feedly", 16),
        ("NewsBlur Feed Fetcher - 5 subscribers - https://…", "NewsBlur", 5),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "browser", None),
        ("Mozilla/5.0 (compatible; Miniflux/2.2.1; +https://miniflux.app)", "Miniflux", None),
        ("", "none", None), ("   ", "none", None),
        ("synd_geheim", "other", None),
        ("x" * 100_000 + " 3 subscribers", "other", None),
    ],
)  # fmt: skip
def test_readers_are_known_by_their_names(agent: str, name: str, subscribers: int | None) -> None:
    assert (reader_of(agent), subscribers_of(agent)) == (name, subscribers)
