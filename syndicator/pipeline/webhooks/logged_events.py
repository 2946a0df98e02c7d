"""Which events of a part of the log an endpoint is to be sent now, and why not the others.

What an article became since is known: of its events the newest is sent, and none of an article that is gone.
"""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import ColdStoreAway, UnreadableRecord
from syndicator.model.delivery import Endpoint
from syndicator.model.event import Event, EventType
from syndicator.model.feed import Filter
from syndicator.model.ids import ArticleId, EventId
from syndicator.observe.logs import get_logger
from syndicator.pipeline.webhooks.fan_out import EventFanOut
from syndicator.pipeline.webhooks.resend import gone_of
from syndicator.rules.webhooks.supersession import newer
from syndicator.store.store import Store
from syndicator.store.webhooks.event_log import LoggedEvent

log = get_logger(__name__)


class LogChoice(Struct, frozen=True, kw_only=True):
    """Which events of a part of the log are sent, and why the others are not."""

    sent: tuple[LoggedEvent, ...]
    waiting: frozenset[EventId]
    """Queued already."""
    superseded: Mapping[EventId, EventId]
    """Events and the newer one that is sent in the place of each."""
    gone: frozenset[EventId]


class LoggedEvents:
    """Chooses events of the log for an endpoint."""

    def __init__(self, store: Store, event_fan_out: EventFanOut) -> None:
        self._store = store
        self._event_fan_out = event_fan_out

    async def choose(
        self,
        endpoint: Endpoint,
        part: Sequence[LoggedEvent],
        kinds: Collection[EventType],
        filtered: Filter | None = None,
    ) -> LogChoice:
        """Return what becomes of a part of the log that an endpoint may ask for, as things stand now.

        `kinds`: the types that it is sent; `filtered`: a filter beside its own. What cannot be read counts
        as gone.
        """
        try:
            return await self._choose_together(endpoint, part, kinds, filtered)
        except ColdStoreAway:  # it goes on when that is back
            raise
        except UnreadableRecord as error:
            if len(part) > 1:  # one of them
                return _joined([await self.choose(endpoint, [entry], kinds, filtered) for entry in part])
            name = part[0].event.id
            log.warning("logged_event_left_out", endpoint=endpoint.id, event_id=name, reason=str(error))
            return LogChoice(sent=(), waiting=frozenset(), superseded={}, gone=frozenset({name}))

    async def _choose_together(
        self,
        endpoint: Endpoint,
        part: Sequence[LoggedEvent],
        kinds: Collection[EventType],
        filtered: Filter | None,
    ) -> LogChoice:
        once: dict[EventId, LoggedEvent] = {}
        for entry in part:
            if entry.event.type in kinds:
                once.setdefault(entry.event.id, entry)
        events = [entry.event for entry in once.values()]
        gone = await gone_of(self._store, events)
        matching = await self._matching(endpoint, [one for one in events if one.id not in gone], filtered)
        # For an article that is gone, the event that superseded it may be sent: its withdrawal.
        superseded = await self._superseded([one for one in events if one.id in matching | gone], kinds)
        remaining = [name for name in once if name in matching and name not in superseded]
        waits = await self._store.requeuing.waiting(endpoint.id, remaining)
        waiting = frozenset(name for name, is_there in zip(remaining, waits, strict=True) if is_there)
        return LogChoice(
            sent=tuple(once[name] for name in remaining if name not in waiting),
            waiting=waiting,
            superseded=superseded,
            gone=gone - superseded.keys(),
        )

    async def _matching(
        self, endpoint: Endpoint, events: Sequence[Event], filtered: Filter | None
    ) -> frozenset[EventId]:
        matching = await self._event_fan_out.matching(endpoint, events)
        if matching and filtered is not None and filtered != Filter():
            matching &= await self._event_fan_out.matching(
                replace(endpoint, filter=filtered), [event for event in events if event.id in matching]
            )
        return matching

    async def _superseded(
        self, events: Sequence[Event], kinds: Collection[EventType]
    ) -> Mapping[EventId, EventId]:
        """Return those of which there is an event of a later revision that is sent, too, with that."""
        subjects = list({ArticleId(event.subject) for event in events if event.type.family == "article"})
        heads = await self._store.articles.get_many(subjects, bodies=False)
        newest = {head.id: head.revision for head in heads if head}
        names = [
            (event.id, name)
            for event in events
            for name in newer(event, kinds, newest.get(ArticleId(event.subject)))
        ]
        found = await self._store.events.get_many([name for _, name in names])
        return {older: name for (older, name), event in zip(names, found, strict=True) if event}


def _joined(choices: Sequence[LogChoice]) -> LogChoice:
    sent = {entry.event.id: entry for part in choices for entry in part.sent}
    return LogChoice(
        sent=tuple(sent.values()),
        waiting=frozenset().union(*(part.waiting for part in choices)),
        superseded={older: name for part in choices for older, name in part.superseded.items()},
        gone=frozenset().union(*(part.gone for part in choices)),
    )
