"""The state of deliveries for operators: endpoints, dead deliveries, replays."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.clock import Clock
from syndicator.model.ids import EndpointId
from syndicator.model.ops.states import DeliveryStatus
from syndicator.model.ops.status import EndpointStatus
from syndicator.model.replay import Replay
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.store.store import Store
from syndicator.store.webhooks.backlog import Undelivered

MOST_DEAD, MOST_REPLAYS = 100, 20
_MOST_OF_ONE = 50


class Overview(Struct, frozen=True, kw_only=True):
    at: datetime
    endpoints: Sequence[EndpointStatus]
    due_since: dict[EndpointId, datetime]
    """When the oldest due delivery of an endpoint became due; only endpoints with due deliveries."""
    dead: Sequence[Undelivered]
    """Dead deliveries, newest first."""
    replays: Sequence[Replay]
    """Newest first."""


async def endpoint_statuses(store: Store, directory: Directory, now: datetime) -> list[EndpointStatus]:
    """Return how all endpoints stand, in the order of their ids, without `last_failure`."""
    await directory.refresh()
    listed = sorted(directory.listed.items())
    names = [name for name, _ in listed]
    states = await store.endpoints.states(names)
    counts = await store.deliveries.counts_of(names, now)
    departed = await directory.departed(store.configured, names, now)
    return [
        EndpointStatus(
            endpoint=one.endpoint,
            counts=counts[name],
            listed=one,
            state=states[name],
            has_left=name in departed,
        )
        for name, one in listed
    ]


async def oversee(
    store: Store, endpoints: Sequence[EndpointStatus], clock: Clock, only: str | None = None
) -> Overview:
    """Return the overview of all endpoints, or of the endpoint `only`."""
    now = clock()
    statuses = [status for status in endpoints if only in {None, status.endpoint.id}]
    names = [status.endpoint.id for status in statuses]
    first = await store.deliveries.first_due(names)
    dead: list[Undelivered] = []
    for status in statuses:
        if status.counts.dead:
            skip = status.counts.ready + status.counts.delayed + status.counts.in_flight
            deliveries = await store.backlog.list(status.endpoint.id, _MOST_OF_ONE, now, skip)
            dead += [delivery for delivery in deliveries if delivery.status is DeliveryStatus.DEAD]
    replays = [replay for replay in await store.replays.all() if replay.endpoint in names]
    return Overview(
        at=now,
        endpoints=statuses,
        due_since={name: at for name, at in first.items() if at <= now},
        dead=sorted(dead, key=lambda delivery: delivery.at, reverse=True)[:MOST_DEAD],
        replays=replays[:MOST_REPLAYS],
    )
