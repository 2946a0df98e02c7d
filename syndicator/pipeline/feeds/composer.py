"""Composes the snapshots of feeds and pages from the store."""

from collections.abc import Collection, Mapping, Sequence

from msgspec.structs import replace

from syndicator.model.article import Article, Withdrawal
from syndicator.model.clock import Clock
from syndicator.model.feed import (
    AlsoAt,
    EntryPopularity,
    FeedEntry,
    FeedSnapshot,
    FeedSpec,
    FeedVersion,
    Order,
    Origin,
    Per,
    Site,
)
from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.model.rights import Content, Rights
from syndicator.pipeline.feeds.article_selection import select
from syndicator.pipeline.feeds.feed_dates import dated
from syndicator.pipeline.feeds.history_links import next_page, prev_archive
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.stories.near_articles import NearArticles
from syndicator.pipeline.stories.related import RelatedArticles
from syndicator.pipeline.stories.representatives import Representatives, StoryEntry, others_of
from syndicator.rules.articles.rights import allowed
from syndicator.rules.feeds.history_windows import settled_until
from syndicator.rules.filter_matching import matches
from syndicator.store.articles.articles import TimelinePlace
from syndicator.store.codec import digest
from syndicator.store.feeds.feeds import Ranked
from syndicator.store.store import Store

WITHDRAWALS_SHOWN, WITHDRAWALS_EXAMINED = 50, 200
"""Most withdrawals in a feed, and the number of newest withdrawals they are selected from."""


class Composer:
    """Composes current snapshots; it neither renders nor caches."""

    def __init__(
        self,
        *,
        store: Store,
        site: Site,
        specs: Collection[FeedSpec],
        origins: Mapping[SourceId, Origin],
        clock: Clock,
        retired: Collection[FeedSpec] = (),
        near: NearArticles | None = None,
    ) -> None:
        """`near`: the index of this process, if it has one; else one is built when needed."""
        self.site = site
        self.specs: Mapping[FeedId, FeedSpec] = {spec.id: spec for spec in specs}
        self.public = {feed: spec for feed, spec in self.specs.items() if not spec.private}
        """Feeds that may appear in pages, lists and links."""
        self.moved = {former: spec.id for spec in specs for former in spec.former_ids}
        self.retired = {name: spec.title for spec in retired for name in spec.names}
        """Titles of retired feeds, by each of their names."""
        self.private = {
            name: spec.names for spec in (*specs, *retired) if spec.private for name in spec.names
        }
        """All names of each private feed, by each of them; shown only to holders of a token."""
        self._store = store
        self._origins = origins
        self._clock = clock
        self._filtering = Filtering(store)
        self._related_articles = RelatedArticles(
            store, near or NearArticles(store.assignments, store.stories), clock
        )

    @property
    def sources(self) -> Mapping[SourceId, SourceId]:
        """Return the current id of each portal, by its current and former ids."""
        return {name: origin.id for name, origin in self._origins.items()}

    def title_of(self, source: str) -> str:
        """Return the title of a portal; its id where it is not configured."""
        origin = self._origins.get(SourceId(source))
        return origin.title if origin else source

    def rights_of(self, article: Article) -> Rights:
        """Return the rights to show an article."""
        return self._origin(article).rights

    async def snapshot(self, feed: FeedId, version: FeedVersion | None = None) -> FeedSnapshot:
        """Return the current snapshot of a configured feed; `version`: as read before this call."""
        spec = self.specs[feed]
        # The version is read first: an article that is admitted meanwhile is rendered twice. The other way
        # round it could be missed.
        version = version or await self._store.feeds.version(feed)
        entries, rest = await self._shown(spec)
        snapshot = FeedSnapshot(
            spec=spec,
            site=self.site,
            version=version,
            entries=entries,
            withdrawn=await self.withdrawn(spec),
            is_topic=not spec.private,
            links=() if spec.private else await self._older(spec, entries, rest),
        )
        return await dated(self._store.feeds, snapshot)

    async def first(self, feed: FeedId, most: int) -> tuple[FeedEntry, ...]:
        """Return the first entries of a configured feed."""
        spec = self.specs[feed]
        entries, _ = await self._shown(replace(spec, size=min(most, spec.size)))
        return entries

    async def _shown(self, spec: FeedSpec) -> tuple[tuple[FeedEntry, ...], TimelinePlace | None]:
        """Return the entries of a feed, and the position behind which there are more."""
        if spec.order is Order.POPULAR:
            ranking = await self._store.feeds.ranking(spec.id)
            return await self.ranked(spec, ranking[: spec.size]), None
        selection = await select(self._store, self._filtering, spec.filter, spec.size, spec.per)
        return await self.feed_entries(selection.entries, spec.content), selection.rest

    async def _older(
        self, spec: FeedSpec, entries: Sequence[FeedEntry], rest: TimelinePlace | None
    ) -> tuple[tuple[str, str], ...]:
        """Return the links to older documents; they depend on the shown entries only, not on the time."""
        if spec.order is Order.POPULAR or not entries:
            return ()
        bound = settled_until(max(entry.article.first_seen_at for entry in entries))
        return (
            *next_page(rest),
            *await prev_archive(self._store, self._filtering, spec, bound),
        )

    async def entry(self, article_id: ArticleId) -> FeedEntry | None:
        """Return one article as a page shows it."""
        article = await self._article(article_id)
        if article is None:
            return None
        others = await others_of(self._store, article)
        return replace(self._entry(article), also_at=self._also_at(others))

    async def related_entries(self, article: Article) -> tuple[FeedEntry, ...]:
        """Return the articles related to an article, nearest first; without bodies."""
        return tuple(self._entry(related) for related in await self._related_articles.related(article))

    async def related(self, article_id: ArticleId) -> FeedSnapshot | None:
        """Return the related articles as a feed, with bodies; None where there is no such article."""
        article = await self._article(article_id)
        if article is None:
            return None
        heads = await self._related_articles.related(article)
        articles = await self._store.articles.get_many([head.id for head in heads])
        snapshot = FeedSnapshot(
            spec=FeedSpec(id=FeedId(article.id), title=article.title, language=article.language),
            site=self.site,
            version=self.unversioned(),
            entries=tuple(self._entry(related) for related in articles if related),
            page_path=f"/articles/{article.id}",
            feed_path="/related",
        )
        return await dated(self._store.feeds, snapshot)

    async def listed(self, ids: Sequence[ArticleId]) -> tuple[FeedEntry, ...]:
        """Return the existing ones of these articles, in their order; without bodies."""
        articles = await self._store.articles.get_many(ids, bodies=False)
        return tuple(self._entry(article) for article in articles if article)

    async def found(self, title: str, ids: Sequence[ArticleId], page_path: str, asked: str) -> FeedSnapshot:
        """Return the articles that a search found as a feed, in their order."""
        articles = await self._store.articles.get_many(ids)
        snapshot = FeedSnapshot(
            spec=FeedSpec(id=FeedId(digest(asked)), title=title),
            site=self.site,
            version=self.unversioned(),
            entries=tuple(self._entry(article) for article in articles if article),
            page_path=page_path,
            asked=asked,
        )
        return await dated(self._store.feeds, snapshot)

    def unversioned(self) -> FeedVersion:
        """Return the version of a document that has none: changed now."""
        return FeedVersion(version=0, changed_at=self._clock())

    async def _article(self, article_id: ArticleId) -> Article | None:
        """Return an article with its body, also by the id of an article that was merged into it."""
        articles = self._store.articles
        article = await articles.get(article_id)
        if article is None and (leader := await articles.led_by(article_id)) is not None:
            article = await articles.get(leader)
        return article

    async def feed_entries(
        self, entries: Sequence[StoryEntry], content: Content = Content.FULL
    ) -> tuple[FeedEntry, ...]:
        """Return selected articles as entries of a feed, with bodies."""
        articles = await self._store.articles.get_many([entry.article.id for entry in entries])
        return tuple(
            replace(self._entry(article, content), also_at=self._also_at(entry.others))
            for entry, article in zip(entries, articles, strict=True)
            if article
        )

    async def withdrawn(self, spec: FeedSpec) -> tuple[Withdrawal, ...]:
        """Return the recent withdrawals of articles that match a feed, newest first."""
        newest = await self._store.withdrawals.newest(
            WITHDRAWALS_EXAMINED, bodies=spec.filter.query is not None
        )
        matching = (withdrawal for withdrawal in newest if matches(spec.filter, withdrawal.article))
        return tuple(matching)[:WITHDRAWALS_SHOWN]

    async def ranked(self, spec: FeedSpec, ranking: Sequence[Ranked]) -> tuple[FeedEntry, ...]:
        """Return the ranking of a popular feed as entries, with bodies."""
        articles = await self._store.articles.get_many([place.article_id for place in ranking])
        others: dict[ArticleId, tuple[AlsoAt, ...]] = {}
        if spec.per is Per.STORY:
            representatives = Representatives(self._store, self._filtering, spec.filter, spec.per)
            entries = await representatives.entries([article for article in articles if article])
            others = {entry.article.id: self._also_at(entry.others) for entry in entries}
        return tuple(
            replace(
                self._entry(article, spec.content),
                popularity=EntryPopularity(
                    rank=rank, score=place.score, views=place.views, comments=place.comments
                ),
                also_at=others.get(article.id, ()),
            )
            for rank, (place, article) in enumerate(zip(ranking, articles, strict=True), start=1)
            if article
        )

    def shown(self, article: Article) -> Article:
        """Return an article without the parts that its portal's rights do not allow."""
        return self._entry(article).article

    def _entry(self, article: Article, content: Content = Content.FULL) -> FeedEntry:
        """Return the entry of an article. Only here the rights of its portal are applied."""
        origin = self._origin(article)
        return FeedEntry(article=allowed(article, origin.rights, content), origin=origin)

    def _also_at(self, others: Sequence[Article]) -> tuple[AlsoAt, ...]:
        entries = (self._entry(other) for other in others)
        return tuple(AlsoAt(article=entry.article, origin=entry.origin) for entry in entries)

    def _origin(self, article: Article) -> Origin:
        origin = self._origins.get(article.source)
        if origin is None:  # it left the configuration before names of portals were stored
            origin = Origin(id=article.source, title=article.source, home_url=article.url)
        return origin
