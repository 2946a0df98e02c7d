"""All events that were fanned out recently, each once, in order, and their articles. Queues hold ids only."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.model.clock import from_ms, to_ms
from syndicator.model.event import Event
from syndicator.model.ids import ArticleId, EventId, StoryId
from syndicator.store.articles.articles import read_article
from syndicator.store.cold.cold_texts import ColdTexts
from syndicator.store.connection import Connection, Repository, Script
from syndicator.store.keys.table import Keys
from syndicator.store.webhooks.event_records import event_records, logged_id, read_event, stored_event

KEPT_EVENTS = timedelta(days=30)
"""Longer than any delivery waits (two weeks at most) and is then kept among the dead (two weeks)."""

_SWEPT, _SWEPT_AT_ONCE = 5000, 500
"""Of one call, and of one script: that takes Redis about 2 ms."""


class LoggedEvent(Struct, frozen=True, kw_only=True):
    position: str
    """Later events have later positions: `ms-n`."""
    event: Event


class LogPage(Struct, frozen=True, kw_only=True):
    """A part of the log."""

    entries: tuple[LoggedEvent, ...]
    reached: str
    """The last place that was read."""
    has_more: bool
    """Whether there may be more behind it."""


class Events(Repository):
    """The log of events."""

    _keep = Script("webhooks/event_records", "webhooks/keep_events")
    _sweep = Script("webhooks/event_records", "webhooks/sweep")

    async def get(self, event: EventId) -> Event | None:
        """Return one event; None where it is not kept, or cannot be read by this version."""
        return (await self.get_many([event]))[0]

    async def get_many(self, events: Sequence[EventId]) -> list[Event | None]:
        """Return these events, in their order; None for each that is not kept, or cannot be read."""
        found = await event_records(self._redis, self._keys, events)
        return [read_event(name, record) for name, record in zip(events, found, strict=True)]

    async def after(self, position: str, limit: int) -> list[LoggedEvent]:
        """Read on from a position, exclusive. "" is the beginning; milliseconds since 1970 are one, too."""
        start = f"({position}" if position else "-"
        return await self._logged(
            await self._redis.call("XRANGE", self._keys.events_log(), start, "+", "COUNT", limit)
        )

    async def part(self, after: str, until: str, limit: int) -> tuple[list[LoggedEvent], str | None]:
        """Read the log behind a place, as far as another; give where that ended, or None: that was all.

        Events that are not kept any more are left out.
        """
        page = await self.page(after, until, limit)
        return list(page.entries), page.reached if page.has_more else None

    async def page(self, after: str, until: str, limit: int) -> LogPage:
        """Read the log behind a place, as far as another; events that are not kept any more are left out."""
        rows = await self._redis.call("XRANGE", self._keys.events_log(), f"({after}", until, "COUNT", limit)
        found = await self._logged(rows)
        reached = rows[-1][0].decode() if rows else after
        return LogPage(entries=tuple(found), reached=reached, has_more=len(rows) == limit)

    async def newest(self, since_ms: int, limit: int) -> list[LoggedEvent]:
        """Return the newest events that were fanned out since a time, the newest first."""
        rows = await self._redis.call("XREVRANGE", self._keys.events_log(), "+", since_ms, "COUNT", limit)
        return await self._logged(rows)

    async def last(self) -> str | None:
        """Return the last place of the log; None where it is empty."""
        rows = await self._redis.call("XREVRANGE", self._keys.events_log(), "+", "-", "COUNT", 1)
        return rows[0][0].decode() if rows else None

    async def _logged(self, rows: Sequence[Any]) -> list[LoggedEvent]:
        """Read the events of entries of the log; leave out those that are not kept any more."""
        events = await self.get_many([logged_id(fields[1]) for _, fields in rows])
        return [
            LoggedEvent(position=position.decode(), event=event)
            for (position, _), event in zip(rows, events, strict=True)
            if event is not None
        ]

    async def keep(self, events: Sequence[Event]) -> None:
        """Put events into the log, so that they can be queued; one that is there already is listed again."""
        if not events:
            return
        words = [word for event in events for word in (event.id, stored_event(event))]
        await self._redis.run(self._keep, [self._keys.events(), self._keys.events_log()], *words)

    async def since(self) -> datetime | None:
        """Return when the first event that is kept was fanned out; None where there is none."""
        rows = await self._redis.call("XRANGE", self._keys.events_log(), "-", "+", "COUNT", 1)
        return from_ms(int(rows[0][0].partition(b"-")[0])) if rows else None

    async def count(self) -> int:
        return int(await self._redis.call("XLEN", self._keys.events_log()))

    async def sweep(self, now: datetime) -> int:
        """Forget events that nothing can refer to any more, a bounded number a call; return how many.

        What was queued again (backfill, resending, replay) is kept as long after that as a new event.
        """
        forgotten = 0
        for _ in range(_SWEPT // _SWEPT_AT_ONCE):
            looked, gone = await self._redis.run(
                self._sweep,
                [self._keys.events(), self._keys.events_log(), self._keys.events_requeued()],
                to_ms(now - KEPT_EVENTS), _SWEPT_AT_ONCE,
            )  # fmt: skip
            forgotten += gone
            if looked < _SWEPT_AT_ONCE:
                break
        return forgotten


class EventArticles(Repository):
    """Articles as partners get them."""

    _script = Script("webhooks/event_articles")

    def __init__(self, connection: Connection, keys: Keys, cold: ColdTexts) -> None:
        super().__init__(connection, keys)
        self._cold = cold

    async def get_many(self, ids: Sequence[ArticleId]) -> list[tuple[Article, StoryId | None] | None]:
        """Return the newest revisions with their bodies, each with its story; None for what is not there."""
        if not ids:
            return []
        keys = [self._keys.article(one) for one in ids]
        hot = self._cold.hot
        rows = await self._redis.run(self._script, keys, hot.near, *ids)
        for one, (_, mark, *_, data) in zip(ids, rows, strict=True):
            if data is not None:
                hot.remember(one, mark, data)
        bodies = await self._cold.bodies(ids, keys, [(row[1], row[3]) for row in rows])
        return [_article(row[0], body, row[2]) for row, body in zip(rows, bodies, strict=True)]


def _article(
    head: bytes | None, body: bytes | None, story: bytes | None
) -> tuple[Article, StoryId | None] | None:
    article = read_article(head, body)
    return (article, StoryId(story.decode()) if story else None) if article else None
