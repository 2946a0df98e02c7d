"""Links to portals: they lead where they should, and count readers once, whoever sends what."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest
from support import ManualClock
from web.web_world import SPECS, Client, World, client_of, story

from syndicator.model.article import WithdrawnBy
from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId
from syndicator.model.signal import SignalKind
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.popularity import clicks as clicking_room
from syndicator.pipeline.popularity.clicks import ClickLinks
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.rules.popularity.visitors import A_NETWORK, FOLLOWED_AT_ONCE, FOLLOWED_EVERY_S
from syndicator.store.embedded import EmbeddedServer, find_server
from syndicator.store.store import StoreOptions, open_store
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
PORTAL = "https://kota.example/read/1/kabar"
DAY_S = 24 * 3600


def reader(address: str = "203.0.113.9", **headers: str) -> dict[str, str]:
    return {"User-Agent": BROWSER, "X-Forwarded-For": address} | headers


@asynccontextmanager
async def serving(world: World) -> AsyncIterator[Client]:
    options = WebOptions(trusted_proxies=(ip_network("127.0.0.0/8"),))
    click_links = ClickLinks(world.store, world.clock)
    async with client_of(create_app(world.reading, options, click_links=click_links)) as opened:
        yield opened


async def clicks(world: World, article: ArticleId) -> float:
    (sums,) = (await world.store.signals.sums([article], [Window.ALL], world.clock()))[Window.ALL]
    return sums.get(SignalKind.CLICKS, 0.0)


@pytest.fixture
async def article(world: World) -> ArticleId:
    (admitted,) = await world.admit(story(1))
    return admitted


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with serving(world) as opened:
        yield opened


@pytest.mark.parametrize("below", ["", "/news"])
async def test_leads_to_the_stored_address_and_nowhere_else(
    client: Client, article: ArticleId, below: str
) -> None:
    answer = await client.get(f"{below}/r/{article}?url=https://evil.example/&next=//evil.example", reader())
    assert (answer.status, answer.headers["Location"]) == (302, PORTAL)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "strict-origin"
    assert "Set-Cookie" not in answer.headers


async def test_a_reader_counts_once_an_article_and_day(
    client: Client, world: World, clock: ManualClock, article: ArticleId
) -> None:
    (other,) = await world.admit(story(2, title="Pasar pagi pindah", lead="Lain.", body_html="<p>Lain.</p>"))
    for _ in range(3):
        await client.get(f"/r/{article}", reader())
    await client.get(f"/r/{other}", reader())
    assert (await clicks(world, article), await clicks(world, other)) == (1, 1)
    await client.get(f"/r/{article}", reader("198.51.100.7"))
    assert await clicks(world, article) == 2
    clock.advance(DAY_S)
    await client.get(f"/r/{article}", reader())
    assert await clicks(world, article) == 3


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Purpose": "prefetch"},
        {"X-Purpose": "preview"},
        {"X-Moz": "prefetch"},
        {"Sec-Fetch-Dest": "image"},
        {"User-Agent": "WhatsApp/2.23.20.0"},
        {"User-Agent": ""},
    ],
)
async def test_machines_are_led_on_and_not_counted(
    client: Client, world: World, article: ArticleId, headers: dict[str, str]
) -> None:
    answer = await client.get(f"/r/{article}", reader(**headers))
    assert (answer.status, answer.headers["Location"]) == (302, PORTAL)
    assert await clicks(world, article) == 0


async def test_a_look_at_the_headers_does_not_count(client: Client, world: World, article: ArticleId) -> None:
    assert (await client.get(f"/r/{article}", reader(), method="HEAD")).headers["Location"] == PORTAL
    assert await clicks(world, article) == 0


async def test_a_flood_from_one_network_is_a_few(client: Client, world: World, article: ArticleId) -> None:
    systems = ("Android", "iPhone", "Windows", "Macintosh", "Linux")
    for number in range(100):
        agent = f"Mozilla/5.0 ({systems[number % 5]}) Firefox/{number}"
        await client.get(f"/r/{article}", reader(f"203.0.113.{number}", **{"User-Agent": agent}))
    assert 1 <= await clicks(world, article) <= A_NETWORK


async def test_an_address_that_follows_everything_is_led_on_uncounted(
    client: Client, world: World, clock: ManualClock
) -> None:
    ids = await world.admit(*(story(number) for number in range(1, FOLLOWED_AT_ONCE + 3)))
    answers = [await client.get(f"/r/{one}", reader()) for one in ids]
    assert {answer.status for answer in answers} == {302}
    assert sum([await clicks(world, one) for one in ids]) == FOLLOWED_AT_ONCE
    clock.advance(60)
    await client.get(f"/r/{ids[-1]}", reader())
    assert await clicks(world, ids[-1]) == 1


async def test_an_address_that_never_rests_is_counted_at_its_rate(
    client: Client, world: World, clock: ManualClock
) -> None:
    ids = await world.admit(*(story(number) for number in range(1, FOLLOWED_AT_ONCE + 13)))
    for one in ids[:FOLLOWED_AT_ONCE]:
        await client.get(f"/r/{one}", reader())
    for one in ids[FOLLOWED_AT_ONCE:]:
        clock.advance(FOLLOWED_EVERY_S / 3)
        await client.get(f"/r/{one}", reader())
    assert sum([await clicks(world, one) for one in ids[FOLLOWED_AT_ONCE:]]) == 12 / 3


async def test_the_rates_of_no_more_addresses_are_kept_than_fit(
    world: World, article: ArticleId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clicking_room, "_ADDRESSES", 3)
    ids = [article, *await world.admit(*(story(number) for number in range(2, FOLLOWED_AT_ONCE + 3)))]
    async with serving(world) as client:
        for one in ids:
            await client.get(f"/r/{one}", reader())
        assert await clicks(world, ids[-1]) == 0
        for number in range(3):
            await client.get(f"/r/{article}", reader(f"198.51.{number}.1"))
        await client.get(f"/r/{ids[-1]}", reader())
    assert await clicks(world, ids[-1]) == 1  # forgotten, it begins anew


async def test_many_readers_are_counted_as_many_as_they_are(
    client: Client, world: World, article: ArticleId
) -> None:
    day = world.clock().date()
    told = [await world.store.clicks.add(article, day, number.to_bytes(16)) for number in range(5_000)]
    assert sum(told) == pytest.approx(5_000, rel=0.03)


async def test_all_processes_know_a_reader(world: World, article: ArticleId) -> None:
    async with serving(world) as one, serving(world) as another:
        await one.get(f"/r/{article}", reader())
        await another.get(f"/r/{article}", reader())
    assert await clicks(world, article) == 1


async def test_nothing_stored_tells_an_address_and_all_of_it_goes(
    client: Client, world: World, article: ArticleId
) -> None:
    call = world.store.connection.call
    before = set(await call("KEYS", "*"))
    await client.get(f"/r/{article}", reader("203.0.113.9"))
    added = [key for key in set(await call("KEYS", "*")) - before if b"}:clicks" in key]
    assert {key.rpartition(b"}:")[2].partition(b":")[0] for key in added} == {b"clicks", b"clicks-salt"}
    for key in added:
        assert 0 < await call("TTL", key) <= 2 * DAY_S
        assert b"203.0.113" not in key + await call("GET", key)


async def test_what_is_not_there(client: Client, world: World, article: ArticleId) -> None:
    for name in ("aaaaaaaaaaaaaaaa", "x", "https:%2f%2fevil.example"):
        assert (await client.get(f"/r/{name}", reader())).status == 404
    withdrawer = Withdrawer(world.store, SPECS, open_metrics(), world.clock, count_coverage)
    await client.get(f"/r/{article}", reader())
    assert await withdrawer.withdraw(article, WithdrawnBy.OPERATOR, "taken back")
    assert (await client.get(f"/r/{article}", reader())).status == 410


async def test_the_page_of_an_article_leads_through_it(client: Client, article: ArticleId) -> None:
    page = await client.get(f"/articles/{article}", {"Accept": "text/html"})
    assert f'<a href="/news/r/{article}" rel="nofollow">' in page.text
    assert f'<link rel="canonical" href="{PORTAL}">' in page.text


async def test_while_redis_is_away_known_links_lead_on(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "redis").mkdir()
    server = EmbeddedServer(tmp_path / "redis", find_server(None))
    await server.ensure()
    try:
        options = StoreOptions(url=f"unix://{server.socket}", namespace="away", data_dir=tmp_path)
        async with open_store(options) as store:
            world = World(store, clock)
            known, unknown = await world.admit(story(1), story(2))
            async with serving(world) as client:
                await client.get(f"/r/{known}", reader())
                await server.stop()
                away = await client.get(f"/r/{known}", reader())
                assert (away.status, away.headers["Location"]) == (302, PORTAL)
                assert (await client.get(f"/r/{unknown}", reader())).status == 503
    finally:
        await server.stop()
