"""Articles that change after they were published, from the source to what is told of it."""

from pipeline.conftest import Portal
from pipeline.full_text_world import articles, config, entry, feed, page
from pipeline.rounds.test_feed_round import CITY, gather

from syndicator.model.event import EventType
from syndicator.service import Service

FIRST = "Sedikitnya 21 warga mengungsi ke sekolah terdekat sejak Kamis pagi."
NOTE = "Ralat: Dalam artikel ini semula tertulis 21 warga."


async def told(service: Service) -> list[EventType]:
    return [one.event.type for one in await service.store.outbox.after("", 50)]


async def test_a_page_that_corrects_itself(portal: Portal) -> None:
    portal.documents["/rss"] = feed(entry(portal, 1))
    portal.documents["/read/1"] = page(1, FIRST)
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        portal.clock.advance(3700)
        portal.documents["/read/1"] = page(1, f"{FIRST.replace('21', '12')}</p><p>{NOTE}")
        (report,) = await gather(service)
        assert report.round.changed == 1
        assert await told(service) == [EventType.ARTICLE_CREATED, EventType.ARTICLE_CORRECTED]
        (article,) = await articles(service)
        assert article.correction == NOTE
        compared = await service.queries.compared(article.id)
        assert compared is not None
        assert compared.before == 1


async def test_a_clock_on_the_page_is_no_change(portal: Portal) -> None:
    portal.documents["/rss"] = feed(entry(portal, 1))
    portal.documents["/read/1"] = page(1, f"{FIRST}</p><p>5 menit lalu, dibaca 12 kali")
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        portal.clock.advance(3700)
        portal.documents["/read/1"] = page(1, f"{FIRST}</p><p>1 jam lalu, dibaca 1.234 kali")
        await gather(service)
        assert await told(service) == [EventType.ARTICLE_CREATED]


async def test_an_article_that_goes_back_and_forth_is_quietened(portal: Portal) -> None:
    portal.documents["/rss"] = feed(entry(portal, 1))
    other = FIRST.replace("sekolah terdekat", "masjid terdekat")
    async with portal.service_of(config(portal)) as service:
        for text in (FIRST, other, FIRST, other, FIRST, other):
            portal.documents["/read/1"] = page(1, text)
            await gather(service)
            portal.clock.advance(6 * 3600)
        assert await told(service) == [
            EventType.ARTICLE_CREATED,
            EventType.ARTICLE_UPDATED,
            EventType.ARTICLE_UPDATED,
        ]
        state = await service.store.sources.state(CITY)
        assert any("back and forth" in warning for warning in state.warnings)
        portal.documents["/read/1"] = page(1, other + " Air sudah surut.")
        portal.documents["/rss"] += " "
        await gather(service)
        assert len(await told(service)) == 4
        state = await service.store.sources.state(CITY)
        assert not any("back and forth" in warning for warning in state.warnings)
