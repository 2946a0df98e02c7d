"""Runs replays: each reads the log of events at its own pace, and queues the events of its endpoint.

Any worker may continue a replay: queued deliveries and progress are written in one step, which succeeds only
for the worker that read the previous step. So no event is queued twice or left out if a worker is killed.
"""

from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from syndicator.errors import ColdStoreAway
from syndicator.model.clock import Clock
from syndicator.model.delivery import Endpoint, Replayed
from syndicator.model.event import Event, EventType
from syndicator.model.ops.states import EndpointStanding, ReplayStatus
from syndicator.model.replay import Replay
from syndicator.observe.logs import get_logger
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.webhooks.fan_out import EventFanOut
from syndicator.pipeline.webhooks.logged_events import LoggedEvents
from syndicator.rules.identity.identity import event_id
from syndicator.store.store import Store

PAGE = 50
"""Events of the log that are examined in one step."""
MOST_WAITING = 100
"""A replay pauses while more deliveries wait for its endpoint, so that new events are not delayed by it."""

_RESTS, _WAITS = timedelta(seconds=10), timedelta(seconds=1)
_PAGES = 20

log = get_logger(__name__)


class ReplayWork:
    """Continues the replays that are due."""

    def __init__(self, store: Store, directory: Directory, event_fan_out: EventFanOut, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._logged = LoggedEvents(store, event_fan_out)
        self._clock = clock

    async def run(self) -> None:
        """Continue each replay that is due."""
        now = self._clock()
        for _ in range(_PAGES):
            due = await self._store.replays.due(now)
            if not due:
                return
            await self._directory.refresh()
            for replay in due:
                if not await self._store.reach.ask(replay.endpoint, partial(self._advance, replay, now)):
                    await self._wait(replay, "the queue of the endpoint cannot be read", now + _RESTS)

    async def _advance(self, replay: Replay, now: datetime) -> bool:
        """Continue a replay; return True."""
        listed = self._directory.listed.get(replay.endpoint)
        if listed is None or not listed.is_trusted:
            reason = "the endpoint was removed" if listed is None else "the endpoint is unverified"
            await self._end(replay, ReplayStatus.CANCELLED, now, reason)
            return True
        state = await self._store.endpoints.state(replay.endpoint)
        counts = await self._store.deliveries.counts(replay.endpoint, now)
        if state.standing is not EndpointStanding.ACTIVE:
            await self._wait(replay, f"the endpoint is {state.standing}", now + _RESTS)
        elif counts.waiting > MOST_WAITING:
            await self._wait(replay, "much waits for the endpoint", now + _WAITS)
        else:
            try:
                await self._go_on(replay, listed.endpoint, now)
            except ColdStoreAway:
                await self._wait(replay, "texts of older articles cannot be read", now + _RESTS)
        return True

    async def _wait(self, replay: Replay, reason: str, until: datetime) -> None:
        await self._store.replays.write(replace(replay, reason=reason), until)

    async def _end(
        self, replay: Replay, status: ReplayStatus, now: datetime, reason: str | None = None
    ) -> None:
        ended = replace(replay, status=status, reason=reason, ended_at=now)
        if await self._store.replays.write(ended, now):
            _log_end(ended)

    async def _go_on(self, replay: Replay, endpoint: Endpoint, now: datetime) -> None:
        part, following = await self._store.events.part(replay.place, replay.end, PAGE)
        room = replay.per_s if replay.limit is None else min(replay.per_s, replay.limit - replay.queued)
        kinds = [kind for kind in endpoint.events if not replay.events or kind in replay.events]
        asked = [entry for entry in part if _is_asked_for(replay, endpoint, entry.event)]
        choice = await self._logged.choose(endpoint, asked, kinds, replay.filter)
        sent = choice.sent[:room]
        if len(choice.sent) > room:  # the rest of the part comes in its turn
            following = sent[-1].position
        seen = {entry.event.id for entry in part if following is None or _is_up_to(entry.position, following)}
        gap = timedelta(0) if endpoint.digest else timedelta(seconds=1 / replay.per_s)
        after = replace(
            replay,
            place=following or replay.end,
            queued=replay.queued + len(sent),
            waiting=replay.waiting + len(choice.waiting & seen),
            superseded=replay.superseded + len(choice.superseded.keys() & seen),
            gone=replay.gone + len(choice.gone & seen),
            reason=None,
        )
        is_done = following is None or (replay.limit is not None and after.queued >= replay.limit)
        if is_done:
            after = replace(after, status=ReplayStatus.DONE, ended_at=now)
        replayed = Replayed(id=replay.id, at=now)
        queued = self._store.requeuing.writes(
            endpoint.id, [entry.event for entry in sent], replayed, now, gap
        )
        due_at = now + timedelta(seconds=len(sent) / replay.per_s)
        is_written = await self._store.replays.write(after, due_at, queued)
        await self._store.queuing.take_over(now)
        if is_written and is_done:
            _log_end(after)


def _log_end(replay: Replay) -> None:
    log.info(
        "replay_ended",
        replay=replay.id,
        endpoint=replay.endpoint,
        status=replay.status.value,
        queued=replay.queued,
    )


def _is_asked_for(replay: Replay, endpoint: Endpoint, event: Event) -> bool:
    if replay.since is not None and event.at < replay.since:
        return False
    if event.type is not EventType.ARTICLE_CREATED:
        return True
    # What was published before an endpoint was there has ids of that endpoint alone.
    result = (event.subject, event.revision, event.type)
    return event.id in {event_id(*result), event_id(*result, endpoint.id)}


def _is_up_to(position: str, last: str) -> bool:
    return _numbers(position) <= _numbers(last)


def _numbers(position: str) -> tuple[int, int]:
    at_ms, _, number = position.partition("-")
    return int(at_ms), int(number)
