"""Rankings for feeds that nobody configured: made when somebody asks, good for some seconds."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from syndicator.model.clock import Clock
from syndicator.model.feed import FeedSpec, Window
from syndicator.model.ids import ArticleId, FeedId
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.popularity.list_selection import Choosing
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.rules.least_recent import LeastRecent
from syndicator.rules.popularity.popularity_score import ScoredArticle, ranked
from syndicator.store.feeds.feeds import Ranked
from syndicator.store.store import Store

_DEPTH = 200
"""Places of each board that are looked at."""
_NEWEST = 200
"""Articles that pass a filter are looked at, whether or not any board names them; the newest."""
_REMEMBERED = 256
_PIECE = 50


class PopularNow:
    """Ranks what passes a filter. What one turn ranked, all who ask in that turn get."""

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
        self._choosing = Choosing(store, filtering, scoring.policy)
        self._clock = clock
        self._turn_s = turn_s
        self._boards: dict[Window, tuple[int, list[ScoredArticle]]] = {}
        self._reading = asyncio.Lock()
        self._rankings = LeastRecent[FeedId, tuple[int, list[Ranked]]](_REMEMBERED)

    def turn(self) -> int:
        """Number the time: as long as it is the same, so is each order, in every process."""
        return int(self._clock().timestamp() // self._turn_s)

    def turned_at(self) -> datetime:
        """Return when this turn began."""
        return datetime.fromtimestamp(int(self.turn() * self._turn_s), UTC)

    async def ranking(self, spec: FeedSpec, newest: Sequence[ArticleId] | None) -> list[Ranked]:
        """Rank for a feed. `newest` are what passes its filter, where that is known."""
        turn, kept = self.turn(), self._rankings.peek(spec.id)
        if kept is not None and kept[0] == turn:
            return kept[1]
        board = await self._board(spec.window, turn)
        if newest:
            known = {one.article_id for one in board}
            others = [one for one in newest[:_NEWEST] if one not in known]
            board = ranked((*board, *await self._scored(others, spec.window, turn)))
        made = await self._choosing.chosen(spec, board)
        self._rankings.put(spec.id, (turn, made))
        return made

    async def _board(self, window: Window, turn: int) -> list[ScoredArticle]:
        """Read the boards of a window, once a turn for all who ask."""
        async with self._reading:
            kept = self._boards.get(window)
            if kept is None or kept[0] != turn:
                ids = await self._scoring.leading(window, _DEPTH)
                kept = (turn, ranked(await self._scored(ids, window, turn)))
                self._boards[window] = kept
            return kept[1]

    async def _scored(self, ids: Sequence[ArticleId], window: Window, turn: int) -> list[ScoredArticle]:
        """Score in pieces, as of the beginning of a turn: other requests are served between two of them."""
        now, found = datetime.fromtimestamp(turn * self._turn_s, UTC), list[ScoredArticle]()
        for start in range(0, len(ids), _PIECE):
            found += await self._scoring.standings(ids[start : start + _PIECE], window, now)
        return found
