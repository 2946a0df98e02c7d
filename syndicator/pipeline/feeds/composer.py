"""What feeds and pages show: chosen from the store, put together as snapshots."""

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
from syndicator.pipeline.feeds.article_selection import choose
from syndicator.pipeline.feeds.feed_dates import dated
from syndicator.pipeline.feeds.history_links import next_page, prev_archive
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.stories.near_articles import NearArticles
from syndicator.pipeline.stories.related import Relating
from syndicator.pipeline.stories.representatives import Representatives, StoryEntry, others_of
from syndicator.rules.articles.rights import allowed
from syndicator.rules.feeds.history_windows import settled_until
from syndicator.rules.filter_matching import matches
from syndicator.store.articles.articles import TimelinePlace
from syndicator.store.codec import digest
from syndicator.store.feeds.feeds import Ranked
from syndicator.store.store import Store

WITHDRAWALS_TOLD, WITHDRAWALS_LOOKED_AT = 50, 200
"""So many withdrawals a feed tells at most, of the newest of all feeds."""


class Composer:
    """Puts together what is shown now; nothing is rendered or kept here."""

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
        """`near`: the index that the process has already; else one is made where it is needed."""
        self.site = site
        self.specs: Mapping[FeedId, FeedSpec] = {spec.id: spec for spec in specs}
        self.public = {feed: spec for feed, spec in self.specs.items() if not spec.private}
        """What may be named in pages, lists and links."""
        self.moved = {former: spec.id for spec in specs for former in spec.former_ids}
        self.retired = {name: spec.title for spec in retired for name in spec.names}
        """Titles of feeds that were published once, by their names."""
        self.private = {name: one.names for one in (*specs, *retired) if one.private for name in one.names}
        """All names of each private feed, by each of them: what they mean is told to who has a token."""
        self._store = store
        self._origins = origins
        self._clock = clock
        self._filtering = Filtering(store)
        self._relating = Relating(store, near or NearArticles(store.assignments, store.stories), clock)

    @property
    def sources(self) -> Mapping[SourceId, SourceId]:
        """Return each name of the portals whose articles there may be, and what that portal is called now."""
        return {name: origin.id for name, origin in self._origins.items()}

    def title_of(self, source: str) -> str:
        """Return a portal."""
        origin = self._origins.get(SourceId(source))
        return origin.title if origin else source

    def rights_of(self, article: Article) -> Rights:
        """Return what may be shown of an article."""
        return self._origin(article).rights

    async def snapshot(self, feed: FeedId) -> FeedSnapshot:
        """Return what a configured feed holds now."""
        spec = self.specs[feed]
        # The version is read first: what is admitted meanwhile may be in the entries already, and is
        # rendered once more; the other way round it could be missed.
        version = await self._store.feeds.version(feed)
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
        return await self.dated(snapshot)

    async def first(self, feed: FeedId, most: int) -> tuple[FeedEntry, ...]:
        """Return the first entries that a configured feed holds now."""
        spec = self.specs[feed]
        entries, _ = await self._shown(replace(spec, size=min(most, spec.size)))
        return entries

    async def _shown(self, spec: FeedSpec) -> tuple[tuple[FeedEntry, ...], TimelinePlace | None]:
        """Return what a feed holds now, and the place behind which there is more."""
        if spec.order is Order.POPULAR:
            ranking = await self._store.feeds.ranking(spec.id)
            return await self.ranked(spec, ranking[: spec.size]), None
        found = await choose(self._store, self._filtering, spec.filter, spec.size, spec.per)
        return await self.telling(found.told, spec.content), found.rest

    async def _older(
        self, spec: FeedSpec, entries: Sequence[FeedEntry], rest: TimelinePlace | None
    ) -> tuple[tuple[str, str], ...]:
        """Link to what is older: what is settled is told by what the feed shows, not by the hour."""
        if spec.order is Order.POPULAR or not entries:
            return ()
        bound = settled_until(max(one.article.first_seen_at for one in entries))
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
        """Return what is related to an article, the nearest first; without bodies."""
        return tuple(self._entry(one) for one in await self._relating.related(article))

    async def related(self, article_id: ArticleId) -> FeedSnapshot | None:
        """Return what is related to an article as a feed, with bodies.

        None where there is no such article.
        """
        article = await self._article(article_id)
        if article is None:
            return None
        heads = await self._relating.related(article)
        found = [one for one in await self._store.articles.get_many([head.id for head in heads]) if one]
        snapshot = FeedSnapshot(
            spec=FeedSpec(id=FeedId(article.id), title=article.title, language=article.language),
            site=self.site,
            version=self.unversioned(),
            entries=tuple(self._entry(one) for one in found),
            page_path=f"/articles/{article.id}",
            feed_path="/related",
        )
        return await self.dated(snapshot)

    async def listed(self, ids: Sequence[ArticleId]) -> tuple[FeedEntry, ...]:
        """Return those articles that are there, in their order; without bodies."""
        found = await self._store.articles.get_many(ids, bodies=False)
        return tuple(self._entry(one) for one in found if one)

    async def found(self, title: str, ids: Sequence[ArticleId], page_path: str, asked: str) -> FeedSnapshot:
        """Return the articles that a search found as a feed, in their order."""
        found = [one for one in await self._store.articles.get_many(ids) if one]
        snapshot = FeedSnapshot(
            spec=FeedSpec(id=FeedId(digest(asked)), title=title),
            site=self.site,
            version=self.unversioned(),
            entries=tuple(self._entry(one) for one in found),
            page_path=page_path,
            asked=asked,
        )
        return await self.dated(snapshot)

    async def dated(self, snapshot: FeedSnapshot) -> FeedSnapshot:
        """Return a snapshot with the instants at which it and its entries changed last: as readers get it."""
        return await dated(self._store.feeds, snapshot)

    def unversioned(self) -> FeedVersion:
        """Return what stands for the version of a document that has none: a change is seen now."""
        return FeedVersion(version=0, changed_at=self._clock())

    async def _article(self, article_id: ArticleId) -> Article | None:
        """Return an article with its body, also by the id of one that it turned out to be."""
        articles = self._store.articles
        article = await articles.get(article_id)
        if article is None and (leader := await articles.led_by(article_id)) is not None:
            article = await articles.get(leader)
        return article

    async def telling(
        self, told: Sequence[StoryEntry], content: Content = Content.FULL
    ) -> tuple[FeedEntry, ...]:
        """Return what was chosen as entries, with bodies."""
        articles = await self._store.articles.get_many([one.article.id for one in told])
        return tuple(
            replace(self._entry(article, content), also_at=self._also_at(one.others))
            for one, article in zip(told, articles, strict=True)
            if article
        )

    async def withdrawn(self, spec: FeedSpec) -> tuple[Withdrawal, ...]:
        """Return what was withdrawn of late and would stand in a feed, the newest first."""
        found = await self._store.withdrawals.newest(
            WITHDRAWALS_LOOKED_AT, bodies=spec.filter.query is not None
        )
        return tuple(one for one in found if matches(spec.filter, one.article))[:WITHDRAWALS_TOLD]

    async def ranked(self, spec: FeedSpec, ranking: Sequence[Ranked]) -> tuple[FeedEntry, ...]:
        """Return what a popular feed lists as entries, with bodies."""
        articles = await self._store.articles.get_many([place.article_id for place in ranking])
        others: dict[ArticleId, tuple[AlsoAt, ...]] = {}
        if spec.per is Per.STORY:
            telling = Representatives(self._store, self._filtering, spec.filter, spec.per)
            result = await telling.told([one for one in articles if one])
            others = {one.article.id: self._also_at(one.others) for one in result}
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
        """Leave out of an article what its portal does not let us show."""
        return self._entry(article).article

    def _entry(self, article: Article, content: Content = Content.FULL) -> FeedEntry:
        """Make an entry: the one place where what may not be shown of an article is left out."""
        origin = self._origin(article)
        return FeedEntry(article=allowed(article, origin.rights, content), origin=origin)

    def _also_at(self, others: Sequence[Article]) -> tuple[AlsoAt, ...]:
        entries = (self._entry(other) for other in others)
        return tuple(AlsoAt(article=entry.article, origin=entry.origin) for entry in entries)

    def _origin(self, article: Article) -> Origin:
        origin = self._origins.get(article.source)
        if origin is None:  # it was not configured since such names are remembered
            origin = Origin(id=article.source, title=article.source, home_url=article.url)
        return origin
