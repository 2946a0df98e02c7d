"""Events to partners: fan out from the outbox, then attempt each delivery until it is done or dead."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

from syndicator.egress.client import Egress
from syndicator.model.article import Article
from syndicator.model.clock import Clock
from syndicator.model.delivery import Dead, Delivered, Delivery, DeliveryOutcome, Endpoint, RetryAt
from syndicator.model.event import Event, EventType
from syndicator.model.feed import Origin, Site
from syndicator.model.ids import ArticleId, EndpointId, SourceId
from syndicator.model.rights import Rights
from syndicator.pipeline.directory import Directory
from syndicator.pipeline.patience import insist
from syndicator.pipeline.steps import Report, Taken
from syndicator.pipeline.telling import told_before
from syndicator.push.webhook import send
from syndicator.rules.copies import CopyKind
from syndicator.rules.pictures import served_by_us
from syndicator.rules.rights import allowed
from syndicator.rules.selection import matches
from syndicator.rules.withdrawal import older_events
from syndicator.store.deliveries import Leased
from syndicator.store.outbox import OutboxEntry
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
        site: Site | None = None,
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
        heads = await self._heads([entry.event for entry in entries], bodies=reads)
        told = await self._told_before([entry.event for entry in entries], bodies=reads)
        deliveries = [
            Delivery(endpoint=endpoint.id, event=entry.event)
            for entry, head in zip(entries, heads, strict=True)
            for endpoint in endpoints.values()
            if _wants(endpoint, entry, head) and not _repeats(endpoint, told.get(entry.event.article, ()))
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

    async def _told_before(
        self, events: Sequence[Event], *, bodies: bool
    ) -> Mapping[ArticleId, Sequence[Article]]:
        """Give, for those articles that are copies, who told the same before, and was announced.

        What was told before its original was found is told on: all but its creation.
        """
        places = await self._store.stories.places([event.article for event in events])
        copies = {
            event.article: place
            for event, place in zip(events, places, strict=True)
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

    async def _heads(self, events: Sequence[Event], *, bodies: bool) -> list[Article | None]:
        """Give the article of each event; of a withdrawal, the one that was withdrawn."""
        heads = await self._store.articles.get_many([event.article for event in events], bodies=bodies)
        gone = [event.article for event in events if event.type is EventType.ARTICLE_WITHDRAWN]
        withdrawn = {
            one.article.id: one.article
            for one in await self._store.withdrawals.get_many(gone, bodies=bodies)
            if one
        }
        return [
            withdrawn.get(event.article) if event.type is EventType.ARTICLE_WITHDRAWN else head
            for event, head in zip(events, heads, strict=True)
        ]

    async def _attempt(self, leased: Leased, endpoint: Endpoint) -> DeliveryReport | None:
        delivery, event = leased.delivery, leased.delivery.event
        article = await insist(lambda: self._article(event))
        if self._clock() + timedelta(seconds=endpoint.timeout_s) > leased.until:
            # Redis kept us waiting: the attempt could outlast the lease, and another worker begin a second.
            await insist(lambda: self._store.deliveries.release(leased, self._clock()))
            return None
        if article is None:
            outcome: DeliveryOutcome = Dead(reason=_why_gone(event), duration_ms=0)
        else:
            (place,) = await insist(lambda: self._store.stories.places([event.article]))
            outcome = await send(
                self._egress, endpoint, delivery, article, self._clock(), self._rng, story=place.story
            )
        await insist(lambda: self._store.deliveries.settle(leased, outcome, self._clock()))
        return _report(delivery.attempts + 1, endpoint, event, article, outcome)

    async def _article(self, event: Event) -> Article | None:
        """Give the revision that an event tells of, or the newest when that one is no longer kept.

        Of it, what its portal lets us show; with a site, pictures that are served there have their addresses
        there.
        """
        if event.type is EventType.ARTICLE_WITHDRAWN:
            withdrawal = await self._store.withdrawals.get(event.article)
            return withdrawal.article if withdrawal else None
        articles = self._store.articles
        told = await articles.revision(event.article, event.revision)
        article = told or await articles.get(event.article)
        if article is None:
            return None
        shown = allowed(article, self._rights.get(article.source, Rights()))
        return served_by_us(shown, self._site) if self._site else shown


def _why_gone(event: Event) -> str:
    return "restored" if event.type is EventType.ARTICLE_WITHDRAWN else "article_gone"


def _wants(endpoint: Endpoint, entry: OutboxEntry, head: Article | None) -> bool:
    return entry.event.type in endpoint.events and head is not None and matches(endpoint.filter, head)


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
    fields.append(("article", article.title if article else event.article))
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
