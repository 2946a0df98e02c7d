"""The body of a webhook. A breaking change is a new type beside the old one.

A body stays under 20 kB, the bound that Standard Webhooks advises. An article that is longer comes
without its `content_html`, and if that is not enough without all else that can be long; both are marked
`"truncated": true`, which whole articles do not carry. The whole one is at the article's own URL and in
the feeds.
"""

from datetime import UTC
from typing import Annotated, assert_never

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from syndicator.errors import PushError
from syndicator.model.article import Article
from syndicator.model.delivery import Delivery, Payload
from syndicator.model.event import (
    Crossed,
    EndpointNotice,
    Event,
    EventType,
    Grown,
    Renewed,
    SourceNotice,
)
from syndicator.model.feed import Site
from syndicator.model.ids import StoryId
from syndicator.model.rights import Rights
from syndicator.push import parts

MAX_BODY_BYTES = 20_000
MARK_BYTES = 50
"""What `marked` adds to a body, at most."""

_ENCODER = msgspec.json.Encoder()


_EventId = Annotated[str, Meta(description="The same as the header `webhook-id`.")]
_Revision = Annotated[int, Meta(description="Only ever grows: keep the highest.")]


class ArticleData(Struct, frozen=True, kw_only=True):
    event_id: _EventId
    revision: _Revision
    reason: Annotated[str | UnsetType | None, Meta(description="Of a withdrawal, and there alone.")] = UNSET
    change: Annotated[parts.Change | None, Meta(description="From the second revision on.")]
    article: parts.ArticlePart


class StoryData(Struct, frozen=True, kw_only=True):
    event_id: _EventId
    revision: _Revision
    story: parts.StoryPart
    article: Annotated[parts.ArticlePart, Meta(description="By which it grew.")]


class PopularityData(Struct, frozen=True, kw_only=True):
    event_id: _EventId
    revision: _Revision
    feed: parts.FeedPart
    window: Annotated[str, Meta(description="Of the feed: `1h`, `24h`, `7d` or `all`.")]
    threshold: Annotated[parts.ThresholdPart, Meta(description="What was reached.")]
    rank: int
    score: float
    views: Annotated[int | None, Meta(description="The portal's own counter, where it shows one.")]
    article: parts.ArticlePart


class FeedData(Struct, frozen=True, kw_only=True):
    event_id: _EventId
    revision: _Revision
    feed: parts.FeedPart


class SourceData(Struct, frozen=True, kw_only=True):
    event_id: _EventId
    revision: _Revision
    source: parts.SourcePart


class EndpointData(Struct, frozen=True, kw_only=True):
    event_id: _EventId
    revision: _Revision
    endpoint: parts.EndpointPart


Data = ArticleData | StoryData | PopularityData | FeedData | SourceData | EndpointData
_OfArticle = ArticleData | StoryData | PopularityData


class _Body(Struct, frozen=True, kw_only=True):
    type: str
    timestamp: parts.Instant
    data: Data


def payload(
    event: Event,
    article: Article | None,
    story: StoryId | None = None,
    *,
    site: Site,
    level: Payload = Payload.FULL,
    rights: Rights | None = None,
    under: int = MAX_BODY_BYTES,
) -> bytes:
    """Make the JSON body of one event; the same event, article and story always give the same bytes.

    It stays `under` so many bytes. `story`: that of the article, where it has several articles.
    `rights`: those of its portal.

    Raises PushError where an event of an article comes without it, or with another.
    """
    whole = None
    if event.article is not None:
        if article is None or article.id != event.article:
            raise PushError(
                f"The event {event.id} is about the article {event.article}, and came without it."
            )
        whole = parts.article_part(article, story, rights or Rights())
    data = _data(event, article, whole, site)
    if not isinstance(data, ArticleData | StoryData | PopularityData):
        return _encode(event, data)
    if event.type is EventType.ARTICLE_WITHDRAWN:
        return _encode(event, replace(data, article=parts.bare(data.article)))
    return _fitting(event, data, level, under)


def marked(body: bytes, delivery: Delivery) -> bytes:
    """Return a body marked as a replay: `"replay": ID`, beside `type`."""
    if delivery.replayed is None:
        return body
    return b'%b,"replay":%b}' % (body.removesuffix(b"}"), _ENCODER.encode(delivery.replayed.id))


def _fitting(event: Event, data: _OfArticle, level: Payload, under: int) -> bytes:
    """Encode as much of an article as was asked for, or as fits."""
    match level:
        case Payload.FULL:
            wanted = data.article
        case Payload.SUMMARY:
            wanted = parts.summary(data.article)
        case Payload.THIN:
            wanted = parts.thin(data.article)
        case _:
            assert_never(level)
    body = _encode(event, data if wanted is data.article else replace(data, article=wanted))
    if len(body) >= under:
        shorter = replace(wanted, content_html=None, truncated=True)
        body = _encode(event, replace(data, article=shorter))
    if len(body) >= under:
        body = _encode(event, replace(data, article=replace(parts.thin(wanted), truncated=True)))
    return body


def _data(event: Event, article: Article | None, whole: parts.ArticlePart | None, site: Site) -> Data:
    name, revision, details = event.id, event.revision, event.details
    match details:
        case Renewed():
            return FeedData(event_id=name, revision=revision, feed=parts.feed_part(details.feed))
        case SourceNotice():
            source = parts.source_part(event.subject, details)
            return SourceData(event_id=name, revision=revision, source=source)
        case EndpointNotice():
            endpoint = parts.endpoint_part(event.subject, details)
            return EndpointData(event_id=name, revision=revision, endpoint=endpoint)
    if article is None or whole is None:
        raise PushError(f"The event {event.id} ({event.type}) came without its article.")
    match details:
        case Crossed():
            return PopularityData(
                event_id=name,
                revision=revision,
                feed=parts.feed_part(details.feed),
                window=details.window.value,
                threshold=parts.ThresholdPart(measure=details.measure.value, value=details.threshold),
                rank=details.rank,
                score=details.score,
                views=details.views,
                article=whole,
            )
        case Grown():
            url = site.url(f"/stories/{event.subject}")
            story = parts.StoryPart(
                id=event.subject, url=url, owners=details.owners, articles=details.articles
            )
            return StoryData(event_id=name, revision=revision, story=story, article=whole)
        case None:
            withdrawn = event.type is EventType.ARTICLE_WITHDRAWN
            return ArticleData(
                event_id=name,
                revision=revision,
                reason=event.reason if withdrawn else UNSET,
                change=None if withdrawn else parts.change_part(article),
                article=whole,
            )
    assert_never(details)


def _encode(event: Event, data: Data) -> bytes:
    return _ENCODER.encode(_Body(type=event.type.value, timestamp=event.at.astimezone(UTC), data=data))
