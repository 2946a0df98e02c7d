"""Requests of several workers to one server: never more at once, nor more often, than its source says."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from itertools import pairwise
from operator import ne
from pathlib import Path

import pytest
from pipeline.visiting_world import Scripted, scripted, source, workers
from support import ManualClock, until

from syndicator.errors import StoreUnavailable
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, Reason
from syndicator.model.source import Source, SourceScope
from syndicator.pipeline.sources import request_slots as turns_module
from syndicator.pipeline.sources.polite_client import PoliteClient
from syndicator.rules.politeness_scope import scope_key
from syndicator.store.embedded import EmbeddedServer, find_server
from syndicator.store.sources.request_slots import Wanted, Why
from syndicator.store.store import Store, StoreOptions, open_store


@pytest.fixture
async def portal() -> AsyncIterator[Scripted]:
    async with scripted() as opened:
        opened.say("/feed", "<rss/>")
        yield opened


async def until_fetched(polite_client: PoliteClient, one: Source) -> FetchResult:
    """Ask again where there was no turn, as later rounds do."""
    while True:
        result = await polite_client.fetch(one, one.url)
        if not isinstance(result, FetchFailed) or result.reason is not Reason.BUSY:
            return result


def failure(result: FetchResult) -> FetchFailed:
    assert isinstance(result, FetchFailed)
    return result


async def scripts_run(store: Store) -> int:
    info = (await store.connection.call("INFO", "commandstats")).decode()
    return sum(int(calls) for calls in re.findall(r"cmdstat_eval(?:sha)?:calls=(\d+)", info))


async def test_a_thousand_feeds_of_a_host_are_never_asked_more_at_once_than_may_be(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    async with workers(store, clock, 4) as several:
        feeds = [source(portal.url(f"/feed/{number}"), max_in_flight=3) for number in range(1000)]
        results = await asyncio.gather(
            *(until_fetched(several[number], feed) for number, feed in enumerate(feeds))
        )
        assert several.most == 3
    assert len(portal.asked) == len(set(portal.asked)) == 1000
    assert {failure(result).status for result in results} == {404}


async def test_starts_keep_their_distance_over_all_workers(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    async with workers(store, clock, 3) as several:
        feeds = [
            source(portal.url(f"/feed/{number}"), max_in_flight=10, per_minute=30) for number in range(100)
        ]
        began = clock().timestamp()
        await asyncio.gather(*(until_fetched(several[number], feed) for number, feed in enumerate(feeds)))
        starts = sorted(several.began)
    assert len(starts) == 100
    assert min(later - start for start, later in pairwise(starts)) >= 1.999
    assert starts[-1] - began >= 99 * 1.999
    # Waiting is not wasting: with the jitter of a quarter of a second at most each.
    assert starts[-1] - began <= 99 * 2.3


async def test_hosts_do_not_wait_for_each_other_but_a_domain_does(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    async with workers(store, clock) as several:
        portal.gate = asyncio.Event()
        one = source(portal.url("/feed"), max_in_flight=1)
        asking = asyncio.create_task(several[0].fetch(one, one.url))
        await until(lambda: portal.asked)
        other = source(portal.url("/feed", "127.0.0.2"), max_in_flight=1)
        elsewhere = asyncio.create_task(several[1].fetch(other, other.url))
        while len(portal.asked) < 2:
            await asyncio.sleep(0)
        behind = asyncio.create_task(several[1].fetch(one, one.url))
        await asyncio.sleep(0.05)
        assert len(portal.asked) == 2
        portal.gate.set()
        assert all(isinstance(one, Fetched) for one in await asyncio.gather(asking, elsewhere, behind))


async def test_who_waits_too_long_is_told_so_and_the_source_is_not_to_blame(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    async with workers(store, clock) as several:
        one = source(portal.url("/feed"), max_in_flight=2, per_minute=0.5)
        assert isinstance(await several[0].fetch(one, one.url), Fetched)
        failed = failure(await several[1].fetch(one, "http://me:pw@" + one.url.removeprefix("http://")))
    assert (failed.code, failed.retry_after_s) == ("busy", None)
    assert failed.requested_url == one.url
    assert portal.asked == ["/feed"]


async def test_a_killed_workers_turn_comes_back(store: Store, clock: ManualClock, portal: Scripted) -> None:
    async with workers(store, clock) as several:
        one = source(portal.url("/feed"), max_in_flight=1)
        dead = Wanted(scope=scope_key(SourceScope.HOST, one.url), token="dead", max_in_flight=1)
        await store.request_slots.exchange([dead], now=clock(), lease=turns_module.LEASE)
        began = clock()
        assert isinstance(await several[0].fetch(one, one.url), Fetched)
        assert turns_module.LEASE <= clock() - began < turns_module.LEASE + timedelta(seconds=1)


async def test_a_turn_is_given_back_whatever_happens(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    async with workers(store, clock) as several:
        one = source(portal.url("/feed"), max_in_flight=1)
        portal.gate = asyncio.Event()
        for _ in range(5):
            asking = asyncio.create_task(several[0].fetch(one, one.url))
            waiting = [asyncio.create_task(several[number].fetch(one, one.url)) for number in range(4)]
            before = len(portal.asked)
            while len(portal.asked) == before:
                await asyncio.sleep(0)
            for task in (asking, *waiting):
                task.cancel()
            await asyncio.gather(asking, *waiting, return_exceptions=True)
        # At every step on the way to a turn.
        for steps in range(40):
            asking = asyncio.create_task(several[0].fetch(one, one.url))
            for _ in range(steps):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        portal.gate = None
        closed = source("http://127.0.0.1:9/", max_in_flight=1)
        for number in range(3):
            assert failure(await several[number].fetch(closed, closed.url)).reason is Reason.CONNECT
        began = clock()
        assert isinstance(await several[1].fetch(one, one.url), Fetched)
        assert clock() - began < timedelta(seconds=5)  # nobody had to wait for a lease to end
        for number in range(2):
            await several[number].close()
        left = await store.connection.call(
            "EXISTS", store.request_slots._keys.turns(scope_key(SourceScope.HOST, one.url))
        )
        assert left == 0


async def test_a_long_request_keeps_its_turn(
    store: Store, clock: ManualClock, portal: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns_module, "EXTEND_S", 0.01)
    async with workers(store, clock) as several:
        one = source(portal.url("/feed"), max_in_flight=1)
        portal.gate = asyncio.Event()
        asking = asyncio.create_task(several[0].fetch(one, one.url))
        await until(lambda: portal.asked)
        key = store.request_slots._keys.turns(scope_key(SourceScope.HOST, one.url))

        async def end() -> float:
            return float((await store.connection.call("ZRANGE", key, 0, 0, "WITHSCORES"))[1])

        for _ in range(4):
            before = await end()
            clock.advance(10)
            await until(end, partial(ne, before))
        other = Wanted(scope=scope_key(SourceScope.HOST, one.url), token="other", max_in_flight=1)
        (answer,) = await store.request_slots.exchange([other], now=clock(), lease=turns_module.LEASE)
        assert answer.why is Why.IN_FLIGHT
        portal.gate.set()
        assert isinstance(await asking, Fetched)


async def test_429_for_one_url_holds_off_its_whole_scope(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    portal.say("/busy", status=429, Retry_After="120")
    async with workers(store, clock) as several:
        busy, other = source(portal.url("/busy")), source(portal.url("/feed"))
        assert failure(await several[0].fetch(busy, busy.url)).retry_after_s == 120
        held = failure(await several[0].fetch(other, other.url))
        assert (held.code, held.retry_after_s) == ("busy", 120)
        assert "120 s" in held.detail
        assert failure(await several[1].fetch(other, other.url)).code == "busy"
        elsewhere = source(portal.url("/feed", "127.0.0.3"))
        assert isinstance(await several[1].fetch(elsewhere, elsewhere.url), Fetched)
        clock.advance(70)  # now it is near enough to be waited for
        assert isinstance(await several[1].fetch(other, other.url), Fetched)
        assert portal.asked.count("/feed") == 2


async def test_503_holds_off_a_scope_where_two_urls_say_it(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    portal.say("/one", status=503, Retry_After="120")
    portal.say("/two", status=503, Retry_After="300")
    async with workers(store, clock) as several:
        one, two, feed = (source(portal.url(path)) for path in ("/one", "/two", "/feed"))
        for _ in range(2):  # it alone is unavailable, however often it is asked
            assert failure(await several[0].fetch(one, one.url)).retry_after_s == 120
            assert isinstance(await several[0].fetch(feed, feed.url), Fetched)
        clock.advance(121)  # what was said then is over
        assert failure(await several[0].fetch(two, two.url)).retry_after_s == 300
        assert isinstance(await several[0].fetch(feed, feed.url), Fetched)
        assert failure(await several[0].fetch(one, one.url)).retry_after_s == 120
        assert failure(await several[0].fetch(feed, feed.url)).code == "busy"
        assert failure(await several[1].fetch(feed, feed.url)).code == "busy"


async def test_429_without_a_time_holds_off_its_scope_for_longer_than_a_turn_is_waited_for(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    portal.say("/busy", status=429)
    async with workers(store, clock) as several:
        busy, feed = source(portal.url("/busy")), source(portal.url("/feed"))
        assert failure(await several[0].fetch(busy, busy.url)).code == "http_429"
        began = clock()
        assert failure(await several[0].fetch(feed, feed.url)).code == "busy"
        assert failure(await several[1].fetch(feed, feed.url)).code == "busy"
        assert clock() == began
        clock.advance(90)
        assert isinstance(await several[1].fetch(feed, feed.url), Fetched)


@pytest.mark.parametrize(("status", "headers"), [(503, {}), (404, {"Retry_After": "120"})])
async def test_other_refusals_without_a_time_hold_nothing_off(
    store: Store, clock: ManualClock, portal: Scripted, *, status: int, headers: dict[str, str]
) -> None:
    portal.say("/gone", status=status, **headers)
    async with workers(store, clock) as several:
        one, feed = source(portal.url("/gone")), source(portal.url("/feed"))
        await several[0].fetch(one, one.url)
        assert isinstance(await several[0].fetch(feed, feed.url), Fetched)


async def test_a_request_costs_two_calls_at_most_and_many_at_once_share_them(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    async with workers(store, clock) as several:
        feed = source(portal.url("/feed"))
        await several[0].fetch(feed, feed.url)
        await asyncio.sleep(0.05)
        before = await scripts_run(store)
        await several[0].fetch(feed, feed.url)
        await asyncio.sleep(0.05)
        assert await scripts_run(store) - before <= 2
        alone = source(portal.url("/feed"), scope=SourceScope.URL)
        before = await scripts_run(store)
        await several[0].fetch(alone, alone.url)
        await asyncio.sleep(0.05)
        assert await scripts_run(store) == before
        hosts = [source(portal.url("/feed", f"127.0.1.{number}")) for number in range(1, 101)]
        await asyncio.gather(*(several[0].fetch(one, one.url) for one in hosts))
        assert await scripts_run(store) - before < 100


async def test_without_redis_nothing_is_requested_and_with_it_all_goes_on(
    tmp_path: Path, clock: ManualClock, portal: Scripted
) -> None:
    server = EmbeddedServer(tmp_path / "redis", find_server(None))
    await server.ensure()
    options = StoreOptions(url=f"unix://{server.socket}", data_dir=tmp_path)
    feed = source(portal.url("/feed"))
    async with open_store(options) as store, workers(store, clock) as several:
        await several[0].fetch(feed, feed.url)
        await server.stop()
        with pytest.raises(StoreUnavailable):
            await several[0].fetch(feed, feed.url)
        assert len(portal.asked) == 1
        again = EmbeddedServer(tmp_path / "redis", find_server(None))
        await again.ensure()
        assert isinstance(await several[0].fetch(feed, feed.url), Fetched)
        await several[0].close()
        await again.stop()


async def test_a_turn_that_could_not_be_given_back_goes_back_with_the_next_call(
    tmp_path: Path, clock: ManualClock, portal: Scripted
) -> None:
    server = EmbeddedServer(tmp_path / "redis", find_server(None))
    await server.ensure()
    options = StoreOptions(url=f"unix://{server.socket}", data_dir=tmp_path)
    feed = source(portal.url("/feed"), max_in_flight=1)
    async with open_store(options) as store, workers(store, clock) as several:
        portal.gate = asyncio.Event()
        asking = asyncio.create_task(several[0].fetch(feed, feed.url))
        await until(lambda: portal.asked)
        await server.stop()
        portal.gate.set()
        assert isinstance(await asking, Fetched)
        again = EmbeddedServer(tmp_path / "redis", find_server(None))
        await again.ensure()
        dead = Wanted(scope=scope_key(SourceScope.HOST, feed.url), token="other", max_in_flight=1)
        (answer,) = await store.request_slots.exchange([dead], now=clock(), lease=turns_module.LEASE)
        assert answer.why is Why.IN_FLIGHT  # the server kept it over its restart
        began = clock()
        assert isinstance(await several[0].fetch(feed, feed.url), Fetched)
        assert clock() == began
        await several[0].close()
        await again.stop()


async def test_a_picture_is_looked_at_in_turn(store: Store, clock: ManualClock, portal: Scripted) -> None:
    portal.say("/photo.jpg", b"x" * 1000, Content_Type="image/jpeg")
    async with workers(store, clock) as several:
        one = source(portal.url("/feed"), per_minute=0.5)
        looked = await several[0].head(one, portal.url("/photo.jpg"))
        assert isinstance(looked, Fetched)
        assert (looked.body, looked.headers["content-type"]) == (b"", "image/jpeg")
        assert failure(await several[1].head(one, portal.url("/photo.jpg"))).reason is Reason.BUSY


async def test_what_is_no_url_says_so(store: Store, clock: ManualClock) -> None:
    async with workers(store, clock) as several:
        for url in ("nothing", "http://[::1/", "ftp://portal.example/", "http://portal.example:port/"):
            for page in (False, True):
                result = await several[0].fetch(source("http://127.0.0.1/"), url, page=page)
                assert failure(result).reason in {Reason.SCHEME, Reason.BLOCKED}
