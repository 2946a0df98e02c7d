"""The parts that the bodies of webhooks are made of. Fields are only ever added."""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from syndicator.model.article import Article, Photo, Placement, RelatedLink
from syndicator.model.event import EndpointNotice, FeedRef, SourceNotice
from syndicator.model.ids import StoryId
from syndicator.model.rights import Rights

_MAX_THIN_TEXT = 500

Instant = Annotated[datetime, Meta(tz=True)]
_Url = Annotated[str, Meta(extra_json_schema={"format": "uri"})]


def _said(description: str) -> Meta:
    return Meta(description=description)


class Image(Struct, frozen=True, kw_only=True):
    url: _Url
    caption: str | None
    credit: str | None
    media_type: str | None
    width: Annotated[int | None, _said("Pixels.")]
    height: Annotated[int | None, _said("Pixels.")]
    length_bytes: int | None


class EnclosedFile(Struct, frozen=True, kw_only=True):
    """A recording or a document of the article."""

    url: _Url
    media_type: str | None
    length_bytes: int | None


class Related(Struct, frozen=True, kw_only=True):
    url: _Url
    title: str
    placement: Annotated[Placement, _said("Where the portal links to it.")]


class RightsPart(Struct, frozen=True, kw_only=True):
    """What the portal says of its rights."""

    statement: Annotated[str | None, _said("Its own words, one line.")]
    license: Annotated[str | None, _said("Where its licence stands.")]
    mining: Annotated[bool, _said("Whether text and data may be mined; `false` reserves that right.")]


class ArticlePart(Struct, frozen=True, kw_only=True):
    id: Annotated[str, _said("Stays the same for ever.")]
    url: Annotated[str, Meta(extra_json_schema={"format": "uri"}), _said("Of the article at its portal.")]
    title: str
    lead: str
    content_html: Annotated[str | None, _said("The text, cleaned; null where it is left out.")]
    quote: Annotated[str | None, _said("What the portal sets off from the text.")]
    authors: tuple[str, ...]
    published_at: Instant
    updated_at: Instant
    images: tuple[Image, ...]
    enclosures: Annotated[tuple[EnclosedFile, ...], _said("Audio, video and other files.")]
    section: Annotated[str | None, _said("As the portal names it.")]
    tags: tuple[str, ...]
    language: Annotated[str | None, _said("BCP 47.")]
    source: Annotated[str, _said("The id of the source that it came from.")]
    story_id: Annotated[str, _said("The same in all articles that tell one story.")]
    related: tuple[Related, ...]
    correction: Annotated[str | None, _said("The portal's own sentence.")]
    rights: Annotated[RightsPart | UnsetType, _said("There where the portal says anything of them.")] = UNSET
    truncated: Annotated[
        bool | UnsetType, _said("There where something was left out to stay under 20 kB.")
    ] = UNSET


class Change(Struct, frozen=True, kw_only=True):
    """How a revision differs from the one before."""

    size: Annotated[str, _said("`minor` or `major`.")]
    words_changed: Annotated[float, _said("Part of the words, 0 to 1.")]
    title_changed: bool
    figures_changed: Annotated[bool, _said("A number is another.")]
    fields: Annotated[tuple[str, ...], _said("What differs.")]


class StoryPart(Struct, frozen=True, kw_only=True):
    id: Annotated[str, _said("`story_id` of its articles.")]
    url: _Url
    owners: Annotated[int, _said("Portals that tell it; sources of one registrable domain are one.")]
    articles: Annotated[int, _said("Articles that tell it.")]


class FeedPart(Struct, frozen=True, kw_only=True):
    id: str
    title: str
    url: Annotated[str, Meta(extra_json_schema={"format": "uri"}), _said("The page for people.")]
    rss: _Url
    atom: _Url
    json: _Url


class ThresholdPart(Struct, frozen=True, kw_only=True):
    measure: Annotated[str, _said("`top`: its rank; `score`; `views`.")]
    value: float


class SourcePart(Struct, frozen=True, kw_only=True):
    id: str
    title: str
    standing: Annotated[
        str, _said("`failing`, `stuck`, `stopped`, `quiet`, or another word: it can be read.")
    ]
    why: Annotated[str, _said("One sentence; empty where all is well.")]
    since: Annotated[Instant, _said("Of trouble: the last success, or the last news. Else when it ended.")]


class EndpointPart(Struct, frozen=True, kw_only=True):
    id: str
    why: Annotated[str, _said("What is wrong; empty when it recovered.")]
    since: Annotated[Instant, _said("When it last took something.")]
    waiting: Annotated[int, _said("Deliveries that are kept for it.")]


def article_part(article: Article, story: StoryId | None, rights: Rights) -> ArticlePart:
    """Return all of an article; one in no story of several is a story of its own.

    `rights`: those of its portal. What these do not let us show is not in the article any more.
    """
    return ArticlePart(
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
        enclosures=tuple(
            EnclosedFile(url=one.url, media_type=one.media_type, length_bytes=one.length_bytes)
            for one in article.enclosures
        ),
        section=article.section,
        tags=article.tags,
        language=article.language,
        source=article.source,
        story_id=story or StoryId(article.id),
        related=tuple(_related(link) for link in article.related),
        correction=article.correction,
        rights=_rights(rights),
    )


def change_part(article: Article) -> Change | None:
    """Return how a revision differs from the one before; None of a first one."""
    revised = article.revised
    if revised is None:
        return None
    return Change(
        size=revised.size.value,
        words_changed=revised.words_changed,
        title_changed=revised.title_changed,
        figures_changed=revised.figures_changed,
        fields=revised.fields,
    )


def feed_part(feed: FeedRef) -> FeedPart:
    return FeedPart(id=feed.id, title=feed.title, url=feed.url, rss=feed.rss, atom=feed.atom, json=feed.json)


def source_part(source: str, notice: SourceNotice) -> SourcePart:
    return SourcePart(
        id=source,
        title=notice.title,
        standing=notice.standing,
        why=notice.why,
        since=notice.since.astimezone(UTC),
    )


def endpoint_part(endpoint: str, notice: EndpointNotice) -> EndpointPart:
    return EndpointPart(
        id=endpoint, why=notice.why, since=notice.since.astimezone(UTC), waiting=notice.waiting
    )


def summary(article: ArticlePart) -> ArticlePart:
    """Leave out the text, and what belongs to it."""
    return replace(article, content_html=None, quote=None, related=())


def thin(article: ArticlePart) -> ArticlePart:
    """Keep what identifies the article."""
    return replace(
        summary(article),
        title=article.title[:_MAX_THIN_TEXT],
        lead=article.lead[:_MAX_THIN_TEXT],
        authors=(),
        images=(),
        enclosures=(),
        tags=(),
    )


def bare(article: ArticlePart) -> ArticlePart:
    """Keep what identifies the article, and nothing of its content."""
    return replace(thin(article), title="", lead="", section=None, correction=None)


def _rights(rights: Rights) -> RightsPart | UnsetType:
    if rights.statement is None and rights.license_url is None and rights.mining:
        return UNSET
    return RightsPart(statement=rights.statement, license=rights.license_url, mining=rights.mining)


def _image(photo: Photo) -> Image:
    return Image(
        url=photo.url,
        caption=photo.caption,
        credit=photo.credit,
        media_type=photo.media_type,
        width=photo.width,
        height=photo.height,
        length_bytes=photo.length_bytes,
    )


def _related(link: RelatedLink) -> Related:
    return Related(url=link.url, title=link.title, placement=link.placement)
