"""What sources take back: pages that are gone, entries that a feed deleted, articles that are cancelled."""

from pipeline.conftest import OpenService, Portal
from pipeline.full_text_world import articles, config, entry, feed, page
from pipeline.rounds.test_feed_round import CITY, gather
from pipeline.rounds.test_feed_round import config as feed_config
from support import ManualClock

from syndicator.model.article import Withdrawal, WithdrawnBy
from syndicator.model.event import EventType
from syndicator.service import Service

MINUTE = 60


async def withdrawn(service: Service) -> list[Withdrawal]:
    return await service.store.withdrawals.newest(0)


async def titles(service: Service) -> list[str]:
    return [one.title for one in await articles(service)]


def publish(portal: Portal, *numbers: int) -> None:
    portal.documents["/rss"] = feed(*(entry(portal, number) for number in numbers))
    for number in numbers:
        portal.documents[f"/read/{number}"] = page(number)


async def rounds(service: Service, clock: ManualClock, *minutes: int) -> None:
    for pause in minutes:
        clock.advance(pause * MINUTE)
        await gather(service)


async def test_a_page_that_is_gone_in_two_rounds_is_withdrawn(portal: Portal) -> None:
    publish(portal, 1, 2)
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        portal.status["/read/1"] = 404
        await rounds(service, portal.clock, 120)
        assert await titles(service) == ["Berita 1", "Berita 2"]
        await rounds(service, portal.clock, 5)
        assert await titles(service) == ["Berita 1", "Berita 2"]
        await rounds(service, portal.clock, 6)
        assert await titles(service) == ["Berita 2"]
        (told,) = await withdrawn(service)
        assert (told.by, told.reason) == (WithdrawnBy.PAGE, "its page is gone (http_404)")
        events = [one.event.type for one in await service.store.outbox.after("", 10)]
        assert events[-1] is EventType.ARTICLE_WITHDRAWN
        # It is listed still, and its page came back: nobody is told again.
        del portal.status["/read/1"]
        portal.documents["/rss"] += " "
        await rounds(service, portal.clock, 60, 60)
        assert await titles(service) == ["Berita 2"]


async def test_a_page_that_comes_back_is_not_withdrawn(portal: Portal) -> None:
    publish(portal, 1, 2)
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        for _ in range(3):
            portal.status["/read/1"] = 410
            await rounds(service, portal.clock, 90)
            del portal.status["/read/1"]
            await rounds(service, portal.clock, 90)
        assert await titles(service) == ["Berita 1", "Berita 2"]
        assert await withdrawn(service) == []


async def test_other_failures_of_a_page_withdraw_nothing(portal: Portal) -> None:
    publish(portal, 1, 2)
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        for status in (403, 500, 503, 401):
            portal.status["/read/1"] = status
            await rounds(service, portal.clock, 60, 60)
        assert await withdrawn(service) == []


async def test_a_portal_whose_pages_are_all_gone_is_at_fault_itself(portal: Portal) -> None:
    publish(portal, 1, 2, 3, 4)
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        for number in (1, 2, 3, 4):
            portal.status[f"/read/{number}"] = 404
        portal.documents["/rss"] += " "
        await rounds(service, portal.clock, 120)
        assert any("fault of the portal" in one for one in (await service.store.sources.state(CITY)).warnings)
        await rounds(service, portal.clock, 120, 120)
        assert len(await titles(service)) == 4
        assert await withdrawn(service) == []


async def test_what_falls_off_the_list_is_not_withdrawn(portal: Portal) -> None:
    publish(portal, 1, 2)
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        publish(portal, 2)
        await rounds(service, portal.clock, 60, 60, 60)
        assert await titles(service) == ["Berita 1", "Berita 2"]


def atom(*numbers: int, deleted: str = "", updated: str = "2026-11-05T11:00:00Z", items: str = "") -> str:
    entries = "".join(
        f"<entry><id>urn:x:{number}</id><title>Berita {number}</title><updated>{updated}</updated>"
        f"<link href='https://city.example/{number}'/><summary>Isi berita {number}.</summary></entry>"
        for number in numbers
    )
    return (
        "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:at='http://purl.org/atompub/tombstones/1.0'>"
        f"<id>urn:x</id><title>Kota</title><updated>2026-11-05T11:00:00Z</updated>{deleted}{entries}{items}</feed>"
    )


def tombstone(number: int, when: str = "2026-11-05T12:01:00Z") -> str:
    return (
        f"<at:deleted-entry ref='urn:x:{number}' when='{when}'>"
        "<at:comment>Ditarik atas permintaan</at:comment></at:deleted-entry>"
    )


async def test_an_entry_that_a_feed_deleted_is_withdrawn(portal: Portal) -> None:
    portal.documents["/rss"] = atom(1, 2)
    async with portal.service_of(feed_config(portal)) as service:
        await gather(service)
        portal.documents["/rss"] = atom(2, deleted=tombstone(1) + tombstone(9))
        await rounds(service, portal.clock, 6)
        assert await titles(service) == ["Berita 2"]
        (told,) = await withdrawn(service)
        assert (told.by, told.reason) == (WithdrawnBy.FEED, "Ditarik atas permintaan")
        # An operator puts it back: the feed still says so, and is not heard.
        assert await service.withdrawer.restore(told.article.id)
        portal.documents["/rss"] = atom(2, deleted=tombstone(1)) + " "
        await rounds(service, portal.clock, 6)
        assert await titles(service) == ["Berita 1", "Berita 2"]


async def test_an_entry_that_changed_after_its_deletion_counts(portal: Portal) -> None:
    portal.documents["/rss"] = atom(1, 2)
    async with portal.service_of(feed_config(portal)) as service:
        await gather(service)
        early = tombstone(1, "2026-11-05T10:00:00Z")
        portal.documents["/rss"] = atom(1, 2, deleted=early)
        await rounds(service, portal.clock, 6)
        assert await withdrawn(service) == []


async def test_no_source_deletes_what_is_anothers(portal: Portal) -> None:
    portal.documents["/rss"] = atom(1)
    portal.documents["/other"] = atom(2, deleted=tombstone(1).replace("urn:x:1", "https://city.example/1"))
    other = f'[source.other]\ntitle = "Lain"\nkind = "feed"\nurl = "{portal.url}/other"\nschedule = {{ every = "5m" }}\n'
    async with portal.service_of(feed_config(portal) + other) as service:
        await gather(service)
        await rounds(service, portal.clock, 6)
        assert await titles(service) == ["Berita 1", "Berita 2"]


def items(status: str) -> str:
    return (
        '{"version": "https://jsonfeed.org/version/1.1", "title": "Kota", "items": ['
        '{"id": "1", "url": "https://city.example/1", "title": "Berita 1", "content_text": "Isi satu."'
        f'{status}}}, {{"id": "2", "url": "https://city.example/2", "title": "Berita 2", "content_text": "Isi dua."}}]}}'
    )


async def test_an_item_that_is_cancelled_is_withdrawn_and_never_admitted(portal: Portal) -> None:
    portal.documents["/rss"] = items("")
    async with portal.service_of(feed_config(portal)) as service:
        await gather(service)
        assert await titles(service) == ["Berita 1", "Berita 2"]
        portal.documents["/rss"] = items(', "pubstatus": "canceled"')
        await rounds(service, portal.clock, 6)
        assert await titles(service) == ["Berita 2"]
        (told,) = await withdrawn(service)
        assert (told.by, told.reason) == (WithdrawnBy.STATUS, "its source says: canceled")
        portal.documents["/rss"] = items("")
        await rounds(service, portal.clock, 6)
        assert await titles(service) == ["Berita 2"]


async def test_a_feed_whose_pages_are_read_cancels_what_it_listed(portal: Portal) -> None:
    for number in (1, 2):
        portal.documents[f"/{number}"] = page(number)

    def listed(status: str) -> str:
        return items(status).replace("https://city.example", portal.url)

    portal.documents["/rss"] = listed("")
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        assert await titles(service) == ["Berita 1", "Berita 2"]
        portal.documents["/rss"] = listed(', "pubstatus": "canceled"')
        await rounds(service, portal.clock, 6)
        assert await titles(service) == ["Berita 2"]


async def test_our_own_json_feed_is_heard(portal: Portal) -> None:
    portal.documents["/rss"] = items("")
    async with portal.service_of(feed_config(portal)) as service:
        await gather(service)
        portal.documents["/rss"] = (
            '{"version": "https://jsonfeed.org/version/1.1", "title": "Kota", "_syndicator": {"deleted": '
            '[{"id": "1", "when": "2026-11-05T12:01:00+00:00", "comment": "Ditarik"}, 7, {}]}, "items": []}'
        )
        await rounds(service, portal.clock, 6)
        (told,) = await withdrawn(service)
        assert (told.article.guid, told.reason) == ("1", "Ditarik")


async def test_what_comes_cancelled_is_not_admitted(portal: Portal, service_of: OpenService) -> None:
    portal.documents["/rss"] = items(', "pubstatus": "stat:canceled"')
    async with service_of(feed_config(portal)) as service:
        (report,) = await gather(service)
        assert report.round.new == 1
        assert await titles(service) == ["Berita 2"]


async def test_a_page_that_says_it_is_retracted_is_withdrawn(portal: Portal) -> None:
    publish(portal, 1, 2)
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        said = '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Berita 1", "creativeWorkStatus": "%s"}</script>'
        portal.documents["/read/1"] = page(1, extra=said % "Published")
        await rounds(service, portal.clock, 120)
        assert await withdrawn(service) == []
        portal.documents["/read/1"] = page(1, extra=said % "Retracted")
        await rounds(service, portal.clock, 120)
        assert await titles(service) == ["Berita 2"]


async def test_a_cancelled_article_under_embargo_is_not_released(portal: Portal) -> None:
    portal.documents["/rss"] = items(', "_embargo_until": "2026-11-05T18:00:00Z"')
    async with portal.service_of(feed_config(portal)) as service:
        await gather(service)
        assert await service.store.held.count() == 1
        portal.documents["/rss"] = items(
            ', "_embargo_until": "2026-11-05T18:00:00Z", "pubstatus": "canceled"'
        )
        await rounds(service, portal.clock, 6)
        assert await service.store.held.count() == 0
