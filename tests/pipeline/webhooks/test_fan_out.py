"""From the outbox to queues: in parts where there are many endpoints, and spread where all would come back at once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.webhooks.test_delivery import Partner, config, counts, deliver, partner

from syndicator.model.ids import EndpointId
from syndicator.pipeline.webhooks import fan_out
from syndicator.rules.webhooks.event_matching import refused_by
from syndicator.service import Service
from syndicator.store.webhooks.queuing import FanOut, Queuing

__all__ = ["partner"]  # a fixture


def many(partner: Partner, count: int, more: str = "") -> str:
    return "".join(config(partner, name=f"e{number:02}", more=more) for number in range(count))


async def queued(service: Service) -> list[int]:
    names = sorted(service.endpoints.listed)
    found = await service.store.deliveries.counts_of(names, service.clock() + timedelta(minutes=5))
    return [found[name].ready for name in names]


async def test_an_event_for_many_is_fanned_out_in_parts(
    partner: Partner, service_of: OpenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "QUEUED_MOST", 3)
    async with service_of(many(partner, 10)) as service:
        await admit(service, 1, 2)
        await service.deliver_step.event_fan_out.run()
        assert await queued(service) == [2] * 10
        assert await service.store.outbox.waiting() == 0


async def test_an_article_of_many_revisions_is_fanned_out_in_smaller_parts(
    partner: Partner, service_of: OpenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "QUEUED_MOST", 12)
    sizes: list[int] = []
    usual = Queuing.fan_out

    async def counted(self: Queuing, intent: FanOut, now: object) -> bool:
        sizes.append(len(intent.queued))
        return await usual(self, intent, now)  # type: ignore[arg-type]

    monkeypatch.setattr(Queuing, "fan_out", counted)
    async with service_of(many(partner, 10)) as service:
        for number in range(13):
            await admit(service, 1, title=f"Diralat {number}")
        await service.deliver_step.event_fan_out.run()
        assert await queued(service) == [1] * 10, "the newest goes in place of all before it"
    assert max(sizes) <= 12
    assert sizes[-4:] == [3, 3, 3, 1], "of the thirteenth revision a quarter as many at once"


async def test_who_dies_amid_a_fan_out_leaves_the_rest_to_the_next(
    partner: Partner, service_of: OpenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "QUEUED_MOST", 3)
    usual, parts = Queuing.fan_out, 0

    async def dying(self: Queuing, intent: FanOut, now: object) -> bool:
        nonlocal parts
        parts += 1
        if parts == 3:
            raise ConnectionResetError
        return await usual(self, intent, now)  # type: ignore[arg-type]

    async with service_of(many(partner, 10)) as one, service_of(many(partner, 10)) as other:
        await admit(one, 1)
        with monkeypatch.context() as patched:
            patched.setattr(Queuing, "fan_out", dying)
            with pytest.raises(ConnectionResetError):
                await one.deliver_step.event_fan_out.run()
        await other.store.queuing.take_over(other.clock())
        assert sum(await queued(one)) == 6
        await deliver(other)
        found = [await counts(other, EndpointId(f"e{number:02}")) for number in range(10)]
        assert [one.delivered for one in found] == [1] * 10
    assert len(partner.received) == 10, "each is told once"


async def test_those_who_will_fetch_are_told_over_some_time(partner: Partner) -> None:
    async with partner.service_of(many(partner, 30, 'payload = "thin"')) as service:
        await admit(service, 1)
        await service.deliver_step.event_fan_out.run()
        first = await service.store.deliveries.first_due(list(service.endpoints.listed))
        waits = {(due - partner.clock()).total_seconds() for due in first.values()}
        assert len(waits) > 20
        assert 0 <= min(waits) < max(waits) <= 0.3


async def test_those_who_get_all_are_told_at_once(partner: Partner) -> None:
    async with partner.service_of(many(partner, 30)) as service:
        await admit(service, 1)
        await service.deliver_step.event_fan_out.run()
        first = await service.store.deliveries.first_due(list(service.endpoints.listed))
        assert set(first.values()) == {
            partner.clock().replace(microsecond=partner.clock().microsecond // 1000 * 1000)
        }


async def test_a_fan_out_that_is_refused_again_and_again_pauses_and_ends(
    partner: Partner, service_of: OpenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    async def refused(self: Queuing, intent: FanOut, now: object) -> bool:
        nonlocal tried
        tried += 1
        return False

    async with service_of(config(partner)) as service:
        await admit(service, 1)
        with monkeypatch.context() as patched:
            patched.setattr(Queuing, "fan_out", refused)
            async with asyncio.timeout(30):
                await service.deliver_step.event_fan_out.run()
        assert 1 < tried < 20
        assert await service.store.outbox.waiting() == 1
        await deliver(service)
        assert (await counts(service)).delivered == 1


async def test_many_workers_that_fan_out_at_once_tell_each_event_once(partner: Partner) -> None:
    async with partner.service_of(many(partner, 4)) as one, partner.service_of(many(partner, 4)) as other:
        await admit(one, *range(1, 31))
        turns = [one, other] * 6
        async with asyncio.timeout(60):
            await asyncio.gather(*(service.deliver_step.event_fan_out.run() for service in turns))
            while await one.store.outbox.waiting():
                await one.deliver_step.event_fan_out.run()
        assert await queued(one) == [30] * 4


async def test_others_of_the_event_loop_have_turns_while_many_endpoints_are_judged(
    partner: Partner, service_of: OpenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged, most_judged = 0, 0

    def counted(*told: Any) -> str | None:
        nonlocal judged
        judged += 1
        return refused_by(*told)

    async def others() -> None:
        nonlocal judged, most_judged
        while True:
            judged = 0
            await asyncio.sleep(0)
            most_judged = max(most_judged, judged)

    monkeypatch.setattr(fan_out, "refused_by", counted)
    monkeypatch.setattr(fan_out, "_TURN_S", -1.0)  # as if each endpoint took that long
    async with service_of(many(partner, 30)) as service:
        await admit(service, 1, 2)
        waiting = asyncio.create_task(others())
        await service.deliver_step.event_fan_out.run()
        waiting.cancel()
        assert await queued(service) == [2] * 30
    assert most_judged == 1
