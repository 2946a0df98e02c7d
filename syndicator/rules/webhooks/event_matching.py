"""Which events an endpoint asks for, which of them concern it, and when each endpoint gets them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.model.clock import to_ms
from syndicator.model.delivery import Alerting, Endpoint
from syndicator.model.event import Crossed, Event, EventType, Renewed
from syndicator.model.ids import ArticleId, FeedId
from syndicator.rules.filter_language import refusal_words
from syndicator.rules.filter_matching import refusing_key


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


FILTER = "filter."
"""What a refusal by a filter begins with; the key follows."""
NO_ARTICLE = "article_gone"
"""Refuses an event whose article is withdrawn or not kept any more."""
COPY_SENT = "copy_sent"
"""Refuses an event of an article whose text was sent before, as another article."""
ITSELF = "itself"
"""Refuses an event about a target of alerts to that target."""


class Refusal(Struct, frozen=True, kw_only=True):
    """Why an endpoint does not receive an event."""

    key: str
    """The setting that refuses it (`events`, `feeds`, `filter.section`, …), or `owner`, `private_feed`,
    `removed`, `article_gone`, `copy_sent`, `itself`."""
    article: ArticleId | None = None
    """Of `copy_sent`: the article that was sent."""


def refused_by(endpoint: Endpoint, event: Event, articles: Sequence[Article]) -> str | None:
    """Return the setting of an endpoint that refuses an event; None where the endpoint wants it.

    It is `events`, `feeds`, `filter.` and a key of the filter, `ITSELF` or `NO_ARTICLE`. `articles`: the
    subject of the event, with bodies where the filter has a query; of a story, all members, of which one has
    to pass. Events of sources are matched by the `source` of the filter.
    """
    if event.type not in endpoint.events:
        return "events"
    if not _of_its_feeds(endpoint, event):
        return "feeds"
    if endpoint.alert is not None and event.type.family == "endpoint" and event.subject == endpoint.id:
        return ITSELF  # while it fails nothing arrives, and then that something arrives says enough
    if event.article is not None:
        return _refusing_articles(endpoint, articles)
    chosen = endpoint.filter.source
    is_wanted = event.type.family != "source" or not chosen or event.subject in chosen
    return None if is_wanted else f"{FILTER}source"


def _refusing_articles(endpoint: Endpoint, articles: Sequence[Article]) -> str | None:
    """Return what refuses all of these articles; None where one passes."""
    refused = NO_ARTICLE
    for article in articles:
        key = refusing_key(endpoint.filter, article)
        if key is None:
            return None
        refused = FILTER + key
    return refused


def refusal_sentence(endpoint: Endpoint, refusal: Refusal, article: Article | None) -> str:
    """Say why an endpoint does not receive an event, as half a sentence. `article`: that of the event."""
    key = refusal.key
    if key.startswith(FILTER):
        word = key.removeprefix(FILTER)
        return (
            refusal_words(endpoint.filter, word, article) if article else f"{key} of the endpoint refuses it"
        )
    asked = ", ".join(_patterns(endpoint.events)) or "no events"
    feeds = ", ".join(endpoint.feeds) or "all that are public"
    return {
        "events": f"the endpoint asks for {asked} (events)",
        "feeds": f"the endpoint asks for events of feeds: {feeds} (feeds)",
        "owner": "events about the service are for operators",
        "private_feed": "it is about a private feed, which the owner of the endpoint may not see",
        "removed": "the endpoint was removed",
        ITSELF: "it is about this target itself",
        NO_ARTICLE: "its article is withdrawn, or not kept any more",
        COPY_SENT: f"the endpoint was sent the same text before, as article {refusal.article}",
    }[key]


def _patterns(types: Sequence[EventType]) -> list[str]:
    """Write types as a configuration does: `article.*` where all of a family are among them."""
    named: dict[str, None] = {}
    for kind in types:
        family = {one for one in EventType if one.family == kind.family}
        named[f"{kind.family}.*" if len(family) > 1 and family <= set(types) else kind.value] = None
    return list(named)


def wants_feed(endpoint: Endpoint, feed: FeedId, *, private: bool) -> bool:
    """Return whether an endpoint asks for what happens to a feed.

    Of private ones, only those that it names.
    """
    return feed in endpoint.feeds if endpoint.feeds else not private


def _of_its_feeds(endpoint: Endpoint, event: Event) -> bool:
    if not isinstance(event.details, (Crossed, Renewed)):
        return True
    return wants_feed(endpoint, event.details.feed.id, private=event.details.feed.private)


def may_repeat(event: Event, alerting: Alerting, now: datetime) -> bool:
    """Return whether an earlier event of the same subject is so recent that this one may repeat it.

    Revisions of operators' events are instants in ms.
    """
    return event.follows is not None and event.follows > to_ms(now) - alerting.repeat_after_s * 1000


FETCHES_PER_S = 100.0
"""So many come in a second, on average."""

LONGEST_SPREAD_S = 60.0

AT_ONCE = 20
"""So few need no spreading."""


def spread_s(receivers: int) -> float:
    """Return the seconds over which deliveries are spread whose receivers fetch something for them."""
    return 0.0 if receivers <= AT_ONCE else min(receivers / FETCHES_PER_S, LONGEST_SPREAD_S)
