"""Many sources of one host, and what becomes of the others while it is busy."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from pipeline.visiting_world import Scripted, scripted, source, workers
from support import ManualClock, until

from syndicator.model.fetch import Fetched, FetchFailed, Reason
from syndicator.model.ids import SourceId
from syndicator.model.source import SourceScope
from syndicator.opening import open_service
from syndicator.pipeline.sources.gather_step import ChosenSources, SourceReport
from syndicator.pipeline.steps import JobReport
from syndicator.rules.politeness_scope import scope_key
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.settings import load
from syndicator.store.sources.request_slots import Wanted
from syndicator.store.store import Store

FEED = "<rss version='2.0'><channel><item><title>Berita</title><guid>g</guid></item></channel></rss>"
OpenService = Callable[[str], AbstractAsyncContextManager[Service]]


@pytest.fixture
async def portal() -> AsyncIterator[Scripted]:
    async with scripted() as opened:
        yield opened


@pytest.fixture
def on_real_time(redis_url: str, tmp_path: Path) -> OpenService:
    def opened(config: str) -> AbstractAsyncContextManager[Service]:
        folder = tmp_path / "config"
        folder.mkdir()
        store = f'[store]\nurl = "{redis_url}"\nnamespace = "test-{uuid.uuid4().hex}"\n'
        store += f'data_dir = "{tmp_path}"\n[egress]\nallow = ["127.0.0.0/8"]\n'
        (folder / "all.toml").write_text(store + config, "utf-8")
        return open_service(load(folder, {}))

    return opened


def described(name: str, url: str, kind: str = "feed", *, extra: str = "") -> str:
    return (
        f'[source.{name}]\ntitle = "{name}"\nkind = "{kind}"\nurl = "{url}"\n'
        f'schedule = {{ every = "1h" }}\n{extra}\n'
    )


def page_described(name: str, url: str) -> str:
    selectors = 'list = { item = "li", url = "a", title = "a" }\narticle = { title = "h1", body = "p" }'
    return described(name, url, "page", extra=selectors)


async def test_a_host_that_hangs_takes_no_slots_from_others(
    portal: Scripted, on_real_time: OpenService
) -> None:
    portal.gate = asyncio.Event()
    config = "".join(described(f"a{n}", portal.url(f"/a{n}")) for n in range(6))
    config += "".join(page_described(f"b{n}", portal.url(f"/b{n}")) for n in range(3))
    config += described("c", portal.url("/c"), "sitemap")
    config += described("z", portal.url("/robots.txt", "127.0.0.2"))  # what the gate does not hold
    portal.say("/robots.txt", FEED, Content_Type="application/rss+xml")
    reports: list[JobReport] = []
    async with on_real_time(config) as service:
        await service.sync_configuration()
        runner = Runner(service.gather_step, capacity=4, clock=service.clock, on_report=reports.append)
        running = asyncio.create_task(runner.run())
        await until(lambda: reports)
        first = reports[0]
        assert isinstance(first, SourceReport)
        assert (first.source, first.status) == ("z", "ok")
        waiting = await service.store.sources.states([SourceId(f"a{n}") for n in range(6)])
        assert all(state.failure is None and not state.warnings for state in waiting)
        portal.gate.set()
        await until(lambda: len(reports) >= 11)
        runner.stop()
        await running
        await runner.drain(5)
    told = {report.source: report.reason for report in reports if isinstance(report, SourceReport)}
    assert told.pop(SourceId("z")) is None
    assert set(told.values()) <= {"http_404", "not_a_feed", "robots"}, told
    assert len(told) == 10


async def test_a_round_of_all_waits_for_a_busy_host(portal: Scripted, on_real_time: OpenService) -> None:
    portal.gate = asyncio.Event()
    slow = "politeness = { in_flight = 1 }"
    config = "".join(described(f"a{n}", portal.url(f"/a{n}"), extra=slow) for n in range(6))
    for number in range(6):
        portal.say(f"/a{number}", FEED, Content_Type="application/rss+xml")
    reports: list[JobReport] = []
    async with on_real_time(config) as service:
        await service.sync_configuration()
        chosen = ChosenSources(service.gather_step, list(service.settings.sources.values()))
        runner = Runner(chosen, capacity=6, clock=service.clock, on_report=reports.append)
        running = asyncio.create_task(runner.run(until_empty=True))
        await until(lambda: len(chosen._remaining) >= 5)  # all but the one under way were put back
        portal.gate.set()
        await running
    assert sorted(report.source for report in reports if isinstance(report, SourceReport)) == [
        f"a{number}" for number in range(6)
    ]
    assert not any(report.failed for report in reports)


async def test_a_feed_does_not_wait_for_pages_that_keep_a_delay(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    portal.say("/robots.txt", "User-agent: *\nCrawl-delay: 20\n")
    portal.say("/feed", FEED)
    async with workers(store, clock) as several:
        one = source(portal.url("/feed"))
        pages = [
            asyncio.create_task(several[0].fetch(one, portal.url(f"/read/{number}"), page=True))
            for number in range(10)
        ]
        await until(lambda: "/read/0" in portal.asked)
        began = clock()
        assert isinstance(await several[0].fetch(one, one.url), Fetched)
        assert clock() - began < timedelta(seconds=20)
        read = await asyncio.gather(*pages)
    answers = [page for page in read if isinstance(page, FetchFailed)]
    assert 404 in {page.status for page in answers}
    # On a busy machine a page may have waited for its turn as long as it may.
    assert all(page.status == 404 or page.reason is Reason.BUSY for page in answers)
    assert portal.asked.index("/feed") < portal.asked.index("/read/9")


async def test_nobody_waits_longer_for_standing_far_behind(
    store: Store, clock: ManualClock, portal: Scripted
) -> None:
    async with workers(store, clock) as several:
        one = source(portal.url("/feed"), max_in_flight=1)
        scope = scope_key(SourceScope.HOST, one.url)
        elsewhere = Wanted(scope=scope, token="another process", max_in_flight=1)
        await store.request_slots.exchange([elsewhere], now=clock(), lease=timedelta(hours=1))
        began = clock()
        behind = await asyncio.gather(*(several[0].fetch(one, one.url) for _ in range(5)))
        assert clock() - began < timedelta(seconds=70)
        assert [failed.code for failed in behind if isinstance(failed, FetchFailed)] == ["busy"] * 5


async def test_a_source_may_have_more_requests_under_way_than_two(
    portal: Scripted, on_real_time: OpenService
) -> None:
    portal.gate = asyncio.Event()
    several = "politeness = { in_flight = 5 }"
    config = "".join(described(f"a{n}", portal.url(f"/a{n}"), extra=several) for n in range(6))
    reports: list[JobReport] = []
    async with on_real_time(config) as service:
        await service.sync_configuration()
        runner = Runner(service.gather_step, capacity=6, clock=service.clock, on_report=reports.append)
        running = asyncio.create_task(runner.run(until_empty=True))
        await until(lambda: len(portal.asked) >= 5)
        await asyncio.sleep(0.1)
        assert len(portal.asked) == 5
        portal.gate.set()
        await running
    assert len(reports) == 6
