"""Which events an endpoint asks for, which of them concern it, and when each endpoint gets them."""

from collections.abc import Iterable, Sequence

from syndicator.model.article import Article
from syndicator.model.delivery import Endpoint
from syndicator.model.event import Crossed, Event, EventType, Renewed
from syndicator.model.ids import FeedId
from syndicator.rules.filter_matching import matches


def event_types(patterns: Iterable[str]) -> tuple[EventType, ...]:
    """Return the types that are asked for: `article.created`, all of `article.*`, or `*`.

    Raises ValueError, with the pattern, for one that no type matches.
    """
    named: dict[EventType, None] = {}
    for pattern in patterns:
        found = [kind for kind in EventType if pattern in {"*", f"{kind.family}.*", kind.value}]
        if not found:
            raise ValueError(pattern)
        named |= dict.fromkeys(found)
    return tuple(kind for kind in EventType if kind in named)


def wants(endpoint: Endpoint, event: Event, articles: Sequence[Article]) -> bool:
    """Return whether an event matches the filters of an endpoint.

    `articles`: the subject of the event, with bodies where the filter has a query; of a story, all members.
    Events of sources are matched by the `source` of the filter.
    """
    if event.type not in endpoint.events or not _of_its_feeds(endpoint, event):
        return False
    if event.article is not None:
        return any(matches(endpoint.filter, article) for article in articles)
    chosen = endpoint.filter.source
    return event.type.family != "source" or not chosen or event.subject in chosen


def wants_feed(endpoint: Endpoint, feed: FeedId, *, private: bool) -> bool:
    """Return whether an endpoint asks for what happens to a feed.

    Of private ones, only those that it names.
    """
    return feed in endpoint.feeds if endpoint.feeds else not private


def _of_its_feeds(endpoint: Endpoint, event: Event) -> bool:
    if not isinstance(event.details, (Crossed, Renewed)):
        return True
    return wants_feed(endpoint, event.details.feed.id, private=event.details.feed.private)


FETCHES_PER_S = 100.0
"""So many come in a second, on average."""

LONGEST_SPREAD_S = 60.0

AT_ONCE = 20
"""So few need no spreading."""


def spread_s(receivers: int) -> float:
    """Return the seconds over which deliveries are spread whose receivers fetch something for them."""
    return 0.0 if receivers <= AT_ONCE else min(receivers / FETCHES_PER_S, LONGEST_SPREAD_S)
