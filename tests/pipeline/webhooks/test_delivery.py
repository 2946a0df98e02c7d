"""From admission to the partner: signed, retried with one id, isolated from the neighbours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pipeline.conftest import OpenService, Portal
from pipeline.feeds.test_publisher import admit
from pipeline.rounds.test_feed_round import config as feed_config
from pipeline.rounds.test_feed_round import rss
from standardwebhooks import Webhook
from support import ManualClock, until

from syndicator.model.clock import system_clock
from syndicator.model.ids import EndpointId, EventId
from syndicator.model.ops.status import QueueCounts
from syndicator.pipeline.steps import JobReport
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.store.webhooks.attempts import AttemptQuery

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
A, B = EndpointId("a"), EndpointId("b")


class Partner:
    """A partner's site that answers as it is told to."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.headers: dict[str, str] = {}
        """Sent with the statuses that were asked for."""
        self.hangs_once = False
        self.taken: list[bytes] = []
        """What was answered with success, in the order of the answers."""
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.hangs = asyncio.Event()
        self.url = ""
        self.service_of: OpenService
        self.clock: ManualClock

    async def hook(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.received.append(({name.lower(): value for name, value in request.headers.items()}, body))
        if self.hangs_once:
            self.hangs_once = False
            await self.hangs.wait()
        if self.statuses:
            status, headers = self.statuses.pop(0), self.headers
        else:
            status, headers = 204, {}
        if status < 300:
            self.taken.append(body)
        return web.Response(status=status, headers=headers)

    async def hang(self, request: web.Request) -> web.Response:
        await self.hangs.wait()
        return web.Response(status=204)


@pytest.fixture
async def partner(service_of: OpenService, clock: ManualClock) -> AsyncIterator[Partner]:
    played = Partner()
    played.service_of, played.clock = service_of, clock
    app = web.Application()
    app.router.add_post("/hook", played.hook)
    app.router.add_post("/hang", played.hang)
    async with TestServer(app) as server:
        played.url = str(server.make_url("")).rstrip("/")
        yield played
        played.hangs.set()


def config(partner: Partner, path: str = "/hook", name: str = "a", more: str = "") -> str:
    return f'[endpoint.{name}]\nurl = "{partner.url}{path}"\nsecret = "{SECRET}"\n{more}\n'


async def deliver(service: Service) -> None:
    await Runner(service.deliver_step, capacity=16, clock=service.clock, on_report=lambda _: None).run(
        until_empty=True
    )


async def counts(service: Service, endpoint: EndpointId = A) -> QueueCounts:
    return await service.store.deliveries.counts(endpoint, service.clock())


async def test_every_admission_is_delivered_signed(partner: Partner) -> None:
    partner.clock.now = system_clock()  # the published verifier looks at the real clock
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1, 2, 3)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=3)
    events: list[dict[str, Any]] = [
        Webhook(SECRET).verify(body, headers) for headers, body in partner.received
    ]
    assert [event["type"] for event in events] == ["article.created"] * 3
    assert {event["data"]["article"]["title"] for event in events} == {f"Berita nomor {n}" for n in (1, 2, 3)}
    for (headers, _), event in zip(partner.received, events, strict=True):
        assert headers["webhook-id"] == event["data"]["event_id"]


async def test_a_failed_delivery_is_retried_with_the_same_id(partner: Partner) -> None:
    partner.statuses = [503, 500]
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
        assert await counts(service) == QueueCounts(delayed=1)
        partner.clock.advance(7)
    # Another process goes on with it: nothing was in memory.
    async with partner.service_of(config(partner)) as service:
        await deliver(service)
        partner.clock.advance(60)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=1)
    assert len({headers["webhook-id"] for headers, _ in partner.received}) == 1
    assert len({body for _, body in partner.received}) == 1
    assert len(partner.received) == 3


async def test_a_newer_revision_goes_in_place_of_the_retry(partner: Partner) -> None:
    partner.statuses = [503]
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
        await admit(service, 1, title="Diralat")
        await service.deliver_step.event_fan_out.run()
        newest = await service.store.attempts.newest(A)
        assert newest is not None
        assert newest.reason == "http_503"  # what was not even tried is no attempt
        await deliver(service)
        partner.clock.advance(60)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=1)
        closed, failed = await service.store.attempts.find(
            A, AttemptQuery(event=EventId(partner.received[0][0]["webhook-id"])), 0
        )
        assert (failed.result, failed.reason) == ("retry", "http_503")
        assert (closed.result, closed.reason) == ("superseded", partner.received[1][0]["webhook-id"])
    (_, first), (_, second) = partner.received
    assert b"article.created" in first
    assert b"Diralat" in second
    assert b"article.updated" in second


async def test_a_retried_revision_is_the_one_that_happened(partner: Partner) -> None:
    partner.statuses = [503]
    async with partner.service_of(config(partner, more='events = ["article.created"]')) as service:
        await admit(service, 1)
        await deliver(service)
        await admit(service, 1, title="Diralat")
        partner.clock.advance(60)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=1)
    (_, first), (_, second) = partner.received
    assert first == second


async def test_a_revision_that_is_no_longer_kept_gives_way_to_the_newest(partner: Partner) -> None:
    partner.statuses = [503]
    async with partner.service_of(config(partner, more='events = ["article.created"]')) as service:
        await admit(service, 1)
        await deliver(service)
        for number in range(8):
            await admit(service, 1, title=f"Diralat {number}")
        partner.clock.advance(60)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=1)
    (first, _), (second, body) = partner.received
    assert first["webhook-id"] == second["webhook-id"]
    assert b"Diralat 7" in body


async def test_the_end_of_an_article_ends_its_deliveries(partner: Partner) -> None:
    partner.statuses = [503]
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
        partner.clock.advance(60)
        await service.store.articles.sweep(partner.clock(), timedelta(seconds=1), 100)
        await deliver(service)
        (dead,) = await service.store.backlog.list(A, 10, partner.clock())
        assert (dead.status, dead.delivery.last_reason) == ("dead", "article_gone")


async def test_nothing_is_sent_under_a_lease_that_may_run_out(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        (late,) = (await service.deliver_step.take(16)).jobs
        partner.clock.advance(25)  # of the lease's 30 s: an attempt may take 10
        assert await late() is None
        assert partner.received == []
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=1)
        partner.clock.advance(60)
        assert (await service.deliver_step.take(16)).jobs == ()


async def test_gone_is_the_end_of_it(partner: Partner, service_of: OpenService) -> None:
    partner.statuses = [410]
    async with service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
        assert await counts(service) == QueueCounts(dead=1)
        (dead,) = await service.store.backlog.list(A, 10, service.clock())
        assert (dead.status, dead.delivery.last_reason) == ("dead", "gone")


async def test_a_partner_that_hangs_delays_nobody_else(partner: Partner, service_of: OpenService) -> None:
    slow = config(partner, "/hang", "a", "max_in_flight = 2")
    async with service_of(slow + config(partner, "/hook", "b")) as service:
        await admit(service, *range(1, 21))
        task = asyncio.create_task(deliver(service))
        async with asyncio.timeout(20):
            await until(lambda: len(partner.received) >= 20)
            assert (await counts(service)).in_flight == 2
            await until(lambda: counts(service, B), lambda found: found.delivered >= 20)
        partner.hangs.set()
        await task
        assert await counts(service) == QueueCounts(delivered=20)


async def test_an_endpoint_gets_what_it_asked_for(partner: Partner, service_of: OpenService) -> None:
    wanted = 'events = ["article.updated"]\nfilter = { section = ["transportasi"] }'
    async with service_of(config(partner, more=wanted)) as service:
        await admit(service, 1)
        await admit(service, 1, title="Diralat")
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=1)


async def test_racing_workers_fan_each_event_out_once(partner: Partner, service_of: OpenService) -> None:
    async with AsyncExitStack() as stack:
        one, *others = [await stack.enter_async_context(service_of(config(partner))) for _ in range(4)]
        await admit(one, *range(1, 41))
        await asyncio.gather(*map(deliver, (one, *others)))
        await deliver(one)
        assert await counts(one) == QueueCounts(delivered=40)
    ids = [headers["webhook-id"] for headers, _ in partner.received]
    assert len(ids) == len(set(ids)) == 40


async def test_rounds_and_attempts_are_measured(
    partner: Partner, portal: Portal, service_of: OpenService
) -> None:
    portal.documents["/rss"] = rss(1, 2)
    partner.statuses = [503]
    async with service_of(config(partner) + feed_config(portal)) as service:
        for step in (service.gather_step, service.deliver_step, service.publish_step):
            runner = Runner(step, capacity=4, clock=service.clock, on_report=service.metrics_reporter.report)
            await runner.run(until_empty=True)
        await service.measurements.measure()
        told = service.metrics.render().decode()
    for line in (
        'syndicator_deliveries_pending{endpoint="a",standing="delayed"} 1.0',
        'syndicator_deliveries_pending{endpoint="a",standing="dead"} 0.0',
        'syndicator_delivery_oldest_due_seconds{endpoint="a"} 0.0',
        'syndicator_delivery_latency_seconds_count{endpoint="a"} 1.0',
        'syndicator_rounds_total{result="ok",source="city"} 1.0',
        'syndicator_articles_total{verdict="new"} 2.0',
        'syndicator_deliveries_total{endpoint="a",result="delivered"} 1.0',
        'syndicator_deliveries_total{endpoint="a",result="retry"} 1.0',
        'syndicator_renders_total{format="rss"} 1.0',
        'syndicator_round_seconds_count{group="(none)"} 1.0',
    ):
        assert line in told, line


async def test_the_log_names_endpoint_event_and_article_of_each_attempt(partner: Partner) -> None:
    partner.statuses = [503]
    reports: list[JobReport] = []
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        await Runner(service.deliver_step, capacity=16, clock=service.clock, on_report=reports.append).run(
            until_empty=True
        )
        (event,) = [one.event for one in await service.store.events.after("", 10)]
    (report,) = reports
    fields = dict(report.fields)
    assert (fields["endpoint"], fields["event_id"], fields["article"]) == (A, event.id, event.subject)
    assert fields["title"] == "Berita nomor 1"
