"""Keeps copies of every public feed, in the formats of readers, to serve while Redis is away."""

from collections.abc import Sequence

from syndicator.errors import ColdStoreAway, StoreUnavailable
from syndicator.model.clock import Clock
from syndicator.model.feed import READER_FORMATS, Rendition
from syndicator.model.ids import FeedId
from syndicator.observe.logs import get_logger
from syndicator.pipeline.feeds.changed_feeds import ChangedFeeds
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.store.feeds.feeds import Feeds

PASS_RENDITIONS = 200
"""Most renditions of one pass: most are read as a worker stored them, others are rendered here."""
PASS_BYTES = 64 * 2**20
"""Most bytes of one pass; less than `StaleCache` holds in memory, so that all are written to disk first."""

log = get_logger(__name__)


class StaleCacheRefresh:
    """Puts changed renditions into `stale_cache`, in passes of bounded size; each continues the last."""

    def __init__(self, store: Feeds, publisher: Publisher, clock: Clock) -> None:
        self._publisher = publisher
        self._changed = ChangedFeeds(store, lambda: publisher.public)
        self._clock = clock

    async def refresh(self) -> None:
        """Make one pass; while Redis is away, do nothing."""
        try:
            await self._changed.look(self._clock())
            self._confirm_the_unchanged()
            await self._refresh_the_stale()
        except StoreUnavailable:
            return

    def _confirm_the_unchanged(self) -> None:
        stale_cache, versions = self._publisher.stale_cache, self._changed.versions
        for rendition in stale_cache.in_memory():
            version = versions.get(rendition.feed)
            if version is not None and rendition.shows(version):
                stale_cache.confirm(rendition)

    async def _refresh_the_stale(self) -> None:
        count, size_bytes = 0, 0
        for feed in list(self._changed.stale):
            if count >= PASS_RENDITIONS or size_bytes >= PASS_BYTES:
                return
            renditions = await self._renditions(feed)
            count += len(READER_FORMATS)
            size_bytes += sum(one.size_bytes for one in renditions)

    async def _renditions(self, feed: FeedId) -> Sequence[Rendition]:
        """Get a feed in each format from the publisher, which puts it into `stale_cache`."""
        version = self._changed.versions[feed]
        try:
            renditions = [await self._publisher.rendition(feed, form) for form in READER_FORMATS]
        except ColdStoreAway:  # others need no text from there
            return []
        except StoreUnavailable:
            raise
        except Exception:  # one feed's fault must not end the copies of all others
            log.exception("stale_cache_refresh_failed", feed=feed, version=version.version)
            renditions = []
        self._changed.note(feed, version)
        return renditions
