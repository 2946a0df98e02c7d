"""Renders what changed before anybody asks, and tells partners of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from syndicator.errors import StoreUnavailable
from syndicator.model.clock import Clock, from_ms, to_ms
from syndicator.model.event import Event, EventType, Renewed
from syndicator.model.feed import READER_FORMATS, FeedVersion, Rendition
from syndicator.model.ids import FeedId
from syndicator.observe.logs import get_logger
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.feeds.changed_feeds import ChangedFeeds
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.popularity.feed_reference import feed_ref
from syndicator.pipeline.steps import JobReport, Taken
from syndicator.rules.identity.identity import event_id
from syndicator.store.feeds.feeds import FeedTold
from syndicator.store.store import Store

TOLD_EVERY = timedelta(seconds=10)
"""`feed.updated` comes no more often of one feed: what changes meanwhile is told together."""

log = get_logger(__name__)


class PublishStep:
    """Warms up what changed, so that readers rarely wait for a rendering; other bytes are told as events."""

    name = "publish"

    def __init__(self, store: Store, publisher: Publisher, directory: Directory, clock: Clock) -> None:
        self._store = store
        self._publisher = publisher
        self._directory = directory
        self._clock = clock
        self._changed = ChangedFeeds(store.feeds, lambda: publisher.specs)
        self._untold: dict[FeedId, datetime] = {}
        """What was rendered, and when it may be told."""

    async def take(self, room: int) -> Taken:
        """Take the feeds whose version is not the one that they were warmed at."""
        now = self._clock()
        await self._changed.look(now)
        ripe = [feed for feed, at in self._untold.items() if at <= now]
        stale = list(dict.fromkeys((*self._changed.stale, *ripe)))
        return Taken(
            jobs=(partial(self._renew, stale, dict(self._changed.versions)),) if stale and room else (),
            next_due_at=min(self._untold.values(), default=None),
        )

    async def _renew(self, feeds: list[FeedId], versions: Mapping[FeedId, FeedVersion]) -> JobReport | None:
        warmed = [feed for feed in feeds if await self._warm(feed, versions[feed])]
        if not warmed:
            return None
        return JobReport(step=self.name, event="feeds_rendered", fields=(("feed", _few(warmed)),))

    async def _warm(self, feed: FeedId, version: FeedVersion) -> bool:
        """Render a feed in the formats of readers; tell whether it worked. A fault is told once a version."""
        self._untold.pop(feed, None)
        try:
            await self._tell(feed, [await self._publisher.rendition(feed, form) for form in READER_FORMATS])
        except StoreUnavailable:
            raise  # of no feed's making: the runner tries again
        except Exception:  # one feed's fault must not starve those after it
            log.exception("feed_render_failed", feed=feed, version=version.version)
            self._changed.note(feed, version)
            return False
        self._changed.note(feed, version)
        return True

    async def _tell(self, feed: FeedId, rendered: Sequence[Rendition]) -> None:
        """Tell of a feed whose bytes are others than were told of; of one that was told just now, later."""
        # With hundreds of feeds, events that nobody asks for would be most of what is kept.
        if not self._directory.wants_renewals(self._publisher.specs[feed]):
            return
        now, newest = self._clock(), max(rendered, key=lambda one: (one.changed_at, one.version))
        before = await self._store.feeds.told(feed)
        result = FeedTold(
            changed_ms=to_ms(newest.changed_at),
            version=newest.version,
            told_ms=max(to_ms(now), before.told_ms + 1),
            older_ms=before.told_ms,
            digest="".join(one.digest[:8] for one in rendered),
        )
        if not result.is_news_after(before):
            return
        at = from_ms(before.told_ms) + TOLD_EVERY
        if now < at:
            self._untold[feed] = at
            return
        event = self._event(feed, result.told_ms, before.told_ms, now)
        if not await self._store.feeds.tell(feed, before, result, event):
            # Another worker told meanwhile, perhaps of something older.
            self._untold[feed] = now + TOLD_EVERY

    def _event(self, feed: FeedId, revision: int, before: int, now: datetime) -> Event:
        kind = EventType.FEED_UPDATED
        return Event(
            id=event_id(feed, revision, kind),
            type=kind,
            subject=feed,
            revision=revision,
            follows=before or None,
            at=now,
            details=Renewed(feed=feed_ref(self._publisher.site, self._publisher.specs[feed])),
        )


def _few(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
