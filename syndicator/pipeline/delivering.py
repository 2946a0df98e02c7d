"""Events to partners: fan out from the outbox, then attempt each delivery until it is done or dead."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

from syndicator.egress.client import Egress
from syndicator.model.article import Article
from syndicator.model.clock import Clock
from syndicator.model.delivery import Dead, Delivered, Delivery, DeliveryOutcome, Endpoint, RetryAt
from syndicator.model.event import Event, EventType, Grown
from syndicator.model.feed import Origin, Site
from syndicator.model.ids import ArticleId, EndpointId, SourceId, StoryId
from syndicator.model.rights import Rights
from syndicator.pipeline.directory import Directory
from syndicator.pipeline.patience import insist
from syndicator.pipeline.steps import Report, Taken
from syndicator.pipeline.telling import MEMBERS, told_before
from syndicator.push.payload import payload
from syndicator.push.webhook import send
from syndicator.rules.copies import CopyKind
from syndicator.rules.pictures import served_by_us
from syndicator.rules.rights import allowed
from syndicator.rules.selection import matches
from syndicator.rules.wanting import wants
from syndicator.rules.withdrawal import older_events
from syndicator.store.deliveries import Leased
from syndicator.store.store import Store
from syndicator.store.stories import Place

FAN_OUT_BATCH = 100
"""Events per call: with ten endpoints about 2 ms of Redis' time."""

LEASE_MARGIN_S = 20.0
"""A lease outlasts the longest attempt by this much, so that no delivery is ever attempted twice at once."""


class DeliveryReport(Report, frozen=True, kw_only=True):
    """What became of one attempt."""

    endpoint: EndpointId
    result: str
    """`delivered`, `retry` or `dead`."""
    duration_s: float


class DeliverStep:
    """Moves the outbox on and leases deliveries that are due. Endpoints never wait for each other."""

    name = "deliver"

    def __init__(
        self,
        store: Store,
        egress: Egress,
        directory: Directory,
        clock: Clock,
        rng: random.Random,
        *,
        site: Site,
        origins: Mapping[SourceId, Origin] | None = None,
    ) -> None:
        self._site = site
        self._rights = {source: origin.rights for source, origin in (origins or {}).items()}
        self._store = store
        self._egress = egress
        self._directory = directory
        self._clock = clock
        self._rng = rng

    async def take(self, room: int) -> Taken:
        """Fan out what the outbox holds, then lease due deliveries."""
        await self._directory.refresh()
        await self.fan_out()
        served = self._directory.served
        leased: list[Leased] = []
        if room:
            caps = {name: endpoint.max_in_flight for name, endpoint in served.items()}
            longest_s = max((endpoint.timeout_s for endpoint in served.values()), default=0.0)
            lease = timedelta(seconds=longest_s + LEASE_MARGIN_S)
            leased = await self._store.deliveries.claim(caps, self._clock(), lease, room)
        return Taken(
            jobs=tuple(partial(self._attempt, one, served[one.delivery.endpoint]) for one in leased),
            next_due_at=await self._store.deliveries.next_due_at(served),
        )

    async def fan_out(self) -> None:
        """Queue all that the outbox holds for those who want it, and take it out of there."""
        while await self._fan_out():
            pass

    async def _fan_out(self) -> bool:
        """Queue the next events of the outbox for all who want them; tell whether there were any."""
        await self._directory.refresh()
        endpoints = self._directory.wanting
        cursor = await self._store.outbox.cursor()
        entries = await self._store.outbox.after(cursor, FAN_OUT_BATCH)
        if not entries:
            return False
        reads = any(endpoint.filter.query for endpoint in endpoints.values())
        events = [entry.event for entry in entries]
        concerned = await self._concerned(events, bodies=reads)
        told = await self._told_before(events, bodies=reads)
        deliveries = [
            Delivery(endpoint=endpoint.id, event=event)
            for event, articles in zip(events, concerned, strict=True)
            for endpoint in endpoints.values()
            if self._directory.may_know(endpoint.id, event) and wants(endpoint, event, articles)
            if event.type.family != "article" or not _repeats(endpoint, told.get(event.subject, ()))
        ]
        cancelled = [event for entry in entries for event in older_events(entry.event)]
        await self._store.deliveries.fan_out(
            deliveries,
            read=cursor,
            done=entries[-1].position,
            version=self._directory.version,
            now=self._clock(),
            cancelled=[(endpoint, event) for endpoint in endpoints for event in cancelled],
        )
        return True

    async def _told_before(self, events: Sequence[Event], *, bodies: bool) -> Mapping[str, Sequence[Article]]:
        """Give, for those articles that are copies, who told the same before, and was announced.

        What was told before its original was found is told on: all but its creation.
        """
        changes = [event for event in events if event.type.family == "article"]
        ids = [ArticleId(event.subject) for event in changes]
        copies = {
            one: place
            for event, one, place in zip(changes, ids, await self._store.stories.places(ids), strict=True)
            if event.type is EventType.ARTICLE_CREATED or _came_as_copy(place)
        }
        before = await told_before(self._store, copies)
        names = list(dict.fromkeys(name for found in before.values() for name in found))
        heads = await self._store.articles.get_many(names, bodies=bodies)
        known = {
            name: head
            for name, head, place in zip(names, heads, await self._store.stories.places(names), strict=True)
            if head and not place.is_quiet
        }
        return {one: [known[name] for name in found if name in known] for one, found in before.items()}

    async def _concerned(self, events: Sequence[Event], *, bodies: bool) -> list[Sequence[Article]]:
        """Give what each event is about: its article, the one that was withdrawn, or all of a story."""
        gone = [ArticleId(event.subject) for event in events if event.type is EventType.ARTICLE_WITHDRAWN]
        withdrawn = {
            one.article.id: one.article
            for one in await self._store.withdrawals.get_many(gone, bodies=bodies)
            if one
        }
        grown = [StoryId(event.subject) for event in events if isinstance(event.details, Grown)]
        members = await self._store.stories.members(grown, MEMBERS)
        names = [_names(event, members) for event in events]
        ids = list(dict.fromkeys(one for found in names for one in found))
        found = await self._store.articles.get_many(ids, bodies=bodies)
        heads = {one: head for one, head in zip(ids, found, strict=True) if head}
        known = (withdrawn if event.type is EventType.ARTICLE_WITHDRAWN else heads for event in events)
        return [
            [there[one] for one in named if one in there] for named, there in zip(names, known, strict=True)
        ]

    async def _attempt(self, leased: Leased, endpoint: Endpoint) -> DeliveryReport | None:
        delivery, event = leased.delivery, leased.delivery.event
        article = await insist(lambda: self._article(event))
        if self._clock() + timedelta(seconds=endpoint.timeout_s) > leased.until:
            # Redis kept us waiting: the attempt could outlast the lease, and another worker begin a second.
            await insist(lambda: self._store.deliveries.release(leased, self._clock()))
            return None
        if article is None and event.article is not None:
            outcome: DeliveryOutcome = Dead(reason=_why_gone(event), duration_ms=0)
        else:
            body = await self._body(event, article, endpoint)
            outcome = await send(self._egress, endpoint, delivery, body, self._clock(), self._rng)
        await insist(lambda: self._store.deliveries.settle(leased, outcome, self._clock()))
        return _report(delivery.attempts + 1, endpoint, event, article, outcome)

    async def _body(self, event: Event, article: Article | None, endpoint: Endpoint) -> bytes:
        story = None
        if article is not None:
            (place,) = await insist(lambda: self._store.stories.places([article.id]))
            story = place.story
        return payload(event, article, story, site=self._site, level=endpoint.payload)

    async def _article(self, event: Event) -> Article | None:
        """Give the revision that an event tells of, or the newest when that one is no longer kept.

        Of it, what its portal lets us show; pictures that we serve have their addresses here.
        """
        name = event.article
        if name is None:
            return None
        if event.type is EventType.ARTICLE_WITHDRAWN:
            withdrawal = await self._store.withdrawals.get(name)
            return withdrawal.article if withdrawal else None
        articles = self._store.articles
        told = await articles.revision(name, event.revision) if event.type.family == "article" else None
        article = told or await articles.get(name)
        if article is None:
            return None
        shown = allowed(article, self._rights.get(article.source, Rights()))
        return served_by_us(shown, self._site)


def _why_gone(event: Event) -> str:
    return "restored" if event.type is EventType.ARTICLE_WITHDRAWN else "article_gone"


def _names(event: Event, members: Mapping[StoryId, Sequence[ArticleId]]) -> Sequence[ArticleId]:
    """Name the articles that an event is about."""
    if isinstance(event.details, Grown):
        return [*members[StoryId(event.subject)], event.details.joined]
    return [event.article] if event.article is not None else []


def _came_as_copy(place: Place) -> bool:
    """Tell whether an article was a copy from the first."""
    return place.kin is not None and place.kin.copy is not None and place.kin.copy.kind is CopyKind.COPY


def _repeats(endpoint: Endpoint, told: Sequence[Article]) -> bool:
    """Tell whether an endpoint had the same text already, from one of these articles."""
    if EventType.ARTICLE_CREATED not in endpoint.events:
        return False
    return any(matches(endpoint.filter, article) for article in told)


def _report(
    attempt: int, endpoint: Endpoint, event: Event, article: Article | None, outcome: DeliveryOutcome
) -> DeliveryReport:
    fields: list[tuple[str, str | int | float]] = [("endpoint", endpoint.id), ("type", event.type.value)]
    fields.append(("article", article.title if article else event.subject))
    match outcome:
        case Delivered(status=status, duration_ms=duration_ms):
            word, result = "delivered", "delivered"
            fields += [("status", status), ("ms", duration_ms)]
        case RetryAt(reason=reason, at=at):
            word, result = "retrying", "retry"
            fields += [("reason", reason), ("attempt", attempt), ("next", at.strftime("%H:%M:%S"))]
        case Dead(reason=reason):
            word, result = "gave up", "dead"
            fields += [("reason", reason), ("attempt", attempt)]
    return DeliveryReport(
        step="deliver",
        event=word,
        fields=tuple(fields),
        failed=result != "delivered",
        endpoint=endpoint.id,
        result=result,
        duration_s=outcome.duration_ms / 1000,
    )
