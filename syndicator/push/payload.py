"""The body of a webhook. Fields are only ever added; a breaking change is a new type beside the old one.

A body stays under 20 kB, the bound that Standard Webhooks advises. An article that is longer comes
without its `content_html`, and if that is not enough without all else that can be long; both are marked
`"truncated": true`, which whole articles do not carry. The whole one is at the article's own URL and in
the feeds.
"""

from datetime import UTC, datetime

import msgspec
from msgspec import UNSET, Struct, UnsetType

from syndicator.model.article import Article, Photo, Placement, RelatedLink
from syndicator.model.event import Event, EventType
from syndicator.model.ids import StoryId

MAX_BODY_BYTES = 20_000

_MAX_THIN_TEXT = 500
_ENCODER = msgspec.json.Encoder()


class _Image(Struct, frozen=True, kw_only=True):
    url: str
    caption: str | None
    credit: str | None
    media_type: str | None
    width: int | None
    height: int | None
    length_bytes: int | None


class _Related(Struct, frozen=True, kw_only=True):
    url: str
    title: str
    placement: Placement


class _ArticlePart(Struct, frozen=True, kw_only=True):
    id: str
    url: str
    title: str
    lead: str
    content_html: str | None
    quote: str | None
    authors: tuple[str, ...]
    published_at: datetime
    updated_at: datetime
    images: tuple[_Image, ...]
    section: str | None
    tags: tuple[str, ...]
    language: str | None
    source: str
    story_id: str
    related: tuple[_Related, ...]
    correction: str | None
    truncated: bool | UnsetType = UNSET


class _Change(Struct, frozen=True, kw_only=True):
    size: str
    words_changed: float
    title_changed: bool
    figures_changed: bool
    fields: tuple[str, ...]


class _Data(Struct, frozen=True, kw_only=True):
    event_id: str
    revision: int
    reason: str | UnsetType | None = UNSET
    change: _Change | None
    article: _ArticlePart


class _Body(Struct, frozen=True, kw_only=True):
    type: str
    timestamp: datetime
    data: _Data


def payload(event: Event, article: Article, story: StoryId | None = None) -> bytes:
    """Make the JSON body of one event; the same event, article and story always give the same bytes."""
    whole, change = _article_part(article, story or StoryId(article.id)), _change(article)
    if event.type is EventType.ARTICLE_WITHDRAWN:
        return _encode(event, _bare(whole), None)
    body = _encode(event, whole, change)
    if len(body) < MAX_BODY_BYTES:
        return body
    without_body = msgspec.structs.replace(whole, content_html=None, truncated=True)
    body = _encode(event, without_body, change)
    return body if len(body) < MAX_BODY_BYTES else _encode(event, _thin(without_body), change)


def _encode(event: Event, article: _ArticlePart, change: _Change | None) -> bytes:
    reason = event.reason if event.type is EventType.ARTICLE_WITHDRAWN else UNSET
    data = _Data(event_id=event.id, revision=event.revision, reason=reason, change=change, article=article)
    return _ENCODER.encode(_Body(type=event.type.value, timestamp=event.at.astimezone(UTC), data=data))


def _article_part(article: Article, story: StoryId) -> _ArticlePart:
    return _ArticlePart(
        id=article.id,
        url=article.url,
        title=article.title,
        lead=article.lead,
        content_html=article.body_html,
        quote=article.quote,
        authors=article.authors,
        published_at=article.published_at.astimezone(UTC),
        updated_at=article.updated_at.astimezone(UTC),
        images=tuple(_image(photo) for photo in article.photos),
        section=article.section,
        tags=article.tags,
        language=article.language,
        source=article.source,
        story_id=story,
        related=tuple(_related(link) for link in article.related),
        correction=article.correction,
    )


def _change(article: Article) -> _Change | None:
    told = article.revised
    if told is None:
        return None
    return _Change(
        size=told.size.value,
        words_changed=told.words_changed,
        title_changed=told.title_changed,
        figures_changed=told.figures_changed,
        fields=told.fields,
    )


def _image(photo: Photo) -> _Image:
    return _Image(
        url=photo.url,
        caption=photo.caption,
        credit=photo.credit,
        media_type=photo.media_type,
        width=photo.width,
        height=photo.height,
        length_bytes=photo.length_bytes,
    )


def _related(link: RelatedLink) -> _Related:
    return _Related(url=link.url, title=link.title, placement=link.placement)


def _bare(article: _ArticlePart) -> _ArticlePart:
    """Keep what tells which article it is, and nothing of what it said."""
    return msgspec.structs.replace(
        _thin(article), title="", lead="", content_html=None, section=None, correction=None
    )


def _thin(article: _ArticlePart) -> _ArticlePart:
    """Keep what tells which article it is."""
    return msgspec.structs.replace(
        article,
        title=article.title[:_MAX_THIN_TEXT],
        lead=article.lead[:_MAX_THIN_TEXT],
        quote=None,
        authors=(),
        images=(),
        tags=(),
        related=(),
    )
