"""A source whose articles robots.txt forbids, all of them: it is stuck, and says what can be done."""

from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import CITY, gather
from pipeline.sources.test_source_memory import LIST, PAGES
from support import ManualClock

from syndicator.model.ops.states import SourceStanding


async def test_a_source_whose_pages_are_all_forbidden_stays_stuck_and_names_the_remedy(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/robots.txt"] = "User-agent: *\nDisallow: /read\n"
    portal.documents["/list"] = LIST.format(number=1)
    portal.documents["/read/1"] = "<h1>Berita</h1><div class=isi><p>Isi yang panjang.</p></div>"
    async with service_of(PAGES.format(url=portal.url)) as service:
        await service.sync_configuration()
        for _ in range(5):
            await gather(service)
            shown = await service.queries.source(CITY)
            assert shown.health.kind is SourceStanding.STUCK
            assert "politeness = { robots = false }" in shown.health.why
            clock.advance(300)
    allowed = PAGES.format(url=portal.url).replace("\n[feed", "\npoliteness = { robots = false }\n[feed", 1)
    async with service_of(allowed) as service:
        await service.sync_configuration()
        for _ in range(3):
            clock.advance(3600)
            await gather(service)
        shown = await service.queries.source(CITY)
        assert (shown.health.kind, shown.state.fruitful) == (SourceStanding.OK, True)
        assert (await service.queries.status()).articles == 1
