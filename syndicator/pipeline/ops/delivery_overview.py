"""How deliveries stand, for those who run the service: endpoints, what was given up, replays."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.clock import Clock
from syndicator.model.ids import EndpointId
from syndicator.model.replay import Replay
from syndicator.model.status import EndpointStatus
from syndicator.store.store import Store
from syndicator.store.webhooks.backlog import Undelivered

MOST_DEAD, MOST_REPLAYS = 100, 20
_MOST_OF_ONE = 50


class Overview(Struct, frozen=True, kw_only=True):
    at: datetime
    endpoints: Sequence[EndpointStatus]
    due_since: dict[EndpointId, datetime]
    """When the first that waits for an endpoint became due; of those for which something is due."""
    dead: Sequence[Undelivered]
    """Those that were given up last, the newest first."""
    replays: Sequence[Replay]
    """The newest first."""


async def oversee(
    store: Store, endpoints: Sequence[EndpointStatus], clock: Clock, only: str | None = None
) -> Overview:
    """Look at all endpoints, or at `only` one."""
    now = clock()
    chosen = [one for one in endpoints if only in {None, one.endpoint.id}]
    names = [one.endpoint.id for one in chosen]
    first = await store.deliveries.first_due(names)
    dead: list[Undelivered] = []
    for one in chosen:
        if one.counts.dead:
            skip = one.counts.ready + one.counts.delayed + one.counts.in_flight
            rows = await store.backlog.list(one.endpoint.id, _MOST_OF_ONE, now, skip)
            dead += [row for row in rows if row.status == "dead"]
    replays = [one for one in await store.replays.all() if one.endpoint in names]
    return Overview(
        at=now,
        endpoints=chosen,
        due_since={name: at for name, at in first.items() if at <= now},
        dead=sorted(dead, key=lambda one: one.at, reverse=True)[:MOST_DEAD],
        replays=replays[:MOST_REPLAYS],
    )
