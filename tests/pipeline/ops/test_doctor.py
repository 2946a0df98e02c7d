"""What does not fit together is found, told, and mended on demand."""

from datetime import timedelta

import pytest
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.webhooks.test_delivery import A, Partner, config, counts, deliver, partner

from syndicator.model.clock import system_clock
from syndicator.model.ids import EndpointId
from syndicator.model.ops.status import QueueCounts
from syndicator.pipeline.ops.doctor import Diagnosis
from syndicator.service import Service
from syndicator.store.connection import Command
from syndicator.store.webhooks.deliveries import Leased

__all__ = ["partner"]  # a fixture

GHOST = EndpointId("ghost")


async def kinds(service: Service, *, repair: bool = False) -> list[str]:
    found: list[Diagnosis] = await service.doctor.examine(repair=repair)
    assert all(one.mended == repair for one in found)
    return sorted(one.kind for one in found)


async def leased(service: Service) -> Leased:
    (one,) = (await service.store.deliveries.claim(service.clock(), timedelta(seconds=15), 1)).leased
    return one


async def test_what_works_is_left_alone(partner: Partner) -> None:
    partner.clock.now = system_clock()  # positions of events are by Redis' own time
    partner.statuses = [503, 503]
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1, 2, 3)
        await deliver(service)
        await admit(service, 3, title="Diralat")
        await admit(service, 4)
        assert await kinds(service) == []
        await service.deliver_step.event_fan_out.run()
        await leased(service)
        assert await kinds(service) == []


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("lost_events", "DEL events"),
        ("asleep", "ZREM queues"),
        ("left_tries", "HSET tries"),
        ("left_leases", "HSET owners"),
        ("left_urgent", "ZADD urgent"),
        ("left_waiting", "HSET behind"),
    ],
)
async def test_damage_is_found_and_mended(partner: Partner, kind: str, damage: str) -> None:
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        await service.deliver_step.event_fan_out.run()
        ((event, _),) = [(one.event.id, one) for one in await service.store.events.after("", 10)]
        keys = service.store.deliveries._keys
        commands: dict[str, Command] = {
            "DEL events": ("DEL", keys.packed_events(0)),
            "ZREM queues": ("ZREM", keys.queues(0), A),
            "HSET tries": ("HSET", keys.tries(A), "evt_other", "1 timeout"),
            "HSET owners": ("HSET", keys.queue_owners(A), "evt_other", "x.1.y"),
            "ZADD urgent": ("ZADD", keys.urgent(A), 1, "evt_other"),
            "HSET behind": ("HSET", keys.behind(A), "evt_other", event),
        }
        await service.store.connection.call(*commands[damage])
        assert kind in await kinds(service)
        assert kind in await kinds(service, repair=True)
        assert kind not in await kinds(service)
        await deliver(service)
        assert (await counts(service)).ready == 0


async def test_a_lease_whose_worker_is_gone_is_freed(partner: Partner, service_of: OpenService) -> None:
    async with service_of(config(partner)) as service:
        await admit(service, 1)
        await service.deliver_step.event_fan_out.run()
        one = await leased(service)
        place, _, rest = one.token.partition(".")
        owners = service.store.deliveries._keys.queue_owners(A)
        dead = f"{place}.999999999.{rest}"
        await service.store.connection.call("HSET", owners, one.delivery.event.id, dead)
        assert await kinds(service, repair=True) == ["leases_of_the_dead"]
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=1)


async def test_who_is_left_in_peace_is_not_asleep(partner: Partner, service_of: OpenService) -> None:
    partner.statuses = [429]
    partner.headers = {"Retry-After": "7200"}
    async with service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
        await admit(service, 2)
        await deliver(service)
        assert await kinds(service) == []


async def test_queues_of_endpoints_that_nobody_knows_are_told_and_removed(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        keys = service.store.deliveries._keys
        await service.store.connection.call("ZADD", keys.queue(GHOST), 1, "evt_1")
        assert await kinds(service, repair=True) == ["unknown_endpoint"]
        assert await service.store.configured.remove_leavers(partner.clock()) == ["endpoint:ghost"]
        assert await service.store.connection.call("EXISTS", keys.queue(GHOST)) == 0


async def test_an_article_of_which_nobody_was_told_is_told(partner: Partner) -> None:
    partner.clock.now = system_clock()
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        await deliver(service)
        partner.clock.now = system_clock()
        await admit(service, 2)
        await service.store.connection.call("XTRIM", service.store.outbox._keys.outbox(), "MAXLEN", 0)
        assert await kinds(service) == ["untold"]
        assert await kinds(service, repair=True) == ["untold"]
        assert await kinds(service) == []
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=2)


async def test_events_that_nobody_fans_out_are_told(partner: Partner) -> None:
    partner.clock.now = system_clock()
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1)
        assert await kinds(service) == []
        partner.clock.advance(600)
        assert await kinds(service, repair=True) == ["not_fanned_out"]
        assert (await counts(service)).ready == 1
