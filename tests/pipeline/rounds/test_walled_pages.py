"""Portals whose lists can be read, and whose article pages cannot any more."""

from pipeline.conftest import Portal
from pipeline.rounds.test_feed_round import gather
from pipeline.sources.test_source_memory import LIST, PAGES, full, local_rss, state_of
from support import ManualClock

from syndicator.model.ids import SourceId
from syndicator.model.ops.states import SourceStanding
from syndicator.rules.sources.health import Health, health
from syndicator.service import Service

PAGE = "<h1>Berita {number}</h1><div class=isi><p>Air naik di kampung {number}.</p></div>"


async def standing(service: Service, clock: ManualClock) -> Health:
    source = service.settings.sources[SourceId("city")]
    return health(source, await state_of(service), clock.now)


def publish(portal: Portal, *numbers: int, refused: bool) -> None:
    """Put articles on the list, the newest first."""
    links = [LIST.format(number=number)[4:-5] for number in reversed(numbers)]
    portal.documents["/list"] = f"<ul>{''.join(links)}</ul>"
    for number in numbers[-1:]:
        portal.documents[f"/read/{number}"] = PAGE.format(number=number)
        if refused:
            portal.status[f"/read/{number}"] = 403


async def test_a_portal_whose_new_pages_are_all_refused_is_stuck(portal: Portal) -> None:
    async with portal.service_of(PAGES.format(url=portal.url)) as service:
        publish(portal, 1, refused=False)
        await gather(service)
        portal.clock.advance(3 * 86400)
        await gather(service)  # its page is read for the last time
        kinds = []
        for number in (2, 3, 4):
            portal.clock.advance(300)
            publish(portal, *range(1, number + 1), refused=True)
            await gather(service)
            kinds.append((await standing(service, portal.clock)).kind)
        assert kinds == [SourceStanding.OK, SourceStanding.OK, SourceStanding.STUCK]
        why = "none of its 3 latest article pages could be read, in 3 rounds: http_403"
        assert (await standing(service, portal.clock)).why == why
        assert why in (await state_of(service)).warnings
        portal.documents["/list"] = LIST.format(number=1)
        portal.clock.advance(300)
        await gather(service)  # no page is asked for
        assert why in (await state_of(service)).warnings
        portal.status.clear()
        publish(portal, 1, 2, 3, 4, refused=False)
        portal.clock.advance(1200)
        await gather(service)
        assert await standing(service, portal.clock) == Health(kind=SourceStanding.OK)
        assert not any("none of its" in one for one in (await state_of(service)).warnings)


async def test_a_few_dead_links_are_no_wall(portal: Portal) -> None:
    async with portal.service_of(PAGES.format(url=portal.url)) as service:
        publish(portal, 1, refused=False)
        await gather(service)
        portal.clock.advance(3 * 86400)
        await gather(service)
        publish(portal, 1, 2, refused=True)
        publish(portal, 1, 2, 3, refused=True)
        for _ in range(6):
            portal.clock.advance(86400)
            await gather(service)
        assert (await standing(service, portal.clock)).kind is SourceStanding.OK
        assert portal.asked.count("/read/2") == 6


async def test_a_feed_whose_pages_are_refused_is_told_and_not_stuck(portal: Portal) -> None:
    async with portal.service_of(full(portal)) as service:
        for last in (1, 2, 3):
            portal.documents["/rss"] = local_rss(portal, *range(1, last + 1))
            await gather(service)
            portal.clock.advance(300)
        told = "none of its 3 latest article pages could be read, in 3 rounds: http_404"
        assert told in (await state_of(service)).warnings
        assert (await standing(service, portal.clock)).kind is SourceStanding.OK
