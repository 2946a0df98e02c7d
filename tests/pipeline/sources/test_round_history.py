"""Every round of a source leaves a line in its history, with its settlement."""

from datetime import timedelta

from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import CITY, config, gather, rss
from support import NOON, ManualClock

from syndicator.model.ids import SourceId
from syndicator.model.ops.states import RoundStatus
from syndicator.model.source import SourceState
from syndicator.model.sources.round_history import RoundLine
from syndicator.store.keys.table import Keys
from syndicator.store.ops.configured_names import GRACE
from syndicator.store.store import Store


async def test_each_round_leaves_a_line(portal: Portal, service_of: OpenService, clock: ManualClock) -> None:
    portal.documents["/rss"] = rss(1, 2)
    portal.etags["/rss"] = '"one"'
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        clock.advance(300)
        await gather(service)
        portal.status["/rss"] = 503
        clock.advance(360)
        await gather(service)
        del portal.status["/rss"]
        portal.etags["/rss"], portal.documents["/rss"] = '"two"', rss(1, 2, 3, edited=1)
        clock.advance(7 * 3600)
        await gather(service)
        lines = await service.queries.round_history(CITY)
        assert [(line.status, line.reason, line.new, line.changed) for line in lines] == [
            ("ok", None, 1, 1),
            ("failed", "http_503", 0, 0),
            ("unchanged", None, 0, 0),
            ("ok", None, 2, 0),
        ]
        assert lines[-1].received_bytes == len(rss(1, 2).encode())
        assert lines[1].received_bytes == 0
        assert lines[1].began_at == NOON + timedelta(seconds=660)
        assert 60 <= lines[1].late_s <= 90  # rounds come up to a tenth sooner
        (strip,) = await service.queries.strips([CITY])
        assert strip.characters == "·" * 16 + "!" + "·" * 6 + "▄"


async def test_the_bytes_of_article_pages_count(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1).replace("https://city.example/1", f"{portal.url}/1")
    portal.documents["/1?utm_source=rss"] = portal.documents["/1"] = "<h1>Berita 1</h1>" + "<p>Isi.</p>" * 500
    async with service_of(config(portal).replace("schedule", "full_text = true\nschedule")) as service:
        await service.sync_configuration()
        await gather(service)
        (line,) = await service.queries.round_history(CITY)
        page = next(path for path in portal.asked if path.startswith("/1"))
        assert line.received_bytes == len(portal.documents["/rss"]) + len(portal.documents[page])


async def test_who_lost_the_lease_writes_no_line(store: Store, clock: ManualClock) -> None:
    await store.sources.enlist([CITY], [], clock())
    line = RoundLine(began_at=clock(), status=RoundStatus.OK)
    assert not await store.sources.settle(CITY, "another's", SourceState(), line=line)
    assert (await store.round_histories.read(CITY, clock())).rounds == ()


async def test_the_history_goes_with_its_source(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1)
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        key = Keys(service.store.again.namespace).round_history(CITY)
        assert await service.store.connection.call("EXISTS", key) == 1
        clock.advance(GRACE.total_seconds())
        assert f"source:{CITY}" in await service.store.configured.remove_leavers(clock())
        assert await service.store.connection.call("EXISTS", key) == 0


async def test_a_renamed_source_keeps_its_history(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1)
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
    renamed = config(portal).replace("[source.city]", '[source.town]\nformer_ids = ["city"]')
    async with service_of(renamed) as service:
        await service.sync_configuration()
        assert len(await service.queries.round_history(SourceId("town"))) == 1
