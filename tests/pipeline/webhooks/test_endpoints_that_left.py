"""Endpoints that left the configuration of all processes: told as such, removable, and back as they were."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.ops.test_retention import sweep
from pipeline.webhooks.test_delivery import A, B, Partner, config, counts, deliver, partner
from support import ManualClock

from syndicator.errors import EndpointRefused, NoEndpoint
from syndicator.model.ops.states import EndpointStanding
from syndicator.model.ops.status import QueueCounts
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR
from syndicator.rules.webhooks.endpoint_health import endpoint_health
from syndicator.service import Service
from syndicator.store.ops.configured_names import IN_USE

__all__ = ["partner"]  # a fixture

LONG_ENOUGH_S = (IN_USE + timedelta(seconds=1)).total_seconds()


async def verdicts(service: Service) -> dict[str, EndpointStanding]:
    statuses = await service.queries.endpoints()
    return {one.endpoint.id: endpoint_health(one, service.clock()).kind for one in statuses}


def both(partner: Partner) -> str:
    return config(partner) + config(partner, name="b")


@asynccontextmanager
async def service_that_b_left(partner: Partner, service_of: OpenService) -> AsyncIterator[Service]:
    """Open a service without an endpoint that the process before it had."""
    async with service_of(both(partner)):
        pass
    async with service_of(config(partner)) as service:
        yield service


async def test_an_endpoint_that_left_every_configuration_is_told_so_and_can_be_removed(
    partner: Partner, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_that_b_left(partner, service_of) as service:
        registration = service.registration
        assert await verdicts(service) == {A: EndpointStanding.ACTIVE, B: EndpointStanding.ACTIVE}
        with pytest.raises(EndpointRefused, match="10 minutes later"):
            await registration.remove(OPERATOR, B)
        clock.advance(LONG_ENOUGH_S)
        await sweep(service)
        assert await verdicts(service) == {A: EndpointStanding.ACTIVE, B: EndpointStanding.ORPHANED}
        assert (await registration.show(OPERATOR, B)).health.kind is EndpointStanding.ORPHANED
        await admit(service, 1)
        await deliver(service)
        assert await counts(service, B) == QueueCounts(ready=1), "it waits, should the endpoint come back"
        await registration.remove(OPERATOR, B)
        assert await verdicts(service) == {A: EndpointStanding.ACTIVE}
        await admit(service, 2)
        await deliver(service)
        clock.advance(61)
        await sweep(service)
        assert await counts(service, B) == QueueCounts()
        with pytest.raises(NoEndpoint):
            await registration.show(OPERATOR, B)
        assert await counts(service) == QueueCounts(delivered=2)


async def test_the_doctor_tells_of_what_waits_for_an_endpoint_that_left(partner: Partner) -> None:
    async with service_that_b_left(partner, partner.service_of) as service:
        doctor = service.doctor
        await admit(service, 1)
        await deliver(service)
        assert await doctor.examine(repair=False) == []
        partner.clock.advance(LONG_ENOUGH_S)
        await sweep(service)
        for repair in (False, True):
            (one,) = await doctor.examine(repair=repair)
            assert (one.kind, one.where, one.count, one.mended, one.is_fault) == (
                "orphaned_endpoint", "b", 1, False, False,
            )  # fmt: skip
            assert "`syndicator endpoints remove b`" in one.message
        await service.registration.remove(OPERATOR, B)
        assert [one.kind for one in await doctor.examine(repair=False)] == []


async def test_an_endpoint_that_another_process_has_configured_is_not_removed(partner: Partner) -> None:
    async with (
        partner.service_of(config(partner, name="b")) as other,
        partner.service_of(config(partner)) as service,
    ):
        for _ in range(3):
            partner.clock.advance(LONG_ENOUGH_S)
            await sweep(other)
            await sweep(service)
        assert await verdicts(service) == {A: EndpointStanding.ACTIVE, B: EndpointStanding.ACTIVE}
        with pytest.raises(EndpointRefused, match=r"take \[endpoint.b\] out"):
            await service.registration.remove(OPERATOR, B)


async def test_after_a_long_stop_what_is_configured_here_has_not_left(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        partner.clock.advance(LONG_ENOUGH_S)
        assert await verdicts(service) == {A: EndpointStanding.ACTIVE}
        with pytest.raises(EndpointRefused, match=r"take \[endpoint.a\] out"):
            await service.registration.remove(OPERATOR, A)


async def test_an_endpoint_that_comes_back_within_the_week_misses_nothing(partner: Partner) -> None:
    async with service_that_b_left(partner, partner.service_of) as service:
        partner.clock.advance(LONG_ENOUGH_S)
        await sweep(service)
        await admit(service, 1)
        await deliver(service)
        assert await verdicts(service) == {A: EndpointStanding.ACTIVE, B: EndpointStanding.ORPHANED}
    async with partner.service_of(both(partner)) as back:
        await deliver(back)
        assert await verdicts(back) == {A: EndpointStanding.ACTIVE, B: EndpointStanding.ACTIVE}
        assert await counts(back, B) == QueueCounts(delivered=1)
