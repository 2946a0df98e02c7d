"""Renders changed feeds before they are requested, and announces them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from syndicator.errors import ColdStoreAway, StoreUnavailable
from syndicator.model.clock import Clock, from_ms, to_ms
from syndicator.model.event import Event, EventType, Renewed
from syndicator.model.feed import READER_FORMATS, FeedVersion, Rendition
from syndicator.model.ids import FeedId
from syndicator.observe.logs import get_logger
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.feeds.changed_feeds import ChangedFeeds
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.popularity.crossings import feed_ref
from syndicator.pipeline.steps import JobReport, Taken
from syndicator.rules.identity.identity import new_event
from syndicator.store.feeds.feeds import FeedAnnouncement
from syndicator.store.store import Store

ANNOUNCED_EVERY = timedelta(seconds=10)
"""Shortest interval between two `feed.updated` of one feed; changes in between are announced together."""

_COLD_PAUSE = timedelta(minutes=1)
"""Until a feed is tried again whose older texts cannot be read."""

log = get_logger(__name__)


class PublishStep:
    """Renders changed feeds, so that readers rarely wait, and announces new bytes as `feed.updated`."""

    name = "publish"

    def __init__(self, store: Store, publisher: Publisher, directory: Directory, clock: Clock) -> None:
        self._store = store
        self._publisher = publisher
        self._directory = directory
        self._clock = clock
        self._changed = ChangedFeeds(store.feeds, lambda: publisher.specs)
        self._unannounced: dict[FeedId, datetime] = {}
        """Rendered feeds, and when they may be announced."""

    async def take(self, room: int) -> Taken:
        """Return the rendering of the feeds whose version has changed since they were rendered."""
        now = self._clock()
        await self._changed.look(now)
        ripe = [feed for feed, at in self._unannounced.items() if at <= now]
        stale = list(dict.fromkeys((*self._changed.stale, *ripe)))
        return Taken(
            jobs=(partial(self._renew, stale, dict(self._changed.versions)),) if stale and room else (),
            next_due_at=min(self._unannounced.values(), default=None),
        )

    async def _renew(self, feeds: list[FeedId], versions: Mapping[FeedId, FeedVersion]) -> JobReport | None:
        warmed = [feed for feed in feeds if await self._warm(feed, versions[feed])]
        if not warmed:
            return None
        return JobReport(step=self.name, event="feeds_rendered", fields=(("feed", _few(warmed)),))

    async def _warm(self, feed: FeedId, version: FeedVersion) -> bool:
        """Render a feed in the formats of readers; return whether it worked. Log a fault once a version."""
        self._unannounced.pop(feed, None)
        try:
            renditions = [await self._publisher.rendition(feed, form) for form in READER_FORMATS]
            await self._announce(feed, renditions)
        except ColdStoreAway:  # others need no text from there
            self._unannounced[feed] = self._clock() + _COLD_PAUSE
            self._changed.note(feed, version)
            return False
        except StoreUnavailable:
            raise  # no fault of the feed: the runner tries again
        except Exception:  # a fault of one feed must not hold back the others
            log.exception("feed_render_failed", feed=feed, version=version.version)
            self._changed.note(feed, version)
            return False
        self._changed.note(feed, version)
        return True

    async def _announce(self, feed: FeedId, rendered: Sequence[Rendition]) -> None:
        """Announce a feed whose bytes have changed since its last announcement, if that is not too recent."""
        # With hundreds of feeds, most stored events would be ones that no endpoint subscribes to.
        if not self._directory.wants_renewals(self._publisher.specs[feed]):
            return
        now = self._clock()
        newest = max(rendered, key=lambda rendition: (rendition.changed_at, rendition.version))
        before = await self._store.feeds.announced(feed)
        last_ms = before.announced_ms
        announcement = FeedAnnouncement(
            changed_ms=to_ms(newest.changed_at),
            version=newest.version,
            announced_ms=max(to_ms(now), last_ms + 1),
            older_ms=last_ms,
            digest="".join(rendition.digest[:8] for rendition in rendered),
        )
        if not announcement.is_news_after(before):
            return
        at = from_ms(last_ms) + ANNOUNCED_EVERY
        if now < at:
            self._unannounced[feed] = at
            return
        event = self._event(feed, announcement.announced_ms, last_ms, now)
        if not await self._store.feeds.announce(feed, before, announcement, event):
            # Another worker has announced it meanwhile, perhaps with older bytes.
            self._unannounced[feed] = now + ANNOUNCED_EVERY

    def _event(self, feed: FeedId, revision: int, before: int, now: datetime) -> Event:
        details = Renewed(feed=feed_ref(self._publisher.site, self._publisher.specs[feed]))
        return new_event(EventType.FEED_UPDATED, feed, revision, now, follows=before or None, details=details)


def _few(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
