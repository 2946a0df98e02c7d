"""A queue that is full: events wait in the log, and are queued once there is room, each once and none lost."""

import asyncio
import json
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from pipeline.feeds.test_publisher import admit
from pipeline.webhooks.test_delivery import A, Partner, config, counts, deliver, partner

from syndicator.model.article import WithdrawnBy
from syndicator.model.event import EventType
from syndicator.model.ids import ArticleId, EndpointId
from syndicator.model.ops.states import TraceStatus
from syndicator.pipeline.webhooks import fan_out, refill
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR
from syndicator.service import Service
from syndicator.store.webhooks import handover
from syndicator.store.webhooks.overflows import Overflows
from syndicator.store.webhooks.queuing import Queuing

__all__ = ["partner"]  # a fixture

BOUND = 4


@pytest.fixture(autouse=True)
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "MOST_QUEUED", BOUND)
    monkeypatch.setattr(refill, "PAGE", 3)


async def fill(service: Service, *numbers: int) -> None:
    """Admit articles one after the other, and fan out each."""
    for number in numbers:
        service.clock.advance(0.001)  # type: ignore[attr-defined]
        await admit(service, number)
        await service.deliver_step.event_fan_out.run()


async def drain(service: Service, looks: int = 20) -> None:
    for _ in range(looks):
        service.clock.advance(1.1)  # type: ignore[attr-defined]
        await deliver(service)


async def resume(service: Service) -> None:
    await service.registration.resume(OPERATOR, A)


async def article_of(service: Service, number: int) -> ArticleId:
    events = [logged.event for logged in await service.store.events.after("", 10_000)]
    names = [ArticleId(event.subject) for event in events]
    heads = await service.store.articles.get_many(names, bodies=False)
    return next(head.id for head in heads if head and head.title == f"Berita nomor {number}")


def titles(partner: Partner) -> list[str]:
    return [json.loads(body)["data"]["article"]["title"] for body in partner.taken]


def kinds(partner: Partner) -> list[str]:
    return [json.loads(body)["type"] for body in partner.taken]


def named(*numbers: int) -> list[str]:
    return [f"Berita nomor {number}" for number in numbers]


async def left(service: Service) -> list[Any]:
    """Return what is stored of an overflow."""
    keys = service.store.deliveries._keys
    return [
        *(await service.store.connection.call("HKEYS", keys.standing(A))),
        *(await service.store.connection.call("ZRANGE", keys.refills(0), 0, -1)),
    ]


async def test_more_than_a_queue_takes_waits_in_the_log_and_comes_in_its_order(partner: Partner) -> None:
    async with partner.service_of(config(partner, more="max_in_flight = 1")) as service:
        await service.store.endpoints.pause(A, "", partner.clock())
        first = partner.clock.now + timedelta(seconds=0.001)
        await fill(service, *range(1, 13))
        waiting = await counts(service)
        assert (waiting.ready, waiting.in_log, waiting.waiting) == (BOUND, 12 - BOUND, 12)
        assert (await service.store.deliveries.first_due([A]))[A] == first
        await drain(service)
        assert (await counts(service)).waiting == 12, "it rests"
        await service.store.endpoints.resume(A, partner.clock())
        await drain(service)
        assert (await counts(service)).delivered == 12
        assert not [field for field in await left(service) if b"overflow" in field or field == b"a"]
        await fill(service, 13)
        await drain(service, 1)
    assert titles(partner) == named(*range(1, 14))


async def test_what_comes_while_the_log_is_read_is_neither_lost_nor_sent_twice(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as one, partner.service_of(config(partner)) as other:
        await one.store.endpoints.pause(A, "", partner.clock())
        await fill(one, *range(1, 9))
        await one.store.endpoints.resume(A, partner.clock())
        for number in range(9, 30):
            partner.clock.advance(0.3)
            await asyncio.gather(fill(other, number), deliver(one), deliver(other))
        await drain(one)
        assert (await counts(one)).waiting == 0
    assert sorted(titles(partner)) == sorted(named(*range(1, 30)))


@pytest.mark.parametrize("is_written", [False, True])
async def test_who_dies_amid_a_refill_loses_nothing(
    partner: Partner, monkeypatch: pytest.MonkeyPatch, *, is_written: bool
) -> None:
    usual, steps = Overflows.refill, 0

    async def dying(self: Overflows, *step: Any) -> bool:
        nonlocal steps
        steps += 1
        if steps % 2:
            if is_written:
                await usual(self, *step)
            raise ConnectionResetError
        return await usual(self, *step)

    async with partner.service_of(config(partner)) as service:
        await service.store.endpoints.pause(A, "", partner.clock())
        await fill(service, *range(1, 15))
        await service.store.endpoints.resume(A, partner.clock())
    monkeypatch.setattr(Overflows, "refill", dying)
    deaths = 0
    for _ in range(30):
        async with partner.service_of(config(partner)) as service:
            partner.clock.advance(1.1)
            try:
                await deliver(service)
            except* ConnectionResetError:
                deaths += 1
            if (await counts(service)).waiting == 0:
                break
    assert deaths > 1
    assert sorted(titles(partner)) == sorted(named(*range(1, 15)))


async def test_a_withdrawal_goes_ahead_and_nothing_of_the_article_comes_after_it(partner: Partner) -> None:
    async with partner.service_of(config(partner, more="max_in_flight = 1")) as service:
        await service.store.endpoints.pause(A, "", partner.clock())
        await fill(service, *range(1, 9))
        for number in (1, 8):
            article = await article_of(service, number)
            assert await service.withdrawer.withdraw(article, WithdrawnBy.OPERATOR, "x")
        await service.deliver_step.event_fan_out.run()
        assert (await counts(service)).ready == BOUND - 1 + 2, "that of the first was closed"
        await resume(service)
        await drain(service)
        assert (await counts(service)).waiting == 0
    assert kinds(partner)[:2] == ["article.withdrawn"] * 2
    assert sorted(titles(partner)[2:]) == named(*range(2, 8))


async def test_of_an_article_that_changed_in_the_log_the_newest_revision_comes(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        await service.store.endpoints.pause(A, "", partner.clock())
        await fill(service, *range(1, 8))
        for number in (2, 7):
            await admit(service, number, title=f"Diralat {number}")
        await service.deliver_step.event_fan_out.run()
        await service.store.endpoints.resume(A, partner.clock())
        await drain(service)
        assert (await counts(service)).waiting == 0
    assert sorted(titles(partner)) == [*named(1, 3, 4, 5, 6), "Diralat 2", "Diralat 7"]


async def test_what_waited_in_the_log_for_too_long_falls_off_and_is_counted(partner: Partner) -> None:
    more = 'max_age = "1h"'
    async with partner.service_of(config(partner, more=more)) as service:
        await service.store.endpoints.pause(A, "", partner.clock())
        await fill(service, *range(1, 9))
        partner.clock.advance(3000)
        await fill(service, 9, 10)
        partner.clock.advance(900)
        for job in (await service.sweep_step.take(1)).jobs:
            await job()
        assert (await service.store.endpoints.state(A)).dropped == BOUND
        await drain(service)
        assert (await service.store.endpoints.state(A)).dropped == 8
        assert (await counts(service)).in_log == 2
        shown = await service.registration.resume(OPERATOR, A)
        assert shown.replay_offered is not None
        assert shown.replay_offered.dropped == 8
        await drain(service)
    assert titles(partner) == named(9, 10)


async def test_an_endpoint_that_was_full_amid_a_fan_out_in_parts(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "QUEUED_MOST", 2)
    many = "".join(config(partner, name=f"e{number}") for number in range(5))
    async with partner.service_of(many) as service:
        for number in range(5):
            await service.store.endpoints.pause(EndpointId(f"e{number}"), "", partner.clock())
        await fill(service, *range(1, 10))
        for number in range(5):
            await service.store.endpoints.resume(EndpointId(f"e{number}"), partner.clock())
        await drain(service)
        assert await service.store.events.count() == 9, "each event is logged once"
    assert sorted(titles(partner)) == sorted(named(*range(1, 10)) * 5)


async def test_who_asks_is_told_what_waits_in_the_log(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        await service.store.endpoints.pause(A, "", partner.clock())
        await fill(service, *range(1, 9))
        shown = await service.registration.show(OPERATOR, A)
        assert (shown.deliveries.ready, shown.deliveries.in_log) == (4, 4)
        assert shown.state.overflow is not None
        assert shown.state.overflow.events == 4
        await service.measurements.measure()
        line = 'syndicator_deliveries_pending{endpoint="a",standing="in_log"} 4.0'
        assert line in service.metrics.render().decode()
        for number, status in ((1, TraceStatus.READY), (8, TraceStatus.IN_LOG)):
            trace = await service.article_tracer.trace(await article_of(service, number))
            assert trace is not None
            (one,) = trace.endpoints
            assert one.status is status
        assert "about 4 events wait there since" in one.why


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.usefixtures("partitions")
async def test_a_refill_by_a_former_directory_is_refused(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, written = Overflows.refill, list[bool]()
    async with partner.service_of(config(partner)) as service:
        store = service.store

        async def narrowed(self: Overflows, *step: Any) -> bool:
            """Refill right after the endpoint was described otherwise."""
            if not written:
                (asked,) = (one.endpoint for one in service.endpoints.listed.values())
                await store.endpoints.publish(
                    [replace(asked, events=(EventType.ARTICLE_WITHDRAWN,))], partner.clock()
                )
            written.append(await usual(self, *step))
            return written[-1]

        await store.endpoints.pause(A, "", partner.clock())
        await fill(service, *range(1, 9))
        await store.endpoints.resume(A, partner.clock())
        monkeypatch.setattr(Overflows, "refill", narrowed)
        await drain(service)
        assert written[0] is False
        assert any(written)
        assert (await counts(service)).waiting == 0
    assert sorted(titles(partner)) == named(*range(1, 9)), "a configured endpoint is as it is configured here"


async def away(self: Queuing, now: datetime) -> None:
    """Leave steps that are handed over undone, as those of a partition whose node is away."""


@pytest.mark.parametrize("partitions", [4])
@pytest.mark.usefixtures("partitions")
async def test_what_is_left_for_a_partition_comes_once(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its node is away while events come; then all of them are sent, those of the log by refills."""
    async with partner.service_of(config(partner)) as service:
        store, take_over = service.store, Queuing.take_over

        await fill(service, 1)
        await drain(service, 1)
        monkeypatch.setattr(handover, "MOST_HANDED_BYTES", 1500)
        monkeypatch.setattr(Queuing, "take_over", away)
        await fill(service, *range(2, 30))
        keys = store._keys
        left_for = keys.left_in_log(keys.partitions.of(A))
        assert await store.connection.call("HLEN", left_for) == 1
        monkeypatch.setattr(Queuing, "take_over", take_over)
        for number in range(30, 40):
            await fill(service, number)
            partner.clock.advance(0.3)
            await deliver(service)
        await drain(service)
        assert (await counts(service)).waiting == 0
        assert await store.connection.call("EXISTS", left_for) == 0
    assert sorted(titles(partner)) == sorted(named(*range(1, 40)))


@pytest.mark.parametrize("partitions", [4])
@pytest.mark.usefixtures("partitions")
async def test_a_refill_reads_the_log_as_far_as_it_was_handed_over(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with partner.service_of(config(partner)) as service:
        await service.store.endpoints.pause(A, "", partner.clock())
        await fill(service, *range(1, 9))
        await service.store.endpoints.resume(A, partner.clock())
        await service.deliver_step.event_fan_out.run()
        with monkeypatch.context() as patch:
            patch.setattr(Queuing, "take_over", away)
            await fill(service, 9)  # logged and handed over, not done
            for _ in range(20):
                partner.clock.advance(1.1)
                for job in (await service.deliver_step.take(16)).jobs:
                    await job()
                await service.deliver_step._refills.run()
            assert (await counts(service)).waiting == 0
            assert sorted(titles(partner)) == named(*range(1, 9))
        await drain(service)
    assert sorted(titles(partner)) == named(*range(1, 10))


@pytest.mark.parametrize(("partitions", "seed"), [(1, 0), (1, 1), (4, 0)])
@pytest.mark.usefixtures("partitions")
async def test_any_course_brings_what_an_unbounded_queue_brings(
    partner: Partner, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    brought = []
    for bound, first in ((2, 1), (10_000, 1001)):
        monkeypatch.setattr(handover, "MOST_QUEUED", bound)
        partner.taken.clear()
        async with partner.service_of(config(partner)) as service:
            brought.append(await Course(service, partner, random.Random(seed), first).run(150))
    assert brought[0] == brought[1]
    assert len({kind for kind, _, _ in brought[0]}) == 4


class Course:
    """Random steps of publishing, delivering and pausing, the same for each seed."""

    def __init__(self, service: Service, partner: Partner, rng: random.Random, begins_with: int) -> None:
        self._service, self._partner, self._rng = service, partner, rng
        self._articles: list[ArticleId] = []
        self._begins_with = begins_with

    async def run(self, steps: int) -> list[tuple[str, int, int]]:
        """Return type, article and revision of what was delivered, in its order."""
        is_paused = False
        for step in range(steps):
            self._partner.clock.advance(1.1)
            if self._rng.random() < 0.1:
                is_paused = not is_paused
                endpoints, now = self._service.store.endpoints, self._partner.clock()
                await (endpoints.pause(A, "", now) if is_paused else endpoints.resume(A, now))
            if step % 40 < 25:
                await self._publish()
            if self._rng.random() < 0.6 and not is_paused:
                await self._deliver_one()
        await self._service.store.endpoints.resume(A, self._partner.clock())
        while (await counts(self._service)).waiting:
            self._partner.clock.advance(1.1)
            await self._deliver_one()
        events = [json.loads(body)["data"]["event_id"] for body in self._partner.taken]
        found = await self._service.store.events.get_many(events)
        return [
            (one.type, self._articles.index(ArticleId(one.subject)), one.revision) for one in found if one
        ]

    async def _publish(self) -> None:
        which = self._rng.random()
        article = self._rng.choice(self._articles) if self._articles else None
        if which < 0.5 or article is None:
            number = self._begins_with + len(self._articles)
            await admit(self._service, number)
            (admitted,) = await self._service.store.outbox.after("", 10)
            self._articles.append(ArticleId(admitted.event.subject))
        elif which < 0.7:
            number = self._begins_with + self._articles.index(article)
            await admit(self._service, number, title=f"Diralat {self._rng.random()}")
        elif which < 0.85:
            await self._service.withdrawer.withdraw(article, WithdrawnBy.OPERATOR, "x")
        else:
            await self._service.withdrawer.restore(article)
        await self._service.deliver_step.event_fan_out.run()

    async def _deliver_one(self) -> None:
        waiting = await counts(self._service)
        while waiting.in_log and not waiting.ready:  # some pages of the log bring nothing
            await self._service.deliver_step._refills.run()
            waiting = await counts(self._service)
        for job in (await self._service.deliver_step.take(1)).jobs:
            await job()
