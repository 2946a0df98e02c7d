"""What was published before an endpoint was there, sent to it after the fact."""

from datetime import datetime, timedelta

from syndicator.model.article import Article
from syndicator.model.clock import Clock
from syndicator.model.delivery import Endpoint
from syndicator.model.event import Event, EventType
from syndicator.pipeline.feeds.article_selection import select
from syndicator.pipeline.filter_matching import Filtering
from syndicator.rules.identity.identity import new_event
from syndicator.store.store import Store

MOST_ARTICLES = 1000
LONGEST = timedelta(days=30)
_AT_ONCE = 100


async def queue_published(
    store: Store, clock: Clock, endpoint: Endpoint, *, articles: int | None, since: datetime | None
) -> int:
    """Queue `article.created` of the newest articles that a feed with the endpoint's filter shows.

    So many articles, or those since a time, oldest first. Return how many were queued: what still waits of an
    earlier call is not queued twice.
    """
    now = clock()
    found = await select(store, Filtering(store), endpoint.filter, articles or MOST_ARTICLES)
    newest = [one.article for one in found.entries]
    chosen = [one for one in newest if since is None or one.published_at >= since]
    events = [_event(endpoint, article, now) for article in reversed(chosen)]
    queued = 0
    for part in (events[at : at + _AT_ONCE] for at in range(0, len(events), _AT_ONCE)):
        await store.events.keep(part)
        queued += await store.requeuing.requeue(endpoint.id, [one.id for one in part], now)
    return queued


def _event(endpoint: Endpoint, article: Article, now: datetime) -> Event:
    """Return an event for this endpoint alone: the others received theirs when it happened."""
    return new_event(EventType.ARTICLE_CREATED, article.id, article.revision, now, endpoint.id)
