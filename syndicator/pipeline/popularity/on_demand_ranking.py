"""Rankings of feeds that are not configured: computed on request and kept for some seconds."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from syndicator.model.clock import Clock
from syndicator.model.feed import FeedSpec, Window
from syndicator.model.ids import ArticleId, FeedId
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.popularity.list_selection import ListSelection
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.rules.least_recent import LeastRecent
from syndicator.rules.popularity.popularity_score import ScoredArticle, ranked
from syndicator.store.feeds.feeds import Ranked
from syndicator.store.store import Store

_DEPTH = 200
"""Ranks of each board that are examined."""
_NEWEST = 200
"""Newest articles that pass the filter and are scored even if they are on no board."""
_REMEMBERED = 256
_PIECE = 50


class PopularNow:
    """Ranks the articles that pass a filter, once per filter in each interval of `turn_s`."""

    def __init__(
        self,
        *,
        store: Store,
        filtering: Filtering,
        scoring: Scoring,
        clock: Clock,
        turn_s: float,
    ) -> None:
        self._scoring = scoring
        self._list_selection = ListSelection(store, filtering, scoring)
        self._clock = clock
        self._turn_s = turn_s
        self._boards: dict[Window, tuple[int, list[ScoredArticle]]] = {}
        self._reading = asyncio.Lock()
        self._rankings = LeastRecent[FeedId, tuple[int, list[Ranked]]](_REMEMBERED)

    def turn(self) -> int:
        """Return the number of the current interval; within it, all processes rank alike."""
        return int(self._clock().timestamp() // self._turn_s)

    def turned_at(self) -> datetime:
        """Return when this turn began."""
        return datetime.fromtimestamp(int(self.turn() * self._turn_s), UTC)

    async def ranking(self, spec: FeedSpec, newest: Sequence[ArticleId] | None) -> list[Ranked]:
        """Return the ranking of a feed; `newest`: the newest articles that pass its filter, if known."""
        turn, kept = self.turn(), self._rankings.peek(spec.id)
        if kept is not None and kept[0] == turn:
            return kept[1]
        board = await self._board(spec.window, turn)
        if newest:
            known = {scored.article_id for scored in board}
            others = [article for article in newest[:_NEWEST] if article not in known]
            board = ranked((*board, *await self._scored(others, spec.window, turn)))
        made = await self._list_selection.chosen(spec, board)
        self._rankings.put(spec.id, (turn, made))
        return made

    async def _board(self, window: Window, turn: int) -> list[ScoredArticle]:
        """Return the scored articles of the boards of a window, read once per interval."""
        async with self._reading:
            kept = self._boards.get(window)
            if kept is None or kept[0] != turn:
                ids = await self._scoring.leading(window, _DEPTH)
                kept = (turn, ranked(await self._scored(ids, window, turn)))
                self._boards[window] = kept
            return kept[1]

    async def _scored(self, ids: Sequence[ArticleId], window: Window, turn: int) -> list[ScoredArticle]:
        """Score articles as of the start of an interval, _PIECE at a time to let other requests run."""
        now, scored = datetime.fromtimestamp(turn * self._turn_s, UTC), list[ScoredArticle]()
        for start in range(0, len(ids), _PIECE):
            scored += await self._scoring.standings(ids[start : start + _PIECE], window, now)
        return scored
