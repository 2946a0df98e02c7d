"""Pages that a robots.txt lets us read or not, over a server that answers in every way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pipeline.visiting_world import Scripted, scripted, source, workers
from support import ManualClock

from syndicator.model.fetch import Fetched, FetchFailed, FetchResult
from syndicator.pipeline.sources.polite_client import PoliteClient
from syndicator.pipeline.sources.robots_policy import FRESH_AT_LEAST, FRESH_AT_MOST, MAX_ELSEWHERE, RETRY
from syndicator.store.sources.robots import KEPT, KnownRobots
from syndicator.store.store import Store

ROBOTS = "/robots.txt"
NOT_PRIVATE = "User-agent: *\nDisallow: /private\n"


@pytest.fixture
async def portal() -> AsyncIterator[Scripted]:
    async with scripted() as opened:
        for path in ("/news", "/private/1", "/feed"):
            opened.say(path, "<html/>")
        yield opened


async def page(polite_client: PoliteClient, portal: Scripted, path: str = "/news") -> FetchResult:
    return await polite_client.fetch(source(portal.url("/news")), portal.url(path), page=True)


def code(result: FetchResult) -> str:
    return result.code if isinstance(result, FetchFailed) else "ok"


async def test_a_forbidden_page_is_not_requested_and_the_reason_says_what_to_do(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    portal.say(ROBOTS, NOT_PRIVATE)
    async with workers(store, clock) as several:
        assert isinstance(await page(several[0], portal), Fetched)
        failed = await page(several[0], portal, "/private/1?token=hidden")
    assert isinstance(failed, FetchFailed)
    assert failed.code == "robots"
    assert portal.url(ROBOTS) in failed.detail
    assert "politeness = { robots = false }" in failed.detail
    assert "hidden" not in failed.detail
    assert portal.asked == [ROBOTS, "/news"]


async def test_feeds_and_portals_of_our_own_are_not_asked_for_it(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    portal.say(ROBOTS, "User-agent: *\nDisallow: /")
    async with workers(store, clock) as several:
        feed = source(portal.url("/feed"))
        assert isinstance(await several[0].fetch(feed, feed.url), Fetched)
        own = source(portal.url("/news"), robots=False)
        assert isinstance(await several[0].fetch(own, own.url, page=True), Fetched)
    assert portal.times(ROBOTS) == 0


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, NOT_PRIVATE, "robots"),
        (200, "User-agent: syndicator\nDisallow: /private\n", "robots"),
        (200, "User-agent: another\nDisallow: /private\n", "ok"),
        (200, "<html>there is no such page, but we say 200</html>", "ok"),
        (200, b"\x00\xff\xfe" * 10_000, "ok"),
        (200, b"# " + b"x" * 100_000 + b"\n" + NOT_PRIVATE.encode(), "robots"),
        (200, NOT_PRIVATE.encode() + b"x" * 600_000, "robots"),
        (200, b"#" * (3 * 1024 * 1024), "too_large"),
        (204, b"", "ok"),
        (401, b"", "ok"),
        (403, b"", "ok"),
        (404, b"", "ok"),
        (410, b"", "ok"),
        (429, b"", "http_429"),
        (500, b"", "http_500"),
        (503, b"", "http_503"),
    ],
)
async def test_what_the_file_is_answered_with(
    store: Store, clock: ManualClock, portal: Scripted, *, status: int, body: str | bytes, expected: str
) -> None:
    portal.say(ROBOTS, body, status=status)
    async with workers(store, clock) as several:
        for polite_client in several.visitors:
            assert code(await page(polite_client, portal, "/private/1")) == expected
    assert portal.times(ROBOTS) == 1  # the second worker has it from the first


@pytest.mark.parametrize("times", [1, 5, 6])
async def test_redirects_to_it_are_followed_five_times(
    store: Store, clock: ManualClock, portal: Scripted, times: int
) -> None:
    for number in range(times):
        start = f"/hop-{number}" if number else ROBOTS
        portal.say(start, status=301, Location=f"/hop-{number + 1}")
    portal.say(f"/hop-{times}", NOT_PRIVATE)
    async with workers(store, clock) as several:
        expected = "robots" if times <= 5 else "ok"
        assert code(await page(several[0], portal, "/private/1")) == expected


async def test_a_server_that_is_away_is_said_to_be_away(store: Store, clock: ManualClock) -> None:
    async with workers(store, clock) as several:
        url = "http://127.0.0.1:9/news"
        failed = await several[0].fetch(source(url), url, page=True)
    assert isinstance(failed, FetchFailed)
    assert failed.code == "connect"
    assert "http://127.0.0.1:9/robots.txt" in failed.detail


async def test_it_is_asked_for_once_a_day_by_all(store: Store, clock: ManualClock, portal: Scripted) -> None:
    portal.say(ROBOTS, NOT_PRIVATE)
    async with workers(store, clock) as several:
        for polite_client in several.visitors:
            await page(polite_client, portal)
        clock.advance((FRESH_AT_MOST - timedelta(seconds=1)).total_seconds())
        await page(several[0], portal)
        assert portal.times(ROBOTS) == 1
        portal.say(ROBOTS, "")
        clock.advance(1)
        assert code(await page(several[0], portal, "/private/1")) == "ok"
        assert code(await page(several[1], portal, "/private/1")) == "ok"
    assert portal.times(ROBOTS) == 2


@pytest.mark.parametrize(
    ("cache_control", "fresh"),
    [
        ("max-age=3600", timedelta(hours=1)),
        ('public, max-age="7200", x=1', timedelta(hours=2)),
        ("max-age=1", FRESH_AT_LEAST),
        ("no-store", FRESH_AT_LEAST),
        ("no-cache, max-age=9999", FRESH_AT_LEAST),
        ("max-age=99999999", FRESH_AT_MOST),
        ("max-age=x", FRESH_AT_MOST),
        ("s-maxage=60", FRESH_AT_MOST),
    ],
)
async def test_the_server_says_for_how_long(
    store: Store, clock: ManualClock, portal: Scripted, cache_control: str, fresh: timedelta
) -> None:
    portal.say(ROBOTS, NOT_PRIVATE, Cache_Control=cache_control)
    async with workers(store, clock) as several:
        await page(several[0], portal)
        clock.advance(fresh.total_seconds() - 1)
        await page(several[0], portal)
        assert portal.times(ROBOTS) == 1
        clock.advance(1)
        await page(several[0], portal)
        assert portal.times(ROBOTS) == 2


async def test_one_that_could_not_be_had_is_soon_asked_for_again(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    portal.say(ROBOTS, status=503)
    async with workers(store, clock) as several:
        for _ in range(2):
            failed = await page(several[0], portal)
            assert isinstance(failed, FetchFailed)
            assert failed.code == "http_503"
            assert failed.requested_url == portal.url("/news")
            assert portal.url(ROBOTS) in failed.detail
        assert portal.asked == [ROBOTS]
        portal.say(ROBOTS, NOT_PRIVATE)
        clock.advance(RETRY.total_seconds())
        assert code(await page(several[0], portal)) == "ok"


async def test_an_older_copy_stands_in_for_thirty_days(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    portal.say(ROBOTS, NOT_PRIVATE)
    async with workers(store, clock) as several:
        await page(several[0], portal)
        portal.say(ROBOTS, status=500)
        clock.advance((KEPT - RETRY).total_seconds())
        assert code(await page(several[1], portal)) == "ok"
        assert code(await page(several[1], portal, "/private/1")) == "robots"
        assert portal.times(ROBOTS) == 2
        clock.advance(RETRY.total_seconds())
        assert code(await page(several[1], portal)) == "http_500"


async def test_a_crawl_delay_is_kept_among_pages_but_not_by_feeds(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    portal.say(ROBOTS, "User-agent: *\nCrawl-delay: 10\n")
    async with workers(store, clock) as several:
        await page(several[0], portal)
        began = clock()
        feed = source(portal.url("/feed"))
        assert isinstance(await several[1].fetch(feed, feed.url), Fetched)
        assert clock() == began
        await page(several[1], portal)
        assert timedelta(seconds=10) <= clock() - began < timedelta(seconds=11)


async def test_what_a_source_sends_along_is_not_sent_to_it(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    async with workers(store, clock) as several:
        await page(several[0], portal)
    assert portal.asked == [ROBOTS, "/news"]
    assert ["Authorization" in headers for headers in portal.headers] == [False, True]


async def test_what_was_read_for_another_agent_does_not_count(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    other = KnownRobots(
        agent="other",
        text="User-agent: *\nDisallow: /\n",
        read_at=clock(),
        fresh_until=clock() + timedelta(hours=1),
    )
    await store.robots.keep(portal.url(ROBOTS), other, clock())
    assert await store.robots.get(portal.url(ROBOTS), "other") == other
    async with workers(store, clock) as several:
        assert code(await page(several[0], portal)) == "ok"


async def test_pages_at_once_ask_for_it_once(store: Store, clock: ManualClock, portal: Scripted) -> None:
    portal.say(ROBOTS, NOT_PRIVATE)
    async with workers(store, clock, 1) as several:
        one = source(portal.url("/news"), max_in_flight=5)
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(several[0].fetch(one, one.url, page=True))
    assert (portal.times(ROBOTS), portal.times("/news")) == (1, 20)


async def test_a_source_has_us_ask_few_other_servers_and_their_files_are_soon_forgotten(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    one = source(portal.url("/news"))
    elsewhere = [portal.url("/news", f"127.0.1.{number}") for number in range(1, MAX_ELSEWHERE + 11)]
    day_ms = 24 * 3600 * 1000
    async with workers(store, clock) as several:
        assert code(await page(several[0], portal)) == "ok"
        results = [await several[0].fetch(one, url, page=True) for url in elsewhere]
        assert [code(result) for result in results] == ["ok"] * MAX_ELSEWHERE + ["busy"] * 10
        assert portal.times(ROBOTS) == 1 + MAX_ELSEWHERE
        assert code(await several[0].fetch(one, elsewhere[0], page=True)) == "ok", "it is known already"
        own = await store.connection.call("PTTL", store.robots._keys.robots(portal.url(ROBOTS)))
        assert own > 29 * day_ms
        other = portal.url(ROBOTS, "127.0.1.1")
        assert await store.connection.call("PTTL", store.robots._keys.robots(other)) <= 3600 * 1000
        clock.advance(3601)
        assert code(await several[0].fetch(one, elsewhere[-1], page=True)) == "ok"


async def test_long_files_are_not_all_remembered(store: Store, clock: ManualClock, portal: Scripted) -> None:
    rules = "".join(f"Disallow: /{number:04d}/{'x' * 100}\n" for number in range(4000))
    portal.say(ROBOTS, f"User-agent: *\nDisallow: /private\n{rules}")
    one = source(portal.url("/news"))
    async with workers(store, clock) as several:
        for number in range(1, 31):
            url = portal.url("/private/1", f"127.0.1.{number}")
            assert code(await several[0].fetch(one, url, page=True)) == "robots"
        remembered = several[0]._robots_policy._recent
        assert sum(len(entry.robots.text) for _, entry in remembered.items()) <= 1024 * 1024
        assert 10 <= len(remembered) < 30
        asked = portal.times(ROBOTS)
        again = portal.url("/private/1", "127.0.1.1")
        assert code(await several[0].fetch(one, again, page=True)) == "robots"
        assert portal.times(ROBOTS) == asked, "it comes from Redis"
