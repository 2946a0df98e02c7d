"""Endpoints that come, change and rest while workers run: none of them loses an event."""

from msgspec.structs import replace
from pipeline.feeds.test_publisher import admit
from pipeline.webhooks.test_delivery import SECRET, A, B, Partner, config, counts, deliver, partner
from support import NOON

from syndicator.model.delivery import Endpoint, Secret
from syndicator.model.endpoint import Registration
from syndicator.model.ids import EndpointId
from syndicator.model.ops.status import QueueCounts
from syndicator.store.webhooks.queuing import FanOut

__all__ = ["partner"]  # a fixture

C = EndpointId("ep_c")


def registered(partner: Partner, **fields: object) -> Registration:
    endpoint = Endpoint(id=C, url=f"{partner.url}/hook", secrets=(Secret(SECRET),))
    return replace(Registration(endpoint=endpoint, owner="tok_1", created_at=NOON), **fields)


async def test_a_worker_that_lacks_an_endpoint_loses_none_of_its_events(partner: Partner) -> None:
    both = config(partner) + config(partner, name="b")
    async with partner.service_of(both) as knowing, partner.service_of(config(partner)) as lacking:
        await admit(lacking, 1, 2)
        await deliver(lacking)
        assert await counts(lacking, A) == QueueCounts(delivered=2)
        assert await counts(lacking, B) == QueueCounts(ready=2), "queued, though it cannot be sent from here"
        await deliver(knowing)
        assert await counts(knowing, B) == QueueCounts(delivered=2)


async def test_a_registered_endpoint_is_served_by_all_without_a_restart(partner: Partner) -> None:
    async with partner.service_of("") as one, partner.service_of("") as other:
        await deliver(other)
        await one.store.endpoints.register(registered(partner))
        await admit(one, 1)
        await deliver(other)
        assert await counts(one, C) == QueueCounts(), "not before its address is verified"
        found = await one.store.endpoints.registration(C)
        assert found is not None
        await one.store.endpoints.change(replace(found, verified_at=NOON))
        await admit(one, 2)
        await deliver(other)
        assert await counts(one, C) == QueueCounts(delivered=1)
    assert len(partner.received) == 1


async def test_an_endpoint_changes_between_choosing_and_queueing(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as old:
        await admit(old, 1)
        await old.endpoints.refresh()
        async with partner.service_of(config(partner) + config(partner, name="b")):
            pass
        entries = (await old.store.outbox.pending(10)).entries
        stale = FanOut(read="", version=old.endpoints.version, entries=tuple(entries))
        moved = await old.store.queuing.fan_out(stale, NOON)
        assert not moved
        await old.deliver_step.event_fan_out.run()
        assert await counts(old, B) == QueueCounts(ready=1)


async def test_what_comes_for_one_that_rests_waits_for_it(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service, partner.service_of(config(partner)) as other:
        await deliver(other)
        await service.store.endpoints.pause(A, "moving house", partner.clock())
        await admit(service, 1, 2)
        await deliver(other)
        assert partner.received == []
        assert await counts(service) == QueueCounts(ready=2)
        await service.store.endpoints.resume(A, partner.clock())
        await deliver(other)
        assert await counts(service) == QueueCounts(delivered=2)
