"""Begins, lists and cancels replays for owners of endpoints and for operators."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import EndpointRefused, SyndicatorError
from syndicator.model.clock import Clock, to_ms
from syndicator.model.event import EventType
from syndicator.model.feed import Filter
from syndicator.model.ids import EndpointId, EventId, ReplayId
from syndicator.model.ops.states import ReplayStatus
from syndicator.model.replay import Replay
from syndicator.observe.logs import get_logger
from syndicator.pipeline.webhooks.endpoint_views import Asker
from syndicator.pipeline.webhooks.registration import EndpointRegistration
from syndicator.rules.filter_language import parts_of
from syndicator.rules.webhooks.event_matching import event_types
from syndicator.store.store import Store

MOST_RUNNING = 5
"""Most concurrent replays of one owner."""
MOST_ENDED = 50
"""Most ended replays of one owner that are stored."""
USUAL_PER_S, MOST_PER_S = 10, 50
MOST_EVENTS = 100_000

_SLACK = timedelta(minutes=5)
"""Largest delay between an event and its entry in the log, which is ordered by entry."""
_ATTEMPTS = 10
_SCANNED = 1000

log = get_logger(__name__)


class NoReplay(SyndicatorError):
    """There is no such replay, or it is another's."""


class ReplayWanted(Struct, frozen=True, kw_only=True):
    """What is to be sent once more."""

    endpoint: EndpointId
    since: datetime | None = None
    since_event: EventId | None = None
    """What happened after this one."""
    filter: Filter = Filter()
    events: Sequence[str] = ()
    """Types or patterns of types; empty: all that the endpoint asks for."""
    limit: int | None = None
    per_s: int = USUAL_PER_S


class ReplayShown(Struct, frozen=True, kw_only=True):
    """A replay, and how far it is."""

    id: ReplayId
    endpoint: EndpointId
    status: ReplayStatus
    reason: str | None
    """What a running one waits for, or why it was cancelled."""
    progress: float
    """The part of its span that was looked through, 0 to 1."""
    queued: int
    """So many were queued for the endpoint, to be sent like all others."""
    waiting: int
    """Were on their way already."""
    superseded: int
    """An event of a newer revision is sent in their place."""
    gone: int
    """Of articles that are withdrawn or not kept any more."""
    since: datetime | None
    filter: dict[str, list[str]]
    events: tuple[EventType, ...]
    limit: int | None
    per_s: int
    created_at: datetime
    ended_at: datetime | None


class ReplayControl:
    """Begins, lists and cancels replays; `replay_worker` runs them."""

    def __init__(self, store: Store, registration: EndpointRegistration, clock: Clock) -> None:
        self._store = store
        self._registration = registration
        self._clock = clock

    async def begin(self, asker: Asker, wanted: ReplayWanted) -> ReplayShown:
        """Begin a replay. Raises NoEndpoint, EndpointRefused."""
        endpoint = await self._registration.working(asker, wanted.endpoint)
        kinds = _kinds(wanted.events)
        if kinds and not set(kinds) & set(endpoint.events):
            raise EndpointRefused("the endpoint asks for none of these events")
        if wanted.since is None and wanted.since_event is None and wanted.filter == Filter() and not kinds:
            raise EndpointRefused("say since when, since which event, or which articles or events")
        if wanted.since is not None and wanted.since_event is not None:
            raise EndpointRefused("say since when or since which event, and not both")
        mine = [replay for replay in await self._store.replays.all() if replay.owner == asker.owner]
        if sum(replay.status is ReplayStatus.RUNNING for replay in mine) >= MOST_RUNNING:
            raise EndpointRefused(f"{MOST_RUNNING} replays run already: wait for one, or cancel it")
        begin, now = await self._begin(wanted), self._clock()
        replay = Replay(
            id=ReplayId(f"rpl_{secrets.token_hex(8)}"),
            endpoint=endpoint.id,
            owner=asker.owner,
            created_at=now,
            since=wanted.since,
            filter=wanted.filter,
            events=kinds,
            limit=wanted.limit,
            per_s=wanted.per_s,
            begin=begin,
            end=await self._store.events.last() or begin,
            place=begin,
        )
        await self._store.replays.sweep(now, owner=asker.owner, most=MOST_ENDED - 1)
        wanted_of = {"endpoint": endpoint.id, "since": wanted.since, "events": kinds, "limit": wanted.limit}
        noted = self._store.audit.command("replay.begun", replay.id, after=wanted_of)
        await self._store.replays.add(replay, now, [noted])
        log.info("replay_begun", replay=replay.id, endpoint=endpoint.id, by=asker.owner)
        return shown(replay)

    async def shown(self, asker: Asker) -> list[ReplayShown]:
        """Show the replays of the endpoints that somebody may see, the newest first."""
        seen = {listed.endpoint.id for listed in await self._registration.seen(asker)}
        found = await self._store.replays.all()
        return [shown(replay) for replay in found if asker.is_operator or replay.endpoint in seen]

    async def show(self, asker: Asker, name: ReplayId) -> ReplayShown:
        """Show one. Raises NoReplay."""
        return shown(await self._get(asker, name))

    async def cancel(self, asker: Asker, name: ReplayId) -> ReplayShown:
        """End a replay: nothing more is queued for it. One that ended stays as it is. Raises NoReplay."""
        by = "by an operator" if asker.is_operator else "by its owner"
        for _ in range(_ATTEMPTS):
            replay, now = await self._get(asker, name), self._clock()
            if replay.status is not ReplayStatus.RUNNING:
                return shown(replay)
            ended = replace(replay, status=ReplayStatus.CANCELLED, reason=by, ended_at=now)
            noted = self._store.audit.command("replay.cancelled", name, before={"endpoint": replay.endpoint})
            if await self._store.replays.write(ended, now, [noted]):
                log.info("replay_cancelled", replay=name, endpoint=ended.endpoint, by=asker.owner)
                return shown(ended)
        raise EndpointRefused("it goes on faster than it can be ended: try again")

    async def _get(self, asker: Asker, name: ReplayId) -> Replay:
        replay = await self._store.replays.get(name)
        if replay is not None:
            seen = {listed.endpoint.id for listed in await self._registration.seen(asker)}
            if asker.is_operator or replay.endpoint in seen:
                return replay
        raise NoReplay(f"there is no replay {name!r}")

    async def _begin(self, wanted: ReplayWanted) -> str:
        """Return the position in the log behind which a replay begins."""
        if wanted.since_event is None:
            return _place(wanted.since)
        event = await self._store.events.get(wanted.since_event)
        refusal = EndpointRefused(f"the event {wanted.since_event!r} is not kept any more: say since when")
        if event is None:
            raise refusal
        place: str | None = _place(event.at)
        while place is not None:
            part, place = await self._store.events.part(place, "+", _SCANNED)
            for logged in part:
                if logged.event.id == wanted.since_event:
                    return logged.position
        raise refusal


def shown(replay: Replay) -> ReplayShown:
    """Show a replay as it is."""
    keys: dict[str, list[str]] = {}
    for key, value in parts_of(replay.filter):
        keys.setdefault(key, []).append(value)
    return ReplayShown(
        id=replay.id,
        endpoint=replay.endpoint,
        status=replay.status,
        reason=replay.reason,
        progress=replay.progress,
        queued=replay.queued,
        waiting=replay.waiting,
        superseded=replay.superseded,
        gone=replay.gone,
        since=replay.since,
        filter=keys,
        events=replay.events,
        limit=replay.limit,
        per_s=replay.per_s,
        created_at=replay.created_at,
        ended_at=replay.ended_at,
    )


def _place(since: datetime | None) -> str:
    since_ms = to_ms(since) if since is not None else 0
    return f"{max(since_ms - _SLACK // timedelta(milliseconds=1), 0)}-0"


def _kinds(patterns: Sequence[str]) -> tuple[EventType, ...]:
    try:
        return event_types(patterns)
    except ValueError as error:
        raise EndpointRefused(f"no type of events is called {str(error)!r}") from error
