"""Rounds leave out entries that were admitted as they are, and none that a later round must see again."""

from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import CITY, config, gather, rss
from support import ManualClock

from syndicator.rules.identity.identity import spec_hash
from syndicator.service import Service
from syndicator.store.sources.admitted_entries import EntriesRead

DAY_S = 24 * 3600


async def kept(service: Service) -> EntriesRead:
    found = await service.store.entries.get(CITY, spec_hash(service.settings.sources[CITY]))
    assert found is not None
    return found


async def marked(service: Service) -> int:
    return len((await kept(service)).marks) // 12


async def test_they_count_as_unchanged(portal: Portal, service_of: OpenService, clock: ManualClock) -> None:
    portal.documents["/rss"] = rss(1, 2, 3)
    async with service_of(config(portal)) as service:
        await gather(service)
        assert await marked(service) == 3
        portal.documents["/rss"] = rss(2, 3, 4, edited=2)
        clock.advance(300)
        (report,) = await gather(service)
        assert (report.round.new, report.round.changed, report.round.unchanged) == (1, 1, 1)
        assert await marked(service) == 3
        portal.documents["/rss"] = rss(2, 3, 4)
        clock.advance(300)
        (report,) = await gather(service)
        assert (report.round.changed, report.round.unchanged) == (1, 2)


async def test_all_are_read_once_a_day(portal: Portal, service_of: OpenService, clock: ManualClock) -> None:
    portal.documents["/rss"] = rss(1, 2)
    async with service_of(config(portal)) as service:
        await gather(service)
        began = await kept(service)
        for number in (3, 4):
            portal.documents["/rss"] = rss(1, 2, number)
            clock.advance(DAY_S / 2 - 1)
            await gather(service)
            assert (await kept(service)).since == began.since
        portal.documents["/rss"] = rss(1, 2, 5)
        clock.advance(300)
        (report,) = await gather(service)
        assert report.round.unchanged == 2
        assert (await kept(service)).since == clock.now


async def test_what_is_held_back_is_read_again(portal: Portal) -> None:
    until = "<prism:embargoDate>2026-11-06T00:00:00Z</prism:embargoDate>"
    names = '<rss xmlns:prism="http://prismstandard.org/namespaces/basic/2.1/" '
    held = rss(1, 2).replace("<guid>g1</guid>", f"<guid>g1</guid>{until}").replace("<rss ", names)
    portal.documents["/rss"] = held
    async with portal.service_of(config(portal)) as service:
        (report,) = await gather(service)
        assert report.round.new == 1
        assert await marked(service) == 0
        portal.documents["/rss"] = held.replace(until, "")
        portal.clock.advance(300)
        (report,) = await gather(service)
        assert (report.round.new, report.round.unchanged) == (1, 1)
        assert await marked(service) == 2


async def test_a_changed_description_has_all_read_again(portal: Portal) -> None:
    portal.documents["/rss"] = rss(1, 2)
    async with portal.service_of(config(portal)) as service:
        await gather(service)
    other = config(portal).replace('title = "Kota"', 'title = "Kota"\nsection = "Warga"')
    async with portal.service_of(other) as service:
        assert await service.store.entries.get(CITY, spec_hash(service.settings.sources[CITY])) is None
        (report,) = await gather(service)
        assert report.round.unchanged + report.round.changed == 2
        assert (await kept(service)).since == portal.clock.now
