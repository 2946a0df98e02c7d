"""Receivers that fail, ask for rest, refuse or hang: they are slowed and stopped, and nobody else notices."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.webhooks.test_delivery import A, B, Partner, config, counts, deliver, partner
from support import ManualClock, answering, until

from syndicator.model.event import EndpointNotice, Event, EventType
from syndicator.model.ids import EndpointId
from syndicator.model.ops.states import EndpointStanding
from syndicator.model.ops.status import QueueCounts
from syndicator.pipeline.webhooks.attempt_limits import AttemptSlots
from syndicator.pipeline.webhooks.delivery import DeliverStep
from syndicator.rules.webhooks.circuit import FAILURES_TO_OPEN
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.store.webhooks.attempts import AttemptQuery

__all__ = ["partner"]  # a fixture


async def notices(service: Service) -> list[Event]:
    waiting = (await service.store.outbox.pending(1000)).entries
    logged = await service.store.events.after("", 1000)
    events = [one.event for one in logged] + [one.event for one in waiting]
    return [event for event in events if event.type.family == "endpoint"]


async def test_gone_disables_and_what_comes_waits_until_it_is_resumed(partner: Partner) -> None:
    partner.statuses = [410]
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
        state = await service.store.endpoints.state(A)
        assert (state.standing, state.reason, state.since) == (
            EndpointStanding.DISABLED,
            "gone",
            partner.clock.now,
        )
        (notice,) = await notices(service)
        assert notice.type is EventType.ENDPOINT_DISABLED
        assert isinstance(notice.details, EndpointNotice)
        assert (notice.subject, notice.details.why) == (A, "gone")
        await admit(service, 2, 3)
        await deliver(service)
        assert len(partner.received) == 1
        assert await counts(service) == QueueCounts(ready=2, dead=1)
        before = await service.store.endpoints.resume(A, partner.clock())
        assert before.since == partner.clock.now, "so much may be asked for again"
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=2, dead=1)


@pytest.mark.parametrize("status", [204, 500])
async def test_a_receiver_may_ask_for_no_more(partner: Partner, service_of: OpenService, status: int) -> None:
    partner.statuses = [status]
    partner.headers = {"webhook-delivery": "disable"}
    async with service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
        state = await service.store.endpoints.state(A)
        assert (state.standing, state.reason) == (EndpointStanding.DISABLED, "asked")
        assert (await counts(service)).delivered == (1 if status == 204 else 0)


async def test_a_receiver_may_refuse_one_event(partner: Partner, service_of: OpenService) -> None:
    partner.statuses = [422]
    partner.headers = {"webhook-delivery": "abort-message"}
    async with service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
        (dead,) = await service.store.attempts.find(A, AttemptQuery(), 10)
        assert (dead.result, dead.reason) == ("dead", "refused:http_422")
        assert (await service.store.endpoints.state(A)).standing is EndpointStanding.ACTIVE


async def test_failures_in_a_row_open_the_circuit_and_one_success_closes_it(partner: Partner) -> None:
    partner.statuses = [503] * (FAILURES_TO_OPEN + 1)
    async with partner.service_of(config(partner, more="max_in_flight = 1")) as service:
        await admit(service, *range(1, 21))
        await deliver(service)
        assert len(partner.received) == FAILURES_TO_OPEN, "then it is left in peace"
        state = await service.store.endpoints.state(A)
        assert state.held_until is not None
        assert [one.type for one in await notices(service)] == [EventType.ENDPOINT_FAILING]
        partner.clock.now = state.held_until + timedelta(milliseconds=1)
        await deliver(service)
        assert len(partner.received) == FAILURES_TO_OPEN + 1, "one tells whether it is back"
        state = await service.store.endpoints.state(A)
        assert state.held_until is not None
        partner.clock.now = state.held_until + timedelta(minutes=1)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=20)
        failing, *_, recovered = await notices(service)
        assert recovered.type is EventType.ENDPOINT_RECOVERED
        assert (recovered.follows, failing.follows) == (failing.revision, None)
        assert (await service.store.endpoints.state(A)).failures == 0


async def test_what_waits_while_the_circuit_is_open_uses_up_no_attempts(partner: Partner) -> None:
    partner.statuses = [503] * 30
    async with partner.service_of(config(partner, more="max_in_flight = 1")) as service:
        await admit(service, *range(1, 21))
        for _ in range(20):
            await deliver(service)
            partner.clock.advance(30)
        waiting = await service.store.backlog.list(A, 0, partner.clock())
        assert len(waiting) == 20
        assert sum(one.delivery.attempts for one in waiting) == len(partner.received) < 12


async def test_days_without_success_disable_it(partner: Partner) -> None:
    partner.statuses = [503] * 1000
    async with partner.service_of(config(partner, more='max_age = "10d"')) as service:
        await admit(service, *range(1, 9))
        for _ in range(60):
            await deliver(service)
            partner.clock.advance(3 * 3600)
        state = await service.store.endpoints.state(A)
        assert (state.standing, state.reason) == (EndpointStanding.DISABLED, "failing:http_503")
        assert [one.type for one in await notices(service)] == [
            EventType.ENDPOINT_FAILING,
            EventType.ENDPOINT_DISABLED,
        ]


async def test_a_receiver_that_asks_for_rest_gets_it_for_all_events(partner: Partner) -> None:
    partner.statuses = [429]
    partner.headers = {"Retry-After": "120"}
    async with partner.service_of(config(partner, more="max_in_flight = 1")) as service:
        await admit(service, 1, 2, 3)
        await deliver(service)
        partner.clock.advance(119)
        await deliver(service)
        assert len(partner.received) == 1
        partner.clock.advance(30)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=3)


async def test_a_success_that_was_under_way_does_not_end_the_rest_that_was_asked_for(
    partner: Partner, service_of: OpenService, clock: ManualClock
) -> None:
    partner.hangs_once = True
    partner.statuses = [429]
    partner.headers = {"Retry-After": "3600"}
    async with service_of(config(partner, more="max_in_flight = 2")) as service:
        await admit(service, 1, 2, 3)
        both = asyncio.create_task(deliver(service))
        await until(lambda: service.store.endpoints.state(A), lambda found: found.held_until is not None)
        partner.hangs.set()
        await both
        assert len(partner.taken) == 1, "the other one, which was under way"
        state = await service.store.endpoints.state(A)
        assert (state.failures, state.held_until) == (0, state.rest_until)
        clock.advance(3590)
        await deliver(service)
        assert len(partner.received) == 2
        clock.advance(3600)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=3)


@pytest.mark.parametrize(
    ("status", "headers"), [(429, {"Retry-After": "60"}), (410, {}), (503, {"webhook-delivery": "disable"})]
)
async def test_no_more_than_may_be_in_flight_reach_a_receiver_that_wants_no_more(
    partner: Partner, service_of: OpenService, clock: ManualClock, status: int, headers: dict[str, str]
) -> None:
    partner.statuses = [status] * 1000
    partner.headers = headers
    settings = config(partner, more="max_in_flight = 4")
    async with service_of(settings) as one, service_of(settings) as other:
        await admit(one, *range(1, 41))
        for rests in range(1, 6):
            await asyncio.gather(*(delivering_eagerly(service, 0.5) for service in (one, other)))
            assert len(partner.received) <= 4 * rests, "more left before its answer was heeded"
            clock.advance(61)


async def test_one_of_many_that_fail_at_once_asks_for_rest_and_gets_it(partner: Partner) -> None:
    asked, all_there = 0, asyncio.Event()

    async def failing(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        number = asked
        if asked == 16:
            all_there.set()
        await all_there.wait()
        headers = {"Retry-After": "7200"} if number == 10 else {}
        return web.Response(status=503, headers=headers)

    async with (
        answering(failing, "/hook") as partner.url,
        partner.service_of(config(partner, more="max_in_flight = 16")) as service,
    ):
        await admit(service, *range(1, 41))
        runner = Runner(service.deliver_step, capacity=64, clock=partner.clock, on_report=lambda _: None)
        async with asyncio.timeout(30):
            await runner.run(until_empty=True)
        state = await service.store.endpoints.state(A)
    assert asked >= 16
    assert state.failures == asked, "each is counted"
    assert state.rest_until is not None
    assert state.held_until == state.rest_until
    assert state.rest_until >= partner.clock() + timedelta(seconds=7200)


async def delivering_eagerly(service: Service, seconds: float) -> None:
    """Look for work all the time, as several processes do together."""
    runner = Runner(service.deliver_step, capacity=16, clock=service.clock, on_report=lambda _: None)
    running = asyncio.create_task(runner.run())
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        runner.poke()
        await asyncio.sleep(0.001)
    runner.stop()
    await running
    await runner.drain(20)


async def test_news_that_is_too_old_is_not_sent_and_the_log_says_so(partner: Partner) -> None:
    async with partner.service_of(config(partner, more='max_age = "1h"')) as service:
        await admit(service, 1)
        await service.deliver_step.event_fan_out.run()
        partner.clock.advance(3601)
        await deliver(service)
        assert partner.received == []
        (dead,) = await service.store.attempts.find(A, AttemptQuery(), 10)
        assert (dead.result, dead.reason, dead.attempt) == ("dead", "expired", 0)


async def test_an_out_of_order_receiver_never_ends_on_an_older_revision(partner: Partner) -> None:
    """It hangs on the first revision while the second is admitted, fails, heals: what it holds last is the newest."""
    partner.hangs_once = True
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        first = asyncio.create_task(deliver(service))
        await until(lambda: partner.received)
        await admit(service, 1, title="Diralat")
        other = asyncio.create_task(deliver(service))
        await until(lambda: counts(service), lambda found: found.delayed != 0)
        assert len(partner.taken) == 0, "the second waits until the first is off its way"
        partner.statuses = [503]
        partner.hangs.set()
        await asyncio.gather(first, other)
        partner.clock.advance(60)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=1)
    assert b"Diralat" in partner.taken[-1]
    assert len(partner.taken) == 1


@pytest.mark.timeout(60)
async def test_who_hangs_delays_nobody_even_when_places_are_few(partner: Partner) -> None:
    slow = "".join(config(partner, "/hang", f"slow-{n}", "max_in_flight = 4") for n in range(6))
    async with partner.service_of(slow + config(partner, "/hook", "b")) as service:
        step = DeliverStep(
            service.store, service.egress, service.endpoints, service.clock, service.deliver_step._rng,
            site=service.settings.site, slots=AttemptSlots(4, 40),
        )  # fmt: skip
        await admit(service, *range(1, 31))
        runner = Runner(step, capacity=44, clock=service.clock, on_report=lambda _: None)
        ticks = asyncio.create_task(ticking(runner))
        task = asyncio.create_task(runner.run())
        async with asyncio.timeout(50):
            await until(lambda: len(partner.received) >= 30)
            await until(lambda: counts(service, B), lambda found: found.delivered >= 30)
        assert (await counts(service, EndpointId("slow-1"))).delivered == 0
        runner.stop()
        partner.hangs.set()
        await task
        ticks.cancel()
        await runner.drain(20)


async def ticking(runner: Runner) -> None:
    """Wake it as the service's tick does."""
    while True:
        await asyncio.sleep(0.1)
        runner.poke()
