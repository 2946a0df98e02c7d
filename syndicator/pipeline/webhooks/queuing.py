"""When an event is due at each endpoint that receives it, and what it closes there."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from syndicator.egress.client import CALLBACK_LIMITS
from syndicator.model.delivery import Endpoint, Payload
from syndicator.model.event import Event, EventType
from syndicator.model.ids import EndpointId
from syndicator.model.ops.states import AttemptResult
from syndicator.rules.webhooks.digests import sent_at
from syndicator.rules.webhooks.event_matching import may_repeat, spread_s
from syndicator.rules.webhooks.supersession import is_urgent, older
from syndicator.store.store import Store
from syndicator.store.webhooks.attempts import AttemptQuery
from syndicator.store.webhooks.queuing import Older, Queued

_HOLD_MARGIN_S = 2.0


async def queued_for(
    store: Store, rng: random.Random, event: Event, wanting: Sequence[Endpoint], at: datetime
) -> list[Queued]:
    """Return what is queued of an event that was fanned out at a time, for those that receive it."""
    closed, urgent = closed_by(event), is_urgent(event)
    quiet_until = await _quiet_until(store, event, wanting, at)
    fetching = {endpoint.id for endpoint in wanting if _fetches(endpoint, event)}
    spread = 0.0 if urgent else spread_s(len(fetching))
    queued: list[Queued] = []
    for endpoint in wanting:
        due_at = at
        if endpoint.digest is not None and not urgent:
            due_at = sent_at(endpoint.id, endpoint.digest, at)
        elif spread and endpoint.id in fetching:
            due_at += timedelta(seconds=rng.uniform(0, spread))
        queued.append(
            Queued(
                endpoint=endpoint.id,
                event=event.id,
                due_at=max(due_at, quiet_until.get(endpoint.id, due_at)),
                urgent=urgent,
                hold=timedelta(seconds=endpoint.timeout_s + CALLBACK_LIMITS.wait_s + _HOLD_MARGIN_S),
                older=closed,
            )
        )
    return queued


def closed_by(event: Event) -> Older:
    """Return the events that an event closes where they are still to be sent."""
    if event.revision <= 1 and event.follows is None:
        return ()
    return tuple((one.id, event.subject, one.type.value) for one in older(event))


async def _quiet_until(
    store: Store, event: Event, wanting: Sequence[Endpoint], at: datetime
) -> Mapping[EndpointId, datetime]:
    """Return until when people are not told again what they were told of the same subject."""
    found: dict[EndpointId, datetime] = {}
    for endpoint in wanting:
        if endpoint.alert is None or not may_repeat(event, endpoint.alert, at):
            continue
        length = timedelta(seconds=endpoint.alert.repeat_after_s)
        query = AttemptQuery(subject=event.subject, result=AttemptResult.DELIVERED, since=at - length)
        told = await store.reach.ask(endpoint.id, partial(store.attempts.find, endpoint.id, query, 0))
        last = next((attempt.event for attempt in told or () if attempt.type == event.type.value), None)
        sent = await store.events.get(last) if last is not None else None
        if sent is not None:
            found[endpoint.id] = sent.at + length
    return found


def _fetches(endpoint: Endpoint, event: Event) -> bool:
    """Return whether the receiver will request the data that the event only refers to."""
    return endpoint.payload is Payload.THIN or event.type is EventType.FEED_UPDATED
