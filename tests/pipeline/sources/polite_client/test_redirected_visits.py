"""Redirects: each address on the way is asked as if the source had named it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pipeline.visiting_world import Scripted, scripted, source, workers
from support import ManualClock

from syndicator.model.fetch import Fetched, FetchFailed, FetchResult
from syndicator.model.source import SourceScope
from syndicator.pipeline.sources.request_slots import LEASE
from syndicator.rules.politeness_scope import scope_key
from syndicator.store.sources.request_slots import HoldOff
from syndicator.store.store import Store

ELSEWHERE = "127.0.0.2"
NOT_PRIVATE = "User-agent: *\nDisallow: /private\n"


@pytest.fixture
async def portal() -> AsyncIterator[Scripted]:
    async with scripted() as opened:
        opened.say("/feed", "<rss/>")
        opened.say("/private", "<html/>")
        yield opened


def refusal(result: FetchResult) -> FetchFailed:
    assert isinstance(result, FetchFailed)
    return result


@pytest.mark.parametrize("host", ["127.0.0.1", ELSEWHERE])
async def test_a_page_that_leads_to_a_forbidden_one_is_not_read(
    store: Store, clock: ManualClock, portal: Scripted, host: str
) -> None:
    portal.say("/robots.txt", NOT_PRIVATE)
    portal.say("/news", status=302, Location="/step")
    portal.say("/step", status=302, Location=portal.url("/private", host))
    async with workers(store, clock) as several:
        one = source(portal.url("/news"))
        failed = refusal(await several[0].fetch(one, one.url, page=True))
        assert (failed.code, failed.requested_url) == ("robots", one.url)
        assert portal.url("/robots.txt", host) in failed.detail
        assert "/private" not in portal.asked
        allowed = source(one.url, robots=False)
        assert isinstance(await several[0].fetch(allowed, one.url, page=True), Fetched)


async def test_a_page_whose_target_has_a_robots_txt_in_trouble_is_not_read(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    async with scripted() as other:
        other.say("/robots.txt", status=503, Retry_After="600")
        other.say("/feed", "<rss/>")
        portal.say("/news", status=301, Location=other.url("/feed"))
        async with workers(store, clock) as several:
            one = source(portal.url("/news"))
            assert refusal(await several[0].fetch(one, one.url, page=True)).code == "http_503"
            # That the one may not be read now is no word of the other.
            here = source(portal.url("/feed"))
            assert isinstance(await several[0].fetch(here, here.url), Fetched)
        assert other.asked == ["/robots.txt"]


async def test_a_host_that_redirects_lead_to_is_not_asked_more_at_once_than_may_be(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    portal.say("/slow", "<rss/>")
    async with scripted() as first, workers(store, clock, 3) as several:
        for number in range(30):
            first.say(f"/{number}", status=301, Location=portal.url("/slow"))
        feeds = [
            source(first.url(f"/{number}", f"127.0.1.{number + 1}"), max_in_flight=2) for number in range(30)
        ]
        results = await asyncio.gather(
            *(several[number].fetch(one, one.url) for number, one in enumerate(feeds))
        )
        assert {type(one) for one in results} == {Fetched}
        assert portal.most == 2


async def test_a_pace_is_kept_with_hosts_that_redirects_lead_to(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    for number in range(2):
        portal.say(f"/{number}", status=301, Location=portal.url("/feed", ELSEWHERE))
    async with workers(store, clock) as several:
        one, two = (source(portal.url(f"/{number}", f"127.0.1.{number}"), per_minute=3) for number in (0, 1))
        began = clock()
        assert isinstance(await several[0].fetch(one, one.url), Fetched)
        assert isinstance(await several[1].fetch(two, two.url), Fetched)
        assert (clock() - began).total_seconds() >= 20


async def test_a_redirect_within_a_host_waits_for_no_pace(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    portal.say("/old", status=301, Location="/feed")
    async with workers(store, clock) as several:
        one = source(portal.url("/old"), max_in_flight=1, per_minute=0.5)
        began = clock()
        assert isinstance(await several[0].fetch(one, one.url), Fetched)
        assert clock() == began


async def test_a_host_that_asked_to_be_left_alone_is_not_asked_through_a_redirect(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    portal.say("/old", status=301, Location=portal.url("/feed", ELSEWHERE))
    scope = scope_key(SourceScope.HOST, portal.url("/feed", ELSEWHERE))
    async with workers(store, clock) as several:
        held_off = HoldOff(scope=scope, until=clock() + timedelta(minutes=15))
        await store.request_slots.exchange(now=clock(), lease=LEASE, held_off=[held_off])
        one = source(portal.url("/old"))
        failed = refusal(await several[0].fetch(one, one.url, patient=False))
    assert (failed.code, failed.requested_url, failed.retry_after_s) == ("busy", one.url, 900)
    assert ELSEWHERE in failed.detail
    assert portal.asked == ["/old"]


@pytest.mark.parametrize("status", [429, 503])
async def test_who_asks_to_be_left_alone_is_the_host_that_answered(
    store: Store, clock: ManualClock, portal: Scripted, status: int
) -> None:
    async with scripted() as other, workers(store, clock) as several:
        other.say("/feed", "<rss/>")
        for path in ("/1", "/2"):
            other.say(path, status=status, Retry_After="600")
            portal.say(path, status=302, Location=other.url(path))
            moved = source(portal.url(path))
            assert refusal(await several[0].fetch(moved, moved.url)).retry_after_s == 600
        here, there = source(portal.url("/feed")), source(other.url("/feed"))
        assert isinstance(await several[1].fetch(here, here.url), Fetched)
        assert refusal(await several[1].fetch(there, there.url)).code == "busy"
        assert "/feed" not in other.asked
