"""Feeds as of the call: rendered once per version, the same bytes everywhere, never behind."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from email.utils import format_datetime

import feedparser
import pytest
from pipeline.conftest import OpenService
from support import ManualClock, candidate

from syndicator.model.feed import READER_FORMATS, FeedEntry, FeedSpec, FeedVersion, Format
from syndicator.model.ids import FeedId
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.feeds.stale_cache_refresh import PASS_RENDITIONS
from syndicator.pipeline.fresh_reads import PATIENCE_S
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.store.articles.articles import TimelinePlace

LATEST = FeedId("latest")
CONFIG = """
[feed.latest]
title = "Terbaru"
size = 3
[feed.sport]
title = "Olahraga"
filter = { section = ["olahraga"] }
"""


async def admit(
    service: Service,
    *numbers: int,
    title: str | None = None,
    section: str = "Transportasi",
    body_html: str | None = None,
) -> None:
    admitter = Admitter(service.store.articles, service.settings.feeds.values(), service.clock)
    await admitter.admit(
        [candidate(number, title=title, section=section, body_html=body_html) for number in numbers]
    )


async def test_a_feed_shows_an_article_from_its_admission_on(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        for number in (1, 2):
            await admit(service, number)
            for form in Format:
                shown = (await service.publisher.rendition(LATEST, form)).body
                assert f"Berita nomor {number}".encode() in shown


async def test_another_process_gives_the_same_bytes(service_of: OpenService, clock: ManualClock) -> None:
    async with service_of(CONFIG) as one, service_of(CONFIG) as other:
        await admit(one, 1, 2)
        mine = await one.publisher.rendition(LATEST, Format.RSS)
        clock.advance(60)
        assert await other.publisher.rendition(LATEST, Format.RSS) == mine


async def test_a_change_that_the_feed_does_not_show_changes_no_validator(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, 1, 2, 3)
        before = await service.publisher.rendition(LATEST, Format.ATOM)
        clock.advance(3600)
        await service.store.feeds.touch([LATEST], clock())
        after = await service.publisher.rendition(LATEST, Format.ATOM)
        assert (after.digest, after.last_modified) == (before.digest, before.last_modified)
        assert after.version > before.version


async def test_only_feeds_that_are_concerned_are_warmed(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        reports: list[object] = []
        runner = Runner(service.publish_step, capacity=1, clock=service.clock, on_report=reports.append)
        await runner.run(until_empty=True)
        await admit(service, 1)
        await runner.run(until_empty=True)
        told = [dict(report.fields)["feed"] for report in reports]  # type: ignore[attr-defined]
        assert told == ["latest, sport", "latest"]


async def test_a_new_title_of_the_site_reaches_every_feed(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, 1)
        await service.publisher.rendition(LATEST, Format.RSS)
    async with service_of(CONFIG.replace('"Terbaru"', '"Paling baru"')) as service:
        shown = feedparser.parse((await service.publisher.rendition(LATEST, Format.RSS)).body)
        assert shown.feed.title == "Paling baru"
        assert [entry.title for entry in shown.entries] == ["Berita nomor 1"]


async def test_all_who_wait_get_one_rendering(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, 1)
        shown = await asyncio.gather(*(service.publisher.rendition(LATEST, Format.JSON) for _ in range(20)))
        assert all(one is shown[0] for one in shown)


@pytest.mark.parametrize("watched", [True, False])
async def test_no_revision_is_missed_while_feeds_are_read(service_of: OpenService, watched: bool) -> None:
    async with AsyncExitStack() as stack:
        service, other = [await stack.enter_async_context(service_of(CONFIG)) for _ in range(2)]
        if watched:
            for one in (service, other):
                await stack.enter_async_context(one.store.watch.running())

        async def reader() -> None:
            for _ in range(30):
                await other.publisher.rendition(LATEST, Format.RSS)

        async def writer() -> None:
            for number in range(30):
                await admit(service, 1, title=f"Judul ke-{number}")
                for one in (other, service):
                    shown = await one.publisher.rendition(LATEST, Format.RSS)
                    assert f"Judul ke-{number}".encode() in shown.body

        await asyncio.gather(reader(), writer(), reader())


async def test_a_feed_that_did_not_change_costs_redis_nothing(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service, service.store.watch.running():
        await admit(service, 1)
        shown = await service.publisher.rendition(LATEST, Format.RSS)
        asked = service.store.feeds.versions
        reads: list[object] = []

        async def counted(feeds: Sequence[FeedId]) -> Mapping[FeedId, FeedVersion]:
            reads.append(feeds)
            return await asked(feeds)

        service.publisher._versions._read_now = counted
        for _ in range(50):
            assert await service.publisher.rendition(LATEST, Format.RSS) is shown
        assert reads == []
        await admit(service, 2)
        assert await service.publisher.rendition(LATEST, Format.RSS) is not shown
        assert len(reads) == 1


async def test_a_rendering_that_takes_long_is_waited_for(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, 1)
        await service.publisher.rendition(LATEST, Format.RSS)
        await admit(service, 2)
        service.publisher._thread.submit(time.sleep, 4 * PATIENCE_S)
        shown = await service.publisher.rendition(LATEST, Format.RSS, patiently=False)
        assert b"Berita nomor 2" in shown.body, "Redis answers, so nobody needs an older copy"


async def test_copies_of_very_many_feeds_are_refreshed_pass_by_pass(service_of: OpenService) -> None:
    count = PASS_RENDITIONS // len(READER_FORMATS) + 10
    config = "".join(
        f'[feed.f{number}]\ntitle = "{number}"\nfilter = {{ section = ["s{number}"] }}\n'
        for number in range(count)
    )
    async with service_of(config) as service:
        refresher, kept = service.stale_cache_refresh, service.publisher.stale_cache
        await refresher.refresh()
        assert len(kept.in_memory()) - PASS_RENDITIONS < len(READER_FORMATS)
        await refresher.refresh()
        assert len(kept.feeds) == count
        assert len(kept.in_memory()) == count * len(READER_FORMATS)


async def test_ids_outlive_every_change_of_the_address(service_of: OpenService) -> None:
    def given(host: str) -> str:
        return f'{CONFIG}\n[site]\npublic_url = "https://{host}/news"\n'

    async def first_id(config: str) -> str:
        async with service_of(config) as service:
            await admit(service, 1)
            shown = feedparser.parse((await service.publisher.rendition(LATEST, Format.RSS)).body)
            return str(shown.entries[0].id)

    assert (await first_id(CONFIG)).startswith("tag:localhost,2026:article/")
    first = await first_id(given("first.example"))
    assert first.startswith("tag:first.example,2026:article/")
    assert await first_id(given("second.example")) == first
    own = given("second.example") + 'tag_authority = "own.example,2024-05"\n'
    assert (await first_id(own)).startswith("tag:own.example,2024-05:article/")


async def test_the_list_of_feeds_says_when_it_changed(service_of: OpenService, clock: ManualClock) -> None:
    async def listed(config: str) -> str:
        async with service_of(config) as service:
            return service.publisher.opml().decode()

    first = await listed(CONFIG)
    assert f"<dateModified>{format_datetime(clock())}</dateModified>" in first
    clock.advance(3600)
    assert await listed(CONFIG) == first
    changed = await listed(CONFIG.replace('"Terbaru"', '"Paling baru"'))
    assert f"<dateModified>{format_datetime(clock())}</dateModified>" in changed


async def test_a_feed_is_composed_of_the_version_that_is_known(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service, service.store.watch.running():
        asked = service.store.feeds.versions
        reads: list[object] = []

        async def counted(feeds: Sequence[FeedId]) -> Mapping[FeedId, FeedVersion]:
            reads.append(feeds)
            return await asked(feeds)

        service.store.feeds.versions = service.publisher._versions._read_now = counted  # type: ignore[method-assign]
        for number in range(3):
            await admit(service, number)
            await service.publisher.rendition(LATEST, Format.RSS)
        assert len(reads) == 3


async def test_a_feed_that_changes_while_it_is_composed_is_rendered_again(
    service_of: OpenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service_of(CONFIG) as service, service.store.watch.running():
        await admit(service, 1)
        read = service.publisher._shown

        async def changed_then(spec: FeedSpec) -> tuple[tuple[FeedEntry, ...], TimelinePlace | None]:
            found = await read(spec)
            monkeypatch.undo()
            await admit(service, 2)
            return found

        monkeypatch.setattr(service.publisher, "_shown", changed_then)
        before = await service.publisher.rendition(LATEST, Format.RSS)
        assert b"Berita nomor 2" not in before.body
        after = await service.publisher.rendition(LATEST, Format.RSS)
        assert b"Berita nomor 2" in after.body
