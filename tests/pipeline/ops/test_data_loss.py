"""Redis loses its data while the service runs, or while it does not: what is noticed, and what is sent."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pipeline.conftest import OpenService, Portal
from pipeline.ops.test_retention import empty_redis
from pipeline.rounds.test_feed_round import gather
from pipeline.rounds.test_first_gatherings import announced, config, feed
from support import NOON, ManualClock, candidate

from syndicator.errors import StoreUnavailable
from syndicator.model.event import Event, EventType
from syndicator.model.feed import Format
from syndicator.model.ids import FeedId, SourceId
from syndicator.model.ops.status import Recovery
from syndicator.pipeline.ops.data_loss import DataLoss
from syndicator.rules.identity.identity import identify
from syndicator.service import Service
from syndicator.store.data_mark import MarkFile
from syndicator.store.sources.admitted_entries import Entries, EntriesRead
from syndicator.web.ops.health import HealthRoutes

HOUR = timedelta(hours=1)
LISTED: list[tuple[str, datetime | None]] = [
    ("satu", NOON - HOUR), ("dua", NOON - 2 * HOUR), ("tanpa-tanggal", None),
]  # fmt: skip


async def shown(service: Service) -> set[str]:
    snapshot = await service.publisher.snapshot(FeedId("latest"))
    return {entry.article.title.removeprefix("Berita ") for entry in snapshot.entries}


async def test_what_was_announced_before_a_loss_is_shown_again_and_not_announced_again(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = feed(LISTED)
    async with service_of(config(portal)) as service:
        await gather(service)
        assert await announced(service) == ["dua", "satu", "tanpa-tanggal"]
        clock.advance(60)
        await service.data_loss.check()
        await empty_redis(service)
        clock.advance(4)
        assert await gather(service) == []
        await service.data_loss.check()
        clock.advance(60)
        portal.documents["/rss"] = feed([("baru", clock()), *LISTED])
        (report,) = await gather(service)
        assert report.round.new == 4
        assert await shown(service) == {"baru", "satu", "dua", "tanpa-tanggal"}
        assert await announced(service) == ["baru"]


async def test_a_change_after_a_loss_has_another_id_than_one_before(portal: Portal) -> None:
    async def gather_as(title: str) -> None:
        portal.clock.advance(400)
        portal.documents["/rss"] = feed([("satu", NOON - HOUR)]).replace("Berita satu", title)
        await gather(service)

    async def sent() -> list[Event]:
        return [one.event for one in await service.store.outbox.after("", 100)]

    async with portal.service_of(config(portal)) as service:
        await gather_as("Berita")
        await gather_as("Berita, diralat")
        await service.data_loss.check()
        before = await sent()
        await empty_redis(service)
        portal.clock.advance(4)
        await gather(service)
        await service.data_loss.check()
        await gather_as("Berita, diralat")
        await gather_as("Berita, diralat lagi")
        created, first, second = [*before, *await sent()]
    assert created.type is EventType.ARTICLE_CREATED
    assert first.type is second.type is EventType.ARTICLE_UPDATED
    assert first.subject == second.subject
    assert first.id != second.id
    assert first.revision < second.revision


async def test_a_round_that_is_under_way_at_a_loss_announces_nothing_again(portal: Portal) -> None:
    portal.documents["/rss"] = feed(LISTED)
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        portal.clock.advance(400)
        (claimed,) = (await service.gather_step.take(1)).jobs
        await empty_redis(service)
        portal.documents["/rss"] = feed([("lama", NOON - 3 * HOUR), *LISTED])
        assert await claimed() is None
        assert await announced(service) == []
        await service.data_loss.check()
        assert len(await gather(service)) == 1
        assert await announced(service) == []
        assert await shown(service) == {"lama", "satu", "dua", "tanpa-tanggal"}


async def test_a_round_that_is_under_way_at_a_loss_leaves_nothing_out_of_the_next(
    portal: Portal, service_of: OpenService, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.documents["/rss"] = feed(LISTED)
    async with service_of(config(portal)) as service:
        usual = Entries.get

        async def get(self: Entries, source: SourceId, spec_hash: str) -> EntriesRead | None:
            known = await usual(self, source, spec_hash)
            await empty_redis(service)
            await service.data_loss.check()
            return known

        await gather(service)
        clock.advance(400)
        portal.documents["/rss"] = feed(LISTED[::-1])
        with monkeypatch.context() as patched:
            patched.setattr(Entries, "get", get)
            (claimed,) = (await service.gather_step.take(1)).jobs
            await claimed()
        await gather(service)
        assert await shown(service) == {"satu", "dua", "tanpa-tanggal"}


async def test_articles_without_a_date_are_announced_again_an_hour_after_a_loss(portal: Portal) -> None:
    portal.documents["/rss"] = feed(LISTED)
    async with portal.service_of(config(portal)) as service:
        await empty_redis(service)
        await service.data_loss.check()
        await gather(service)
        assert await announced(service) == []
        portal.clock.advance(3700)
        portal.documents["/rss"] = feed([("juga-tanpa", None), *LISTED])
        await gather(service)
        assert await announced(service) == ["juga-tanpa"]


async def test_a_loss_while_no_process_ran_is_noticed_at_the_next_start(
    portal: Portal, service_of: OpenService, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    portal.documents["/rss"] = feed(LISTED)
    async with service_of(config(portal)) as service:
        await gather(service)
        await service.data_loss.check()
        await empty_redis(service)
    capsys.readouterr()
    clock.advance(300)
    async with service_of(config(portal)) as service:
        assert "data_lost" in capsys.readouterr().out
        portal.documents["/rss"] = feed([("baru", clock()), *LISTED])
        await gather(service)
        assert await announced(service) == ["baru"]
    async with service_of(config(portal)) as service:
        assert "data_lost" not in capsys.readouterr().out


async def test_a_first_start_and_the_next_are_no_loss(portal: Portal, service_of: OpenService) -> None:
    portal.documents["/rss"] = feed(LISTED)
    async with service_of(config(portal)) as service:
        await service.data_loss.check()
    async with service_of(config(portal)) as service:
        assert service.store.marks.current is not None
        assert service.store.marks.current.lost_at is None
        assert await service.queries.recovery() is None
        await gather(service)
        assert await announced(service) == ["dua", "satu", "tanpa-tanggal"]


async def test_health_names_a_loss_until_all_sources_were_gathered_again(portal: Portal) -> None:
    portal.documents["/rss"] = feed(LISTED)
    async with portal.service_of(config(portal)) as service, portal.service_of(config(portal)) as other:
        await gather(service)
        await service.data_loss.check()
        there_until = portal.clock()
        await empty_redis(service)
        portal.clock.advance(4)
        await service.data_loss.check()
        await other.data_loss.check()
        for one in (service, other):
            assert await one.queries.recovery() == Recovery(there_until=there_until, waiting=1)
        routes = HealthRoutes(service.queries, [FeedId("latest")], service.publisher.stale_cache)
        assert (await routes._store()).status == "degraded"
        await gather(service)
        for one in (service, other):
            assert await one.queries.recovery() is None
        assert (await routes._store()).status == "ready"


async def test_health_waits_for_no_source_that_was_gathered_and_is_due_again_soon(portal: Portal) -> None:
    portal.documents["/rss"] = feed(LISTED)
    often = config(portal).replace('every = "5m"', 'every = "10s"')
    assert "10s" in often
    async with portal.service_of(often) as service:
        await gather(service)
        await service.data_loss.check()
        await empty_redis(service)
        portal.clock.advance(4)
        await service.data_loss.check()
        assert await service.queries.recovery() is not None
        await gather(service)
        assert await service.queries.recovery() is None


async def test_what_is_left_to_do_after_a_loss_is_done_once_redis_answers(portal: Portal) -> None:
    async with portal.service_of(config(portal)) as service:
        tries = 0

        async def sync_configuration() -> None:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise StoreUnavailable("Redis does not answer")
            await service.sync_configuration()

        loss = DataLoss(
            service.store.marks, MarkFile(Path("/nowhere"), "x"), sync_configuration, portal.clock
        )
        await empty_redis(service)
        with pytest.raises(StoreUnavailable):
            await loss.check()
        await loss.check()
        await loss.check()
        assert tries == 2


async def test_nothing_is_admitted_into_an_emptied_redis_before_the_loss_is_noticed(portal: Portal) -> None:
    async with portal.service_of(config(portal)) as service:
        await empty_redis(service)
        with pytest.raises(StoreUnavailable, match="was emptied"):
            await service.store.articles.lookup(identify([candidate(1)]), service.clock())
        assert (await service.publisher.rendition(FeedId("latest"), Format.RSS)).body
