"""How long a warning stays: what is odd in a document as long as it does, what a round showed for that round."""

from pipeline.conftest import OpenService, Portal
from pipeline.test_feed_rounds import CITY, config, gather, rss
from support import ManualClock


async def test_a_gap_is_told_once_and_an_odd_document_as_long_as_it_stands(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1, 2, 3)
    async with service_of(config(portal)) as service:
        await service.enlist()
        await gather(service)
        clock.advance(300)
        portal.documents["/rss"] = rss(5, 6, 7, 8)
        portal.etags["/rss"] = '"odd"'
        portal.documents["/rss"] = portal.documents["/rss"].removesuffix("</channel></rss>")
        await gather(service)
        first = (await service.store.sources.state(CITY)).warnings
        assert any("probably missed" in warning for warning in first)
        odd = [warning for warning in first if "probably missed" not in warning]
        assert odd
        for _ in range(3):
            clock.advance(300)
            (report,) = await gather(service)
            state = await service.store.sources.state(CITY)
            assert report.status == "unchanged"
            assert list(state.warnings) == odd
        assert state.gaps == 1
        clock.advance(300)
        portal.documents["/rss"] = rss(5, 6, 7, 8, 9)
        portal.etags.clear()
        await gather(service)
        after = (await service.store.sources.state(CITY)).warnings
        assert len(odd) - len(after) > 0
        assert set(after) < set(odd)
