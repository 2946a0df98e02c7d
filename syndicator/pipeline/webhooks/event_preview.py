"""What an endpoint would have been sent lately: shown before it is there."""

import random
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import Clock, to_ms
from syndicator.model.delivery import Endpoint
from syndicator.model.endpoint import EndpointListed
from syndicator.model.event import Event, EventType
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.webhooks.fan_out import EventFanOut
from syndicator.pipeline.webhooks.logged_events import LoggedEvents
from syndicator.store.connection import pieces
from syndicator.store.store import Store

SPAN = timedelta(days=1)
MOST_LOOKED_AT = 2_000
"""Events of the log, the newest: at 100 a second these are 20 seconds."""
_SHOWN, _AT_ONCE = 20, 200


class EventPreview(Struct, frozen=True, kw_only=True):
    """The events of the last day that an endpoint would have been sent, as things stand now."""

    since: datetime
    """Events since then were looked at."""
    is_whole: bool
    """Whether that is the whole day; else the newest `MOST_LOOKED_AT` events."""
    count: int
    by_type: Mapping[EventType, int]
    newest: tuple[Event, ...]
    """The newest of them, 20 at most."""


class EventPreviews:
    """Looks through the log of events for an endpoint that need not be there."""

    def __init__(self, store: Store, directory: Directory, clock: Clock, rng: random.Random) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._rng = rng

    async def look(self, endpoint: Endpoint, owner: str) -> EventPreview:
        """Return what an endpoint of an owner would have been sent in the last day. Raises ColdStoreAway."""
        begin = self._clock() - SPAN
        await self._directory.refresh()
        judging = self._directory.with_one(EndpointListed(endpoint=endpoint, owner=owner))
        logged = LoggedEvents(self._store, EventFanOut(self._store, judging, self._clock, self._rng))
        entries = await self._store.events.newest(to_ms(begin), MOST_LOOKED_AT)
        sent = list[Event]()
        for part in pieces(entries, _AT_ONCE):
            choice = await logged.choose(endpoint, part, endpoint.events)
            sent += [entry.event for entry in choice.sent if entry.event.at >= begin]
        is_whole = len(entries) < MOST_LOOKED_AT
        return EventPreview(
            since=begin if is_whole else entries[-1].event.at,
            is_whole=is_whole,
            count=len(sent),
            by_type=dict(Counter(event.type for event in sent).most_common()),
            newest=tuple(sorted(sent, key=lambda event: event.at, reverse=True)[:_SHOWN]),
        )
