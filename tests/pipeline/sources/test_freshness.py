"""A freshness objective from the portal to the operators: measured, announced, shown."""

import json
from datetime import datetime, timedelta
from email.utils import format_datetime

from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import CITY, config, gather
from pipeline.webhooks.test_delivery import Partner, deliver, partner
from pipeline.webhooks.test_delivery import config as endpoint
from support import ManualClock

from syndicator.cli.commands.sources.showing import _lines
from syndicator.model.sources.freshness import Stage
from syndicator.pipeline.sources.source_control import Choice
from syndicator.service import Service
from syndicator.store.keys.table import Keys

__all__ = ["partner"]  # a fixture


def dated(*published: datetime) -> str:
    """Write a feed of articles that were published then."""
    items = "".join(
        f"<item><title>Berita {one.timestamp():.0f}</title><link>https://city.example/{one.timestamp():.0f}</link>"
        f"<pubDate>{format_datetime(one)}</pubDate><description>Isi {one.timestamp():.0f}.</description></item>"
        for one in published
    )
    return f'<rss version="2.0"><channel><title>Kota</title><link>https://city.example/</link>{items}</channel></rss>'


def objective(portal: Portal) -> str:
    return config(portal).replace("schedule", 'fresh_within = "10m"\nschedule')


async def bring(service: Service, portal: Portal, clock: ManualClock, minutes: float, articles: int) -> None:
    """Let an hour pass, and gather articles that were published so many minutes ago."""
    clock.advance(3600)
    newest = clock() - timedelta(minutes=minutes)
    portal.documents["/rss"] = dated(*(newest - timedelta(seconds=number) for number in range(articles)))
    for report in await gather(service):
        service.metrics_reporter.report(report)


async def test_a_breach_comes_to_an_endpoint_and_so_does_its_end(
    partner: Partner, portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(objective(portal) + endpoint(partner, more='events = ["source.*"]')) as service:
        await service.sync_configuration()
        await bring(service, portal, clock, 15, 5)  # the first round: these were there before
        await bring(service, portal, clock, 15, 20)
        await bring(service, portal, clock, 15, 1)
        await deliver(service)
        await service.measurements.measure()
        metrics = service.metrics.render().decode()
        for _ in range(5):
            await bring(service, portal, clock, 5, 100)
        await deliver(service)
        shown = (await service.queries.source(CITY)).freshness
    bodies = [json.loads(body) for _, body in partner.received]
    assert [body["type"] for body in bodies] == ["source.behind", "source.caught_up"]
    told = bodies[0]["data"]["source"]
    assert (told["id"], told["standing"]) == ("city", "behind")
    assert told["why"] == "0.0% of 20 articles of 30 days were shown within 10 min; the objective is 95%"
    assert shown is not None
    assert (shown.articles, shown.late, shown.breached_since) == (521, 21, None)
    assert 'syndicator_fresh_ratio{source="city"} 0.0' in metrics
    assert 'syndicator_fresh_budget_ratio{source="city"} -19' in metrics


async def test_each_stage_is_measured_from_publication(
    partner: Partner, portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(objective(portal) + endpoint(partner)) as service:
        await service.sync_configuration()
        await bring(service, portal, clock, 15, 1)
        await bring(service, portal, clock, 4, 10)
        clock.advance(1500)
        await deliver(service)
        shown = await service.queries.source(CITY)
        assert {stage: (one.articles, one.median_s) for stage, one in shown.delays.items()} == {
            Stage.SEEN: (10, 300),
            Stage.SHOWN: (10, 300),
            Stage.PUSHED: (11, 1800),
        }
        lines = dict(_lines(shown))
        assert lines["until shown"] == "half within 5 min, 95% within 5 min (10 articles)"
        assert lines["freshness"] == (
            "100.0% of 10 articles of 30 days were shown within 10 min; the objective is 95%;"
            " error budget: 100% left"
        )


async def test_a_failed_attempt_is_no_push(
    partner: Partner, portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    partner.statuses = [503]
    async with service_of(objective(portal) + endpoint(partner)) as service:
        await service.sync_configuration()
        await bring(service, portal, clock, 5, 1)
        await deliver(service)
        assert Stage.PUSHED not in (await service.queries.source(CITY)).delays
        clock.advance(86_400)
        await deliver(service)
        assert (await service.queries.source(CITY)).delays[Stage.PUSHED].articles == 1


async def test_a_source_without_an_objective_keeps_nothing(
    partner: Partner, portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(config(portal) + endpoint(partner)) as service:
        await service.sync_configuration()
        await bring(service, portal, clock, 15, 1)
        await bring(service, portal, clock, 4, 10)
        await deliver(service)
        shown = await service.queries.source(CITY)
        assert (shown.freshness, shown.delays) == (None, {})
        key = Keys(service.store.again.namespace).delays(CITY)
        assert await service.store.connection.call("EXISTS", key) == 0


async def test_a_pause_does_not_count_against_the_objective(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(objective(portal)) as service:
        await bring(service, portal, clock, 5, 1)
        clock.advance(60)
        await service.source_control.pause(Choice(all=True))
        await bring(service, portal, clock, 5, 1)
        await service.source_control.resume(Choice(all=True))
        portal.documents["/rss"] = dated(clock() - timedelta(minutes=50))
        assert len(await gather(service)) == 1
        clock.advance(3600)
        portal.documents["/rss"] = dated(clock() - timedelta(minutes=50))
        assert len(await gather(service)) == 1
        shown = (await service.queries.source(CITY)).freshness
    assert shown is not None
    assert (shown.articles, shown.late) == (2, 1), "the second was late for no pause"
