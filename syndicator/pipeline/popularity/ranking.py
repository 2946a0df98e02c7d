"""Ranks the popular feeds, from counters to lists."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from syndicator.model.clock import EPOCH, Clock
from syndicator.model.feed import FeedSpec, Filter, Order, Site, Window
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.popularity.crossings import announce
from syndicator.pipeline.popularity.list_selection import ListSelection
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.steps import JobReport, Taken
from syndicator.pipeline.stories.coverage import Coverage
from syndicator.rules.filter_matching import ALL, facets_for
from syndicator.rules.popularity.popularity_score import ScoredArticle, ranked
from syndicator.store.feeds.feeds import Ranked
from syndicator.store.lease_owners import new_token
from syndicator.store.popularity.signals import BOARD_SIZE
from syndicator.store.store import Store

INTERVAL = timedelta(seconds=2)

LEASE = timedelta(seconds=10)
"""Longest wait for a worker that died while ranking."""

NOTED_EVERY = timedelta(minutes=10)
"""How often ranks are recorded in the history of their articles."""

_DEPTH = 200
"""Ranks of each board from which a list is made; at least four times the size of the feed."""

_NEWEST = 500
"""Newest articles of a section or source that are scored even if they are on no board."""

_NEVER = datetime.max.replace(tzinfo=UTC)


class RankStep:
    """Ranks each popular feed; the version of a feed is raised only when its order changes.

    board of each signal → candidates → score → filter, copies, stories → variety → list

    One worker ranks for all. A process that has just started ranks once, even if others did so just before.
    """

    name = "rank"

    def __init__(
        self, store: Store, specs: Collection[FeedSpec], scoring: Scoring, site: Site, clock: Clock
    ) -> None:
        self._store = store
        self._site = site
        self._specs = [spec for spec in specs if spec.order is Order.POPULAR]
        self._list_selection = ListSelection(store, Filtering(store), scoring)
        self._scoring = scoring
        self._clock = clock
        self._token = new_token()
        self._coverage = Coverage(store, scoring.owners)
        self._has_begun = False
        self._due_at = EPOCH

    async def take(self, room: int) -> Taken:
        """Return the ranking of all popular feeds when it is due."""
        now = self._clock()
        if not room or now < self._due_at:
            return Taken(next_due_at=self._due_at)
        self._due_at = now + INTERVAL
        return Taken(jobs=(self._rank,), next_due_at=self._due_at)

    async def _rank(self) -> JobReport | None:
        now, popularity = self._clock(), self._store.popularity
        unless_since = now - 0.9 * INTERVAL if self._has_begun else _NEVER
        if not await popularity.lease(self._token, now, now + LEASE, unless_since):
            return None
        self._has_begun = True
        await self._coverage.note(now)
        changed = [
            spec.id for spec, ranking in await self._rankings(now) if await self._show(spec, ranking, now)
        ]
        done = self._clock()
        await popularity.release(self._token, done)
        # With very many feeds ranking takes long: use at most a fifth of the time.
        self._due_at = max(self._due_at, done + 4 * (done - now))
        if not changed:
            return None
        return JobReport(step=self.name, event="feeds_ranked", fields=(("feed", ", ".join(changed)),))

    async def _show(self, spec: FeedSpec, ranking: Sequence[Ranked], now: datetime) -> bool:
        """Store a ranking if it has changed; return whether the feed changes."""
        ids = [place.article_id for place in ranking]
        await self._store.popularity.note_ranks(spec.id, ranking, now, unless_since=now - NOTED_EVERY)
        shown = await self._store.feeds.ranking(spec.id)
        is_other = ids != [place.article_id for place in shown]
        if spec.announce is not None:
            return await announce(self._store, self._site, spec, shown=shown, ranking=ranking, now=now)
        if is_other:
            await self._store.feeds.put_ranking(spec.id, ranking, now)
        return is_other

    async def _rankings(self, now: datetime) -> list[tuple[FeedSpec, list[Ranked]]]:
        boards: dict[tuple[Window, int], list[ScoredArticle]] = {}
        rankings = []
        for spec in self._specs:
            facets, depth = facets_for(spec.filter), max(_DEPTH, 4 * spec.size)
            if facets == (ALL,) and spec.filter != Filter():  # no index helps to find matching articles
                depth = BOARD_SIZE
            board = (spec.window, min(depth, BOARD_SIZE))
            if board not in boards:
                boards[board] = await self._scoring.candidates(*board, now)
            ordered = await self._with_newest(boards[board], facets, spec.window, now)
            rankings.append((spec, await self._list_selection.chosen(spec, ordered)))
        return rankings

    async def _with_newest(
        self, board: list[ScoredArticle], facets: tuple[str, ...], window: Window, now: datetime
    ) -> list[ScoredArticle]:
        """Return a board with the newest articles of a section or source added."""
        if facets == (ALL,):
            return board
        listed, _ = await self._store.articles.timeline(facets, _NEWEST)
        known = {scored.article_id for scored in board}
        newest = [place.article_id for place in listed if place.article_id not in known]
        return ranked((*board, *await self._scoring.standings(newest, window, now)))
