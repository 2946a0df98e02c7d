"""Fans out events from the outbox to the queues of endpoints.

outbox ──▶ subject ──▶ matching endpoints ──▶ queue, close older deliveries, move the cursor (one step)
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from itertools import islice

from syndicator.errors import UnreadableRecord
from syndicator.model.article import Article
from syndicator.model.clock import Clock
from syndicator.model.delivery import Endpoint
from syndicator.model.event import Event, EventType, Grown
from syndicator.model.ids import ArticleId, EndpointId, EventId, StoryId
from syndicator.observe.logs import get_logger
from syndicator.observe.tracing import is_traced, span
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.stories.representatives import MEMBERS, earlier_copies
from syndicator.pipeline.webhooks.queuing import closed_by, queued_for
from syndicator.rules.filter_matching import matches
from syndicator.rules.search.search_words import searchable
from syndicator.rules.stories.near_duplicates import CopyKind
from syndicator.rules.webhooks.event_matching import COPY_SENT, Refusal, refused_by
from syndicator.rules.webhooks.supersession import REVISIONS, closes_for_all
from syndicator.store.outbox import OutboxEntry, UnreadableEntry
from syndicator.store.store import Store
from syndicator.store.stories.stories import Place
from syndicator.store.webhooks.queuing import FanOut, Queued

EVENTS_MOST = 100
"""Events per call."""

QUEUED_MOST = 2000
"""Deliveries per call: about 5 ms of Redis' time. An event for more of them is fanned out in parts."""

_MOST_LOST, _FIRST_PAUSE_S = 6, 0.01
"""Attempts that may be lost to other workers in a row, and the first pause, which doubles each time. After
0.6 s in all, the fan-out is left to the others."""
_TURN_S = 0.005
"""Time for matching endpoints after which other tasks of the event loop get a turn."""
_MOST_LOGGED = 1000

_ADMITTED = (EventType.ARTICLE_CREATED, EventType.ARTICLE_UPDATED, EventType.ARTICLE_CORRECTED)
"""Events whose traces begin with the admission of their article."""

_REMEDY = "it is kept for 30 days: run the newest version, which takes it back, or see `syndicator doctor`"

log = get_logger(__name__)


class _Progress(Enum):
    DONE = auto()
    MORE = auto()
    LOST = auto()
    """Nothing was written: another worker was faster, or the directory of endpoints has changed."""


class EventFanOut:
    """Queues what the outbox holds for all who want it."""

    def __init__(self, store: Store, directory: Directory, clock: Clock, rng: random.Random) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._rng = rng
        self._logged = set[str]()

    async def run(self) -> None:
        """Fan out all events of the outbox, and have all partitions of endpoints queue them.

        While other workers are faster again and again, wait ever longer; in the end leave it to them.
        """
        await self._fan_out()
        await self._store.queuing.take_over(self._clock())

    async def _fan_out(self) -> None:
        lost = 0
        with span("fan-out"):
            while lost < _MOST_LOST:
                events = QUEUED_MOST // max(len(self._directory.wanting), 1)
                progress = await self._next(max(1, min(EVENTS_MOST, events)))
                if progress is _Progress.DONE:
                    return
                lost = lost + 1 if progress is _Progress.LOST else 0
                if lost:
                    await asyncio.sleep(_FIRST_PAUSE_S * 2**lost * self._rng.uniform(0.5, 1))

    async def matching(self, endpoint: Endpoint, events: Sequence[Event]) -> frozenset[EventId]:
        """Return which of these events an endpoint of the directory would receive now."""
        refusals = await self.refusals(events, {endpoint.id: endpoint})
        return frozenset(event.id for event in events if refusals[event.id][endpoint.id] is None)

    async def refusals(
        self, events: Sequence[Event], endpoints: Mapping[EndpointId, Endpoint]
    ) -> Mapping[EventId, Mapping[EndpointId, Refusal | None]]:
        """Return why each of these endpoints would not receive an event now; None where it would."""
        found: dict[EventId, Mapping[EndpointId, Refusal | None]] = {}
        for event, articles, before in await self._subjects(events, endpoints):
            found[event.id] = await self._judged(event, articles, before, endpoints.values())
        return found

    async def _next(self, limit: int) -> _Progress:
        """Fan out up to so many of the next events."""
        pending = await self._store.outbox.pending(limit)
        await self._directory.refresh(pending.version)
        version = self._directory.version
        cursor, entries = pending.cursor, pending.entries
        if pending.unreadable:
            reasons = [(entry.position, entry.reason) for entry in pending.unreadable]
            return await self._set_aside(cursor, pending.unreadable, reasons)
        if not entries:
            return _Progress.DONE
        after = cursor.partition(" ")[2]
        endpoints = self._directory.wanting
        if after:  # the first event is done for those up to a name
            entries = entries[:1]
            endpoints = {name: endpoint for name, endpoint in endpoints.items() if name > after}
        entries = entries[: _together(entries, len(endpoints))]
        most = max(QUEUED_MOST // _weight(entries[0].event), 1)
        part = dict(islice(endpoints.items(), most)) if len(entries) == 1 else endpoints
        try:
            queued, cancelled = await self._chosen([entry.event for entry in entries], part)
        except UnreadableRecord as error:
            if len(entries) > 1:  # one of them
                return await self._next(len(entries) // 2)
            return await self._set_aside(cursor, entries, [(entries[0].event.id, str(error))])
        intent = FanOut(
            read=cursor,
            version=version,
            entries=entries,
            done_for=None if len(part) == len(endpoints) else list(part)[-1],
            queued=tuple(queued),
            cancelled=tuple(cancelled),
        )
        written = await self._store.queuing.fan_out(intent, self._clock())
        is_all = len(entries) == len(pending.entries) and not pending.has_more and intent.done_for is None
        if not written:
            return _Progress.LOST
        if intent.done_for is None and is_traced():
            _trace(intent)
        return _Progress.DONE if is_all else _Progress.MORE

    async def _set_aside(
        self,
        cursor: str,
        entries: Sequence[OutboxEntry | UnreadableEntry],
        reasons: Sequence[tuple[str, str]],
    ) -> _Progress:
        """Keep apart what cannot be read, so that what comes after it goes on; say so once."""
        if not await self._store.outbox.set_aside(cursor, entries):
            return _Progress.LOST
        for name, reason in reasons:
            if name not in self._logged:
                # What cannot be read at all is known by its position in the outbox.
                named = {"event_id" if name.startswith("evt_") else "position": name}
                log.error("event_set_aside", **named, reason=reason, remedy=_REMEDY)
        if len(self._logged) > _MOST_LOGGED:
            self._logged.clear()
        self._logged.update(name for name, _ in reasons)
        return _Progress.MORE

    async def _chosen(
        self, events: Sequence[Event], endpoints: Mapping[EndpointId, Endpoint]
    ) -> tuple[list[Queued], list[Queued]]:
        """Return what is queued for whom; and for whom older events are only closed."""
        queued: list[Queued] = []
        cancelled: list[Queued] = []
        now = self._clock()
        for event, articles, before in await self._subjects(events, endpoints):
            judged = await self._judged(event, articles, before, endpoints.values())
            wanting = [endpoints[name] for name, refusal in judged.items() if refusal is None]
            closed = closed_by(event)
            queued += await queued_for(self._store, self._rng, event, wanting, now)
            if closes_for_all(event) and closed:
                names = {endpoint.id for endpoint in wanting}
                cancelled += [
                    Queued(endpoint=name, event=event.id, due_at=now, older=closed)
                    for name in endpoints
                    if name not in names
                ]
        return queued, cancelled

    async def _subjects(
        self, events: Sequence[Event], endpoints: Mapping[EndpointId, Endpoint]
    ) -> list[tuple[Event, Sequence[Article], Sequence[Article]]]:
        """Return each event with its articles, and the announced articles that it may repeat."""
        if not endpoints:
            return [(event, (), ()) for event in events]
        reads = any(endpoint.filter.query for endpoint in endpoints.values())
        concerned = await self._concerned(events, bodies=reads)
        announced = await self._announced_before(events, bodies=reads)
        subjects = []
        for event, articles in zip(events, concerned, strict=True):
            before = announced.get(event.subject, ())
            if reads:  # the stems of a long text take up to 0.2 s
                await asyncio.to_thread(_make_searchable, (*articles, *before))
            subjects.append((event, articles, before))
        return subjects

    async def _judged(
        self,
        event: Event,
        articles: Sequence[Article],
        before: Sequence[Article],
        endpoints: Iterable[Endpoint],
    ) -> dict[EndpointId, Refusal | None]:
        """Return why each endpoint does not receive an event, or None; other tasks run in between."""
        judged: dict[EndpointId, Refusal | None] = {}
        turn_ends = time.monotonic() + _TURN_S
        for endpoint in endpoints:
            judged[endpoint.id] = self._refusal(endpoint, event, articles, before)
            if time.monotonic() > turn_ends:
                await asyncio.sleep(0)
                turn_ends = time.monotonic() + _TURN_S
        return judged

    def _refusal(
        self, endpoint: Endpoint, event: Event, articles: Sequence[Article], before: Sequence[Article]
    ) -> Refusal | None:
        """Return why an endpoint does not receive an event; None where it does."""
        key = self._directory.withheld_by(endpoint.id, event) or refused_by(endpoint, event, articles)
        if key is not None:
            return Refusal(key=key)
        sent = _sent_before(endpoint, before) if event.type.family == "article" else None
        return None if sent is None else Refusal(key=COPY_SENT, article=sent)

    async def _announced_before(
        self, events: Sequence[Event], *, bodies: bool
    ) -> Mapping[str, Sequence[Article]]:
        """Return, for each article that is a copy, the announced articles with the same text before it.

        Only the creation of a copy is suppressed: one that was announced as an article of its own, before its
        original was found, gets its later events.
        """
        changes = [event for event in events if event.type.family == "article"]
        ids = [ArticleId(event.subject) for event in changes]
        copies = {
            article: place
            for event, article, place in zip(changes, ids, await self._store.stories.places(ids), strict=True)
            if event.type is EventType.ARTICLE_CREATED or _came_as_copy(place)
        }
        before = await earlier_copies(self._store, copies)
        names = list(dict.fromkeys(name for found in before.values() for name in found))
        heads = await self._store.articles.get_many(names, bodies=bodies)
        known = {
            name: head
            for name, head, place in zip(names, heads, await self._store.stories.places(names), strict=True)
            if head and not place.is_quiet
        }
        return {
            article: [known[name] for name in found if name in known] for article, found in before.items()
        }

    async def _concerned(self, events: Sequence[Event], *, bodies: bool) -> list[Sequence[Article]]:
        """Return what each event is about: its article, the one that was withdrawn, or all of a story."""
        gone = [ArticleId(event.subject) for event in events if event.type is EventType.ARTICLE_WITHDRAWN]
        withdrawn = {
            withdrawal.article.id: withdrawal.article
            for withdrawal in await self._store.withdrawals.get_many(gone, bodies=bodies)
            if withdrawal
        }
        grown = [StoryId(event.subject) for event in events if isinstance(event.details, Grown)]
        members = await self._store.stories.members(grown, MEMBERS)
        names = [_names(event, members) for event in events]
        ids = list(dict.fromkeys(article for found in names for article in found))
        found = await self._store.articles.get_many(ids, bodies=bodies)
        heads = {article: head for article, head in zip(ids, found, strict=True) if head}
        known = (withdrawn if event.type is EventType.ARTICLE_WITHDRAWN else heads for event in events)
        return [
            [there[article] for article in named if article in there]
            for named, there in zip(names, known, strict=True)
        ]


def _trace(done: FanOut) -> None:
    """Add the fan-out to the trace of each event; those without an admission begin theirs."""
    deliveries = Counter(queued.event for queued in done.queued)
    for event in (entry.event for entry in done.entries):
        with span(
            "event fanned out",
            trace=event.trace,
            is_root=event.type not in _ADMITTED,
            event=event.id,
            article=event.article,
            type=event.type.value,
            deliveries=deliveries[event.id],
        ):
            pass


def _make_searchable(articles: Iterable[Article]) -> None:
    """Cache the search words of each article, for the queries of all endpoints (in a thread)."""
    for article in articles:
        searchable(article)


def _weight(event: Event) -> int:
    """Return the relative cost of queuing an event for one endpoint.

    It grows with the revision of an article: deliveries of older revisions are looked up to be closed.
    """
    return 1 + min(event.revision - 1, REVISIONS) // 4 if event.type.family == "article" else 1


def _together(entries: Sequence[OutboxEntry], endpoints: int) -> int:
    """Return how many of the next events are fanned out in one call: one at least."""
    weight = 0
    for number, entry in enumerate(entries):
        weight += _weight(entry.event) * endpoints
        if weight > QUEUED_MOST:
            return max(number, 1)
    return len(entries)


def _names(event: Event, members: Mapping[StoryId, Sequence[ArticleId]]) -> Sequence[ArticleId]:
    """Return the articles that an event is about."""
    if isinstance(event.details, Grown):
        return [*members[StoryId(event.subject)], event.details.joined]
    return [event.article] if event.article is not None else []


def _came_as_copy(place: Place) -> bool:
    """Return whether an article was a copy from the first."""
    return place.kin is not None and place.kin.copy is not None and place.kin.copy.kind is CopyKind.COPY


def _sent_before(endpoint: Endpoint, announced: Sequence[Article]) -> ArticleId | None:
    """Return which of these articles with the same text an endpoint has received; None: none of them."""
    if EventType.ARTICLE_CREATED not in endpoint.events:
        return None
    return next((article.id for article in announced if matches(endpoint.filter, article)), None)
