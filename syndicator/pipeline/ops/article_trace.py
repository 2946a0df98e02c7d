"""Follows one article from the request that found it to feeds and partners."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from syndicator.model.article import Alias, Article, Withdrawal
from syndicator.model.clock import Clock
from syndicator.model.event import Event
from syndicator.model.ids import ArticleId, EventId, SourceId, StoryId
from syndicator.model.ops.states import ArticleStanding
from syndicator.model.source import Source, Way
from syndicator.pipeline.articles.explanation import Explained, explained
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.ops.feed_trace import FeedTrace, FeedTracer
from syndicator.pipeline.redaction import provenance_without_secrets
from syndicator.pipeline.webhooks.delivery_trace import DeliveryTracer, EndpointRange, EndpointTrace
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.rules.identity.identity import listed_key, url_key
from syndicator.rules.sources.round_history import HistoryLine, round_at
from syndicator.rules.stories.near_duplicates import CopyKind
from syndicator.rules.stories.story_match import StoryKind
from syndicator.store.store import Store
from syndicator.store.stories.stories import Place

_ALL = EndpointRange()


class FoundBy(Struct, frozen=True, kw_only=True):
    """Where an article came from: the request or push by which the oldest kept revision was read."""

    source: SourceId
    source_title: str | None
    """None: the source is not configured any more."""
    pushed: bool
    """Whether a hub pushed it; else it was requested."""
    requested_url: str
    """Without secrets."""
    url: str
    """Where the document finally came from."""
    status: int
    fetched_at: datetime
    revision: int
    """The revision that was read there."""
    round: HistoryLine | None
    """The round that found the article, or the hour where only that is kept; None: neither is."""


class AdmissionStep(Struct, frozen=True, kw_only=True):
    """One thing that was decided about an article."""

    verdict: str
    """`new`, `changed`, `duplicate` (another source carries it), `withdrawn` or `restored`."""
    at: datetime
    source: SourceId
    revision: int | None = None
    detail: str = ""


class StoryTrace(Struct, frozen=True, kw_only=True):
    """The story of an article, and why."""

    id: StoryId
    """The article's own id where it is a story of its own."""
    copy_of: ArticleId | None
    why: str
    """One sentence."""
    place: Place
    """The verdicts with their figures."""


class EventTrace(Struct, frozen=True, kw_only=True):
    """An event about an article."""

    id: EventId
    type: str
    revision: int
    at: datetime
    fanned_out: bool


class ArticleTrace(Struct, frozen=True, kw_only=True):
    """One article from request to delivery."""

    id: ArticleId
    title: str
    url: str
    source: SourceId
    revision: int
    standing: ArticleStanding
    published_at: datetime
    first_seen_at: datetime
    found_by: FoundBy
    admission: tuple[AdmissionStep, ...]
    """Oldest first."""
    identities: tuple[Alias, ...]
    """Under which names it came, its first ones first."""
    story: StoryTrace
    feeds: tuple[FeedTrace, ...]
    """All configured ones; those that show it first."""
    events: tuple[EventTrace, ...]
    """Oldest first; without those of a single endpoint."""
    endpoints: tuple[EndpointTrace, ...]


class _Read(Struct, frozen=True, kw_only=True):
    explained: Explained
    revisions: tuple[Article, ...]
    """The newest first."""
    withdrawal: Withdrawal | None
    standing: ArticleStanding

    @property
    def article(self) -> Article:
        return self.revisions[0]

    @property
    def newest(self) -> int:
        """Return the number of the newest revision; a withdrawal is one."""
        return self.withdrawal.revision if self.withdrawal else self.article.revision


class ArticleTracer:
    """Puts together what is known of an article over all rooms of the service."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        sources: Mapping[SourceId, Source],
        deliveries: DeliveryTracer,
        clock: Clock,
    ) -> None:
        self._store = store
        self._site = publisher.site
        self._sources = sources
        self._feeds = FeedTracer(store, publisher.specs)
        self._deliveries = deliveries
        self._clock = clock

    async def trace(self, name: str, endpoints: EndpointRange = _ALL) -> ArticleTrace | None:
        """Trace an article by its id, its address at its portal, or its page here; None: there is none.

        `endpoints`: those that are traced.
        """
        article_id = await self._named(name)
        read = await self._read(article_id) if article_id is not None else None
        if read is None:
            return None
        article, place = read.article, read.explained.place
        known = await self._deliveries.events(article.id, read.newest, place.story)
        hidden = "" if read.standing is ArticleStanding.SHOWN else read.standing.value
        return ArticleTrace(
            id=article.id,
            title=article.title,
            url=article.url,
            source=article.source,
            revision=read.newest,
            standing=read.standing,
            published_at=article.published_at,
            first_seen_at=article.first_seen_at,
            found_by=await self._found_by(read.revisions[-1]),
            admission=tuple(sorted(_steps(read), key=lambda step: step.at)),
            identities=(*_first_names(article), *read.explained.aliases),
            story=_story(article.id, place),
            feeds=await self._feeds.trace(article, read.revisions, hidden=hidden),
            events=tuple(_event(event, fanned_out=event.id not in known.held) for event in known.events),
            endpoints=await self._deliveries.endpoints(
                article,
                read.newest,
                known,
                endpoints,
                is_quiet=place.is_quiet,
                is_shown=read.standing is not ArticleStanding.UNASSIGNED,
            ),
        )

    async def _named(self, name: str) -> ArticleId | None:
        """Return the id of an article that is named by its id or an address."""
        if "://" not in name:
            return ArticleId(name)
        own = self._site.url("/articles/")
        if name.startswith(own):
            return ArticleId(name.removeprefix(own).partition("?")[0].strip("/"))
        declared = [
            listed_key(source, name)
            for source in self._sources.values()
            if source.identity.way in {Way.PATH, Way.PATTERN}
        ]
        found = await self._store.articles.named(list(dict.fromkeys((url_key(name), *declared))))
        return found[0] if found else None

    async def _read(self, name: ArticleId) -> _Read | None:
        store = self._store
        name = await store.articles.led_by(name) or name
        article, standing, withdrawal = await store.articles.get(name), ArticleStanding.SHOWN, None
        if article is None and (withdrawal := await store.withdrawals.get(name)) is not None:
            article, standing = withdrawal.article, ArticleStanding.WITHDRAWN
        if article is None:
            article, standing = await store.articles.get_reserved(name), ArticleStanding.UNASSIGNED
        if article is None:
            return None
        return _Read(
            explained=await explained(store, article, list(self._sources)),
            revisions=(article, *await store.articles.kept_revisions(name)),
            withdrawal=withdrawal,
            standing=standing,
        )

    async def _found_by(self, oldest: Article) -> FoundBy:
        provenance = provenance_without_secrets(oldest.provenance)
        source = self._sources.get(oldest.source)
        history = await self._store.round_histories.read(oldest.source, self._clock())
        found_at = provenance.held_since or oldest.first_seen_at
        return FoundBy(
            source=oldest.source,
            source_title=source.title if source else None,
            pushed=provenance.pushed,
            requested_url=provenance.requested_url,
            url=provenance.url or provenance.requested_url,
            status=provenance.status,
            fetched_at=provenance.fetched_at,
            revision=oldest.revision,
            round=round_at(history, found_at),
        )


def _steps(read: _Read) -> Iterator[AdmissionStep]:
    """Yield what was decided about an article, as far as it is kept."""
    article, carried = read.article, read.explained.carried
    oldest, first = read.revisions[-1], next(iter(carried), read.article.source)
    has_first = oldest.revised is None and oldest.restored_at is None
    yield AdmissionStep(
        verdict=AdmissionVerdict.NEW.value,
        at=article.shown_since,
        source=oldest.source if has_first else first,
        revision=oldest.revision if has_first else None,
        detail=_first_detail(read),
    )
    for one in read.revisions:
        if one.revised is not None:
            fields = ", ".join(one.revised.fields)
            yield AdmissionStep(
                verdict=AdmissionVerdict.CHANGED.value,
                at=one.updated_at,
                source=one.source,
                revision=one.revision,
                detail=f"{one.revised.size.value}: {fields}" if fields else one.revised.size.value,
            )
    for source, at in carried.items():
        if source not in {one.source for one in read.revisions} and source != first:
            yield AdmissionStep(verdict=AdmissionVerdict.DUPLICATE.value, at=at, source=source)
    if read.withdrawal is not None:
        yield AdmissionStep(
            verdict="withdrawn",
            at=read.withdrawal.at,
            source=article.source,
            revision=read.withdrawal.revision,
            detail=f"{read.withdrawal.by.value}: {read.withdrawal.reason}",
        )
    elif article.restored_at is not None:
        yield AdmissionStep(
            verdict="restored", at=article.restored_at, source=article.source, revision=article.revision
        )


def _first_detail(read: _Read) -> str:
    """Say what is special about the first admission of an article."""
    article, parts = read.article, []
    if article.released_at is not None:
        parts.append(f"held under an embargo since {article.first_seen_at:%Y-%m-%dT%H:%M:%SZ}")
    if read.explained.place.is_quiet:
        parts.append("not announced, because it was too old (announce_age)")
    return "; ".join(parts)


def _first_names(article: Article) -> tuple[Alias, ...]:
    at = article.first_seen_at
    guid = (Alias(kind="guid", value=article.guid, at=at),) if article.guid else ()
    return (Alias(kind="link", value=article.url, at=at), *guid)


def _story(article: ArticleId, place: Place) -> StoryTrace:
    return StoryTrace(
        id=place.story or StoryId(article),
        copy_of=place.copy_of,
        why=_story_words(article, place),
        place=place,
    )


def _story_words(article: ArticleId, place: Place) -> str:
    """Say in one sentence how an article came to its story."""
    kin = place.kin
    if place.copy_of is not None:
        shared = ""
        if kin is not None and kin.copy is not None and kin.copy.kind is CopyKind.COPY:
            shared = f": {kin.copy.containment:.0%} of the shorter text is in the longer"
        return f"It is a copy of {place.copy_of}{shared}."
    if kin is not None and kin.story.kind is StoryKind.SAME and kin.story.story == place.story:
        figures = f"similarity {kin.story.similarity:.3f}, needed {kin.story.needed:.3f}"
        return f"It joined the story {place.story}: {figures}."
    if place.story is not None:
        return (
            "It founded the story, which other articles joined."
            if place.story == StoryId(article)
            else f"It belongs to the story {place.story}, which it was joined with later, or by hand."
        )
    because = f": {kin.story.because}" if kin is not None and kin.story.because else ""
    return f"It is a story of its own{because}."


def _event(event: Event, *, fanned_out: bool) -> EventTrace:
    return EventTrace(
        id=event.id, type=event.type.value, revision=event.revision, at=event.at, fanned_out=fanned_out
    )
