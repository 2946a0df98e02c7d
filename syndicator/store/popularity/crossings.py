"""Which articles of popular feeds were announced; writes a ranking together with its events."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from syndicator.model.clock import from_ms, to_ms
from syndicator.model.event import Event, Measure
from syndicator.model.ids import ArticleId, FeedId
from syndicator.rules.popularity.crossings import Remembered
from syndicator.store.connection import Command, Repository
from syndicator.store.feeds.feeds import Ranked, ranking_writes
from syndicator.store.outbox import append_event

_KEPT = timedelta(days=30)


class Crossings(Repository):
    """Crossings that were announced: none is announced twice, whichever worker ranks."""

    async def remembered(
        self, feed: FeedId, articles: Sequence[ArticleId], measures: Sequence[Measure]
    ) -> Remembered:
        """Return when articles announced in a feed were last near their thresholds, as far as noted."""
        fields = [_field(feed, measure) for measure in measures]
        rows = await self._redis.batch(
            [("HMGET", self._keys.crossed(article), *fields) for article in articles]
        )
        return {
            (article, measure): from_ms(int(at_ms))
            for article, row in zip(articles, rows, strict=True)
            for measure, at_ms in zip(measures, row, strict=True)
            if at_ms is not None
        }

    async def show(
        self,
        feed: FeedId,
        ranking: Sequence[Ranked] | None,
        *,
        events: Iterable[Event],
        near: Iterable[tuple[ArticleId, Measure]],
        remembered: Remembered,
        now: datetime,
    ) -> bool:
        """Store a ranking (None keeps the one that is there), its events and what to remember, in one step.

        False: another worker has changed what was `remembered` meanwhile; nothing was written.
        """
        now_ms = to_ms(now)
        expects: list[tuple[str, str, str]] = []
        writes: list[Command] = []
        if ranking is not None:
            writes += ranking_writes(self._keys, feed, ranking, now_ms)
        for article, measure in near:
            key, field, at = (
                self._keys.crossed(article),
                _field(feed, measure),
                remembered.get((article, measure)),
            )
            expects.append((key, field, str(to_ms(at)) if at else ""))
            writes.append(("HSET", key, field, now_ms))
            writes.append(("PEXPIRE", key, _KEPT // timedelta(milliseconds=1)))
        writes += [append_event(self._keys, event) for event in events]
        return await self._commit(expects=expects, writes=writes)


def _field(feed: FeedId, measure: Measure) -> str:
    return f"{measure.value} {feed}"
