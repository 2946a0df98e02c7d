"""A server that says all day that it is asked too often."""

from pipeline.conftest import OpenService, Portal
from pipeline.test_feed_rounds import CITY, config, gather, rss
from support import ManualClock

from syndicator.rules.health import Standing


async def test_a_server_that_always_says_429_is_left_alone_and_told(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.status["/rss"] = 429
    async with service_of(config(portal).replace('every = "5m"', 'every = "1m"')) as service:
        await service.enlist()
        for _ in range(24 * 12):
            await gather(service)
            clock.advance(300)
        assert 20 <= len(portal.asked) <= 35
        shown = await service.reading.source(CITY)
        assert shown.health.kind is Standing.FAILING
        assert f"the last {len(portal.asked)} rounds failed (http_429)" in shown.health.why
        assert shown.state.failures == 0
        assert shown.state.due_because == "asked too often, left alone for 1 h (http_429)"
        del portal.status["/rss"]
        portal.documents["/rss"] = rss(1)
        clock.advance(2 * 3600)
        (report,) = await gather(service)
        shown = await service.reading.source(CITY)
        assert (report.status, shown.health.kind, shown.state.excused) == ("ok", Standing.OK, 0)
        assert shown.state.due_because == "every 1m"
