"""Finds out what became of the events of one article at each endpoint, and why."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.model.clock import Clock
from syndicator.model.endpoint import EndpointListed, EndpointState
from syndicator.model.event import Event, EventType
from syndicator.model.ids import ArticleId, EndpointId, EventId, StoryId
from syndicator.model.ops.states import AttemptResult, DeliveryStatus, TraceStatus
from syndicator.model.ops.status import QueueCounts
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.webhooks.fan_out import EventFanOut
from syndicator.rules.identity.identity import event_id
from syndicator.rules.webhooks.delivery_trace import (
    DeliveryTrace,
    Ended,
    Unsent,
    dead_trace,
    ended_trace,
    summary,
    unsent_trace,
    waiting_trace,
    without_events,
)
from syndicator.rules.webhooks.event_matching import Refusal
from syndicator.rules.webhooks.waiting_reasons import Waiting
from syndicator.store.store import Store
from syndicator.store.webhooks.attempts import LoggedAttempt
from syndicator.store.webhooks.backlog import Undelivered
from syndicator.store.webhooks.event_log import KEPT_EVENTS

REVISIONS, GROWTHS = 100, 50
"""Most revisions of an article, and of its story, whose events are looked for: the newest."""
BACKFILLED_REVISIONS = 20
"""Of a backfill, whose events are of one endpoint alone."""

_CLOCKS = timedelta(minutes=1)
"""How far the clock of Redis, by which attempts are logged, may be behind that of events."""
_ARTICLE_TYPES = [kind for kind in EventType if kind.family == "article"]


class EndpointTrace(Struct, frozen=True, kw_only=True):
    """What became of an article at one endpoint."""

    endpoint: EndpointId
    owner: str | None
    """None: it is configured."""
    status: TraceStatus
    """Of the delivery that answers whether the endpoint has the article."""
    reason: str
    why: str
    """One sentence: that the endpoint has the article, or why not."""
    at: datetime | None
    next_at: datetime | None
    deliveries: tuple[DeliveryTrace, ...] = ()
    """Of each event about the article, the newest first."""


class EndpointRange(Struct, frozen=True, kw_only=True):
    """Which endpoints are traced, in alphabetical order: each costs some commands of Redis."""

    begin: str = ""
    most: int | None = None
    """None: all."""


class ArticleEvents(Struct, frozen=True, kw_only=True):
    """The events about an article."""

    events: tuple[Event, ...] = ()
    """Oldest first; without those of a single endpoint."""
    held: Mapping[EventId, TraceStatus] = {}
    """Those that were not fanned out: `in_outbox` or `set_aside`."""


class _Known(Struct, frozen=True, kw_only=True):
    """What is read of all endpoints at once."""

    states: Mapping[EndpointId, EndpointState]
    counts: Mapping[EndpointId, QueueCounts]
    slowed: Mapping[EndpointId, datetime]
    departed: Collection[EndpointId]
    waiting: Mapping[tuple[EndpointId, EventId], Undelivered]
    refusals: Mapping[EventId, Mapping[EndpointId, Refusal | None]]
    attempts: Mapping[EndpointId, Mapping[EventId, LoggedAttempt]]
    """How each delivery ended, or was tried last."""
    others: Mapping[EventId, Event]
    """Events of attempts that are not known by their ids, such as those of popularity."""


class DeliveryTracer:
    """Answers why an article reached an endpoint or did not, by what queues and logs hold."""

    def __init__(self, store: Store, directory: Directory, fan_out: EventFanOut, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._fan_out = fan_out
        self._clock = clock

    async def events(self, article: ArticleId, newest: int, story: StoryId | None) -> ArticleEvents:
        """Return the events about an article whose newest revision is `newest`, and that are kept.

        Ids of its events and of `story.grown` are computed. An event of its popularity is known here while
        it waits in the outbox, and by attempts (`endpoints`).
        """
        waiting, aside = await self._store.outbox.of_article(article)
        names = [
            event_id(article, revision, kind)
            for revision in range(max(newest - REVISIONS + 1, 1), newest + 1)
            for kind in _ARTICLE_TYPES
        ]
        if story is not None and (growth := (await self._store.stories.growths([story])).get(story)):
            last = growth.version
            names += [
                event_id(story, version, EventType.STORY_GROWN)
                for version in range(max(last - GROWTHS + 1, 0), last + 1)
            ]
        kept = [event for event in await self._store.events.get_many(names) if event]
        found = {event.id: event for event in (*aside, *waiting, *kept) if event.article == article}
        held = dict.fromkeys((event.id for event in aside), TraceStatus.SET_ASIDE)
        held |= dict.fromkeys((event.id for event in waiting), TraceStatus.IN_OUTBOX)
        fanned_out = {event.id for event in kept}
        return ArticleEvents(
            events=tuple(sorted(found.values(), key=_order)),
            held={name: status for name, status in held.items() if name not in fanned_out},
        )

    async def endpoints(
        self,
        article: Article,
        newest: int,
        known: ArticleEvents,
        wanted: EndpointRange,
        *,
        is_quiet: bool,
        is_shown: bool,
    ) -> tuple[EndpointTrace, ...]:
        """Return what became of an article at each endpoint of a range, in alphabetical order.

        `is_quiet`, `is_shown`: as `without_events` takes them.
        """
        await self._directory.refresh()
        named = sorted(one for one in self._directory.listed.items() if one[0] >= wanted.begin)
        listed = dict(islice(named, wanted.most))
        own = await self._backfilled(article.id, newest, listed)
        read = await self._read(
            article, listed, (*known.events, *(one for found in own.values() for one in found))
        )
        kept_days = KEPT_EVENTS // timedelta(days=1)
        nothing = without_events(is_quiet=is_quiet, is_shown=is_shown, kept_days=kept_days)
        traces = []
        for name, one in listed.items():
            events = (*known.events, *own.get(name, ()))
            deliveries = self._deliveries(article, one, events, known.held, read)
            best = summary(deliveries) if deliveries else nothing
            traces.append(
                EndpointTrace(
                    endpoint=name,
                    owner=one.owner,
                    status=best.status,
                    reason=best.reason,
                    why=best.why,
                    at=best.at,
                    next_at=best.next_at,
                    deliveries=tuple(deliveries),
                )
            )
        return tuple(traces)

    async def _backfilled(
        self, article: ArticleId, newest: int, listed: Mapping[EndpointId, EndpointListed]
    ) -> Mapping[EndpointId, Sequence[Event]]:
        """Return the events by which an endpoint was sent the article after the fact, as its alone."""
        revisions = range(max(newest - BACKFILLED_REVISIONS + 1, 1), newest + 1)
        asking = [name for name, one in listed.items() if EventType.ARTICLE_CREATED in one.endpoint.events]
        names = {
            event_id(article, revision, EventType.ARTICLE_CREATED, name): name
            for name in asking
            for revision in revisions
        }
        own: dict[EndpointId, list[Event]] = {}
        for event in await self._store.events.get_many(list(names)):
            if event is not None:
                own.setdefault(names[event.id], []).append(event)
        return own

    async def _read(
        self, article: Article, listed: Mapping[EndpointId, EndpointListed], events: Sequence[Event]
    ) -> _Known:
        names, now, store = list(listed), self._clock(), self._store
        endpoints = {name: one.endpoint for name, one in listed.items()}
        attempts = await self._last_attempts(names, article, events)
        tried = {event for found in attempts.values() for event in found}
        others = list(tried.difference(event.id for event in events))
        found = await store.events.get_many(others)
        return _Known(
            states=await store.endpoints.states(names),
            counts=await store.deliveries.counts_of(names, now),
            slowed=await store.endpoints.slowed_until(names),
            departed=await self._directory.departed(store.configured, names, now),
            waiting=await store.backlog.find_many(names, events, now),
            refusals=await self._fan_out.refusals(events, endpoints),
            attempts=attempts,
            others={name: event for name, event in zip(others, found, strict=True) if event},
        )

    def _deliveries(
        self,
        article: Article,
        listed: EndpointListed,
        events: Sequence[Event],
        held: Mapping[EventId, TraceStatus],
        read: _Known,
    ) -> list[DeliveryTrace]:
        """Return what became of each event at an endpoint, the newest event first."""
        endpoint = listed.endpoint.id
        by_id = {event.id: event for event in events}
        attempts = read.attempts[endpoint]
        traces: list[tuple[datetime, DeliveryTrace]] = []
        for event in events:
            name = event.id
            if (undelivered := read.waiting.get((endpoint, name))) is not None:
                trace = self._undelivered(listed, undelivered, read)
            elif (attempt := attempts.get(name)) is not None:
                trace = ended_trace(_ended(attempt, event, by_id))
            else:
                unsent = Unsent(
                    event=event,
                    listed=listed,
                    refusal=read.refusals[name][endpoint],
                    article=article if event.article == article.id else None,
                    held_by=held.get(name),
                    dropped=read.states[endpoint].dropped,
                    overflow=read.states[endpoint].overflow,
                )
                trace = unsent_trace(unsent)
            traces.append((event.at, trace))
        for name in attempts.keys() - by_id.keys():
            attempt, other = attempts[name], read.others.get(name)
            at = other.at if other else attempt.at
            traces.append((at, ended_trace(_ended(attempt, other, by_id))))
        traces.sort(key=lambda one: (one[0], one[1].revision or 0), reverse=True)
        return [trace for _, trace in traces]

    def _undelivered(self, listed: EndpointListed, one: Undelivered, read: _Known) -> DeliveryTrace:
        endpoint = listed.endpoint.id
        if one.status is DeliveryStatus.DEAD:
            return dead_trace(one.delivery, one.at)
        waiting = Waiting(
            delivery=one.delivery,
            status=one.status,
            due_at=one.at,
            listed=listed,
            state=read.states[endpoint],
            has_left=endpoint in read.departed,
            behind=one.behind,
            slowed_until=read.slowed.get(endpoint),
            in_flight=read.counts[endpoint].in_flight,
        )
        return waiting_trace(waiting, self._clock())

    async def _last_attempts(
        self, endpoints: Sequence[EndpointId], article: Article, events: Sequence[Event]
    ) -> Mapping[EndpointId, Mapping[EventId, LoggedAttempt]]:
        """Return how each delivery that concerns the article ended, or was tried last, of each endpoint."""
        since = min((article.shown_since, *(event.at for event in events))) - _CLOCKS
        subjects = {article.id, *(event.subject for event in events)}
        of_article = {event.id for event in events}
        found = await self._store.attempts.about(endpoints, subjects, since)
        return {
            name: _last(one for one in attempts if one.subject == article.id or one.event in of_article)
            for name, attempts in found.items()
        }


def _last(attempts: Iterable[LoggedAttempt]) -> Mapping[EventId, LoggedAttempt]:
    """Return the attempt of each event that ended its delivery, else its newest one.

    `attempts`: the newest first.
    """
    last: dict[EventId, LoggedAttempt] = {}
    for attempt in attempts:
        known = last.setdefault(attempt.event, attempt)
        if known.result is AttemptResult.RETRY and attempt.result is not AttemptResult.RETRY:
            last[attempt.event] = attempt
    return last


def _order(event: Event) -> tuple[datetime, int, str]:
    return event.at, event.revision, event.id


def _ended(attempt: LoggedAttempt, event: Event | None, events: Mapping[EventId, Event]) -> Ended:
    return Ended(
        event=attempt.event,
        type=event.type.value if event else attempt.type,
        revision=event.revision if event else None,
        result=attempt.result,
        reason=attempt.reason,
        at=attempt.at,
        attempts=attempt.attempt,
        newer=events.get(EventId(attempt.reason)) if attempt.result is AttemptResult.SUPERSEDED else None,
    )
