"""Bodies of deliveries. Articles are read for a whole batch at once, and each body is encoded once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Article
from syndicator.model.delivery import Dead, Delivery, Endpoint, Payload
from syndicator.model.event import Event, EventType
from syndicator.model.feed import Origin, Site
from syndicator.model.ids import ArticleId, EventId, SourceId, StoryId
from syndicator.model.rights import Rights
from syndicator.push.alerts.messages import AlertMessage, alert_message
from syndicator.push.alerts.sending import alert_of
from syndicator.push.digest import ROOM_BYTES, digest_body
from syndicator.push.payload import MARK_BYTES, MAX_BODY_BYTES, marked, payload
from syndicator.rules.articles.pictures import served_by_us
from syndicator.rules.articles.rights import allowed
from syndicator.rules.webhooks.digests import digest_id, split_by_size
from syndicator.rules.webhooks.retry import is_expired
from syndicator.store.store import Store
from syndicator.store.webhooks.deliveries import Leased

_Found = tuple[Article, StoryId | None]


class Prepared(Struct, kw_only=True):
    """An event with its subject, and its bodies by payload level and size."""

    event: Event
    article: Article | None
    story: StoryId | None
    about: ArticleId | None
    """The article that the event is about, whether or not it still exists."""
    bodies: dict[tuple[Payload, int], bytes] = {}

    @property
    def is_gone(self) -> bool:
        """Return whether the article of the event no longer exists."""
        return self.article is None and self.about is not None


class Packed(Struct, frozen=True, kw_only=True):
    """A delivery that this worker has leased, with its endpoint and its event."""

    leased: Leased
    endpoint: Endpoint
    prepared: Prepared


class Payloads:
    """Reads and writes what is sent."""

    def __init__(self, store: Store, site: Site, origins: Mapping[SourceId, Origin]) -> None:
        self._store = store
        self._site = site
        self._rights = {source: origin.rights for source, origin in origins.items()}

    async def prepare(self, events: Iterable[Event]) -> Mapping[EventId, Prepared]:
        """Return these events with their subjects, read in a few calls for all of them."""
        all_events = list({event.id: event for event in events}.values())
        found = await self._withdrawn(
            [event for event in all_events if event.type is EventType.ARTICLE_WITHDRAWN]
        )
        found |= await self._subjects(
            [event for event in all_events if event.type is not EventType.ARTICLE_WITHDRAWN]
        )
        nothing = (None, None)
        return {
            event.id: Prepared(event=event, article=article, story=story, about=event.article)
            for event in all_events
            for article, story in (found.get(event.id, nothing),)
        }

    def body(self, prepared: Prepared, level: Payload, under: int = MAX_BODY_BYTES) -> bytes:
        """Return the body of an event at a payload level, below `under` bytes. Cached in `prepared`."""
        known = prepared.bodies.get((level, under))
        if known is None:
            known = payload(
                prepared.event,
                prepared.article,
                prepared.story,
                site=self._site,
                level=level,
                rights=self._rights_of(prepared.article) if prepared.article else None,
                under=under,
            )
            prepared.bodies[level, under] = known
        return known

    def message(self, events: Sequence[Event]) -> AlertMessage:
        """Return events of operators in words. Raises PushError for others."""
        return alert_message(events, self._site)

    def push(self, parcel: Sequence[Packed]) -> tuple[Delivery, bytes]:
        """Return the delivery and the body of one push: a single event, or several as a digest or message."""
        delivery, endpoint = parcel[0].leased.delivery, parcel[0].endpoint
        if endpoint.digest is None:
            under = MAX_BODY_BYTES - (MARK_BYTES if delivery.replayed else 0)
            body = self.body(parcel[0].prepared, endpoint.payload, under)
            return delivery, marked(body, delivery)
        events = [packed.prepared.event for packed in parcel]
        latest = max(events, key=lambda event: event.at)
        name = digest_id([event.id for event in events])
        result = replace(delivery, event=replace(latest, id=name))
        if endpoint.alert is not None:
            return result, alert_of(endpoint, self.message(events), name, latest.at)
        bodies = [self.body(packed.prepared, endpoint.payload, ROOM_BYTES) for packed in parcel]
        return result, marked(digest_body(name, bodies, latest.at), delivery)

    def split_into_pushes(self, found: Sequence[Packed]) -> list[list[Packed]]:
        """Split deliveries to one endpoint into groups that fit into one push each, in the order of feeds."""
        sized = [(packed, self._size(packed)) for packed in sorted(found, key=_place)]
        digest = found[0].endpoint.digest
        return split_by_size(sized, digest.items if digest else 1, ROOM_BYTES)

    def _size(self, packed: Packed) -> int:
        if packed.prepared.is_gone or packed.endpoint.alert is not None:
            return 0
        return len(self.body(packed.prepared, packed.endpoint.payload, ROOM_BYTES)) + 1

    async def _subjects(self, events: Sequence[Event]) -> dict[EventId, _Found]:
        """Return the article of each event in its revision, or in the newest where that is not stored.

        Without the parts that its portal's rights do not allow; with our addresses of delivered pictures.
        """
        named = {event.id: event.article for event in events}
        ids = list(dict.fromkeys(article_id for article_id in named.values() if article_id is not None))
        heads = dict(zip(ids, await self._store.event_articles.get_many(ids), strict=True))
        found: dict[EventId, _Found] = {}
        for event in events:
            article_id = named[event.id]
            head = heads[article_id] if article_id is not None else None
            if head is not None:
                article, story = head
                if event.type.family == "article" and article.revision != event.revision:
                    article = await self._store.articles.revision(article.id, event.revision) or article
                found[event.id] = served_by_us(allowed(article, self._rights_of(article)), self._site), story
        return found

    async def _withdrawn(self, events: Sequence[Event]) -> dict[EventId, _Found]:
        if not events:
            return {}
        ids = [ArticleId(event.subject) for event in events]
        withdrawals = await self._store.withdrawals.get_many(ids)
        places = await self._store.stories.places(ids)
        return {
            event.id: (withdrawal.article, place.story)
            for event, withdrawal, place in zip(events, withdrawals, places, strict=True)
            if withdrawal
        }

    def _rights_of(self, article: Article) -> Rights:
        return self._rights.get(article.source, Rights())


def _place(packed: Packed) -> tuple[float, str]:
    """Order events as feeds order articles: the newest first."""
    event, article = packed.prepared.event, packed.prepared.article
    at = article.listed_at if article else event.at
    return -at.timestamp(), event.id


def pointless(packed: Packed, now: datetime) -> Dead | None:
    """Return the outcome of an event that need not be sent any more; None where it must be sent."""
    event = packed.prepared.event
    if packed.prepared.is_gone:
        reason = "restored" if event.type is EventType.ARTICLE_WITHDRAWN else "article_gone"
    elif is_expired(packed.endpoint.retry, event, now, packed.leased.delivery.counts_from):
        reason = "expired"
    else:
        return None
    return Dead(reason=reason, duration_ms=0, was_tried=False)
