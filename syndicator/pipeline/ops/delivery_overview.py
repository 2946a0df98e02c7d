"""The state of deliveries for operators: endpoints, dead deliveries, replays."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.clock import Clock
from syndicator.model.ids import EndpointId
from syndicator.model.ops.status import EndpointStatus
from syndicator.model.replay import Replay
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.store.store import Store
from syndicator.store.webhooks.backlog import Undelivered

MOST_DEAD, MOST_REPLAYS = 100, 20


class Overview(Struct, frozen=True, kw_only=True):
    at: datetime
    endpoints: Sequence[EndpointStatus]
    due_since: dict[EndpointId, datetime]
    """When the oldest due delivery of an endpoint became due; only endpoints with due deliveries."""
    dead: Sequence[Undelivered]
    """Dead deliveries, newest first."""
    replays: Sequence[Replay]
    """Newest first."""


async def endpoint_statuses(
    store: Store, directory: Directory, now: datetime, only: EndpointId | None = None
) -> list[EndpointStatus]:
    """Return how all endpoints stand, in the order of their ids, or only one; without `last_failure`."""
    await directory.refresh()
    listed = sorted((name, one) for name, one in directory.listed.items() if only in {None, name})
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


async def oversee(store: Store, endpoints: Sequence[EndpointStatus], clock: Clock) -> Overview:
    """Return the overview of some endpoints."""
    now, names = clock(), [status.endpoint.id for status in endpoints]
    first = await store.deliveries.first_due(names)
    dying = [status.endpoint.id for status in endpoints if status.counts.dead]
    known = frozenset(names)
    replays = [replay for replay in await store.replays.all() if replay.endpoint in known]
    return Overview(
        at=now,
        endpoints=endpoints,
        due_since={name: at for name, at in first.items() if at <= now},
        dead=await store.backlog.newest_dead(dying, MOST_DEAD),
        replays=replays[:MOST_REPLAYS],
    )
