"""Everything that the web reads, and nothing that it could write."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from syndicator.model.article import Article, Withdrawal
from syndicator.model.clock import Clock
from syndicator.model.feed import FeedEntry, FeedSpec, Site
from syndicator.model.ids import ArticleId, EndpointId, SourceId
from syndicator.model.ops.status import EndpointStatus, Recovery, SourceStatus, Status
from syndicator.model.source import Source, SourceState
from syndicator.model.sources.freshness import Stage, StageDelays
from syndicator.pipeline.articles.explanation import (
    Explained,
    NewestArticles,
    SourceShown,
    count_newest,
    explain,
    show,
)
from syndicator.pipeline.articles.revisions import Compared, RevisionLine, compared, revisions_of
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.feeds.history import History
from syndicator.pipeline.feeds.page_details import PageDetails
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.ops.delivery_overview import Overview, endpoint_statuses, oversee
from syndicator.pipeline.ops.source_groups import SourceGroups
from syndicator.pipeline.ops.source_standings import Standings
from syndicator.pipeline.popularity.boards import BoardRow, board
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.redaction import state_without_secrets
from syndicator.pipeline.websub.subscriptions import WebsubSubscriptions
from syndicator.rules.sources.freshness import measured_days
from syndicator.rules.sources.round_history import STRIP_HOURS, HistoryLine, Strip, lines_of, strip_of
from syndicator.store.store import Store


class Queries:
    """The questions that pages and probes ask."""

    def __init__(
        self,
        *,
        store: Store,
        publisher: Publisher,
        history: History,
        sources: Collection[Source],
        directory: Directory,
        clock: Clock,
        websub_subscriptions: WebsubSubscriptions,
        scoring: Scoring,
    ) -> None:
        self.publisher = publisher
        self.history = history
        self.page_details = PageDetails(store, publisher, clock)
        self._store = store
        self._sources = {source.id: source for source in sources}
        self._by_id = dict(sorted(self._sources.items()))
        self.standings = Standings(store.sources, list(self._sources.values()), clock)
        self.groups = SourceGroups(store, self._sources, self.standings, clock)
        self._directory = directory
        self.clock = clock
        self._websub_subscriptions = websub_subscriptions
        self._scoring = scoring

    @property
    def site(self) -> Site:
        return self.publisher.site

    async def ping(self) -> None:
        """Raise StoreUnavailable unless Redis answers."""
        await self._store.ping()

    async def try_writing(self) -> None:
        """Raise StoreError unless Redis takes writes."""
        await self._store.try_writing()

    async def recovery(self) -> Recovery | None:
        """Return the loss of data while sources wait to be gathered again; None where none does."""
        waiting = await self._store.marks.not_gathered_since_loss()
        mark = self._store.marks.current
        if not waiting or mark is None or mark.lost_at is None:
            return None
        return Recovery(there_until=mark.lost_at, waiting=waiting)

    async def article(self, article_id: ArticleId) -> FeedEntry | None:
        """Return one article with its body."""
        return await self.publisher.entry(article_id)

    async def headlines(self, names: Iterable[str]) -> Mapping[str, str]:
        """Return the headlines of those subjects of events that are articles which are shown."""
        ids = [ArticleId(name) for name in dict.fromkeys(names)]
        found = await self._store.articles.get_many(ids, bodies=False)
        return {article.id: article.title for article in found if article is not None}

    async def related(self, article: Article) -> tuple[FeedEntry, ...]:
        """Return what is related to an article, the nearest first; without bodies."""
        return await self.publisher.related_entries(article)

    async def withdrawal(self, article_id: ArticleId) -> Withdrawal | None:
        """Return when and why an article was withdrawn; None where it was not."""
        return await self._store.withdrawals.get(article_id)

    async def withdrawals(self, limit: int) -> list[Withdrawal]:
        """Return what was withdrawn last, the newest first, without bodies."""
        return await self._store.withdrawals.newest(limit)

    async def explained(self, article_id: ArticleId) -> Explained | None:
        """Return where an article comes from, and what was made of it; None where there is none."""
        result = await explain(self._store, article_id, list(self._sources))
        if result is None:
            return None
        popularity = await self._scoring.explained(result.article.id, self.clock())
        ranks = await self._store.popularity.ranks(result.article.id)
        return replace(result, popularity=popularity, ranks=tuple(ranks))

    async def board(self, spec: FeedSpec) -> Sequence[BoardRow]:
        """Return the list of a popular feed, and why each article stands where it does."""
        return await board(self._store, self._scoring, spec, self.clock())

    async def revisions(self, article_id: ArticleId) -> list[RevisionLine] | None:
        """List the revisions of an article that are kept, the newest first; None where there is none."""
        return await revisions_of(self._store, article_id)

    async def compared(self, article_id: ArticleId, revision: int | None = None) -> Compared | None:
        """Show a revision beside the one before; None where it is not kept."""
        return await compared(self._store, article_id, revision)

    @property
    def source_ids(self) -> Collection[SourceId]:
        """Return the ids of the configured sources, in alphabetical order."""
        return self._by_id.keys()

    async def source(self, name: SourceId, *, for_operator: bool = False) -> SourceShown:
        """Return how a configured source stands. `for_operator`: see `redaction.without_secrets`."""
        source, (state,) = self._sources[name], await self._states([name])
        hub = await self._websub_subscriptions.status(source)
        now, delays = self.clock(), dict[Stage, StageDelays]()
        if days := measured_days(state, now):
            delays = await self._store.article_delays.read(name, days)
        return show(source, state, hub, now, delays=delays, for_operator=for_operator)

    async def latest_articles(self, name: SourceId, limit: int) -> list[Article]:
        """Return the articles that a source carried last, the newest first, without bodies."""
        carried = await self._store.articles.carried_by(name, limit)
        found = await self._store.articles.get_many(carried, bodies=False)
        return [article for article in found if article is not None]

    async def newest_articles(self, name: SourceId) -> NewestArticles:
        """Return how many of the newest articles of a source are duplicates or copies."""
        return await count_newest(self._store, name)

    async def round_history(self, name: SourceId) -> list[HistoryLine]:
        """Return the last 30 days of a source: its last rounds, and the hours that had more; newest first."""
        return lines_of(await self._store.round_histories.read(name, self.clock()))

    async def strips(self, names: Sequence[SourceId]) -> list[Strip]:
        """Return the last 24 hours of each source."""
        now = self.clock()
        found = await self._store.round_histories.last_hours(names, now, STRIP_HOURS)
        return [strip_of(hours, now) for hours in found]

    async def endpoints(self, only: EndpointId | None = None) -> list[EndpointStatus]:
        """Return how all endpoints stand, in the order of their ids, or only one."""
        statuses = await endpoint_statuses(self._store, self._directory, self.clock(), only)
        newest = await self._store.attempts.newest_of([one.endpoint.id for one in statuses])
        return [
            replace(one, last_failure=last.failure) if (last := newest.get(one.endpoint.id)) else one
            for one in statuses
        ]

    async def source_statuses(self, names: Sequence[SourceId]) -> tuple[datetime, list[SourceStatus]]:
        """Return the present time, and the states of these sources at it."""
        now, states = self.clock(), await self._states(names)
        return now, [
            SourceStatus(source=source, state=state_without_secrets(source, state))
            for source, state in zip(map(self._sources.__getitem__, names), states, strict=True)
        ]

    async def status(self, names: Sequence[SourceId] | None = None) -> Status:
        """Return how everything stands; of the sources only these, where `names` are given."""
        now, sources = await self.source_statuses(list(self._sources) if names is None else names)
        return Status(
            at=now,
            sources=tuple(sources),
            endpoints=tuple(await self.endpoints()),
            articles=await self._store.articles.count(),
            last_hour=await self._store.articles.admitted_since(now - timedelta(hours=1)),
            newest_at=await self._store.articles.newest_at(),
            outbox=await self._store.outbox.waiting(),
            held=await self._store.held.count(),
            hub=await self._store.hub.counts(now),
            feeds=len(self.publisher.specs),
            layout=(await self._store.layout.read()).version,
            redis=(await self._store.connection.server()).place,
        )

    async def _states(self, names: Sequence[SourceId]) -> list[SourceState]:
        """Return the states of sources as the pauses that hold make them."""
        states = await self._store.sources.states(names)
        return await self._store.sources.pauses.applied(
            [(name, self._sources[name]) for name in names], states, self.clock()
        )

    async def deliveries(self, only: EndpointId | None = None) -> Overview:
        """Return how deliveries stand, to all endpoints or to `only` one."""
        return await oversee(self._store, await self.endpoints(only), self.clock)
