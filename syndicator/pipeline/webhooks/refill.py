"""Refills the queues of endpoints from the log of events, where more waits than a queue takes.

queue is full ──▶ fan-out leaves events in the log ──▶ queue is half empty ──▶ refill, until the log ends

Any worker may refill: what is queued and how far the log was read are written in one step, which succeeds
only for the worker that read the previous position. So no event is queued twice or left out if a worker is
killed.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile

from syndicator.errors import ColdStoreAway
from syndicator.model.clock import Clock
from syndicator.model.delivery import Endpoint
from syndicator.model.endpoint import EndpointListed, Overflow
from syndicator.model.event import Event, EventType
from syndicator.model.ids import EndpointId
from syndicator.model.ops.states import EndpointStanding
from syndicator.observe.logs import get_logger
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.webhooks.fan_out import EventFanOut
from syndicator.pipeline.webhooks.logged_events import LoggedEvents
from syndicator.pipeline.webhooks.queuing import queued_for
from syndicator.rules.identity.identity import event_id
from syndicator.rules.webhooks.supersession import is_urgent
from syndicator.store.store import Store
from syndicator.store.webhooks import handover
from syndicator.store.webhooks.event_log import LoggedEvent, LogPage
from syndicator.store.webhooks.overflows import Refill

PAGE = 200
"""Events of the log that are examined in one step."""

_RESTS, _WAITS = timedelta(seconds=10), timedelta(seconds=1)

log = get_logger(__name__)


class RefillWork:
    """Refills the queues that are due for it."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        event_fan_out: EventFanOut,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._store = store
        self._directory = directory
        self._logged = LoggedEvents(store, event_fan_out)
        self._clock = clock
        self._rng = rng

    async def run(self) -> None:
        """Refill each queue that is due by a part of the log."""
        now = self._clock()
        due = await self._store.overflows.due(now)
        if not due:
            return
        for name in due:
            try:
                await self._store.reach.ask(name, partial(self._refill, name, now))
            except ColdStoreAway:  # it goes on when that is back
                await self._store.overflows.put_off(name, now + _RESTS)

    async def _refill(self, name: EndpointId, now: datetime) -> None:
        changes = await self._store.overflows.changes(name)
        await self._directory.refresh()
        listed = self._directory.listed.get(name)
        state = await self._store.endpoints.state(name)
        overflow = state.overflow
        if overflow is None:
            await self._store.overflows.forget(name)
            return
        if listed is None:  # a sweep removes what is known of it
            await self._store.overflows.put_off(name, now + _RESTS)
            return
        rests = state.standing is not EndpointStanding.ACTIVE or not listed.is_trusted
        counts = await self._store.deliveries.counts(name, now)
        room = handover.MOST_QUEUED - (counts.ready + counts.delayed + counts.in_flight)
        if rests or room < handover.MOST_QUEUED // 2:
            until = now + (_RESTS if rests else _WAITS)
            await self._let_fall(listed, overflow, changes, now, until)
            return
        end = await self._store.overflows.logged(name)
        page = await self._store.events.page(overflow.position, end, min(PAGE, max(room, 1)))
        await self._write(listed.endpoint, overflow, changes, page, now)

    async def _let_fall(
        self, listed: EndpointListed, overflow: Overflow, changes: str, now: datetime, until: datetime
    ) -> None:
        """Take out of what waits what waited for too long; leave the rest until later."""
        end = await self._store.overflows.logged(listed.endpoint.id)
        page = await self._store.events.page(overflow.position, end, PAGE)
        oldest = _oldest(listed.endpoint, now)
        expired = tuple(takewhile(lambda entry: entry.event.at < oldest, page.entries))
        if not expired:
            await self._store.overflows.put_off(listed.endpoint.id, until)
            return
        part = LogPage(entries=expired, reached=expired[-1].position, has_more=True)
        await self._write(listed.endpoint, overflow, changes, part, now)

    async def _write(
        self, endpoint: Endpoint, overflow: Overflow, changes: str, page: LogPage, now: datetime
    ) -> None:
        """Queue what a part of the log brings, and write how far the log was read."""
        version, oldest = self._directory.version, _oldest(endpoint, now)
        part = [entry for entry in page.entries if _is_left(entry.event)]
        choice = await self._logged.choose(endpoint, part, endpoint.events)
        sent = [entry.event for entry in choice.sent if entry.event.at >= oldest]
        by_id = {entry.event.id: entry.event for entry in part}
        dropped = len(choice.sent) - len(sent)
        step = Refill(
            endpoint=endpoint.id,
            version=version,
            changes=changes,
            read=overflow,
            reached=page.reached,
            since=_last_at(page.entries, overflow.since),
            is_end=not page.has_more,
            queued=[
                one
                for event in sent
                for one in await queued_for(self._store, self._rng, event, [endpoint], min(event.at, now))
            ],
            superseded=[(by_id[name], newer) for name, newer in choice.superseded.items()],
            gone=len(choice.gone) + len(choice.waiting),
            dropped=dropped,
        )
        if await self._store.overflows.refill(step, now, now) and dropped:
            log.warning("deliveries_dropped", endpoint=endpoint.id, count=dropped)


def _oldest(endpoint: Endpoint, now: datetime) -> datetime:
    return now - timedelta(seconds=endpoint.retry.max_age_s)


def _last_at(entries: Sequence[LoggedEvent], otherwise: datetime) -> datetime:
    return entries[-1].event.at if entries else otherwise


def _is_left(event: Event) -> bool:
    """Return whether fan-out leaves an event in the log, where the queue is full."""
    if is_urgent(event):
        return False
    # What was published before an endpoint was there is queued at once, under ids of that endpoint alone.
    is_created = event.type is EventType.ARTICLE_CREATED
    return not is_created or event.id == event_id(event.subject, event.revision, event.type)
